"""Squares of one size on one sheet: sprites, the pictures of a build and their thumbnails are stored and sent so."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from backends.errors import WeightsError

FILE = "pictures.webp"

Pixels = NDArray[np.uint8]


def columns_of(count: int) -> int:
    """How many of `count` squares stand side by side on a sheet that is about as wide as high."""
    return math.ceil(math.sqrt(count))


def lay(parts: Pixels, columns: int) -> Pixels:
    """Squares (n, s, s, c) as one picture, row by row; what is left of the last row is empty."""
    side, channels = parts.shape[1], parts.shape[3]
    rows = math.ceil(len(parts) / columns)
    whole = np.zeros((rows * columns, side, side, channels), np.uint8)
    whole[: len(parts)] = parts
    grid = whole.reshape(rows, columns, side, side, channels).swapaxes(1, 2)
    return np.ascontiguousarray(grid.reshape(rows * side, columns * side, channels))


def cut(sheet: Pixels, side: int) -> Pixels:
    """The squares of `side` px in a picture, row by row: (n, side, side, c)."""
    rows, columns, channels = sheet.shape[0] // side, sheet.shape[1] // side, sheet.shape[2]
    grid = sheet.reshape(rows, side, columns, side, channels).swapaxes(1, 2)
    return np.ascontiguousarray(grid.reshape(-1, side, side, channels))


def save(path: Path, sheet: Pixels) -> None:
    """Stores a sheet exactly, in less room than a PNG takes; colours under what is transparent are kept too."""
    Image.fromarray(sheet).save(path, "WEBP", lossless=True, quality=100, method=6, exact=True)


def write(folder: Path, pictures: Pixels) -> None:
    """Stores the pictures (n, side, side, 3) of a build in `folder`."""
    save(folder / FILE, lay(pictures, columns_of(len(pictures))))


def read(folder: Path, count: int) -> Pixels:
    """The `count` pictures (n, side, side, 3) in `folder`; WeightsError if the file is missing or damaged."""
    try:
        with Image.open(folder / FILE) as opened:
            sheet = np.asarray(opened.convert("RGB"))
        return cut(sheet, sheet.shape[1] // columns_of(count))[:count]
    except (OSError, ValueError, ZeroDivisionError) as error:
        raise WeightsError(f"The pictures of {folder.name} are damaged ({error}). Build it again.") from None


def shared(first: Pixels, second: Pixels) -> int:
    """How many pictures two sets share: all of the smaller one, where the larger begins with them; else none."""
    count = min(len(first), len(second))
    return count if np.array_equal(first[:count], second[:count]) else 0
