"""From a line on a picture to the canvas that the networks see, and back.

Points are continuous: the pixel with index i reaches from i to i + 1, so a box of x 10 and width 20 ends at 30.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from backends.errors import InputError
from backends.text_image.fine_strokes import fine_glyph, strengths
from backends.text_image.lettering import Mask, fitted
from backends.text_image.lines import LEAST_SIDE, Line, sides
from backends.text_image.requests import Picture

HEIGHT = 64
"""Height of a canvas in pixels, as in training."""

STEP, LEAST_WIDTH, MOST_WIDTH = 32, 96, 512
"""A canvas is a multiple of `STEP` wide, from `LEAST_WIDTH` to `MOST_WIDTH`."""

TALL, LEAST_TALL = 44, 24
"""Height of the text's box on the canvas: the middle of what was trained on, and the least for a very long line."""

MARGIN = 8
"""Pixels of the scene that the canvas shows beside the box, at least."""

GROWN = 4.0
"""Canvas pixels round the box over which an edit fades out."""

_NEAR = 0.2  # a canvas corner may be this close to the horizon, as a share of the box's own nearness
_FINEST = 8  # samples a side of a pixel, where perspective crowds the picture
_BAND = 256  # rows of a picture that are written at once, so that memory stays small
_SAME, _OTHER = 10.0, 30.0  # grey levels of change up to which fine detail is the scene's, and from which it was text's

Float = NDArray[np.float32]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """A line's place, seen straight on. `image`: (64, w, 3) uint8, the scene. `glyph`, `position`: (64, w) uint8.

    `glyph`: the text in the standard font, fitted to the box; `position`: the box, 255 inside. `matrix`: (3, 3)
    float64, takes points of the canvas to points of the picture. A vertical line lies on its side, its top at the left.
    """

    image: Picture
    glyph: Mask
    position: Mask
    matrix: Matrix
    line: Line

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, width and height of the text's box on the canvas."""
        left, top, width, height = cv2.boundingRect(self.position)
        return left, top, width, height


def canvas_of(picture: Picture, line: Line) -> Canvas:
    """The canvas of a line on a picture, (h, w, 3) uint8; off the picture its edge is repeated.

    Raises:
        InputError: for a line too long or too narrow for any canvas, or in too steep a perspective.
    """
    across, tall = _box(line)
    width = max(LEAST_WIDTH, math.ceil((across + 2 * MARGIN) / STEP) * STEP)
    left, top = (width - across) // 2, (HEIGHT - tall) // 2
    box = _rectangle(left, top, across, tall)
    matrix = np.asarray(cv2.getPerspectiveTransform(box.astype(np.float32), _laid(line)), np.float64)
    if _depth(matrix, _rectangle(0, 0, width, HEIGHT)).min() < _NEAR * _depth(matrix, box).max():
        raise InputError("A region narrows too steeply from one side to the other. Mark it with more even sides.")
    position = np.zeros((HEIGHT, width), np.uint8)
    position[top : top + tall, left : left + across] = 255
    glyph = np.zeros_like(position)
    drawn = fitted(line.text, line.face, *((tall, across) if line.vertical else (across, tall)), vertical=line.vertical)
    glyph[top : top + tall, left : left + across] = np.rot90(drawn) if line.vertical else drawn
    image = _seen(*_cut(picture, matrix, width), width, HEIGHT, _growth(matrix, _rectangle(0, 0, width, HEIGHT)))
    return Canvas(np.clip(np.rint(image), 0, 255).astype(np.uint8), glyph, position, matrix, line)


def feather_mask(shape: tuple[int, ...], canvas: Canvas) -> Float:
    """Where an edit of the canvas is written: (h, w) of `shape`, 1 inside the line's corners, 0 from `GROWN` outside.

    The part between fades smoothly, in pixels of the canvas.
    """
    mask = np.zeros(shape[:2], np.float32)
    for x, y, w, h in _bands(shape, canvas):
        mask[y : y + h, x : x + w] = _feather(canvas, x, y, w, h)
    return mask


def paste(picture: Picture, edited: Picture, canvas: Canvas) -> Picture:
    """The picture with an edited canvas, (64, w, 3) uint8, written back; where `feather_mask` is 0, not a bit changes.

    Only the region is computed; all that grows with the picture is the one copy of it.
    """
    out = picture.copy()
    write(out, edited, canvas)
    return out


def write(picture: Picture, edited: Picture, canvas: Canvas, *, fine: bool = False) -> None:
    """`paste` into the picture itself, at a cost that depends on the region alone.

    What is added is the difference that the edit makes, brought to the picture's scale: a picture finer than the
    canvas keeps its grain wherever nothing changed, an unchanged canvas changes nothing at all, and neighbouring lines
    add up. Where the edit did change something, what the picture shows beyond the canvas is the fine detail of the old
    letters, whose outlines would stay as ghosts; there it is taken out, and the text is as sharp as the canvas; with
    `fine` its strokes are as sharp as the picture.
    """
    before = canvas.image.astype(np.float32)
    change = edited.astype(np.float32) - before
    # Sampling with the cubic spreads an outline over two pixels of the canvas; with less reach, ghosts stay.
    reach = cv2.dilate(np.abs(change).max(axis=2), np.ones((5, 5), np.uint8))
    stale = _smooth((reach - _SAME) / (_OTHER - _SAME))
    inverse = np.linalg.inv(canvas.matrix)
    finest, coarsest = _growth(canvas.matrix, _grown(canvas))
    growth = 1 / coarsest, 1 / finest
    strokes = _Strokes(edited, canvas, math.ceil(coarsest)) if fine and coarsest > 1 and canvas.glyph.any() else None
    for x, y, w, h in _bands(picture.shape, canvas):
        feather = _feather(canvas, x, y, w, h)
        if not feather.any():
            continue
        window = inverse @ _shift(x, y)
        place = picture[y : y + h, x : x + w]
        detail = place - _seen(before, window, w, h, growth)
        detail *= np.clip(_seen(stale, window, w, h, growth), 0, 1)[..., None]
        written = place + feather[..., None] * (_seen(change, window, w, h, growth) - detail)
        if strokes:
            written += feather[..., None] * strokes.seen(window, w, h, growth)
        place[:] = np.clip(np.rint(written), 0, 255).astype(np.uint8)


class _Strokes:
    """What a picture shows of an edit's strokes beyond its canvas."""

    def __init__(self, edited: Picture, canvas: Canvas, times: int) -> None:
        self._times = min(_FINEST, times)
        self._strengths = strengths(edited, canvas.glyph)
        self._coarse = canvas.glyph.astype(np.float32) / 255
        fine, self._to_fine = fine_glyph(canvas.line, canvas.glyph, canvas.box[2:], self._times)
        self._fine = fine.astype(np.float32) / 255

    def seen(self, window: Matrix, width: int, height: int, growth: tuple[float, float]) -> Float:
        """(height, width, 3) in grey levels, to be added; `window` and `growth` as of the canvas in `_seen`."""
        least, most = growth
        finer = _seen(self._fine, self._to_fine @ window, width, height, (least * self._times, most * self._times))
        missed = finer - _seen(self._coarse, window, width, height, growth)
        return _seen(self._strengths, window, width, height, growth) * missed[..., None]


def _laid(line: Line) -> Float:
    """The line's corners as the canvas has them: `np.rot90` lays an upright column with its right side up."""
    quad = np.asarray(line.corners, np.float32)
    return np.roll(quad, -1, axis=0) if line.vertical else quad


def _box(line: Line) -> tuple[int, int]:
    """Width and height of the text's box on the canvas."""
    width, height = sides(line.corners)
    long, thick = (height, width) if line.vertical else (width, height)
    most = MOST_WIDTH - 2 * MARGIN
    tall = min(TALL, math.floor(most * thick / long))
    if tall < LEAST_TALL:
        raise InputError(
            f"A line of {long:.0f} x {thick:.0f} px is too long for its height. Break it into rows, or mark it higher."
        )
    across = min(most, round(tall * long / thick))
    if across < LEAST_SIDE:
        raise InputError(
            f"A line of {long:.0f} x {thick:.0f} px is too narrow for its height. Mark it wider, or turn its corners."
        )
    return across, tall


def _shift(x: float, y: float) -> Matrix:
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1]], np.float64)


def _depth(matrix: Matrix, points: NDArray[Any]) -> Matrix:
    """The divisor of the perspective at points (n, 2)."""
    return np.asarray(points @ matrix[2, :2] + matrix[2, 2], np.float64)


def _growth(matrix: Matrix, points: NDArray[Any]) -> tuple[float, float]:
    """The least and the greatest number of pixels, along a side, that one pixel at some of the points becomes."""
    growth = np.sqrt(abs(np.linalg.det(matrix)) / np.abs(_depth(matrix, points)) ** 3)
    return float(growth.min()), float(growth.max())


def _through(matrix: Matrix, points: NDArray[Any]) -> Matrix:
    return np.asarray(cv2.perspectiveTransform(points[None].astype(np.float64), matrix)[0], np.float64)


def _rectangle(left: float, top: float, width: float, height: float) -> Matrix:
    right, bottom = left + width, top + height
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float64)


def _grown(canvas: Canvas) -> Matrix:
    left, top, width, height = canvas.box
    return _rectangle(left - GROWN, top - GROWN, width + 2 * GROWN, height + 2 * GROWN)


def _cut(picture: Picture, matrix: Matrix, width: int) -> tuple[Picture, Matrix]:
    """The part of the picture that a canvas shows, and the matrix from the canvas to it."""
    points = _through(matrix, _rectangle(0, 0, width, HEIGHT))
    high, wide = picture.shape[:2]
    # Three pixels more for the cubic; one at least where the canvas hangs over an edge.
    left, top = (int(v) for v in np.clip(np.floor(points.min(axis=0)) - 3, 0, (wide - 1, high - 1)))
    right, bottom = (int(v) for v in np.clip(np.ceil(points.max(axis=0)) + 3, (left + 1, top + 1), (wide, high)))
    return picture[top:bottom, left:right], _shift(-left, -top) @ matrix


def _seen(source: NDArray[Any], matrix: Matrix, width: int, height: int, growth: tuple[float, float]) -> Float:
    """`source` through `matrix`, which takes points of the answer to points of it; (height, width[, channels]) float32.

    `growth`: the least and greatest number of pixels of the source, along a side, on one of the answer. Where there
    are several they are averaged: the source is shrunk to twice the density that the answer needs where it is finest,
    sampled closely enough for where it is coarsest, and averaged again.
    """
    shrink = max(1.0, growth[0] / 2)
    image, to_image = source.astype(np.float32), np.eye(3)
    if shrink > 1:
        size = max(1, round(source.shape[1] / shrink)), max(1, round(source.shape[0] / shrink))
        to_image = np.diag([size[0] / source.shape[1], size[1] / source.shape[0], 1.0])
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.float32)
    fine = min(_FINEST, max(1, math.ceil(growth[1] / shrink - 0.05)))
    # OpenCV counts from the middle of the first pixel.
    by_index = _shift(-0.5, -0.5) @ to_image @ matrix @ np.diag([1 / fine, 1 / fine, 1.0]) @ _shift(0.5, 0.5)
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    size = width * fine, height * fine
    seen = cv2.warpPerspective(image, by_index, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(seen, (width, height), interpolation=cv2.INTER_AREA) if fine > 1 else seen, np.float32)


def _bands(shape: tuple[int, ...], canvas: Canvas) -> list[tuple[int, int, int, int]]:
    """Left, top, width and height of the parts of a picture that an edit of the canvas can reach."""
    points = _through(canvas.matrix, _grown(canvas))
    x, y = (int(v) for v in np.clip(np.floor(points.min(axis=0)), 0, (shape[1], shape[0])))
    right, bottom = (int(v) for v in np.clip(np.ceil(points.max(axis=0)), 0, (shape[1], shape[0])))
    return [(x, at, right - x, min(_BAND, bottom - at)) for at in range(y, bottom, _BAND) if right > x]


def _feather(canvas: Canvas, x: int, y: int, width: int, height: int) -> Float:
    """`feather_mask` of the part of a picture that begins at (x, y)."""
    matrix = np.linalg.inv(canvas.matrix)
    xs, ys = np.arange(width) + x + 0.5, np.arange(height)[:, None] + y + 0.5
    along, down, depth = (row[0] * xs + row[1] * ys + row[2] for row in matrix)
    left, top, wide, tall = canvas.box
    beside = np.abs(along / depth - (left + wide / 2)) - wide / 2
    above = np.abs(down / depth - (top + tall / 2)) - tall / 2
    away = np.hypot(np.maximum(beside, 0), np.maximum(above, 0))
    # Behind the horizon a point has the canvas coordinates of another in front of it.
    return np.where(depth > 0, _smooth(1 - away / GROWN), 0).astype(np.float32)


def _smooth(value: NDArray[Any]) -> Float:
    """0 below 0, 1 above 1, without a kink between."""
    value = np.clip(value, 0, 1)
    return np.asarray(value * value * (3 - 2 * value), np.float32)
