"""Weights: what was saved comes back; everything else is refused, each with its own message."""

import hashlib
import io
import json
import multiprocessing
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from backends.errors import ChecksumError, InputError, MissingFileError, UnsafeFormatError, WeightsError
from backends.store import MAX_BYTES, Entry, load_weights, manifest, save_weights

FACTS: dict[str, Any] = {
    "command": "python -m backends.example.train --seed 7",
    "seed": 7,
    "data": "none",
    "device": "cpu",
    "date": "2026-01-02",
}
NAME = "example/tiny-b0.1-s7"


def _save(folder: Path, name: str = NAME) -> Entry:
    tensors = {"weight": torch.arange(6, dtype=torch.float32).reshape(2, 3), "step": torch.tensor(5)}
    return save_weights(name, tensors, **FACTS, figures={"accuracy": 0.5}, folder=folder)


def test_what_was_saved_comes_back_with_its_facts(tmp_path: Path) -> None:
    saved = _save(tmp_path)
    tensors, entry = load_weights(NAME, folder=tmp_path)
    assert torch.equal(tensors["weight"], torch.tensor([[0.0, 1, 2], [3, 4, 5]]))
    assert tensors["step"].item() == 5
    assert entry == saved
    assert (entry.seed, entry.licence, entry.figures) == (7, "Apache-2.0", {"accuracy": 0.5})
    content = (tmp_path / entry.file).read_bytes()
    assert (entry.sha256, entry.bytes) == (hashlib.sha256(content).hexdigest(), len(content))


def test_saving_again_replaces_and_leaves_no_temporary_file(tmp_path: Path) -> None:
    _save(tmp_path)
    save_weights(NAME, {"weight": torch.zeros(1)}, **FACTS, folder=tmp_path)
    tensors, entry = load_weights(NAME, folder=tmp_path)
    assert list(tensors) == ["weight"]
    assert entry.figures == {}
    assert list(manifest(folder=tmp_path)) == [NAME]
    assert not list(tmp_path.rglob("*.tmp"))


def test_a_view_of_a_larger_tensor_is_saved_alone(tmp_path: Path) -> None:
    view = torch.arange(12.0, requires_grad=True).reshape(3, 4).T[1]
    save_weights(NAME, {"weight": view}, **FACTS, folder=tmp_path)
    assert load_weights(NAME, folder=tmp_path)[0]["weight"].tolist() == [1.0, 5.0, 9.0]


def _save_some(folder: str, process: int) -> None:
    for i in range(5):
        save_weights(f"p{process}/w{i}", {"x": torch.full((4,), float(i))}, **FACTS, folder=Path(folder))


def test_processes_may_save_at_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_save_some, args=(str(tmp_path), i)) for i in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert sorted(manifest(folder=tmp_path)) == [f"p{p}/w{i}" for p in range(3) for i in range(5)]
    assert load_weights("p2/w4", folder=tmp_path)[0]["x"].tolist() == [4.0] * 4


@pytest.mark.parametrize("name", ["", "../up", "/root", "a//b", "a/../b", "A", "a b", "a/", ".hidden"])
def test_a_name_that_could_be_a_path_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="cannot name weights"):
        _save(tmp_path, name)


def test_a_name_that_is_not_in_the_manifest_is_refused_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"'other'.*none"):
        load_weights("other", folder=tmp_path)
    _save(tmp_path)
    with pytest.raises(InputError, match=NAME):
        load_weights("../../etc/passwd", folder=tmp_path)


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    (tmp_path / _save(tmp_path).file).unlink()
    with pytest.raises(MissingFileError, match="missing"):
        load_weights(NAME, folder=tmp_path)


def test_a_single_flipped_bit_fails_the_checksum(tmp_path: Path) -> None:
    file = tmp_path / _save(tmp_path).file
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with pytest.raises(ChecksumError, match="backends.example.train"):
        load_weights(NAME, folder=tmp_path)


def _torch_zip() -> bytes:
    buffer = io.BytesIO()
    torch.save({"x": torch.zeros(1)}, buffer)
    return buffer.getvalue()


def _plain_zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("x", "y")
    return buffer.getvalue()


@pytest.mark.parametrize(
    "make", [_torch_zip, _plain_zip, *(lambda p=p: pickle.dumps({"x": 1}, protocol=p) for p in (2, 3, 4, 5))]
)
def test_a_pickle_under_a_harmless_name_is_refused(tmp_path: Path, make: Callable[[], bytes]) -> None:
    _swap(tmp_path, make())
    with pytest.raises(UnsafeFormatError, match="pickle"):
        load_weights(NAME, folder=tmp_path)


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff" * 100, (1 << 40).to_bytes(8, "little") + b"{}"])
def test_what_is_no_safetensors_is_refused(tmp_path: Path, content: bytes) -> None:
    _swap(tmp_path, content)
    with pytest.raises(UnsafeFormatError, match="damaged"):
        load_weights(NAME, folder=tmp_path)


def test_a_safetensors_header_that_starts_like_a_pickle_is_still_read(tmp_path: Path) -> None:
    # A header of 0x280 = 640 bytes makes the file start with 80 02, which is also how a pickle of protocol 2 starts.
    names = [f"t{i}" for i in range(8)]
    for padding in range(1, 400):
        tensors = {name: torch.zeros(1) for name in names} | {"p" * padding: torch.zeros(1)}
        save_weights(NAME, tensors, **FACTS, folder=tmp_path)
        if (tmp_path / f"{NAME}.safetensors").read_bytes().startswith(b"\x80\x02"):
            break
    else:
        pytest.fail("no header of 640 bytes came up")
    assert set(load_weights(NAME, folder=tmp_path)[0]) == set(tensors)


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".bin", ".ckpt", ".pkl"])
def test_a_suffix_of_pickles_is_refused_whatever_the_file_holds(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / _save(tmp_path).file
    _change_entry(tmp_path, file=file.rename(file.with_suffix(suffix)).relative_to(tmp_path).as_posix())
    with pytest.raises(UnsafeFormatError, match="pickle"):
        load_weights(NAME, folder=tmp_path)


def test_a_path_that_leaves_the_folder_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "weights"
    outside = tmp_path / "outside.safetensors"
    outside.write_bytes((folder / _save(folder).file).read_bytes())
    (folder / "link.safetensors").symlink_to(outside)
    for file in ("../outside.safetensors", str(outside), "link.safetensors"):
        _change_entry(folder, file=file)
        with pytest.raises(UnsafeFormatError, match="outside"):
            load_weights(NAME, folder=folder)


def test_files_above_the_limit_are_neither_written_nor_read(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=str(MAX_BYTES)):
        save_weights(NAME, {"x": torch.zeros(MAX_BYTES // 4)}, **FACTS, folder=tmp_path)
    assert not list(tmp_path.iterdir())
    _swap(tmp_path, b"\0" * (MAX_BYTES + 1))
    with pytest.raises(UnsafeFormatError, match="larger"):
        load_weights(NAME, folder=tmp_path)


@pytest.mark.parametrize("text", ["{", "[1]", '[{"name": "x"}]', '{"a": 1}'])
def test_a_damaged_manifest_is_an_error_that_says_so(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(WeightsError, match="damaged"):
        manifest(folder=tmp_path)


def _swap(folder: Path, content: bytes) -> None:
    """Put `content` in place of the weights, with a manifest that agrees to it."""
    file = folder / _save(folder).file
    file.write_bytes(content)
    _change_entry(folder, sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))


def _change_entry(folder: Path, **changes: Any) -> None:
    path = folder / "manifest.json"
    (row,) = json.loads(path.read_text())
    path.write_text(json.dumps([row | changes]))
