"""Keeps the colours of a region's old text, and settles those of a new one. Ours, beside the paper.

At the noise where an edit begins, a small picture tells little of the colour of thin strokes, and a network that is not
sure predicts the mean: grey. So what the detail stage predicts is moved, along the line from its own ground to its own
letters, to the ground and the letters that stood there; the steps after it draw on from there.

In a picture made from noise nothing stood there, and letters might become lighter or darker than their ground: the mean
of both is hardly seen. So where the detail stage begins it is settled which, and that they shall be read.
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
_INK = 0.8  # of the glyph, above which a pixel is all letter
_LIGHT = (0.299, 0.587, 0.114)  # of red, green and blue in what is seen as lightness
_READABLE = 0.6  # by which new letters are lighter or darker than their ground, of the 2 from black to white
_COLOURFUL = 1.2  # distance between colours beyond which letters are read without that


@dataclass(frozen=True, slots=True)
class Colours:
    """Of the text of n canvases: `letters` and `ground` (n, 3) in [-1, 1]; `known` (n,) where there is one."""

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


def settled(pictures: Tensor, glyph: Tensor, position: Tensor) -> Colours:
    """Colours for text that is being made from noise and would hardly be read: those predicted, but lighter or darker.

    Letters keep the tint that is predicted, and become lighter where they are lighter already; unless the ground is too
    light for that, and the reverse. None are known where letters stand out as they are, the glyph has no ink, or the
    region no ground.

    Args:
        pictures: (n, 3, h, w) in [-1, 1], predicted.
        glyph, position: (n, 1, h, w) in [0, 1].
    """
    away, ink = _ground(glyph, position), glyph > _INK
    ground, letters = (_mean(pictures, mask)[:, :, 0, 0] for mask in (away, ink))
    weights = torch.tensor(_LIGHT).to(pictures)
    below, apart = ground @ weights, (letters - ground) @ weights
    lighter = torch.where((below.abs() > 1 - _READABLE), below < 0, apart > 0)
    wanted = torch.where(lighter, apart.clamp(min=_READABLE), apart.clamp(max=-_READABLE))
    hidden = (apart.abs() < _READABLE) & ((letters - ground).norm(dim=1) < _COLOURFUL)
    known = hidden & torch.stack([mask.sum(dim=(1, 2, 3)) >= _LEAST_PIXELS for mask in (away, ink)]).all(dim=0)
    return Colours((letters + (wanted - apart)[:, None]).clamp(-1, 1), ground, known)


def painted(pictures: Tensor, colours: Colours, glyph: Tensor) -> Tensor:
    """A draft in these colours: the ground round the letters, and the letters, where they are known."""
    ground, letters = (part[:, :, None, None].to(pictures) for part in (colours.ground, colours.letters))
    known = colours.known.to(pictures)[:, None, None, None]
    covered = pictures + known * _near(glyph) * (ground - pictures)
    return covered + known * glyph * (letters - ground)


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
    away = _ground(glyph, position)
    ground, letters = _mean(pictures, away), _mean(pictures, glyph > _INK)
    wanted = (colours.letters - colours.ground)[:, :, None, None].to(pictures)
    axis = letters - ground
    length = _length(axis)
    bounded = wanted * (_MOST_CONTRAST * length / _length(wanted).clamp(min=1e-6)).clamp(max=1)
    share = (((pictures - ground) * axis).sum(dim=1, keepdim=True) / length.clamp(min=1e-6) ** 2).clamp(0, 1)
    share = share * _near(glyph) * (length > _LEAST_CONTRAST)
    moved = (colours.ground[:, :, None, None].to(pictures) - ground) + share * (bounded - axis)
    able = colours.known.to(pictures.device) & (away.sum(dim=(1, 2, 3)) >= _LEAST_PIXELS)
    inside = functional.avg_pool2d(position, 3, 1, 1) * able[:, None, None, None]
    return (pictures + inside * moved).clamp(-1, 1)


def _ground(glyph: Tensor, position: Tensor) -> Tensor:
    """Where the region holds no letter and is not beside one."""
    return (position > 0.5) & (functional.max_pool2d(glyph, 7, 1, 3) < 0.25)


def _near(glyph: Tensor) -> Tensor:
    """1 on letters and beside them, falling off softly."""
    return functional.avg_pool2d(functional.max_pool2d(glyph, 7, 1, 3), 5, 1, 2)


def _mean(pictures: Tensor, mask: Tensor) -> Tensor:
    """(n, 3, 1, 1): the mean colour under the mask."""
    counted = mask.sum(dim=(2, 3), keepdim=True).clamp(min=1)
    return (pictures * mask).sum(dim=(2, 3), keepdim=True) / counted


def _length(colour: Tensor) -> Tensor:
    return colour.norm(dim=1, keepdim=True)
