"""Gives a scene its own ground back where an edit only drifted from it. Ours, beside the paper.

Within a region the networks draw ground and letters alike, and a small network's ground is a little darker, smoother or
of another tint: the region shows as a patch. Away from the old letters and the new ones nothing needs to change, so
there the picture stays as it was; and beside them what the ground drifted by, as told by the ground nearby, is taken
off.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from backends.text_image.canvas import Canvas, write
from backends.text_image.draft import text_colour
from backends.text_image.lettering import Mask
from backends.text_image.requests import Options, Picture

_BESIDE_OLD, _BESIDE_NEW = 9, 5  # pixels of the canvas, the window round a letter for its edge, an old one's shadow too
_DRIFT, _MEANT = 16.0, 48.0  # grey levels of change up to which it is drift, and from which it was meant
_FAINT = 32  # of 255, ink that is hardly seen
_NEARBY = 7.0  # standard deviation, in pixels of the canvas, of the ground nearby

Float = NDArray[np.float32]


def write_edit(picture: Picture, edited: Picture, canvas: Canvas, options: Options) -> None:
    """Writes an edited canvas, (64, w, 3) uint8, into the picture, in the way that the options ask for."""
    # Where letters are only taken away, ground of the two kinds side by side would show where they stood.
    if options.keep_colours and canvas.glyph.any():
        edited = with_own_ground(canvas.image, edited, canvas.glyph, canvas.position)
    write(picture, edited, canvas, fine=options.crisp)


def with_own_ground(before: Picture, edited: Picture, glyph: Mask, position: Mask) -> Picture:
    """The edited canvas with the ground of the canvas before.

    Args:
        before, edited: (h, w, 3) uint8.
        glyph, position: (h, w) uint8, the new letters and the region.
    """
    change = edited.astype(np.float32) - before
    _, old = text_colour(before, position)
    near = cv2.max(_grown(old, _BESIDE_OLD), _grown(glyph, _BESIDE_NEW))
    away = (near < _FAINT).astype(np.float32)
    size = np.abs(_blurred(change, 2.0)).max(axis=2)
    same = _blurred(away * np.clip((_MEANT - size) / (_MEANT - _DRIFT), 0, 1), 1.5)[..., None]
    drift = _blurred(same * change, _NEARBY) / np.maximum(_blurred(same, _NEARBY), 0.05)[..., None]
    ground = 1 - glyph.astype(np.float32)[..., None] / 255
    found = edited - same * change - (1 - same) * ground * drift
    return np.clip(np.rint(found), 0, 255).astype(np.uint8)


def _grown(letters: Mask, side: int) -> Mask:
    return np.asarray(cv2.dilate(letters, np.ones((side, side), np.uint8)), np.uint8)


def _blurred(image: Float, sigma: float) -> Float:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.float32)
