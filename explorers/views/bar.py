"""Horizontal bars: one value per row with its interval, its baseline and whether it is the truth.

Unsigned bars grow from zero in the accent colour; signed ones grow to the right where a value promotes and to the left
where it suppresses. What is not explained by concepts is hatched. The true row is outlined.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from backends.errors import InputError
from explorers.views.axes import Scale, horizontal_axis
from explorers.views.numbers import finite_range, fixed, require_finite, shared_decimals, suffixed, with_unit
from explorers.views.picture import Drawing, Pen, Picture, Table, compose
from explorers.views.svg import NOTHING, Markup, fit, join, line, rect, text, text_width

_ROW: Final = 32
_NARROW_ROW: Final = 48
_THICK: Final = 14
_VALUE_COLUMN: Final = 64


@dataclass(frozen=True, slots=True)
class Bar:
    """One row: `value` with an optional interval [low, high] and `baseline`, all in the chart's unit.

    `truth` outlines the row, `hatched` marks what concepts do not explain, `note` is shown small after the name.
    """

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    baseline: float | None = None
    truth: bool = False
    hatched: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Layout:
    left: float
    row: float
    offset: float
    scale: Scale
    decimals: int


def bar_chart(
    bars: Sequence[Bar],
    *,
    title: str,
    description: str = "",
    axis_title: str = "",
    unit: str = "",
    signed: bool = False,
    limits: tuple[float, float] | None = None,
    threshold: float | None = None,
) -> Picture:
    """Bars in the given order; `limits` fixes the axis, `threshold` draws the line that decides (0.5, say).

    Raises InputError for no bars, for a value that is not finite and for an interval that is upside down.
    """
    _validate(bars, title)
    low, high = limits or _limits(bars, signed)

    def draw(pen: Pen) -> Drawing:
        layout = _layout(bars, pen, low, high)
        bottom = 8 + layout.row * len(bars)
        rows = join(_row(bar, 8 + layout.row * index, layout, pen, signed, unit) for index, bar in enumerate(bars))
        axis = horizontal_axis(layout.scale, bottom, axis_title, 4 if pen.narrow else 6)
        rules = join(_rules(layout, 8 + layout.row * index, threshold, signed) for index in range(len(bars)))
        return Drawing(bottom + (48 if axis_title else 28), join((axis, rules, rows)))

    return compose("bar", title, description or _describe(bars, unit), _table(bars), draw)


def _validate(bars: Sequence[Bar], title: str) -> None:
    if not bars:
        raise InputError(f"“{title}” needs at least one bar.")
    require_finite([bar.value for bar in bars], f"“{title}”")
    for bar in bars:
        if bar.low is not None and bar.high is not None and bar.low > bar.high:
            raise InputError(f"The interval of “{bar.name}” runs from {bar.low} down to {bar.high}.")


def _limits(bars: Sequence[Bar], signed: bool) -> tuple[float, float]:
    values = [value for bar in bars for value in (bar.value, bar.low, bar.high, bar.baseline)]
    low, high = finite_range([*values, 0.0], "The chart")
    if signed:
        reach = max(-low, high) or 1.0
        return -reach * 1.05, reach * 1.05
    return min(low, 0.0), high * 1.05 if high > 0 else 1.0


def _layout(bars: Sequence[Bar], pen: Pen, low: float, high: float) -> _Layout:
    decimals = shared_decimals([bar.value for bar in bars])
    if pen.narrow:
        return _Layout(0, _NARROW_ROW, 22, Scale(low, high, 4, pen.width - _VALUE_COLUMN), decimals)
    longest = max(text_width(bar.name) + (text_width(bar.note) + 8 if bar.note else 0) for bar in bars)
    left = min(max(longest, 56) + 20, 296)
    return _Layout(left, _ROW, 0, Scale(low, high, left, pen.width - _VALUE_COLUMN), decimals)


def _row(bar: Bar, top: float, layout: _Layout, pen: Pen, signed: bool, unit: str) -> Markup:
    middle = top + layout.offset + (layout.row - layout.offset) / 2
    scale = layout.scale
    zero, end = scale(0.0), scale(bar.value)
    fill = pen.hatch if bar.hatched else _colour(bar.value, signed)
    edge = "var(--atelier-baseline)" if bar.hatched else None
    body = rect(min(zero, end), middle - _THICK / 2, abs(end - zero), _THICK, rx=2, fill=fill, stroke=edge)
    shown = suffixed(fixed(bar.value, layout.decimals), unit)
    value = text(pen.width, middle + 4, shown, text_anchor="end", fill="var(--atelier-ink)", font_weight=600)
    return join(
        (_name(bar, middle, top, layout, pen), _truth(bar, middle, scale), body, _marks(bar, middle, scale), value)
    )


def _colour(value: float, signed: bool) -> str:
    if not signed:
        return "var(--atelier-accent)"
    return "var(--atelier-promote)" if value >= 0 else "var(--atelier-suppress)"


def _name(bar: Bar, middle: float, top: float, layout: _Layout, pen: Pen) -> Markup:
    room = pen.width - 16 if pen.narrow else layout.left - 16
    weight = 600 if bar.truth else 400
    name = fit(bar.name, room)
    spare = room - text_width(name) - 8
    note = fit(bar.note, spare) if bar.note and spare > 40 else ""
    x, y = (0.0, top + 16) if pen.narrow else (0.0, middle + 4)
    label = text(x, y, name, fill="var(--atelier-ink)", font_weight=weight)
    return join((label, text(x + text_width(name) + 8, y, note) if note else NOTHING))


def _truth(bar: Bar, middle: float, scale: Scale) -> Markup:
    if not bar.truth:
        return NOTHING
    return rect(
        scale.start - 3,
        middle - _THICK / 2 - 3,
        scale.end - scale.start + 6,
        _THICK + 6,
        rx=4,
        fill="none",
        stroke="var(--atelier-ink)",
        stroke_width=1.5,
    )


def _marks(bar: Bar, middle: float, scale: Scale) -> Markup:
    parts: list[Markup] = []
    if bar.baseline is not None:
        x = scale(bar.baseline)
        # The pale edge keeps the grey tick apart from a bar that covers it.
        parts.append(line(x, middle - 10, x, middle + 10, stroke="var(--atelier-surface)", stroke_width=5))
        parts.append(line(x, middle - 10, x, middle + 10, stroke="var(--atelier-baseline)", stroke_width=2.5))
    if bar.low is not None and bar.high is not None:
        left, right = scale(bar.low), scale(bar.high)
        whisker = (line(left, middle, right, middle), line(left, middle - 4, left, middle + 4))
        drawn = join((*whisker, line(right, middle - 4, right, middle + 4)))
        parts.append(Markup(f'<g stroke="var(--atelier-ink)" stroke-width="1.5">{drawn}</g>'))
    return join(parts)


def _rules(layout: _Layout, top: float, threshold: float | None, signed: bool) -> Markup:
    """The zero line and the threshold, a piece per row: on a phone they must not run through the names."""
    start, end = top + layout.offset, top + layout.row
    zero = layout.scale(0.0)
    base = line(zero, start, zero, end, stroke="var(--atelier-edge)") if signed else NOTHING
    if threshold is None:
        return base
    x = layout.scale(threshold)
    return join((base, line(x, start, x, end, stroke="var(--atelier-muted)", stroke_dasharray="3 3")))


def _describe(bars: Sequence[Bar], unit: str) -> str:
    top = max(bars, key=lambda bar: abs(bar.value))
    return f"{len(bars)} bars; the largest is {top.name} with {with_unit(top.value, unit)}."


def _table(bars: Sequence[Bar]) -> Table:
    headers = ("name", "value", "low", "high", "baseline", "truth", "not explained", "note")
    rows = tuple(
        (
            bar.name,
            bar.value,
            bar.low,
            bar.high,
            bar.baseline,
            "yes" if bar.truth else "",
            "yes" if bar.hatched else "",
            bar.note,
        )
        for bar in bars
    )
    return Table(headers, rows)
