"""Ways of points through a plane, side by side: where each begins, where it ends, and which kind of way it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from backends.errors import InputError
from explorers.views.palette import token
from explorers.views.picture import Drawing, Pen, Picture, Table, compose
from explorers.views.svg import Markup, fit, join, line, rect, tag, text

Point = tuple[float, float]

_GAP: Final = 16
_HEADER: Final = 24
_LEGEND: Final = 28


@dataclass(frozen=True, slots=True)
class PathPanel:
    """One plane: `paths`, each from its first point to its last, and for each the number of its kind."""

    title: str
    paths: Sequence[Sequence[Point]]
    kinds: Sequence[int]


def path_panels(
    panels: Sequence[PathPanel], rays: Sequence[tuple[str, Point]], kinds: Sequence[str], *, title: str
) -> Picture:
    """The panels, all to one scale. A ring is a beginning, a dot an end; kind 0, none in particular, is drawn faintly.

    Args:
        panels: at least one.
        rays: names of directions from the middle.
        kinds: names of the kinds.
        title: of the picture.

    Raises:
        InputError: for no panel, no points, or paths without a kind.
    """
    if not panels or any(len(panel.paths) != len(panel.kinds) for panel in panels):
        raise InputError(f"“{title}” needs panels with a kind for each path.")
    rows = tuple(
        (panel.title, number, kinds[kind], at, x, y)
        for panel in panels
        for number, (path, kind) in enumerate(zip(panel.paths, panel.kinds, strict=True))
        for at, (x, y) in ((0, path[0]), (len(path) - 1, path[-1]))
    )
    view = _view([point for panel in panels for path in panel.paths for point in path])

    def draw(pen: Pen) -> Drawing:
        columns = min(len(panels), 2 if pen.narrow else 4)
        side = (pen.width - _GAP * (columns - 1)) / columns
        high = side + _HEADER + _GAP
        drawn = [
            _panel(panel, rays, view, index % columns * (side + _GAP), index // columns * high, side)
            for index, panel in enumerate(panels)
        ]
        bottom = -(-len(panels) // columns) * high
        per_row = 1 if pen.narrow else 3
        width = pen.width / per_row
        legend = [
            _legend(name, kind, kind % per_row * width, bottom + kind // per_row * _LEGEND, width)
            for kind, name in enumerate(kinds)
        ]
        return Drawing(bottom + -(-len(kinds) // per_row) * _LEGEND, join((*drawn, *legend)))

    said = f"{len(panels[0].paths)} paths in each of {len(panels)} panels."
    return compose("paths", title, said, Table(("panel", "path", "kind", "point", "x", "y"), rows), draw)


View = tuple[float, float, float]
"""The square that all panels show: its left and lower edge, and its side."""


def _view(points: Sequence[Point]) -> View:
    """The smallest square with some room around all points and the middle."""
    xs, ys = zip((0.0, 0.0), *points, strict=True)
    side = max(max(xs) - min(xs), max(ys) - min(ys)) or 1.0
    room = 0.1 * side
    left, low = ((max(of) + min(of) - side) / 2 - room for of in (xs, ys))
    return left, low, side + 2 * room


def _end(ray: Point, view: View) -> Point:
    """Where a ray from the middle leaves the square."""
    left, low, side = view
    edges = [((left + side if ray[0] > 0 else left), ray[0]), ((low + side if ray[1] > 0 else low), ray[1])]
    length = min(edge / part for edge, part in edges if abs(part) > 1e-9)
    return ray[0] * length, ray[1] * length


def _colour(kind: int) -> str:
    return "var(--atelier-muted)" if kind == 0 else token(f"series-{kind}")


def _panel(
    panel: PathPanel, rays: Sequence[tuple[str, Point]], view: View, left: float, top: float, side: float
) -> Markup:
    scale = side / view[2]

    def place(point: Point) -> Point:
        return (
            round(left + (point[0] - view[0]) * scale, 1),
            round(top + _HEADER + side - (point[1] - view[1]) * scale, 1),
        )

    parts = [
        rect(left, top + _HEADER, side, side, rx=4, fill="var(--atelier-sunken)"),
        text(left, top + 12, fit(panel.title, side), fill="var(--atelier-ink)", font_weight=600),
    ]
    for name, ray in rays:
        tip = place(_end(ray, view))
        parts.append(line(*place((0, 0)), *tip, stroke="var(--atelier-edge)", stroke_width=1))
        right = tip[0] > left + side / 2
        below = min(max(tip[1] - 6, top + _HEADER + 14), top + _HEADER + side - 6)
        at = tip[0] - 4 if right else tip[0] + 4
        parts.append(text(at, below, fit(name, side / 2), text_anchor="end" if right else "start"))
    # The faint ones first, so that the others lie over them.
    for path, kind in sorted(zip(panel.paths, panel.kinds, strict=True), key=lambda pair: pair[1] > 0):
        places = [place(point) for point in path]
        strong = 0.35 if kind == 0 else 0.9
        parts.append(
            tag(
                "polyline",
                points=" ".join(f"{x:g},{y:g}" for x, y in places),
                fill="none",
                stroke=_colour(kind),
                stroke_width=1.5,
                stroke_opacity=strong,
            )
        )
        parts.append(_dot(places[0], kind, strong, hollow=True))
        parts.append(_dot(places[-1], kind, strong, hollow=False))
    return join(parts)


def _dot(place: Point, kind: int, opacity: float, *, hollow: bool) -> Markup:
    fill = "var(--atelier-sunken)" if hollow else _colour(kind)
    return tag("circle", cx=place[0], cy=place[1], r=2.5, fill=fill, stroke=_colour(kind), opacity=opacity)


def _legend(name: str, kind: int, left: float, top: float, width: float) -> Markup:
    mark = rect(left, top + 8, 16, 4, rx=2, fill=_colour(kind))
    return join((mark, text(left + 22, top + 14, fit(name, width - 28))))
