"""An operator's own pictures: one subfolder a class, every picture checked before it is decoded, all within bounds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from backends.errors import InputError, quoted
from backends.text_image.pictures import Source, open_picture

MOST_CLASSES = 50
MOST_PICTURES = 5_000
FEWEST_A_CLASS = 2
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")


@dataclass(frozen=True, slots=True)
class Folder:
    """What was read: `pictures` (n, side, side, 3) uint8, `labels` (n,), and the names of the `classes`."""

    pictures: NDArray[np.uint8]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]


def read(path: Path, side: int) -> Folder:
    """The pictures in the subfolders of `path`, cut to their middle square and scaled to `side` px.

    Raises:
        InputError: no such folder; fewer than 2 or more than 50 classes; a class with fewer than 2 pictures; more than
            5,000 pictures; a link that leads out of the folder; or a picture that cannot be opened, by its name.
    """
    if not path.is_dir():
        raise InputError(f"{quoted(path.name)} is no folder. Give one with a subfolder of pictures for each class.")
    root = path.resolve()
    groups = {
        sub.name: sorted(p for p in sub.iterdir() if p.suffix.lower() in SUFFIXES and not p.name.startswith("."))
        for sub in sorted(path.iterdir())
        if sub.is_dir() and not sub.name.startswith(".")
    }
    _check_sizes(path.name, {name: len(files) for name, files in groups.items()})
    pictures, labels = [], []
    for label, files in enumerate(groups.values()):
        for file in files:
            if not file.resolve().is_relative_to(root):
                raise InputError(f"{quoted(file.name)} is a link that leads out of the folder. Copy the picture there.")
            try:
                pictures.append(square(file, side))
            except InputError as error:
                raise InputError(f"{quoted(file.name)}: {error}") from error
            labels.append(label)
    return Folder(np.stack(pictures), np.array(labels, np.int64), tuple(groups))


def square(source: Source, side: int) -> NDArray[np.uint8]:
    """A picture's middle square at `side` px: (side, side, 3) uint8; InputError as `open_picture` raises it."""
    picture = open_picture(source)
    short = min(picture.shape[:2])
    top, left = (picture.shape[0] - short) // 2, (picture.shape[1] - short) // 2
    part = picture[top : top + short, left : left + short]
    method = cv2.INTER_AREA if short > side else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(part, (side, side), interpolation=method), np.uint8)


def _check_sizes(name: str, sizes: dict[str, int]) -> None:
    if not 2 <= len(sizes) <= MOST_CLASSES:
        raise InputError(
            f"{quoted(name)} has {len(sizes)} subfolders, and each is a class: there must be from 2 to {MOST_CLASSES}."
        )
    for label, count in sizes.items():
        if count < FEWEST_A_CLASS:
            raise InputError(
                f"The class {quoted(label)} has {count} picture(s) in PNG, JPEG or WebP; it needs at least "
                f"{FEWEST_A_CLASS}, one to learn from and one to test with."
            )
    if sum(sizes.values()) > MOST_PICTURES:
        raise InputError(f"{quoted(name)} has more than {MOST_PICTURES:,} pictures. Leave some out.")
