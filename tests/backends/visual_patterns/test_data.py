"""Data sets under one interface, and bad files, which are refused by name and never guessed at."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from backends.errors import InputError, MissingFileError
from backends.settings import settings
from backends.visual_patterns import data
from backends.visual_patterns.data import Split, balanced, find, from_folder, read_idx, to_input


def _write_idx(path: Path, array: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> None:
    header = b"\0\0\x08" + bytes([array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    path.write_bytes(gzip.compress(header + array.tobytes()))


def _folder(path: Path, classes: dict[str, int]) -> Path:
    rng = np.random.default_rng(0)
    for name, count in classes.items():
        (path / name).mkdir(parents=True)
        for i in range(count):
            pixels = rng.integers(0, 255, (40, 60, 3), np.uint8)
            Image.fromarray(pixels).save(path / name / f"{i}.png")
    return path


def test_idx_files_are_read_as_they_are_written(tmp_path: Path) -> None:
    array = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    _write_idx(tmp_path / "a.gz", array)
    np.testing.assert_array_equal(read_idx(tmp_path / "a.gz"), array)


@pytest.mark.parametrize("content", [b"", b"no gzip", gzip.compress(b"\0\0\x08\x01\0\0\0\x09ab"), gzip.compress(b"\0")])
def test_damaged_idx_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.gz").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.gz is damaged"):
        read_idx(tmp_path / "a.gz")


def test_fashion_mnist_is_read_from_the_cache_folder(fresh_settings: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fresh_settings.setenv("ATELIER_CACHE_DIR", str(tmp_path))
    fresh_settings.setattr(data, "_FASHION_PLACES", (Path("downloads/fashion-mnist"),))
    settings.cache_clear()
    with pytest.raises(MissingFileError, match="apt-get install dataset-fashion-mnist"):
        find("fashion").split("test")
    place = tmp_path / "downloads" / "fashion-mnist"
    place.mkdir(parents=True)
    pictures = np.full((3, 28, 28), 200, np.uint8)
    for part in ("train", "t10k"):
        _write_idx(place / f"{part}-images-idx3-ubyte.gz", pictures)
        _write_idx(place / f"{part}-labels-idx1-ubyte.gz", np.array([0, 9, 4], np.uint8))
    split = find("fashion").split("test")
    assert split.pictures.shape == (3, 32, 32, 3)
    assert (split.pictures[0, 2:30, 2:30] == 200).all()
    assert (split.pictures[0, :2] == 0).all()
    assert split.labels.tolist() == [0, 9, 4]


def test_digits_do_not_share_pictures_between_splits() -> None:
    train, test = find("digits").split("train"), find("digits").split("test")
    assert len(train) + len(test) == 1797
    assert train.pictures.shape[1:] == (32, 32, 3)
    assert train.pictures.max() == 255
    assert set(test.labels) == set(range(10))


def test_unknown_names_are_refused() -> None:
    with pytest.raises(InputError, match="no data set called 'cifar'"):
        find("cifar")
    with pytest.raises(InputError, match="no split called 'unseen'"):
        find("digits").split("unseen")


def test_balanced_pictures_have_every_class_equally_often() -> None:
    labels = np.repeat([0, 1, 2], [50, 7, 20])
    split = Split(np.zeros((77, 4, 4, 3), np.uint8), labels, np.zeros((77, 4, 4), np.bool_))
    chosen = balanced(split, 21, seed=1)
    assert np.bincount(chosen.labels).tolist() == [7, 7, 7]
    assert np.bincount(balanced(split, 30, seed=1).labels).tolist() == [12, 7, 11]
    assert chosen.masks is not None
    for count in (1, 78):
        with pytest.raises(InputError, match="from 2 to 77"):
            balanced(split, count, seed=1)


def test_inputs_run_from_minus_one_to_one() -> None:
    pixels = np.zeros((1, 2, 2, 3), np.uint8)
    pixels[0, 0, 1, 2] = 255
    x = to_input(pixels)
    assert x.shape == (1, 3, 2, 2)
    assert x.is_contiguous()
    assert (float(x.min()), float(x[0, 2, 0, 1])) == (-1, 1)


def test_a_folder_becomes_a_data_set(tmp_path: Path) -> None:
    found = from_folder(_folder(tmp_path / "mine", {"cats": 6, "dogs": 3}), side=32)
    assert found.classes == ("cats", "dogs")
    train, test = found.split("train"), found.split("test")
    assert train.labels.tolist() == [0, 0, 0, 0, 1, 1]
    assert test.labels.tolist() == [0, 0, 1]
    assert test.pictures.shape == (3, 32, 32, 3)


def test_colours_of_every_mode_become_rgb(tmp_path: Path) -> None:
    root = _folder(tmp_path / "mine", {"a": 2, "b": 2})
    Image.new("CMYK", (50, 50), (0, 255, 255, 0)).save(root / "a" / "0.jpg")  # red ink
    palette = Image.new("P", (50, 50), 1)
    palette.putpalette([0, 0, 0, 255, 0, 0] + [0] * 762)
    palette.info["transparency"] = 1
    palette.save(root / "a" / "1.png", transparency=1)
    pictures = from_folder(root).split("test").pictures
    assert pictures.shape[-1] == 3
    (root / "a" / "0.png").unlink()
    read = from_folder(root).split("train").pictures[0]
    assert (read == 255).all()  # transparency is laid on white
    red = from_folder(root).split("test").pictures[0]
    assert red[..., 0].mean() > 200 > 60 > red[..., 1].mean()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"GIF89a is what this says", "no picture that can be opened"),
        (b"", "empty"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "no picture|damaged"),
    ],
)
def test_what_is_no_picture_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    root = _folder(tmp_path / "mine", {"a": 2, "b": 2})
    (root / "b" / "bad.png").write_bytes(content)
    with pytest.raises(InputError, match=rf"'bad\.png': .*({message})"):
        from_folder(root)


def test_pictures_out_of_bounds_are_named(tmp_path: Path) -> None:
    root = _folder(tmp_path / "mine", {"a": 2, "b": 2})
    bad = root / "b" / "bad.png"
    Image.new("L", (20_000, 20)).save(bad)
    with pytest.raises(InputError, match="20,000 x 20 pixels and is too large"):
        from_folder(root)
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("red", "blue")]
    frames[0].save(bad, save_all=True, append_images=frames[1:])
    with pytest.raises(InputError, match="animated"):
        from_folder(root)
    whole = (root / "b" / "0.png").read_bytes()
    bad.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="damaged or cut off"):
        from_folder(root)


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        ({}, "0 subfolders"),
        ({"a": 3}, "1 subfolders"),
        ({"a": 3, "b": 1}, r"'b' has 1 picture"),
        ({"a": 0, "b": 3}, "'a'"),
    ],
)
def test_folders_that_teach_nothing_are_refused(tmp_path: Path, classes: dict[str, int], message: str) -> None:
    root = tmp_path / "mine"
    root.mkdir()
    with pytest.raises(InputError, match=message):
        from_folder(_folder(root, classes))


def test_links_do_not_lead_out(tmp_path: Path) -> None:
    root = _folder(tmp_path / "mine", {"a": 2, "b": 2})
    Image.new("RGB", (40, 40)).save(tmp_path / "secret.png")
    (root / "a" / "link.png").symlink_to(tmp_path / "secret.png")
    with pytest.raises(InputError, match=r"'link\.png' is a link"):
        from_folder(root)
    with pytest.raises(InputError, match="is no folder"):
        from_folder(tmp_path / "nothing")
