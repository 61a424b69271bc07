"""The scatter: up to a few thousand points on a canvas, to hover, click and lasso, with an SVG twin for print.

Events: `select` with `{"id": id}` (click, or Enter on the focused point) and `lasso` with `{"ids": [id, ...]}` (drag,
shift-click, Escape for none); `events.id_of` and `events.ids_of` read them. Views are linked by ids: pass the
selection of one as `selected` of the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from backends.errors import InputError
from explorers.views.axes import Scale, horizontal_axis, padded, vertical_axis
from explorers.views.live import JsonValue, LiveView
from explorers.views.numbers import finite_range, nice_ticks, require_finite
from explorers.views.palette import SERIES, Marker, token
from explorers.views.picture import Drawing, Pen, Picture, Table, compose
from explorers.views.svg import NOTHING, Markup, join, line, marker, path, tag, text, text_width

_MOST_POINTS: Final = 10_000
_PLOT_HEIGHT: Final = 360


@dataclass(frozen=True, slots=True)
class Point:
    """One point: `series` gives its colour and legend entry, `marker` overrides the series' shape.

    `emphasised` draws it larger and ringed; `label` and `note` are shown on hover, `id` travels in events.
    """

    id: str
    x: float
    y: float
    label: str
    series: str
    marker: Marker | None = None
    emphasised: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis: its title and, to fix the range, its limits."""

    title: str
    limits: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Front:
    """A polyline through the points it names, such as the best trade-off."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Reference:
    """A straight reference: a vertical line at `x` or a horizontal one at `y`, with its name."""

    name: str
    x: float | None = None
    y: float | None = None


class Scatter(LiveView):
    """The interactive scatter; give it `scatter_value(...)` as its value."""

    script_name = "scatter.js"


def scatter_value(
    points: Sequence[Point],
    *,
    x: Axis,
    y: Axis,
    fronts: Sequence[Front] = (),
    references: Sequence[Reference] = (),
    selected: Sequence[str] = (),
) -> JsonValue:
    """The scatter's value. Raises InputError for no points, too many, an id given twice, a value that is not finite."""
    ranges = _ranges(points, x, y)
    styles = _styles(points)
    return {
        "points": [
            [p.id, _short(p.x), _short(p.y), p.label, list(styles).index(p.series), p.marker, p.emphasised, p.note]
            for p in points
        ],
        "series": [
            {"name": name, "colour": SERIES[index].colour, "marker": SERIES[index].marker}
            for name, index in styles.items()
        ],
        "x": _axis(x, ranges[0]),
        "y": _axis(y, ranges[1]),
        "fronts": [{"name": front.name, "points": [list(point) for point in front.points]} for front in fronts],
        "references": [{"name": one.name, "x": one.x, "y": one.y} for one in references],
        "selected": list(selected),
    }


def scatter_picture(
    points: Sequence[Point],
    *,
    title: str,
    x: Axis,
    y: Axis,
    description: str = "",
    fronts: Sequence[Front] = (),
    references: Sequence[Reference] = (),
) -> Picture:
    """The same scatter as a still picture; raises as `scatter_value` does."""
    x_range, y_range = _ranges(points, x, y)
    styles = _styles(points)

    def draw(pen: Pen) -> Drawing:
        legend, top = _legend(styles, pen)
        bottom = top + (_PLOT_HEIGHT if not pen.narrow else 240)
        xs, ys = Scale(*x_range, 52, pen.width - 12), Scale(*y_range, bottom, top)
        axes = join(
            (vertical_axis(ys, xs.start, xs.end, y.title), horizontal_axis(xs, bottom, x.title, 4 if pen.narrow else 6))
        )
        lines = join((*(_reference(one, xs, ys) for one in references), *(_front(one, xs, ys) for one in fronts)))
        marks = join(_mark(point, styles, xs, ys) for point in sorted(points, key=lambda p: p.emphasised))
        return Drawing(bottom + 48, join((legend, axes, lines, marks)))

    said = description or f"{len(points)} points in {len(styles)} series, {y.title} over {x.title}."
    return compose("scatter", title, said, _table(points, x, y), draw)


def scatter_svg(points: Sequence[Point], *, title: str, x: Axis, y: Axis, fronts: Sequence[Front] = ()) -> str:
    """The scatter as a stand-alone SVG file."""
    return scatter_picture(points, title=title, x=x, y=y, fronts=fronts).svg


def scatter_csv(points: Sequence[Point], *, x: Axis, y: Axis) -> str:
    """The points as CSV, one line each."""
    return _table(points, x, y).csv()


def _ranges(points: Sequence[Point], x: Axis, y: Axis) -> tuple[tuple[float, float], tuple[float, float]]:
    if not 0 < len(points) <= _MOST_POINTS:
        raise InputError(f"A scatter shows 1 to {_MOST_POINTS} points, got {len(points)}.")
    if len({point.id for point in points}) != len(points):
        raise InputError("Two points have the same id; links between views need each id once.")
    xs, ys = [point.x for point in points], [point.y for point in points]
    require_finite(xs, x.title)
    require_finite(ys, y.title)
    return x.limits or padded(*finite_range(xs, x.title)), y.limits or padded(*finite_range(ys, y.title))


def _styles(points: Sequence[Point]) -> dict[str, int]:
    """Series name -> index of its style, in order of first appearance."""
    names = list(dict.fromkeys(point.series for point in points))
    if len(names) > len(SERIES):
        raise InputError(f"A scatter tells {len(SERIES)} series apart, got {len(names)}; group some of them.")
    return {name: index for index, name in enumerate(names)}


def _axis(axis: Axis, limits: tuple[float, float]) -> dict[str, object]:
    ticks = [[value, label] for value, label in nice_ticks(*limits)]
    return {"title": axis.title, "low": limits[0], "high": limits[1], "ticks": ticks}


def _short(value: float) -> float:
    """Six significant digits: far finer than a pixel, and half the bytes of thousands of points."""
    return float(f"{value:.6g}")


def _mark(point: Point, styles: dict[str, int], xs: Scale, ys: Scale) -> Markup:
    style = SERIES[styles[point.series]]
    colour, shape = token(style.colour), point.marker or style.marker
    x, y = xs(point.x), ys(point.y)
    ring = tag("circle", cx=x, cy=y, r=9, fill="none", stroke="var(--atelier-ink)", stroke_width=1.5)
    drawn = marker(shape, x, y, 5 if point.emphasised else 3.5, colour)
    return join((drawn, ring)) if point.emphasised else drawn


def _front(front: Front, xs: Scale, ys: Scale) -> Markup:
    points = [(xs(x), ys(y)) for x, y in front.points]
    return path(points, fill="none", stroke="var(--atelier-ink)", stroke_width=1.5, stroke_opacity=0.6)


def _reference(one: Reference, xs: Scale, ys: Scale) -> Markup:
    dash: dict[str, str | int | float | None] = {"stroke": "var(--atelier-muted)", "stroke_dasharray": "3 3"}
    across = NOTHING if one.y is None else line(xs.start, ys(one.y), xs.end, ys(one.y), **dash)
    along = NOTHING if one.x is None else line(xs(one.x), ys.start, xs(one.x), ys.end, **dash)
    at = (xs.end, ys(one.y) - 6) if one.y is not None else (xs(one.x or 0.0) - 6, ys.end + 12)
    return join((across, along, text(*at, one.name, text_anchor="end")))


def _legend(styles: dict[str, int], pen: Pen) -> tuple[Markup, float]:
    """The series in rows above the plot, and where the plot may begin."""
    parts: list[Markup] = []
    x, y = 0.0, 12.0
    for name, index in styles.items():
        width = text_width(name) + 36
        if x and x + width > pen.width:
            x, y = 0.0, y + 20
        style = SERIES[index]
        parts += [
            marker(style.marker, x + 6, y - 4, 4, token(style.colour)),
            text(x + 18, y, name, fill="var(--atelier-ink)"),
        ]
        x += width
    return join(parts), y + 40


def _table(points: Sequence[Point], x: Axis, y: Axis) -> Table:
    headers = ("id", "label", "series", x.title, y.title, "note")
    return Table(headers, tuple((p.id, p.label, p.series, p.x, p.y, p.note) for p in points))
