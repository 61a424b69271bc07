"""Your own data as a task: a folder with `X.npy`, `C.csv` and `y.csv`.

* `X.npy`: embeddings (n, d), or images (n, h, w) or (n, h, w, 3), numbers; images may be uint8.
* `C.csv`: a header with the concept names and n rows of 0 or 1. Columns called `colour=red`,
  `colour=blue`, ... are the members of one group of which exactly one is true.
* `y.csv`: a header and n rows; one column of class names (two make a yes/no question), or several
  columns of 0 or 1.

Samples are split 70/10/20 in a fixed random order.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image

from backends.concepts.tasks.base import (
    ConceptTask,
    Floats,
    Group,
    Picture,
    Split,
    SplitName,
)
from backends.concepts.tasks.synthetic import feature_stripes
from backends.errors import InputError

MIN_SAMPLES, MAX_CELLS, MAX_CONCEPTS, MAX_OUTPUTS = 50, 500_000_000, 400, 100
LARGEST_SHOWN = 256  # px; pictures travel to the page pixel by pixel
CELLS_AT_ONCE = 10_000_000  # of a file that may be larger than memory
SAMPLES_SEEN = 250_000  # over a whole training: small data sets get more epochs
SHARES: dict[SplitName, tuple[float, float]] = {
    "train": (0.0, 0.7),
    "val": (0.7, 0.8),
    "test": (0.8, 1.0),
}


def read_inputs(path: Path) -> np.ndarray:
    """The array in `X.npy`, mapped rather than held in memory; InputError if it is not of use."""
    try:
        x: np.ndarray = np.lib.format.open_memmap(path, mode="r")
    except FileNotFoundError:
        raise InputError(f"{path.name} is missing in {path.parent.name}.") from None
    except (ValueError, EOFError, OSError) as error:
        raise InputError(
            f"{path.parent.name}/{path.name} is not a plain NumPy array (no pickled objects): "
            f"save it with np.save. ({error})"
        ) from error
    if x.ndim not in (2, 3, 4) or (x.ndim == 4 and x.shape[3] != 3) or 0 in x.shape:
        raise InputError(f"{path.name} must be (n, d), (n, h, w) or (n, h, w, 3) and not empty, it is {x.shape}.")
    if x.dtype.kind not in "fiu" or x.size > MAX_CELLS:
        raise InputError(f"{path.name} must hold at most {MAX_CELLS:,} numbers, not {x.dtype} data.")
    if not all(np.isfinite(part).all() for part in np.array_split(x, -(-x.size // CELLS_AT_ONCE))):
        raise InputError(f"{path.name} contains NaN or infinity; remove or fill those samples.")
    return x


def read_table(path: Path, n: int) -> tuple[list[str], list[list[str]]]:
    """Header and n rows of a CSV file; InputError if a row is missing or ragged."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            header, *rows = [[cell.strip() for cell in row] for row in csv.reader(file) if row]
    except FileNotFoundError:
        raise InputError(f"{path.name} is missing in {path.parent.name}.") from None
    except (UnicodeDecodeError, csv.Error, ValueError) as error:
        raise InputError(f"{path.name} is not a UTF-8 CSV file with a header: {error}") from error
    if len(rows) != n:
        raise InputError(f"{path.name} has {len(rows)} rows below its header, X.npy has {n} samples.")
    for i, row in enumerate(rows):
        if len(row) != len(header):
            raise InputError(f"{path.name}, row {i + 2}: {len(row)} cells, {len(header)} expected.")
    if len(set(header)) < len(header) or not all(header):
        raise InputError(f"{path.name}: every column needs a name of its own.")
    return header, rows


def read_bits(path: Path, header: list[str], rows: list[list[str]]) -> Floats:
    """The cells as 0 or 1; InputError naming the first that is neither."""
    values = {"0": 0.0, "1": 1.0, "0.0": 0.0, "1.0": 1.0}
    for i, row in enumerate(rows):
        for name, cell in zip(header, row, strict=True):
            if cell not in values:
                raise InputError(f"{path.name}, row {i + 2}, column {name!r}: {cell[:20]!r} is not 0 or 1.")
    return np.array([[values[cell] for cell in row] for row in rows], np.float32)


def read_groups(names: list[str], c: Floats) -> tuple[Group, ...]:
    """Groups from `group=member` names; InputError where a group is not one-hot."""
    members: dict[str, list[int]] = {}
    for i, name in enumerate(names):
        members.setdefault(name.split("=")[0] if "=" in name else name, []).append(i)
    for group, indices in members.items():
        if len(indices) > 1 and not (c[:, indices].sum(1) == 1).all():
            raise InputError(f"C.csv: in each row exactly one column of the group {group!r} must be 1.")
    return tuple(Group(group, tuple(indices)) for group, indices in members.items())


def _version(folder: Path) -> str:
    """Size and time of the last change of the folder's files."""
    stats = [(folder / name).stat() for name in ("X.npy", "C.csv", "y.csv")]
    return " ".join(f"{stat.st_size}-{stat.st_mtime_ns}" for stat in stats)


class FolderTask(ConceptTask):
    """A task read from a folder; everything is validated when it is opened."""

    def __init__(self, folder: Path) -> None:
        """Raises InputError saying which file, row and column is wrong."""
        self.id = f"data-{folder.name}"
        self.title = folder.name
        self._x = read_inputs(folder / "X.npy")
        n = len(self._x)
        if n < MIN_SAMPLES:
            raise InputError(f"{folder.name} has {n} samples; at least {MIN_SAMPLES} are needed.")
        names, rows = read_table(folder / "C.csv", n)
        self._c = read_bits(folder / "C.csv", names, rows)
        self.concepts, self.groups = tuple(names), read_groups(names, self._c)
        self._read_outputs(folder / "y.csv", n)
        if len(self.concepts) > MAX_CONCEPTS or len(self.outputs) > MAX_OUTPUTS:
            raise InputError(f"At most {MAX_CONCEPTS} concepts and {MAX_OUTPUTS} outputs are possible.")
        self.data_version = _version(folder)
        self.epochs = min(300, max(20, SAMPLES_SEEN // n))
        self.encoder = "vector" if self._x.ndim == 2 else "image"
        self.summary = f"Your data: {n} samples, {len(self.concepts)} concepts, {len(self.outputs)} outputs."

    def _read_outputs(self, path: Path, n: int) -> None:
        header, rows = read_table(path, n)
        if len(header) > 1:
            self._y, self.outputs = read_bits(path, header, rows), tuple(header)
            return
        labels = [row[0] for row in rows]
        classes = sorted(set(labels))
        if len(classes) < 2:
            raise InputError("y.csv: all samples have the same class, so there is nothing to learn.")
        if len(classes) > MAX_OUTPUTS:
            raise InputError(f"y.csv: {len(classes):,} different classes; at most {MAX_OUTPUTS} are possible.")
        one_hot = np.eye(len(classes), dtype=np.float32)[[classes.index(v) for v in labels]]
        if len(classes) == 2:
            self._y, self.outputs = one_hot[:, 1:], (classes[1],)
            self.negative = classes[0]
        else:
            self._y, self.outputs, self.exclusive = one_hot, tuple(classes), True

    @cached_property
    def _order(self) -> np.ndarray:
        return np.random.default_rng(0).permutation(len(self._x))

    def _rows(self, name: SplitName) -> np.ndarray:
        low, high = (round(share * len(self._order)) for share in SHARES[name])
        rows: np.ndarray = np.sort(self._order[low:high])
        return rows

    def make_split(self, name: SplitName) -> Split:
        rows = self._rows(name)
        x = np.asarray(self._x[rows], np.float32)
        if self._x.dtype == np.uint8:
            x /= 255
        return Split(x, self._c[rows], self._y[rows])

    def pictures(self, name: SplitName, indices: Sequence[int]) -> list[Picture]:
        x = self.split(name).x
        if x.ndim == 2:  # standard scores of the first features, three deviations up or down
            z = (x[:, :32] - x[:, :32].mean(0)) / (x[:, :32].std(0) + 1e-6)
            return [feature_stripes(z[i].astype(np.float32), -3.0, 3.0) for i in indices]
        low, high = float(x.min()), float(x.max())
        unit = (x[list(indices)] - low) / max(high - low, 1e-6)
        return [_shown((one * 255).round().astype(np.uint8)) for one in unit]


def _shown(pixels: Picture) -> Picture:
    """A grey or colour image as RGB, shrunk to at most 256 px a side."""
    image = Image.fromarray(pixels).convert("RGB")
    image.thumbnail((LARGEST_SHOWN, LARGEST_SHOWN))
    return np.asarray(image)
