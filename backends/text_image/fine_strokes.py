"""The strokes of an edit in a picture that is finer than its canvas. Ours, beside the paper.

A canvas is 64 pixels high, and what it says of a letter's edge is spread over a pixel of it: several of the picture's.
Where the edit follows the glyph, how strongly is known, and the glyph can be drawn as fine as one likes. So what the
picture shows of the glyph beyond the canvas is added to the edit, as strong as the edit has it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from backends.text_image.lettering import Mask, fitted
from backends.text_image.lines import Line
from backends.text_image.requests import Picture

RADIUS = 4
"""Of a window in pixels of the canvas: a stroke and the ground beside it."""

_EPSILON = 0.02  # variance of the glyph, of at most 0.25, below which a window holds no edge to speak of

Float = NDArray[np.float32]
Array = Any  # a tensor or an array: the arithmetic is the same


def line(pictures: Array, glyph: Array, mean: Callable[[Array], Array]) -> tuple[Array, Array]:
    """How pictures follow the glyph: slope a and ground b of p = a g + b in small windows, averaged over all windows.

    The model of the guided filter (He, Sun and Tang, ECCV 2010, equations 4 to 6): where the pictures do not follow the
    glyph, a is near 0.

    Args:
        pictures: numbers of any unit, tensors or arrays.
        glyph: in [0, 1], of a shape that broadcasts to theirs.
        mean: over the window round each place.
    """
    glyph_mean = mean(glyph)
    variance = mean(glyph * glyph) - glyph_mean * glyph_mean
    covariance = mean(glyph * pictures) - glyph_mean * mean(pictures)
    slope = covariance / (variance + _EPSILON)
    return mean(slope), mean(mean(pictures) - slope * glyph_mean)


def strengths(edited: Picture, glyph: Mask) -> Float:
    """The slope of `line` of a canvas, (h, w, 3) uint8, in grey levels: (h, w, 3) float32."""
    share = np.repeat(glyph[..., None].astype(np.float32) / 255, 3, axis=2)
    slope, _ = line(edited.astype(np.float32), share, _mean)
    return np.asarray(slope, np.float32)


def _mean(part: Float) -> Float:
    side = 2 * RADIUS + 1
    return np.asarray(cv2.blur(part, (side, side)), np.float32)


def fine_glyph(text: Line, glyph: Mask, box: tuple[int, int], times: int) -> tuple[Mask, NDArray[np.float64]]:
    """A line drawn `times` as large as on its canvas, and the matrix that takes points of the canvas to it.

    Drawn larger, letters stand by fractions of a pixel elsewhere, since sizes and places of small ones are whole
    numbers; the matrix brings the middle and the spread of the ink of both into agreement.

    Args:
        text: the line.
        glyph: (h, w), as the canvas has it; not empty.
        box: width and height of the line's box on the canvas.
        times: a whole number from 1.
    """
    across, tall = (side * times for side in (box[::-1] if text.vertical else box))
    drawn = fitted(text.text, text.face, across, tall, vertical=text.vertical)
    drawn = np.ascontiguousarray(np.rot90(drawn)) if text.vertical else drawn
    (x, y, wide, high), (x_fine, y_fine, wide_fine, high_fine) = _spread(glyph), _spread(drawn)
    along, down = wide_fine / wide, high_fine / high
    return drawn, np.array([[along, 0, x_fine - along * x], [0, down, y_fine - down * y], [0, 0, 1]])


def _spread(ink: Mask) -> tuple[float, float, float, float]:
    """The middle of the ink, as a point, and its standard deviations along x and y."""
    found = cv2.moments(ink)
    mass = found["m00"]
    wide, high = (max(found[name] / mass, 1e-3) ** 0.5 for name in ("mu20", "mu02"))
    return found["m10"] / mass + 0.5, found["m01"] / mass + 0.5, wide, high
