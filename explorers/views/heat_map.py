"""A matrix as colour: viridis for amounts, promotes against suppresses for signed values, hatching where none is."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from backends.errors import InputError
from explorers.views.axes import Scale
from explorers.views.numbers import finite_range, fixed, nice_ticks, number, shared_decimals
from explorers.views.palette import diverging, sequential, text_on_diverging, text_on_sequential
from explorers.views.picture import Cell, Drawing, Pen, Picture, Table, compose
from explorers.views.svg import NOTHING, Markup, fit, fit_middle, join, rect, tag, text, text_width

ColourScale = Literal["sequential", "diverging"]

_TALLEST: Final = 32
_WIDEST: Final = 104
_LONGEST_LABEL: Final = 112
_SLANT_FROM: Final = 0.9


@dataclass(frozen=True, slots=True)
class _Colours:
    """Values to paint: `low` and `high` are the ends of the colour scale."""

    kind: ColourScale
    low: float
    high: float

    def paint(self, value: float) -> tuple[str, float, str]:
        """Fill, its opacity, and the colour of the text on it."""
        if self.kind == "sequential":
            share = (value - self.low) / (self.high - self.low)
            return sequential(share), 1.0, text_on_sequential(share)
        signed = value / self.high
        colour, opacity = diverging(signed)
        return colour, opacity, text_on_diverging(signed)


@dataclass(frozen=True, slots=True)
class _Grid:
    left: float
    top: float
    cell: float
    height: float
    slanted: bool
    worded: bool


def heat_map(
    values: Sequence[Sequence[float | None]],
    *,
    rows: Sequence[str],
    columns: Sequence[str],
    title: str,
    description: str = "",
    row_title: str = "",
    column_title: str = "",
    scale: ColourScale = "sequential",
    limits: tuple[float, float] | None = None,
    texts: Sequence[Sequence[str]] | None = None,
    hatched_rows: Sequence[str] = (),
    unit: str = "",
) -> Picture:
    """One cell per row and column; None or NaN is missing and hatched, as are the `hatched_rows` (a sidechannel, say).

    `limits` fixes the ends of the scale (a diverging one is always symmetric about 0); `texts` replaces the numbers in
    the cells (the roles of a rule). Raises InputError when the shapes do not agree or every value is missing.
    """
    matrix = _matrix(values, rows, columns, title)
    colours = _colours(matrix, scale, limits, title)

    def draw(pen: Pen) -> Drawing:
        words = texts or _numbers(matrix, (pen.width * 0.8) / len(columns))
        grid = _grid(rows, columns, words, pen, bool(column_title))
        cells = join(
            _cell(matrix[r][c], words[r][c], grid, r, c, colours, pen, rows[r] in hatched_rows)
            for r in range(len(rows))
            for c in range(len(columns))
        )
        bottom = grid.top + grid.height * len(rows)
        labels = join((_row_labels(rows, grid, row_title), _column_labels(columns, grid, column_title, pen)))
        if texts:
            return Drawing(bottom + 8, join((labels, cells)))
        return Drawing(bottom + 52, join((labels, cells, _legend(colours, bottom + 16, pen, unit))))

    table = _table(matrix, rows, columns, row_title or "row")
    return compose("heat", title, description or _describe(matrix, rows, columns), table, draw)


def _matrix(
    values: Sequence[Sequence[float | None]], rows: Sequence[str], columns: Sequence[str], title: str
) -> list[list[float | None]]:
    if len(values) != len(rows) or any(len(row) != len(columns) for row in values):
        raise InputError(f"“{title}” needs {len(rows)} rows of {len(columns)} values, to go with its labels.")
    if any(value is not None and math.isinf(value) for row in values for value in row):
        raise InputError(f"“{title}” holds an infinite value; use None for a missing one.")
    return [[None if value is None or math.isnan(value) else float(value) for value in row] for row in values]


def _colours(
    matrix: list[list[float | None]], scale: ColourScale, limits: tuple[float, float] | None, title: str
) -> _Colours:
    low, high = limits or finite_range([value for row in matrix for value in row], f"“{title}”")
    if scale == "diverging":
        reach = max(abs(low), abs(high)) or 1.0
        return _Colours(scale, -reach, reach)
    return _Colours(scale, low, high if high > low else low + 1.0)


def _numbers(matrix: list[list[float | None]], room: float) -> list[list[str]]:
    """The values as text, with as many decimals (two at most for values below ten) as `room` px per cell allow."""
    decimals = shared_decimals([value for row in matrix for value in row if value is not None])
    words: list[list[str]] = []
    for places in (decimals, decimals - 1):
        words = [["" if value is None else fixed(value, max(places, 0)) for value in row] for row in matrix]
        if max(text_width(word, 11) for row in words for word in row) <= room - 4:
            break
    return words


def _grid(rows: Sequence[str], columns: Sequence[str], words: Sequence[Sequence[str]], pen: Pen, titled: bool) -> _Grid:
    left = min(max(text_width(name) for name in rows) + 12, pen.width * 0.3)
    label = min(max(text_width(name) for name in columns), _LONGEST_LABEL)
    cell = min((pen.width - left) / len(columns), _WIDEST)
    slanted = label > cell * _SLANT_FROM
    if slanted:  # the last label leans out of the grid, so the grid leaves room for it
        cell = min((pen.width - left - label * 0.6) / len(columns), _WIDEST)
    top = (label * 0.75 + 20 if slanted else 24) + (20 if titled else 0)
    longest = max(text_width(word, 11) for row in words for word in row)
    return _Grid(left, top, cell, min(max(cell, 20), _TALLEST), slanted, longest <= cell - 4)


def _cell(
    value: float | None, word: str, grid: _Grid, row: int, column: int, colours: _Colours, pen: Pen, hatched: bool
) -> Markup:
    x, y = grid.left + column * grid.cell, grid.top + row * grid.height
    gap = 1 if grid.cell > 8 else 0
    size = (grid.cell - gap, grid.height - gap)
    if value is None:
        return rect(x, y, *size, fill=pen.hatch, rx=2)
    fill, opacity, ink = colours.paint(value)
    ground = rect(x, y, *size, fill="var(--atelier-sunken)", rx=2) if colours.kind == "diverging" else NOTHING
    body = rect(x, y, *size, fill=fill, fill_opacity=opacity, rx=2)
    stripes = rect(x, y, *size, fill=pen.hatch, fill_opacity=0.55, rx=2) if hatched else NOTHING
    label = text(x + size[0] / 2, y + size[1] / 2 + 4, word, fill=ink, font_size=11, text_anchor="middle")
    return join((ground, body, stripes, label if word and grid.worded else NOTHING))


def _row_labels(rows: Sequence[str], grid: _Grid, row_title: str) -> Markup:
    labels = join(
        text(
            grid.left - 8,
            grid.top + (index + 0.5) * grid.height + 4,
            fit_middle(name, grid.left - 8),
            text_anchor="end",
            fill="var(--atelier-ink)",
        )
        for index, name in enumerate(rows)
    )
    heading = (
        text(grid.left - 8, grid.top - 8, fit(row_title, grid.left - 8), text_anchor="end") if row_title else NOTHING
    )
    return join((labels, heading))


def _column_labels(columns: Sequence[str], grid: _Grid, column_title: str, pen: Pen) -> Markup:
    heading = text(grid.left, 12, fit(column_title, pen.width - grid.left)) if column_title else NOTHING
    step = 1 if not grid.slanted or grid.cell >= 14 else math.ceil(14 / grid.cell)
    labels = (
        _column_label(name, grid.left + (index + 0.5) * grid.cell, grid.top - 8, grid.slanted)
        for index, name in enumerate(columns)
        if index % step == 0
    )
    return join((heading, *labels))


def _column_label(name: str, x: float, y: float, slanted: bool) -> Markup:
    if not slanted:
        return text(x, y, name, text_anchor="middle", fill="var(--atelier-ink)")
    word = text(0, 0, fit(name, _LONGEST_LABEL), fill="var(--atelier-ink)")
    return tag("g", word, transform=f"translate({x + 3:.1f} {y:.1f}) rotate(-48)")


def _legend(colours: _Colours, y: float, pen: Pen, unit: str) -> Markup:
    width, steps = min(240, pen.width - 40), 48
    scale = Scale(colours.low, colours.high, 0, width)
    share = (colours.high - colours.low) / (steps - 1)
    swatches = []
    for index in range(steps):
        fill, opacity, _ = colours.paint(colours.low + index * share)
        swatches.append(rect(index * width / steps, 0, width / steps + 0.4, 8, fill=fill, fill_opacity=opacity))
    ticks = join(
        text(scale(v), 24, label, text_anchor="middle") for v, label in nice_ticks(colours.low, colours.high, 3)
    )
    meaning = (
        text(width + 16, 8, "left suppresses, right promotes")
        if colours.kind == "diverging" and not pen.narrow
        else NOTHING
    )
    named = text(width + 16, 24, unit) if unit else NOTHING
    return tag("g", join(swatches), ticks, meaning, named, transform=f"translate(20 {y:.1f})")


def _describe(matrix: list[list[float | None]], rows: Sequence[str], columns: Sequence[str]) -> str:
    found = [(abs(v), r, c, v) for r, row in enumerate(matrix) for c, v in enumerate(row) if v is not None]
    _, row, column, value = max(found)
    return f"{len(rows)} by {len(columns)} cells; the strongest is {rows[row]} with {columns[column]}: {number(value)}."


def _table(matrix: list[list[float | None]], rows: Sequence[str], columns: Sequence[str], corner: str) -> Table:
    body: list[tuple[Cell, ...]] = [(name, *row) for name, row in zip(rows, matrix, strict=True)]
    return Table((corner, *columns), tuple(body))
