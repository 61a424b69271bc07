"""Pictures of one size on one sheet: stored without loss in a third less room, and sent as thumbnails."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from backends.errors import WeightsError

FILE = "pictures.webp"


def columns_of(count: int) -> int:
    """How many pictures of `count` stand side by side."""
    return math.ceil(math.sqrt(count))


def lay(pixels: NDArray[np.uint8]) -> Image.Image:
    """Pictures (n, side, side, 3) row by row on one sheet, black where none is."""
    count, side = pixels.shape[:2]
    columns = columns_of(count)
    rows = math.ceil(count / columns)
    whole = np.zeros((rows * columns, side, side, 3), np.uint8)
    whole[:count] = pixels
    grid = whole.reshape(rows, columns, side, side, 3).swapaxes(1, 2)
    return Image.fromarray(grid.reshape(rows * side, columns * side, 3))


def shared(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> int:
    """How many pictures two sets share: all of the smaller one, where the larger begins with them; else none."""
    count = min(len(first), len(second))
    return count if np.array_equal(first[:count], second[:count]) else 0


def write(folder: Path, pixels: NDArray[np.uint8]) -> None:
    """Stores pictures (n, side, side, 3) in `folder`, exactly."""
    lay(pixels).save(folder / FILE, lossless=True, quality=100, method=6)


def read(folder: Path, count: int) -> NDArray[np.uint8]:
    """The `count` pictures (n, side, side, 3) in `folder`; WeightsError if the file is missing or damaged."""
    columns = columns_of(count)
    rows = math.ceil(count / columns)
    try:
        with Image.open(folder / FILE) as opened:
            sheet = np.asarray(opened.convert("RGB"))
        side = sheet.shape[1] // columns
        grid = sheet.reshape(rows, side, columns, side, 3).swapaxes(1, 2)
    except (OSError, ValueError) as error:
        raise WeightsError(f"The pictures of {folder.name} are damaged ({error}). Build it again.") from None
    return np.ascontiguousarray(grid.reshape(-1, side, side, 3)[:count])
