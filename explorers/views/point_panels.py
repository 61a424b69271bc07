"""Several clouds of the same points side by side, so that projections can be compared at a glance."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from backends.errors import InputError
from explorers.views.palette import token
from explorers.views.picture import Drawing, Pen, Picture, Table, compose
from explorers.views.svg import Markup, fit, join, rect, tag, text

COLOURS: Final = 10
_GAP: Final = 16
_HEADER: Final = 40


@dataclass(frozen=True, slots=True)
class Panel:
    """One cloud: what it is called, a line about it, and its points (x, y), in the order of the labels."""

    title: str
    note: str
    points: Sequence[tuple[float, float]]


def point_panels(
    panels: Sequence[Panel], labels: Sequence[int], classes: Sequence[str], *, title: str, across: int = 4
) -> Picture:
    """The panels, `across` in a row, with every point in the colour of its class; each panel has a scale of its own.

    Raises InputError for no panel, or for panels that do not have a point for each label.
    """
    if not panels or any(len(panel.points) != len(labels) for panel in panels):
        raise InputError(f"“{title}” needs panels with {len(labels)} points each.")

    def draw(pen: Pen) -> Drawing:
        columns = min(across, 2) if pen.narrow else across
        side = (pen.width - _GAP * (columns - 1)) / columns
        parts = [
            _panel(panel, labels, index % columns * (side + _GAP), index // columns * (side + _HEADER + _GAP), side)
            for index, panel in enumerate(panels)
        ]
        rows = -(-len(panels) // columns)
        return Drawing(rows * (side + _HEADER + _GAP), join(parts))

    rows = tuple(
        (panel.title, classes[label], x, y)
        for panel in panels
        for label, (x, y) in zip(labels, panel.points, strict=True)
    )
    said = f"{len(labels)} points of {len(classes)} classes in {len(panels)} panels."
    return compose("panels", title, said, Table(("panel", "class", "x", "y"), rows), draw)


def _panel(panel: Panel, labels: Sequence[int], left: float, top: float, side: float) -> Markup:
    reach = max((max(abs(x), abs(y)) for x, y in panel.points), default=1.0) or 1.0
    scale = (side / 2 - 6) / reach
    middle = (left + side / 2, top + _HEADER + side / 2)
    dots = join(
        tag(
            "circle",
            cx=round(middle[0] + x * scale, 1),
            cy=round(middle[1] - y * scale, 1),
            r=2,
            fill=token(f"series-{label % COLOURS + 1}"),
            fill_opacity=0.8,
        )
        for label, (x, y) in zip(labels, panel.points, strict=True)
    )
    frame = rect(left, top + _HEADER, side, side, rx=4, fill="var(--atelier-sunken)")
    name = text(left, top + 12, fit(panel.title, side), fill="var(--atelier-ink)", font_weight=600)
    return join((frame, name, text(left, top + 30, fit(panel.note, side)), dots))
