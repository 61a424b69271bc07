"""Where two pictures differ, and how much."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from backends.errors import InputError
from backends.text_image.requests import Picture


def difference(before: Picture, after: Picture) -> NDArray[np.uint8]:
    """(h, w) uint8: the largest difference of a channel at each pixel, in grey levels.

    Raises:
        InputError: for pictures of different sizes.
    """
    if before.shape != after.shape:
        raise InputError(f"The pictures are {before.shape[:2]} and {after.shape[:2]}: they must be of one size.")
    apart = np.abs(after.astype(np.int16) - before).max(axis=2)
    return np.asarray(apart, np.uint8)
