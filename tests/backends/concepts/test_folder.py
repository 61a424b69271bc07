"""A folder of one's own data: what is read from a good one, and what is said of each bad one."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from backends.concepts import checkpoints
from backends.concepts.checkpoints import NotTrainedError
from backends.concepts.requests import ModelRequest
from backends.concepts.tasks import all_tasks, find_task
from backends.concepts.tasks.folder import FolderTask
from backends.concepts.training import train
from backends.errors import InputError
from backends.progress import finish
from backends.settings import settings

pytestmark = pytest.mark.unit

N = 60


def _write(
    folder: Path,
    x: np.ndarray | None = None,
    c: list[list[object]] | None = None,
    y: list[list[object]] | None = None,
    names: str = "a,b",
    outputs: str = "label",
) -> Path:
    """A data folder; what is not given is good."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "X.npy", rng.normal(size=(N, 4)) if x is None else x)
    c = [[i % 2, i // 2 % 2] for i in range(N)] if c is None else c
    y = [["cat" if i % 3 else "dog"] for i in range(N)] if y is None else y
    for name, header, rows in (("C.csv", names, c), ("y.csv", outputs, y)):
        text = "\n".join([header, *(",".join(map(str, row)) for row in rows)])
        (folder / name).write_text(text + "\n", encoding="utf-8")
    return folder


def test_vectors_and_a_yes_no_question(tmp_path: Path) -> None:
    x = np.random.default_rng(1).normal(size=(N, 4))
    task = FolderTask(_write(tmp_path / "pets", x))
    assert (task.id, task.concepts, task.outputs, task.negative) == ("data-pets", ("a", "b"), ("dog",), "cat")
    assert (task.encoder, task.exclusive) == ("vector", False)
    splits = [task.split("train"), task.split("val"), task.split("test")]
    assert [len(split) for split in splits] == [42, 6, 12]
    rows = np.concatenate([split.x for split in splits])
    assert np.array_equal(np.sort(rows, axis=0), np.sort(x.astype(np.float32), axis=0))
    for split in splits:
        for row, c, y in zip(split.x, split.c, split.y, strict=True):
            i = int(np.flatnonzero((x.astype(np.float32) == row).all(1))[0])
            assert c.tolist() == [i % 2, i // 2 % 2]
            assert y.tolist() == [i % 3 == 0]
    (picture,) = task.pictures("test", [0])
    assert picture.dtype == np.uint8
    assert picture.shape[2] == 3


@pytest.mark.parametrize("shape", [(N, 6, 5), (N, 6, 5, 3)])
def test_images_as_bytes(tmp_path: Path, shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(1).integers(256, size=shape, dtype=np.uint8)
    x[0], x[1] = 0, 255
    task = FolderTask(_write(tmp_path / "images", x))
    assert task.encoder == "image"
    everything = np.concatenate([task.split(name).x for name in ("train", "val", "test")])
    assert (everything.min(), everything.max()) == (0, 1)
    pictures = task.pictures("train", [0, 1])
    assert all(p.dtype == np.uint8 and p.shape == (6, 5, 3) for p in pictures)


def test_classes_groups_and_several_outputs(tmp_path: Path) -> None:
    colours: list[list[object]] = [[int(i % 3 == 0), int(i % 3 == 1), int(i % 3 == 2), i % 2] for i in range(N)]
    kinds: list[list[object]] = [[("ant", "bee", "cow")[i % 3]] for i in range(N)]
    names = "colour=red,colour=green, colour=blue ,wings"
    task = FolderTask(_write(tmp_path / "three", c=colours, y=kinds, names=names))
    assert [(group.name, group.members) for group in task.groups] == [("colour", (0, 1, 2)), ("wings", (3,))]
    assert (task.outputs, task.exclusive) == (("ant", "bee", "cow"), True)
    several: list[list[object]] = [[i % 2, 1] for i in range(N)]
    task = FolderTask(_write(tmp_path / "several", y=several, outputs="swims,flies"))
    assert (task.outputs, task.exclusive) == (("swims", "flies"), False)


Change = Callable[[Path], object]


def _cells(value: object) -> list[list[object]]:
    return [[i % 2, value if i == 5 else 0] for i in range(N)]


BAD: dict[str, tuple[Change, str]] = {
    "no inputs": (lambda f: (_write(f) / "X.npy").unlink(), r"X\.npy is missing in bad"),
    "no concepts": (lambda f: (_write(f) / "C.csv").unlink(), r"C\.csv is missing in bad"),
    "no outputs": (lambda f: (_write(f) / "y.csv").unlink(), r"y\.csv is missing in bad"),
    "too few rows": (lambda f: _write(f, c=_cells(1)[:-1]), r"C\.csv has 59 rows .* 60 samples"),
    "too many rows": (lambda f: _write(f, y=[["cat"]] * (N + 1)), r"y\.csv has 61 rows .* 60 samples"),
    "a half": (lambda f: _write(f, c=_cells(0.5)), r"C\.csv, row 7, column 'b': '0.5' is not 0 or 1"),
    "a word": (lambda f: _write(f, c=_cells("x" * 5000)), r"C\.csv, row 7, column 'b': 'x{20}' is not 0 or 1"),
    "nan cell": (lambda f: _write(f, c=_cells("nan")), r"row 7, column 'b': 'nan' is not 0 or 1"),
    "ragged": (lambda f: _write(f, c=[*_cells(1)[:9], [1], *_cells(1)[10:]]), r"C\.csv, row 11: 1 cells, 2 expected"),
    "same header": (lambda f: _write(f, names="a,a"), r"C\.csv: every column needs a name of its own"),
    "same but for a blank": (lambda f: _write(f, names="a, a"), r"C\.csv: every column needs a name of its own"),
    "nameless": (lambda f: _write(f, names="a,"), r"C\.csv: every column needs a name of its own"),
    "no group": (lambda f: _write(f, names="k=a,k=b"), "exactly one column of the group 'k' must be 1"),
    "pickle": (
        lambda f: np.save(_write(f) / "X.npy", np.array([{"a": 1}] * N), allow_pickle=True),
        r"bad/X\.npy is not a plain NumPy array \(no pickled objects\)",
    ),
    "text": (lambda f: (_write(f) / "X.npy").write_text("1,2,3"), r"bad/X\.npy is not a plain NumPy array"),
    "words": (lambda f: _write(f, x=np.full((N, 2), "a")), "must hold at most .* numbers, not <U1 data"),
    "one dimension": (lambda f: _write(f, x=np.zeros(N)), r"must be \(n, d\), .* it is \(60,\)"),
    "four channels": (lambda f: _write(f, x=np.zeros((N, 5, 5, 4))), r"must be .* it is \(60, 5, 5, 4\)"),
    "few samples": (
        lambda f: _write(f, x=np.zeros((40, 2)), c=_cells(1)[:40], y=[["cat"], ["dog"]] * 20),
        "bad has 40 samples; at least 50",
    ),
    "one class": (lambda f: _write(f, y=[["cat"]] * N), r"y\.csv: all samples have the same class"),
    "many classes": (
        lambda f: _write(f, x=np.zeros((200, 2)), c=[[0, 1]] * 200, y=[[i] for i in range(200)]),
        r"y\.csv: 200 different classes; at most 100",
    ),
    "empty table": (lambda f: (_write(f) / "C.csv").write_text(""), r"C\.csv is not a UTF-8 CSV file with a header"),
    "not UTF-8": (lambda f: (_write(f) / "C.csv").write_bytes(b"a,b\n\xff,1\n"), r"C\.csv is not a UTF-8 CSV"),
    "many concepts": (
        lambda f: _write(f, c=[[0] * 401] * N, names=",".join(f"c{i}" for i in range(401))),
        "At most 400 concepts",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_folder_is_told_what_is_wrong(tmp_path: Path, case: str) -> None:
    make, message = BAD[case]
    make(tmp_path / "bad")
    with pytest.raises(InputError, match=message) as caught:
        FolderTask(tmp_path / "bad")
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nan_among_the_inputs_is_refused(tmp_path: Path, bad: float) -> None:
    x = np.zeros((N, 4))
    x[7, 2] = bad
    with pytest.raises(InputError, match=r"X\.npy contains NaN or infinity"):
        FolderTask(_write(tmp_path / "bad", x))


def test_an_archive_in_place_of_the_inputs_is_refused(tmp_path: Path) -> None:
    _write(tmp_path / "bad")
    with (tmp_path / "bad" / "X.npy").open("wb") as file:
        np.savez(file, x=np.zeros((N, 4)))
    with pytest.raises(InputError, match=r"X\.npy is not a plain NumPy array"):
        FolderTask(tmp_path / "bad")


@pytest.fixture
def shelf(tmp_path: Path, fresh_settings: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of data folders, as the setting names it."""
    fresh_settings.setenv("ATELIER_CONCEPTS_DATA", str(tmp_path))
    _read_again()
    yield tmp_path
    all_tasks.cache_clear()


def _read_again() -> None:
    """As after a restart."""
    for cached in (settings, all_tasks, checkpoints.load):
        cached.cache_clear()


def test_folders_in_the_setting_become_tasks(shelf: Path) -> None:
    _write(shelf / "pets")
    (shelf / "notes.txt").write_text("not a folder")
    assert find_task("data-pets").outputs == ("dog",)
    assert [name for name in all_tasks() if name.startswith("data-")] == ["data-pets"]


def test_a_folder_that_cannot_be_used_is_left_out_and_named(shelf: Path, caplog: pytest.LogCaptureFixture) -> None:
    _write(shelf / "pets")
    (shelf / "broken").mkdir()
    assert [name for name in all_tasks() if name.startswith("data-")] == ["data-pets"]
    assert "broken is left out. X.npy is missing" in caplog.text


def test_a_model_of_other_data_is_not_taken_for_this_one(shelf: Path) -> None:
    _write(shelf / "pets")
    request = ModelRequest("data-pets", "crm", epochs=1)
    finish(checkpoints.obtain(request))
    _read_again()
    checkpoints.load(request)
    _write(shelf / "pets", x=np.random.default_rng(0).normal(size=(N, 7)))
    _read_again()
    with pytest.raises(NotTrainedError):
        checkpoints.load(request)
    assert finish(checkpoints.obtain(request)).model.shape.x == (7,)


def test_a_concept_that_never_changes_has_no_direction(shelf: Path) -> None:
    _write(shelf / "pets", c=[[i % 2, 0] for i in range(N)])
    with pytest.raises(InputError, match="'b' is the same in all training samples"):
        finish(train(ModelRequest("data-pets", "pcbm-h", epochs=1)))
    assert finish(train(ModelRequest("data-pets", "lrm", epochs=1))).metrics.n == 12


def test_large_images_are_shown_small(tmp_path: Path) -> None:
    x = np.zeros((N, 300, 600), np.uint8)
    x[:, :, 300:] = 255
    (picture,) = FolderTask(_write(tmp_path / "large", x)).pictures("test", [0])
    assert picture.shape == (128, 256, 3)
    assert picture[64, 10].tolist() == [0, 0, 0]
    assert picture[64, -10].tolist() == [255, 255, 255]
