"""Stored edits: they are the edit itself to the last bit, and what is damaged is missed in words."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from backends.errors import InputError, MissingFileError
from backends.progress import finish
from backends.text_image import opening
from backends.text_image.edit import edit
from backends.text_image.examples import Example, example
from backends.text_image.models import using
from backends.text_image.opening import read_stored, store
from backends.text_image.pipeline import TextGenPipeline
from backends.text_image.requests import EditResult
from backends.text_image.spectrum import Spectrum, spectrum

pytestmark = pytest.mark.method

WHOLE, SHORT = "flowers", "two"


@dataclass(frozen=True)
class Made:
    """Edits that were stored in `folder`, and what they were."""

    folder: Path
    results: dict[str, EditResult]
    spectrum: Spectrum


def quick(identity: str) -> Example:
    """An example with three steps; where it is stored, only its regions count."""
    one = example(identity)
    return replace(one, options=replace(one.options, steps=3))


@pytest.fixture(scope="module")
def made(untrained: TextGenPipeline, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """One edit stored with all its steps, one of two lines with its last."""
    folder = tmp_path_factory.mktemp("stored")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch, using(untrained):
        patch.setattr(opening, "FOLDER", folder)
        for identity in (WHOLE, SHORT):
            store(quick(identity), whole=identity == WHOLE)
        results = {one: finish(edit(quick(one).request())) for one in (WHOLE, SHORT)}
        found = finish(spectrum(quick(WHOLE).request()))
    torch.set_num_threads(threads)
    return Made(folder, results, found)


@pytest.fixture
def folder(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the stored edits, to be read and to be damaged."""
    for path in made.folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(opening, "FOLDER", tmp_path)
    read_stored.cache_clear()
    yield tmp_path
    read_stored.cache_clear()


@pytest.mark.parametrize("identity", [WHOLE, SHORT])
@pytest.mark.usefixtures("folder")
def test_what_is_stored_is_the_edit_to_the_last_bit(made: Made, identity: str) -> None:
    stored, edited = read_stored(identity), made.results[identity]
    assert np.array_equal(stored.before, example(identity).picture())
    assert np.array_equal(stored.result.images[0], edited.images[0])
    assert not np.array_equal(stored.result.images[0], stored.before)
    assert stored.result.lines == edited.lines
    assert stored.result.outside == edited.outside == 0
    for ours, theirs in ((stored.result.canvases, edited.canvases), (stored.result.glyphs, edited.glyphs)):
        assert all(np.array_equal(*pair) for pair in zip(ours, theirs, strict=True))


@pytest.mark.usefixtures("folder")
def test_the_opening_has_all_steps_and_its_spectrum(made: Made) -> None:
    stored = read_stored(WHOLE)
    (film,), (wanted,) = stored.result.films, made.results[WHOLE].films
    assert film.times == wanted.times
    assert len(film.frames) == 3
    assert all(np.array_equal(*pair) for pair in zip(film.frames, wanted.frames, strict=True))
    assert stored.spectrum is not None
    assert stored.spectrum.steps == made.spectrum.steps
    assert stored.spectrum.levels == made.spectrum.levels
    for part, values in made.spectrum.curves.items():
        assert np.allclose(stored.spectrum.curves[part], values, atol=6e-4)
    for level, sizes in made.spectrum.maps.items():
        assert np.array_equal(stored.spectrum.maps[level], sizes)


@pytest.mark.usefixtures("folder")
def test_another_example_has_its_last_step_alone(made: Made) -> None:
    stored = read_stored(SHORT)
    assert stored.spectrum is None
    assert [len(film.frames) for film in stored.result.films] == [1, 1]
    assert [film.times for film in stored.result.films] == [film.times[-1:] for film in made.results[SHORT].films]


def _changed(name: str, change: Callable[[Any], None]) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        record = json.loads((folder / name).read_bytes())
        change(record)
        (folder / name).write_text(json.dumps(record))

    return damage


def _redrawn(name: str, size: tuple[int, int]) -> Callable[[Path], None]:
    return lambda folder: Image.new("RGB", size).save(folder / name)


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "two.json").unlink(),
        lambda folder: (folder / "two-1.png").unlink(),
        lambda folder: (folder / "two.json").write_text("{"),
        lambda folder: (folder / "two.json").write_bytes(b""),
        lambda folder: (folder / "two-0.png").write_bytes((folder / "two-0.png").read_bytes()[:900]),
        lambda folder: (folder / "two-0.png").write_bytes(b"no picture"),
        _redrawn("two-0.png", (96, 64)),
        _redrawn("two-0.png", (4000, 64)),
        _redrawn("two-0.png", (32, 32)),
        _changed("two.json", lambda record: record.pop("lines")),
        _changed("two.json", lambda record: record.update(lines=[])),
        _changed("two.json", lambda record: record["lines"].pop()),
        _changed("two.json", lambda record: record["lines"][0].update(text="ΑΡΓΟΣ")),
        _changed("two.json", lambda record: record["lines"][0].update(ned="high")),
        _changed("two.json", lambda record: record["times"].pop()),
        _changed("two.json", lambda record: record.update(times=[[], []])),
        _changed("two.json", lambda record: record.update(times=[[0.5, 0.2]] * 2)),
        _changed("two.json", lambda record: record.update(outside="none")),
    ],
)
def test_what_is_damaged_or_missing_is_missed_in_words(folder: Path, damage: Callable[[Path], None]) -> None:
    read_stored(SHORT)
    read_stored.cache_clear()
    damage(folder)
    with pytest.raises(MissingFileError, match="The stored edit of the example two is missing or out of date. Press"):
        read_stored(SHORT)


@pytest.mark.usefixtures("folder")
def test_what_was_never_stored_is_missed_and_what_is_unknown_refused() -> None:
    with pytest.raises(MissingFileError, match="example bakery"):
        read_stored("bakery")
    with pytest.raises(InputError, match="No example is called 'nothing'"):
        read_stored("nothing")
