"""Keeps the colours of a region's old text. Ours, beside the paper.

At the noise where an edit begins, a small picture tells little of the colour of thin strokes, and a network that is not
sure predicts the mean: grey. So what the detail stage predicts is moved, along the line from its own ground to its own
letters, to the ground and the letters that stood there; the steps after it draw on from there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from backends.text_image.draft import Mask, text_colour
from backends.text_image.requests import Picture

_MOST_CONTRAST = 2.0  # times what was predicted: more of it makes blots of what is hardly there
_LEAST_CONTRAST = 4 / 127.5  # of what was predicted, below which it has no letters
_LEAST_PIXELS = 5


@dataclass(frozen=True, slots=True)
class Colours:
    """Of the old text of n canvases: `letters` and `ground` (n, 3) in [-1, 1]; `known` (n,) where there was one."""

    letters: Tensor
    ground: Tensor
    known: Tensor


def colours_of(images: Sequence[Picture], positions: Sequence[Mask]) -> Colours:
    """The colours of letters and ground in the regions of canvases, (h, w, 3) and (h, w) uint8 each."""
    letters, ground, known = [], [], []
    for image, position in zip(images, positions, strict=True):
        colour, found = text_colour(image, position)
        around = (position > 127) & (cv2.dilate(found, np.ones((5, 5), np.uint8)) == 0)
        known.append(bool(found.any()) and int(around.sum()) >= _LEAST_PIXELS)
        letters.append(colour)
        ground.append(image[around].mean(axis=0) if known[-1] else colour)
    return Colours(_scaled(letters), _scaled(ground), torch.tensor(known))


def _scaled(colours: list[np.ndarray]) -> Tensor:
    return torch.from_numpy(np.stack(colours)).float() / 127.5 - 1


def recoloured(pictures: Tensor, colours: Colours, glyph: Tensor, position: Tensor) -> Tensor:
    """The pictures with the colours that the region's letters and ground had.

    Args:
        pictures: (n, 3, h, w) in [-1, 1], predicted.
        colours: of the old texts; where none are known the picture stays as it is.
        glyph: (n, 1, h, w) in [0, 1], where the letters should be; none at all leaves the ground to be coloured.
        position: (n, 1, h, w) in [0, 1], the region.
    """
    near = functional.max_pool2d(glyph, 7, 1, 3)
    away = (position > 0.5) & (near < 0.25)
    ground, letters = _mean(pictures, away), _mean(pictures, glyph > 0.8)
    wanted = (colours.letters - colours.ground)[:, :, None, None].to(pictures)
    axis = letters - ground
    length = _length(axis)
    bounded = wanted * (_MOST_CONTRAST * length / _length(wanted).clamp(min=1e-6)).clamp(max=1)
    share = (((pictures - ground) * axis).sum(dim=1, keepdim=True) / length.clamp(min=1e-6) ** 2).clamp(0, 1)
    share = share * functional.avg_pool2d(near, 5, 1, 2) * (length > _LEAST_CONTRAST)
    moved = (colours.ground[:, :, None, None].to(pictures) - ground) + share * (bounded - axis)
    able = colours.known.to(pictures.device) & (away.sum(dim=(1, 2, 3)) >= _LEAST_PIXELS)
    inside = functional.avg_pool2d(position, 3, 1, 1) * able[:, None, None, None]
    return (pictures + inside * moved).clamp(-1, 1)


def _mean(pictures: Tensor, mask: Tensor) -> Tensor:
    """(n, 3, 1, 1): the mean colour under the mask."""
    counted = mask.sum(dim=(2, 3), keepdim=True).clamp(min=1)
    return (pictures * mask).sum(dim=(2, 3), keepdim=True) / counted


def _length(colour: Tensor) -> Tensor:
    return colour.norm(dim=1, keepdim=True)
