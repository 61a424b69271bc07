"""A draft: the old text painted over and the glyph painted on in its colour. Ours, not the paper's.

It can be what an edit begins with, and what the detail stage is shown of the region, so that it knows the colours.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from backends.text_image.requests import Picture

Mask = NDArray[np.uint8]

_NO_TEXT = 40.0  # colours nearer than this (RGB distance) to the ground are no letters
_DARK, _LIGHT = (20.0, 20.0, 22.0), (245.0, 245.0, 242.0)


def text_colour(image: Picture, position: Mask) -> tuple[NDArray[np.float32], Mask]:
    """The colour of the letters in a region and where they stand: (3,) and (h, w) uint8.

    Two clusters of colour: the one nearer to what surrounds the region is the ground. Where there are no letters, the
    colour is the one of black and white that stands out, and the mask is empty.
    """
    inside = position > 127
    ring = (cv2.dilate(position, np.ones((9, 9), np.uint8)) > 127) & ~inside
    around = np.median(image[ring if ring.any() else inside], axis=0).astype(np.float32)
    pixels = image[inside].astype(np.float32)
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 20, 0.5)
    cv2.setRNGSeed(0)
    _, labels, centres = cv2.kmeans(pixels, 2, np.zeros((len(pixels), 1), np.int32), criteria, 2, cv2.KMEANS_PP_CENTERS)
    counts = np.bincount(labels[:, 0], minlength=2)
    ground = (
        int(np.argmax(counts))
        if counts.min() < 0.35 * counts.max()
        else int(np.argmin(np.linalg.norm(centres - around, axis=1)))
    )
    letters = np.zeros_like(position)
    if np.linalg.norm(centres[0] - centres[1]) < _NO_TEXT:
        bright = float(np.dot(np.median(pixels, axis=0), (0.299, 0.587, 0.114))) > 127
        return np.asarray(_DARK if bright else _LIGHT, np.float32), letters
    letters[inside] = np.where(labels[:, 0] != ground, 255, 0)
    return centres[1 - ground], letters


def drafted(image: Picture, glyph: Mask, position: Mask) -> Picture:
    """The canvas with its old letters painted over and `glyph` painted on in their colour."""
    return _painted(image, glyph, *text_colour(image, position))


def shown_draft(image: Picture, glyph: Mask, position: Mask) -> Picture:
    """The draft where the picture tells the letters' colour, else the picture as it is: nobody knows what suits it."""
    colour, letters = text_colour(image, position)
    return _painted(image, glyph, colour, letters) if letters.any() else image


def _painted(image: Picture, glyph: Mask, colour: NDArray[np.float32], letters: Mask) -> Picture:
    wide = cv2.dilate(letters, np.ones((5, 5), np.uint8))
    ground = cv2.inpaint(image, wide, 3, cv2.INPAINT_TELEA).astype(np.float32)
    alpha = glyph.astype(np.float32)[..., None] / 255
    return np.clip(ground + (colour - ground) * alpha, 0, 255).astype(np.uint8)
