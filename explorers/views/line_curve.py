"""Lines with confidence bands, named at their ends where there is room and in a legend on a phone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from backends.errors import InputError
from explorers.views.axes import Scale, Ticks, horizontal_axis, padded, vertical_axis
from explorers.views.numbers import finite_range, number, require_finite
from explorers.views.palette import SERIES, Style, token
from explorers.views.picture import Cell, Drawing, Pen, Picture, Table, compose
from explorers.views.svg import NOTHING, Markup, fit, join, line, marker, path, tag, text, text_width

Role = Literal["ours", "baseline", "other"]

_LINE_HEIGHT: Final = 16
_MARKED: Final = 30
_PLOT_HEIGHT: Final = 264


@dataclass(frozen=True, slots=True)
class Series:
    """One line through (x, y), with an optional band [low, high] of the same length.

    `role` gives the colour: ours in the accent, a baseline in grey, any other in a series colour of its own.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    role: Role = "other"
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class _Drawn:
    series: Series
    style: Style


def line_curve(
    series: Sequence[Series],
    *,
    title: str,
    x_title: str,
    y_title: str,
    description: str = "",
    y_limits: tuple[float, float] | None = None,
    threshold: float | None = None,
    whole_x: bool = False,
    x_ticks: Ticks = (),
) -> Picture:
    """Every series over one pair of axes; `threshold` draws a horizontal reference, `whole_x` is for counts and steps.

    `x_ticks`: labels of an axis that counts places of a list, such as powers.

    Raises InputError for no series, for lengths that differ and for a value that is not finite.
    """
    for one in series:
        _validate(one)
    drawn = _styled(series)
    x_low, x_high = _spread(finite_range([x for one in series for x in one.x], f"“{title}”"))
    heights = [v for one in series for v in (*one.y, *one.low, *one.high)]
    y_low, y_high = y_limits or padded(*finite_range([*heights, threshold], f"“{title}”"))

    def draw(pen: Pen) -> Drawing:
        legend = _legend(drawn, pen) if pen.narrow else Drawing(0, NOTHING)
        top, right = legend.height + 32, 12 if pen.narrow else _label_room(series)
        bottom = top + (_PLOT_HEIGHT - 56 if pen.narrow else _PLOT_HEIGHT)
        xs = Scale(x_low, x_high, 52, pen.width - right)
        ys = Scale(y_low, y_high, bottom, top)
        heading = fit(y_title, pen.width - 8)
        axes = join(
            (
                vertical_axis(ys, xs.start, xs.end, heading),
                horizontal_axis(xs, bottom, x_title, 4 if pen.narrow else 6, whole=whole_x, ticks=x_ticks),
            )
        )
        labels = NOTHING if pen.narrow else _end_labels(drawn, xs, ys)
        rule = _threshold(threshold, xs, ys)
        curves = (join(_band(one, xs, ys) for one in drawn), join(_curve(one, xs, ys) for one in drawn))
        return Drawing(bottom + 48, join((legend.body, axes, rule, *curves, labels)))

    return compose(
        "line", title, description or _describe(series, x_title, y_title), _table(series, x_title, y_title), draw
    )


def _validate(series: Series) -> None:
    if not series.x or len(series.x) != len(series.y):
        raise InputError(
            f"“{series.name}” has {len(series.x)} x and {len(series.y)} y values; it needs as many of each."
        )
    if len(series.low) != len(series.high) or len(series.low) not in (0, len(series.x)):
        raise InputError(f"The band of “{series.name}” must have one low and one high for each of its points.")
    for name, values in (("x", series.x), ("y", series.y), ("low", series.low), ("high", series.high)):
        require_finite(values, f"{name} of “{series.name}”")


def _styled(series: Sequence[Series]) -> list[_Drawn]:
    others = iter(SERIES[1:] * (len(series) // len(SERIES[1:]) + 1))
    return [_Drawn(one, _style(one, others)) for one in series]


def _style(series: Series, others: Iterator[Style]) -> Style:
    if series.role == "ours":
        return Style("accent", "circle", "6 4" if series.dashed else "")
    if series.role == "baseline":
        return Style("baseline", "ring", "6 4" if series.dashed else "")
    style = next(others)
    return Style(style.colour, style.marker, "6 4" if series.dashed else "")


def _spread(limits: tuple[float, float]) -> tuple[float, float]:
    return limits if limits[0] < limits[1] else padded(*limits)


def _label_room(series: Sequence[Series]) -> float:
    return min(max(text_width(one.name) for one in series) + 28, 248)


def _band(drawn: _Drawn, xs: Scale, ys: Scale) -> Markup:
    one = drawn.series
    if not one.low:
        return NOTHING
    upper = [(xs(x), ys(high)) for x, high in zip(one.x, one.high, strict=True)]
    lower = [(xs(x), ys(low)) for x, low in zip(one.x, one.low, strict=True)]
    return path([*upper, *reversed(lower)], closed=True, fill=token(drawn.style.colour), fill_opacity=0.15)


def _curve(drawn: _Drawn, xs: Scale, ys: Scale) -> Markup:
    one, colour = drawn.series, token(drawn.style.colour)
    points = [(xs(x), ys(y)) for x, y in zip(one.x, one.y, strict=True)]
    dash = drawn.style.dash or None
    width = 1.75 if one.role == "baseline" else 2.25
    stroke = path(
        points, fill="none", stroke=colour, stroke_width=width, stroke_dasharray=dash, stroke_linejoin="round"
    )
    marks = (marker(drawn.style.marker, x, y, 3, colour) for x, y in points) if len(points) <= _MARKED else ()
    return join((stroke, *marks))


def _end_labels(drawn: Sequence[_Drawn], xs: Scale, ys: Scale) -> Markup:
    """Each name beside the end of its line; names that would collide are pushed apart, in the lines' order."""
    order = sorted(drawn, key=lambda one: ys(one.series.y[-1]))
    wanted = [ys(one.series.y[-1]) for one in order]
    placed = _apart(wanted, ys.end, ys.start)
    parts: list[Markup] = []
    for one, at, y in zip(order, wanted, placed, strict=True):
        end = xs(one.series.x[-1])
        colour = token(one.style.colour)
        parts.append(
            path([(end + 5, at), (xs.end + 10, y), (xs.end + 16, y)], fill="none", stroke=colour, stroke_opacity=0.5)
        )
        ink = "var(--atelier-muted)" if one.series.role == "baseline" else "var(--atelier-ink)"
        parts.append(text(xs.end + 20, y + 4, fit(one.series.name, 224), fill=ink, font_weight=_weight(one)))
    return join(parts)


def _weight(drawn: _Drawn) -> int:
    return 600 if drawn.series.role == "ours" else 400


def _apart(wanted: Sequence[float], top: float, bottom: float) -> list[float]:
    placed: list[float] = []
    for y in wanted:
        placed.append(max(y, placed[-1] + _LINE_HEIGHT) if placed else max(y, top))
    limit = max(bottom, top + _LINE_HEIGHT * (len(wanted) - 1))
    for index in range(len(placed) - 1, -1, -1):
        placed[index] = min(placed[index], limit)
        limit = placed[index] - _LINE_HEIGHT
    return placed


def _legend(drawn: Sequence[_Drawn], pen: Pen) -> Drawing:
    rows = [_legend_row(one, 12 + 20 * index, pen) for index, one in enumerate(drawn)]
    return Drawing(20.0 * len(rows), join(rows))


def _legend_row(drawn: _Drawn, y: float, pen: Pen) -> Markup:
    colour = token(drawn.style.colour)
    sample = line(0, y - 4, 24, y - 4, stroke=colour, stroke_width=2.25, stroke_dasharray=drawn.style.dash or None)
    name = text(32, y, fit(drawn.series.name, pen.width - 40), fill="var(--atelier-ink)", font_weight=_weight(drawn))
    return tag("g", sample, marker(drawn.style.marker, 12, y - 4, 3, colour), name)


def _threshold(threshold: float | None, xs: Scale, ys: Scale) -> Markup:
    if threshold is None:
        return NOTHING
    y = ys(threshold)
    return line(xs.start, y, xs.end, y, stroke="var(--atelier-muted)", stroke_dasharray="3 3")


def _describe(series: Sequence[Series], x_title: str, y_title: str) -> str:
    ends = "; ".join(f"{one.name} goes from {number(one.y[0])} to {number(one.y[-1])}" for one in series)
    return f"{y_title} over {x_title}. {ends}."


def _table(series: Sequence[Series], x_title: str, y_title: str) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for one in series:
        for index, (x, y) in enumerate(zip(one.x, one.y, strict=True)):
            band = (one.low[index], one.high[index]) if one.low else (None, None)
            rows.append((one.name, x, y, *band))
    return Table(("series", x_title, y_title, "low", "high"), tuple(rows))
