"""The cache: the same key never computes twice, another key always does, and the folder stays bounded."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backends.cache import Arrays, cached_arrays, content_key
from backends.settings import settings


@pytest.fixture
def folder(fresh_settings: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder of an empty cache of 1 MB."""
    fresh_settings.setenv("ATELIER_CACHE_DIR", str(tmp_path))
    fresh_settings.setenv("ATELIER_CACHE_MB", "1")
    settings.cache_clear()
    return tmp_path / "arrays"


class Counter:
    """Computes an array and counts how often it was asked to."""

    def __init__(self, values: int = 3) -> None:
        self.calls = 0
        self.values = values

    def __call__(self) -> Arrays:
        self.calls += 1
        return {"x": np.arange(self.values, dtype=np.float32)}


@pytest.mark.usefixtures("folder")
def test_the_same_key_is_computed_once() -> None:
    make = Counter()
    first = cached_arrays({"seed": 1, "model": "a"}, make)
    again = cached_arrays({"model": "a", "seed": 1}, make)
    assert make.calls == 1
    np.testing.assert_array_equal(again["x"], first["x"])
    assert again["x"].dtype == np.float32


def test_keys_differ_by_value_type_array_shape_and_dtype() -> None:
    one = np.arange(6, dtype=np.int32)
    parts: list[Any] = [1, "1", None, one, one.reshape(2, 3), one.view("f4")]
    keys = [{"y": 1}, *({"x": part} for part in parts)]
    assert len({content_key(key) for key in keys}) == len(keys)
    assert content_key({"x": one}) == content_key({"x": one.copy()})


def test_a_part_that_cannot_be_described_is_refused() -> None:
    with pytest.raises(TypeError, match="object"):
        content_key({"x": object()})
    with pytest.raises(TypeError, match="ndarray"):
        content_key({"x": np.array([object()])})


def test_an_unreadable_entry_is_computed_again(folder: Path) -> None:
    make = Counter()
    cached_arrays({"seed": 1}, make)
    (entry,) = folder.glob("*.npz")
    for damage in (b"", b"not an archive", entry.read_bytes()[:40]):
        entry.write_bytes(damage)
        assert cached_arrays({"seed": 1}, make)["x"].tolist() == [0, 1, 2]
    assert make.calls == 4


def test_objects_are_refused_and_leave_nothing_behind(folder: Path) -> None:
    with pytest.raises(ValueError, match="objects"):
        cached_arrays({"seed": 1}, lambda: {"x": np.array([{"code": "runs"}], dtype=object)})
    assert list(folder.iterdir()) == []


def test_the_least_recently_used_entries_leave_first(folder: Path) -> None:
    size = 100_000  # float32 values: 0.4 MB each, so that two fit into 1 MB and three do not
    for seed, age in ((1, 300), (2, 200)):
        cached_arrays({"seed": seed}, Counter(size))
        entry = folder / f"{content_key({'seed': seed})}.npz"
        os.utime(entry, (entry.stat().st_atime, entry.stat().st_mtime - age))
    cached_arrays({"seed": 1}, Counter(size))  # a use makes the older entry the newer one
    cached_arrays({"seed": 3}, Counter(size))
    left = {path.stem for path in folder.glob("*.npz")}
    assert left == {content_key({"seed": 1}), content_key({"seed": 3})}
