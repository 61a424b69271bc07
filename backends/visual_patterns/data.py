"""The data sets of this explorer under one interface: pictures with labels, and masks where the foreground is known."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from backends.errors import InputError, MissingFileError, quoted
from backends.settings import settings
from backends.visual_patterns import folder, scenes

Pixels = NDArray[np.uint8]
Labels = NDArray[np.int64]

FASHION_CLASSES = (
    "T-shirt",
    "trousers",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)
_FASHION_PLACES = (Path("/usr/share/datasets/fashion-mnist"), Path("downloads/fashion-mnist"))


@dataclass(frozen=True, slots=True)
class Split:
    """Some pictures of a data set.

    Attributes:
        pictures: (n, side, side, 3) uint8, RGB.
        labels: (n,) int64, positions in the data set's `classes`.
        masks: (n, side, side) bool, the foreground, where it is known.
    """

    pictures: Pixels
    labels: Labels
    masks: NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        """How many pictures there are."""
        return len(self.labels)

    def part(self, rows: NDArray[np.integer]) -> Split:
        """The pictures at `rows`."""
        masks = None if self.masks is None else self.masks[rows]
        return Split(self.pictures[rows], self.labels[rows], masks)


@dataclass(frozen=True, slots=True)
class DataSet:
    """A data set: its name, what its classes are called, and where its pictures come from.

    Attributes:
        id, title: its name in requests, and for people.
        classes: names, in the order of the labels.
        side: width and height of a picture in px.
        make: draws or reads the split called `train`, `test`, or, for scenes, `unseen`.
    """

    id: str
    title: str
    classes: tuple[str, ...]
    side: int
    make: Callable[[str], Split]

    def split(self, name: str) -> Split:
        """`train` or `test`; for scenes also `unseen`, whose sprites were never trained on. InputError for others."""
        if name not in ("train", "test") and not (self.id == "emoji" and name == "unseen"):
            raise InputError(f"The data set {self.id} has no split called {quoted(name)}.")
        return self.make(name)


def to_input(pictures: Pixels) -> Tensor:
    """Pictures (n, side, side, 3) as what our networks read: (n, 3, side, side) float32, -1 to 1."""
    planes = np.ascontiguousarray(pictures.transpose(0, 3, 1, 2))  # torch 2.13 may crash on strided channels, on a CPU
    return torch.from_numpy(planes).float().div(127.5).sub(1)


def balanced(split: Split, count: int, seed: int) -> Split:
    """`count` pictures with every class equally often, as far as it goes, in a seeded order of classes in turn.

    Raises:
        InputError: if `count` is not from 2 to the number of pictures.
    """
    if not 2 <= count <= len(split):
        raise InputError(f"The number of pictures must be from 2 to {len(split)}, got {count}.")
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(split))
    # The first picture of every class comes before the second of any.
    turn = np.empty(len(split), np.int64)
    for label in np.unique(split.labels):
        own = order[split.labels[order] == label]
        turn[own] = np.arange(len(own))
    rank = np.lexsort((split.labels, turn))
    return split.part(rank[:count])


def _scenes(name: str) -> Split:
    made = scenes.make(name)
    return Split(made.pictures, made.labels, made.masks)


def _digits(name: str) -> Split:
    from sklearn.datasets import load_digits

    data = load_digits()
    grey = np.clip(data.images * 255 / 16, 0, 255).astype(np.uint8)
    large = np.repeat(np.repeat(grey, 4, 1), 4, 2)  # 8 px -> 32 px
    order = np.random.default_rng(0).permutation(len(large))
    rows = order[:1437] if name == "train" else order[1437:]
    return Split(np.repeat(large[rows, ..., None], 3, 3), data.target[rows].astype(np.int64))


def read_idx(path: Path) -> NDArray[np.uint8]:
    """The array of bytes in a gzipped IDX file, of one to three dimensions.

    Raises:
        InputError: if it is no such file, or holds fewer or more numbers than its header promises.
    """
    try:
        content = gzip.decompress(path.read_bytes())
        dimensions = content[3]
        if content[:3] != b"\0\0\x08" or not 1 <= dimensions <= 3:
            raise ValueError("no IDX file of bytes")
        shape = struct.unpack(f">{dimensions}I", content[4 : 4 + 4 * dimensions])
        return np.frombuffer(content, np.uint8, offset=4 + 4 * dimensions).reshape(shape)
    except (OSError, EOFError, ValueError, IndexError, struct.error) as error:
        raise InputError(f"{path.name} is damaged ({error}). Install the package again.") from None


def fashion_folder() -> Path:
    """Where Fashion-MNIST lies: as Debian installs it, or in the cache folder.

    Raises:
        MissingFileError: if it is in neither place.
    """
    for place in _FASHION_PLACES:
        found = settings().cache_dir / place  # an absolute place stays what it is
        if (found / "train-images-idx3-ubyte.gz").is_file():
            return found
    raise MissingFileError(
        "Fashion-MNIST is not on this machine. Install it with: apt-get install dataset-fashion-mnist, or run: "
        "python -m backends.visual_patterns.fetch"
    )


def _fashion(name: str) -> Split:
    part = {"train": "train", "test": "t10k"}[name]
    place = fashion_folder()
    grey = read_idx(place / f"{part}-images-idx3-ubyte.gz")
    labels = read_idx(place / f"{part}-labels-idx1-ubyte.gz")
    if grey.shape[1:] != (28, 28) or len(grey) != len(labels) or labels.max(initial=0) > 9:
        raise InputError("The files of Fashion-MNIST do not fit each other. Install the package again.")
    framed = np.pad(grey, ((0, 0), (2, 2), (2, 2)))  # 28 px -> 32 px, a power of two
    return Split(np.repeat(framed[..., None], 3, 3), labels.astype(np.int64))


_OWN = {
    "emoji": DataSet("emoji", "Emoji scenes", scenes.CLASSES, scenes.SIDE, _scenes),
    "fashion": DataSet("fashion", "Fashion-MNIST", FASHION_CLASSES, 32, _fashion),
    "digits": DataSet("digits", "Handwritten digits", tuple("0123456789"), 32, _digits),
}
DATA_SETS = tuple(_OWN)


@cache
def find(data: str) -> DataSet:
    """The data set `emoji`, `fashion` or `digits`; InputError for another name."""
    if data not in _OWN:
        raise InputError(f"There is no data set called {quoted(data)}. There are: {', '.join(_OWN)}.")
    return _OWN[data]


def from_folder(path: Path, side: int = 64) -> DataSet:
    """A data set of the operator's own pictures: one subfolder a class, every fifth picture for testing.

    Raises:
        InputError: as `folder.read` does.
    """
    read = folder.read(path, side)
    test = np.zeros(len(read.labels), np.bool_)
    for label in range(len(read.classes)):
        test[np.flatnonzero(read.labels == label)[::5]] = True
    splits = {"train": ~test, "test": test}

    def make(name: str) -> Split:
        return Split(read.pictures[splits[name]], read.labels[splits[name]])

    return DataSet("folder", path.name, read.classes, side, make)
