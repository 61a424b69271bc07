"""From a region to its lines of text: which script, which direction, which rows, and where each row stands."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from backends.errors import InputError, quoted
from backends.text_image.lettering import FACES, STACKS, checked_line, font, ink, script_of
from backends.text_image.requests import Region

Corners = tuple[tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]]

LEAST_SIDE = 8
"""Width and height, in pixels, below which nothing can be written."""

MOST_ROWS = 8
"""Rows that a region may be parted into."""

_EM = 64
_HAN = frozenset({"hans", "hant", "japanese"})
_COLUMNS = STACKS - {"korean"}  # nobody expects a tall Korean sign to be a column, so that one has to be asked for
_TALL = 1.5  # times its width: from here on a region in a script of columns is a column
_GAIN = 1.1  # a further row must make letters this much larger: one line less is one break less to read over
_OPENING = frozenset("([{<（［｛〈《「『【〔“‘￥$")
_CLOSING = frozenset(
    ")]}>）］｝〉》」』】〕”’、。，．・：；！？,.:;!?…%％ー々〜ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮ"
)
_THAI_LEADING = frozenset("เแโใไ")
_THAI_TRAILING = frozenset("ะาำๅๆฯ")


@dataclass(frozen=True, slots=True)
class Line:
    """One row or column of a region. `corners`: as those of `Region`, upright also when `vertical`.

    `text`: in logical order, NFC; empty to remove what stands there. `face`: the font of its control image.
    """

    corners: Corners
    text: str
    script: str
    vertical: bool
    face: Path


def sides(corners: Corners) -> tuple[float, float]:
    """Width and height of a quadrilateral in pixels: each the mean of two opposite sides."""
    quad = np.asarray(corners, np.float64)
    top, right, bottom, left = np.hypot(*(np.roll(quad, -1, axis=0) - quad).T)
    return float(top + bottom) / 2, float(left + right) / 2


def rows_of(region: Region) -> tuple[str, ...]:
    """The rows that the region's line breaks ask for, NFC and each drawable; one empty row if the text is blank.

    Raises:
        InputError: for an unknown script, a direction that the script does not run in, more rows than `MOST_ROWS` or
            than the region is high enough for, or a row that `checked_line` refuses.
    """
    if not isinstance(region.text, str):
        raise InputError(f"The text of a region is {quoted(region.text)}. Give it as a string.")
    if region.script is not None and region.script not in FACES:
        raise InputError(f"No script is called {quoted(region.script)}. Use one of: {', '.join(FACES)}.")
    rows = region.text.replace("\r\n", "\n").strip(" \n").split("\n")
    vertical = _vertical(region)
    if len(rows) > MOST_ROWS or len(rows) > max(1, int(_room(region, vertical)[1] // LEAST_SIDE)):
        raise InputError(
            f"{len(rows)} rows are too many for this region. Use at most {MOST_ROWS}, each {LEAST_SIDE} px high."
        )
    return tuple(checked_line(row, FACES[_script(row, region, vertical)]) for row in rows)


def lines_of(region: Region) -> tuple[Line, ...]:
    """The lines of a checked region: rows from top to bottom, or columns from right to left.

    Line breaks part the region into rows of one height. A single row is wrapped where that makes its letters larger:
    at spaces, and between characters in Chinese, Japanese and Thai without spaces.

    Raises:
        InputError: as `rows_of`.
    """
    rows = rows_of(region)
    vertical = _vertical(region)
    if len(rows) == 1:
        rows = _wrapped(rows[0], _script(rows[0], region, vertical), vertical, _room(region, vertical))
    lines = []
    for text, corners in zip(rows, _parted(region.corners, len(rows), vertical=vertical), strict=True):
        script = _script(text, region, vertical)
        lines.append(Line(corners, text, script, vertical, FACES[script]))
    return tuple(lines)


def _script(row: str, region: Region, vertical: bool) -> str:
    """The script of a row. Rows of Han characters alone follow the region, whose kana tell Japanese from Chinese."""
    if region.script is not None:
        return region.script
    own, whole = script_of(row), _whole_script(region)
    return whole if vertical or {own, whole} <= _HAN else own


def _whole_script(region: Region) -> str:
    # No font has a glyph for a line break.
    return region.script or script_of(" ".join(region.text.split()))


def _vertical(region: Region) -> bool:
    width, height = sides(region.corners)
    text, script = region.text.strip(), _whole_script(region)
    if region.vertical is None:
        # What is removed is laid on its side by its shape alone, so that it fills its canvas.
        return height > _TALL * width and (not text or (script in _COLUMNS and len(text) > 1))
    if region.vertical and text and script not in STACKS:
        raise InputError(f"Text in {script} does not run from top to bottom here. Turn the region's corners instead.")
    return region.vertical


def _room(region: Region, vertical: bool) -> tuple[float, float]:
    """Length along the reading direction and across it, in pixels."""
    width, height = sides(region.corners)
    return (height, width) if vertical else (width, height)


def _parted(corners: Corners, count: int, *, vertical: bool) -> list[Corners]:
    """The quadrilateral in `count` equal rows, or columns from right to left, as a camera would see them."""
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    matrix = cv2.getPerspectiveTransform(square, np.asarray(corners, np.float32))
    parts = []
    for index in range(count):
        start, end = index / count, (index + 1) / count
        if vertical:
            unit = [[1 - end, 0], [1 - start, 0], [1 - start, 1], [1 - end, 1]]
        else:
            unit = [[0, start], [1, start], [1, end], [0, end]]
        part = cv2.perspectiveTransform(np.asarray([unit], np.float64), matrix)[0]
        (a, b), (c, d), (e, f), (g, h) = part.tolist()
        parts.append(((a, b), (c, d), (e, f), (g, h)))
    return parts if count > 1 else [corners]


def _wrapped(text: str, script: str, vertical: bool, room: tuple[float, float]) -> tuple[str, ...]:
    """The rows that let the letters be largest in a room of (length, thickness) pixels."""
    pieces = _pieces(text, script)
    if len(pieces) < 2:
        return (text,)
    length, thick = room
    face = FACES[script]
    pen, direction = font(face, _EM), "ttb" if vertical else None
    widths = np.array([pen.getlength(piece, direction=direction) for piece in pieces]) / _EM
    tall = 0.95 if vertical else max(0.86, ink(text, face, _EM).shape[0] / _EM)  # as `fitted` measures
    best, largest = [len(pieces)], 0.0
    for count in range(1, min(MOST_ROWS, len(pieces), int(thick // LEAST_SIDE)) + 1):
        ends, longest = _balanced(widths, count)
        size = min(length / max(longest, 0.01), thick / count / tall)
        if size > largest * _GAIN:
            best, largest = ends, size
    starts = [0, *best[:-1]]
    return tuple("".join(pieces[start:end]).strip() for start, end in zip(starts, best, strict=True))


def _balanced(widths: NDArray[np.float64], count: int) -> tuple[list[int], float]:
    """Where at most `count` rows end so that the longest is as short as can be, and its length."""
    low, high = float(widths.max()), float(widths.sum())
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (low, middle) if len(_filled(widths, middle)) <= count else (middle, high)
    ends = _filled(widths, high * (1 + 1e-9))
    totals = [0.0, *accumulate(widths.tolist())]
    return ends, max(totals[end] - totals[start] for start, end in zip([0, *ends[:-1]], ends, strict=True))


def _filled(widths: NDArray[np.float64], limit: float) -> list[int]:
    """Where rows end that are filled one after the other up to `limit`."""
    ends, filled = [], 0.0
    for index, width in enumerate(widths.tolist()):
        if filled and filled + width > limit:
            ends.append(index)
            filled = 0.0
        filled += width
    return [*ends, len(widths)]


def _pieces(text: str, script: str) -> Sequence[str]:
    """The parts of a line between which it may break; a space stays at the end of its piece."""
    by_letter = script in _HAN or (script == "thai" and " " not in text)
    pieces = [text[0]] if text else []
    for before, letter in pairwise(text):
        if (before == " " and letter != " ") or (by_letter and _may_part(before, letter)):
            pieces.append(letter)
        else:
            pieces[-1] += letter
    return pieces


def _may_part(before: str, letter: str) -> bool:
    """Whether a row may end between two characters that no space parts."""
    if letter == " " or unicodedata.category(letter) in {"Mn", "Mc", "Me", "Cf"}:
        return False
    if before in _OPENING | _THAI_LEADING or letter in _CLOSING | _THAI_TRAILING:
        return False
    # A word or a number in other letters stays whole.
    return not (_is_word(before) and _is_word(letter))


def _is_word(letter: str) -> bool:
    return letter.isalnum() and unicodedata.name(letter, "").split()[0] in {"LATIN", "DIGIT", "GREEK", "CYRILLIC"}
