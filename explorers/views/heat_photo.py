"""A map of many values as a picture in viridis: where a heat map has cells with numbers, this one has pixels."""

from typing import Any

import numpy as np
import numpy.typing as npt

from backends.errors import InputError
from explorers.views.palette import sequential

_LEVELS = 256


def heat_photo(values: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """(h, w) numbers as (h, w, 3) uint8, dark for 0 and bright for the largest.

    Raises InputError for another shape, or for values that are negative or not finite.
    """
    if values.ndim != 2 or not np.isfinite(values).all() or (values < 0).any():
        raise InputError(f"A map needs finite values from 0 up, as height x width; got the shape {values.shape}.")
    share = values / max(float(values.max(initial=0)), 1e-9)
    return _table()[np.asarray(share * (_LEVELS - 1), np.uint8)]


def _table() -> npt.NDArray[np.uint8]:
    colours = [sequential(level / (_LEVELS - 1)) for level in range(_LEVELS)]
    return np.array([[int(colour[at : at + 2], 16) for at in (1, 3, 5)] for colour in colours], np.uint8)
