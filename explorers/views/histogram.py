"""Counts in bins of equal width as columns, with a mark where a threshold lies."""

from collections.abc import Sequence

from backends.errors import InputError
from explorers.views.axes import Scale, horizontal_axis, vertical_axis
from explorers.views.numbers import number
from explorers.views.picture import Drawing, Pen, Picture, Table, compose
from explorers.views.svg import NOTHING, join, line, rect, text

_HEIGHT = 160


def histogram(
    counts: Sequence[int], *, high: float, title: str, x_title: str, mark: float | None = None, mark_name: str = ""
) -> Picture:
    """Columns of `counts` over bins from 0 to `high`; `mark` draws a line. Raises InputError for no counts."""
    if not counts or high <= 0 or min(counts) < 0:
        raise InputError(f"“{title}” needs counts of bins above 0.")
    width = high / len(counts)

    def draw(pen: Pen) -> Drawing:
        bottom = _HEIGHT + 32
        xs, ys = Scale(0, high, 52, pen.width - 16), Scale(0, max([*counts, 1]) * 1.05, bottom, 32)
        columns = join(
            rect(
                xs(index * width) + 0.5,
                ys(count),
                xs(width) - xs(0) - 1,
                bottom - ys(count),
                fill="var(--atelier-accent)",
            )
            for index, count in enumerate(counts)
        )
        rule = NOTHING
        if mark is not None and 0 <= mark <= high:
            stroke = line(xs(mark), 32, xs(mark), bottom, stroke="var(--atelier-ink)", stroke_dasharray="4 3")
            rule = join((stroke, text(xs(mark) + 6, 44, mark_name, fill="var(--atelier-ink)")))
        axes = (vertical_axis(ys, xs.start, xs.end, "tokens"), horizontal_axis(xs, bottom, x_title, 5))
        return Drawing(bottom + 48, join((*axes, columns, rule)))

    rows = tuple((f"{number(i * width)} to {number((i + 1) * width)}", int(count)) for i, count in enumerate(counts))
    said = f"{sum(counts):,} active tokens in {len(counts)} bins up to {number(high)}."
    return compose("histogram", title, said, Table((x_title, "tokens"), rows), draw)
