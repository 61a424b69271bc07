"""Regions of a picture: from a box, a table or a drawing, and whether text can be written there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from backends.errors import InputError, quoted
from backends.text_image.lines import LEAST_SIDE, Corners, rows_of
from backends.text_image.requests import MOST_REGIONS, Region

_BLUNT = 0.1  # the least sine of a corner's angle
_LEVEL = 4.0  # degrees within which a drawn stroke counts as level: hands are no steadier
_BOXY = 0.8  # share of its upright box that a drawn shape's smallest rectangle may fill before the box is meant
_STEEP = 60.0  # degrees up to which a long stroke is taken for turned text and not for a column


def checked_regions(regions: Sequence[Region], width: int, height: int) -> tuple[Region, ...]:
    """The regions, if text can be written in them on a picture of `width` x `height` pixels.

    Corners that lie off the picture are moved to its edge; regions may overlap.

    Raises:
        InputError: for no region or too many; and, naming the region by its number, for one that lies off the picture,
            is too small, crossed, dented or mirrored, or whose text cannot be drawn.
    """
    if not regions:
        raise InputError("No region is marked. Mark where the text stands, with a box or by drawing over it.")
    if len(regions) > MOST_REGIONS:
        raise InputError(f"{len(regions)} regions are too many. Mark at most {MOST_REGIONS}, and edit again for more.")
    found = []
    for number, region in enumerate(regions, 1):
        try:
            checked = replace(region, corners=_checked_corners(region.corners, width, height))
            rows_of(checked)
        except InputError as error:
            raise InputError(f"Region {number}: {error}") from error
        found.append(checked)
    return tuple(found)


def _checked_corners(corners: Corners, width: int, height: int) -> Corners:
    try:
        quad = np.asarray(corners, np.float64)
    except (TypeError, ValueError):
        quad = np.empty(0)
    if quad.shape != (4, 2):
        raise InputError(f"Its corners are {quoted(corners)}. Give four, each as x and y in pixels.")
    if not np.isfinite(quad).all():
        raise InputError("One of its corners is not a number. Give x and y in pixels.")
    (left, top), (right, bottom) = quad.min(axis=0), quad.max(axis=0)
    if left >= width or top >= height or right <= 0 or bottom <= 0:
        raise InputError(f"It lies off the picture, which is {width} x {height} px. Move it onto the picture.")
    quad = quad.clip(0, (width, height))
    ahead = np.roll(quad, -1, axis=0) - quad
    behind = np.roll(ahead, 1, axis=0)
    turns = behind[:, 0] * ahead[:, 1] - behind[:, 1] * ahead[:, 0]
    if (turns < 0).all():
        raise InputError("Its corners run the wrong way round. Give top left, top right, bottom right, bottom left.")
    if (turns < 0).any():
        raise InputError("It is crossed or dented. Give its corners in turn: top left, top right, and so round.")
    lengths = np.hypot(*ahead.T)
    top, right, bottom, left = lengths
    area = cv2.contourArea(quad.astype(np.float32))
    across, tall = (area / max(1e-9, float(side) / 2) for side in (left + right, top + bottom))
    if across < LEAST_SIDE or tall < LEAST_SIDE:
        raise InputError(
            f"It is {across:.0f} x {tall:.0f} px on the picture. "
            f"Make it at least {LEAST_SIDE} px wide and {LEAST_SIDE} px high."
        )
    if not (turns > _BLUNT * lengths * np.roll(lengths, 1)).all():
        raise InputError(
            "One of its corners is nearly flat or nearly closed. Mark four corners of a text that faces the viewer."
        )
    return _as_corners(quad)


def _as_corners(quad: NDArray[Any]) -> Corners:
    (a, b), (c, d), (e, f), (g, h) = np.asarray(quad, np.float64).tolist()
    return (a, b), (c, d), (e, f), (g, h)


def box_region(x: float, y: float, w: float, h: float, text: str) -> Region:
    """The upright region with its top left corner at (x, y), `w` wide and `h` high, in pixels.

    Raises:
        InputError: for a width or height that is not above 0.
    """
    if not (w > 0 and h > 0):
        raise InputError(f"The box is {w:g} wide and {h:g} high; both must be above 0.")
    return Region(((x, y), (x + w, y), (x + w, y + h), (x, y + h)), text)


def regions_from_rows(rows: Sequence[Sequence[object]]) -> tuple[Region, ...]:
    """Regions from a table, a row each: x, y, w, h, text or x1, y1, x2, y2, x3, y3, x4, y4, text.

    Numbers may be strings. Empty cells at a row's end count as missing, a missing text as empty; empty rows are passed
    over.

    Raises:
        InputError: naming the row, for another number of cells, a cell that is no number, or a box without extent.
    """
    found = []
    for number, row in enumerate(rows, 1):
        cells = list(row)
        while cells and _is_empty(cells[-1]):
            cells.pop()
        if not cells:
            continue
        if len(cells) not in (4, 5, 8, 9):
            raise InputError(
                f"Row {number} has {len(cells)} filled cells. Give x, y, w, h, text or four corners and a text."
            )
        count = len(cells) // 4 * 4
        values = [_number(cell, number, column) for column, cell in enumerate(cells[:count], 1)]
        text = _text(cells[count]) if len(cells) > count else ""
        try:
            found.append(
                box_region(values[0], values[1], values[2], values[3], text)
                if count == 4
                else Region(_as_corners(np.reshape(values, (4, 2))), text)
            )
        except InputError as error:
            raise InputError(f"Row {number}: {error}") from error
    return tuple(found)


def _is_empty(cell: object) -> bool:
    # NaN, which a table has for an empty cell, is not equal to itself.
    return cell is None or cell != cell or (isinstance(cell, str) and not cell.strip())


def _number(cell: object, row: int, column: int) -> float:
    try:
        value = float(cell) if isinstance(cell, str | int | float | np.number) and not isinstance(cell, bool) else None
    except (ValueError, OverflowError):
        value = None
    if value is None or not np.isfinite(value):
        raise InputError(f"Row {row}, column {column} holds {quoted(cell)}, which is no number of pixels.")
    return value


def _text(cell: object) -> str:
    # A table turns a column of numbers into floats; who typed 24 wants no 24.0.
    return f"{cell:.0f}" if isinstance(cell, float) and cell.is_integer() else str(cell)


def regions_from_drawing(mask: NDArray[Any]) -> list[Corners]:
    """The corners of what was drawn, in reading order: a rectangle round each connected part.

    `mask`: (h, w), drawn where it is above 0. Specks smaller than `LEAST_SIDE` squared are passed over. Nearly level
    parts get an upright box, others the smallest rectangle, read along its longer side unless that is steep.

    Raises:
        InputError: for an array of another shape, or more than `MOST_REGIONS` parts.
    """
    if mask.ndim != 2:
        raise InputError(f"The drawing has the shape {mask.shape}. Give its opacity alone, as height x width.")
    drawn = np.ascontiguousarray(mask > 0, np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(drawn, connectivity=8)
    found = []
    for label in range(1, count):
        x, y, w, h, area = (int(value) for value in stats[label])
        if area >= LEAST_SIDE**2:
            inside = labels[y : y + h, x : x + w] == label
            found.append(_rectangle(inside, x, y))
    if len(found) > MOST_REGIONS:
        raise InputError(f"The drawing has {len(found)} parts. Draw at most {MOST_REGIONS}, each over one text.")
    return _in_reading_order(found)


def _rectangle(inside: NDArray[np.bool_], x: int, y: int) -> Corners:
    height, width = inside.shape
    box = np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]])
    outlines, _ = cv2.findContours(inside.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    points = np.concatenate(outlines).reshape(-1, 2)
    # A pixel reaches from its index to the next.
    reach = np.concatenate([points + shift for shift in ((0, 0), (1, 0), (1, 1), (0, 1))]).astype(np.float32)
    turned = cv2.boxPoints(cv2.minAreaRect(reach)).astype(np.float64)
    one, other = turned[1] - turned[0], turned[2] - turned[1]
    long, short = (one, other) if np.hypot(*one) >= np.hypot(*other) else (other, one)
    long = long if long[0] > 0 else -long
    angle = float(np.degrees(np.arctan2(long[1], long[0])))
    off_level = min(abs(angle), 90 - abs(angle))
    if off_level < _LEVEL or np.hypot(*one) * np.hypot(*other) > _BOXY * width * height:
        return _as_corners(box)
    ahead, down = (long, short) if abs(angle) <= _STEEP else (short if short[0] > 0 else -short, long)
    down = down if ahead[0] * down[1] - ahead[1] * down[0] > 0 else -down
    first = turned.mean(axis=0) - (ahead + down) / 2 + (x, y)
    return _as_corners(np.array([first, first + ahead, first + ahead + down, first + down]))


def _in_reading_order(found: list[Corners]) -> list[Corners]:
    """From top to bottom; what stands beside one another, its middle within the height of the row's first, by x."""
    waiting = sorted(found, key=lambda corners: min(y for _, y in corners))
    ordered: list[Corners] = []
    while waiting:
        low, high = min(y for _, y in waiting[0]), max(y for _, y in waiting[0])
        row = [corners for corners in waiting if low <= sum(y for _, y in corners) / 4 <= high]
        ordered += sorted(row, key=lambda corners: min(x for x, _ in corners))
        waiting = [corners for corners in waiting if corners not in row]
    return ordered
