"""The part of a picture round a region at the size a larger engine works at, and back."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from backends.errors import InputError
from backends.text_image.requests import Picture

Mask = NDArray[np.uint8]

SIZE = 512
"""Longer side of what the engine sees, in pixels: what Stable Diffusion 1.5 was trained at."""

_GRID = 64  # the U-Net halves latents three times, and those are an eighth of the picture
_AROUND = 1.5  # side of the crop, in longer sides of the region: the scene's style comes from what is beside it
_FADE = 8.0  # working pixels outside the region over which an edit fades: one latent


@dataclass(frozen=True, slots=True)
class Crop:
    """`left`, `top`, `width`, `height` in the picture; `size`: width and height at which the engine sees it."""

    left: int
    top: int
    width: int
    height: int
    size: tuple[int, int]


def crop_round(position: Mask) -> Crop:
    """A square round the region, or as much of one as the picture has.

    Raises:
        InputError: for a position mask, (h, w) uint8, without a region.
    """
    left, top, width, height = cv2.boundingRect((position > 127).astype(np.uint8))
    if not width:
        raise InputError("The position mask is empty. Mark where the text shall stand.")
    high, wide = position.shape
    side = max(_GRID, round(_AROUND * max(width, height)))
    across, down = min(side, wide), min(side, high)
    at_x = min(max(0, left + width // 2 - across // 2), wide - across)
    at_y = min(max(0, top + height // 2 - down // 2), high - down)
    longest = max(across, down)
    return Crop(at_x, at_y, across, down, (_rounded(SIZE * across / longest), _rounded(SIZE * down / longest)))


def seen(picture: NDArray[np.uint8], crop: Crop) -> NDArray[np.uint8]:
    """The crop of a picture or mask, (h, w[, 3]) uint8, at the engine's size."""
    part = picture[crop.top : crop.top + crop.height, crop.left : crop.left + crop.width]
    how = cv2.INTER_AREA if crop.width > crop.size[0] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(part, crop.size, interpolation=how), np.uint8)


def put_back(picture: Picture, edited: Picture, position: Mask, crop: Crop) -> Picture:
    """The picture with the edited crop in the region; a few pixels outside of it, not a bit changes."""
    size = crop.width, crop.height
    how = cv2.INTER_AREA if crop.width < edited.shape[1] else cv2.INTER_CUBIC
    new = cv2.resize(edited, size, interpolation=how).astype(np.float32)
    out = picture.copy()
    place = out[crop.top : crop.top + crop.height, crop.left : crop.left + crop.width]
    inside = position[crop.top : crop.top + crop.height, crop.left : crop.left + crop.width] > 127
    away = cv2.distanceTransform((~inside).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    fade = max(1.0, _FADE * crop.width / crop.size[0])
    share = np.clip(1 - away / fade, 0, 1)[..., None]
    place[:] = np.clip(np.rint(place + share * (new - place)), 0, 255).astype(np.uint8)
    return out


def repainted(position: Mask) -> Mask:
    """What the engine paints anew, at its own size: the region and what an edit fades over, 255 inside."""
    reach = 2 * round(_FADE) + 1
    return np.asarray(cv2.dilate(np.where(position > 127, 255, 0).astype(np.uint8), np.ones((reach, reach))), np.uint8)


def _rounded(length: float) -> int:
    return max(_GRID, round(length / _GRID) * _GRID)
