"""Scales and axes: where a value falls in px, and the few lines that let a reader read it back."""

from collections.abc import Sequence
from dataclasses import dataclass

from backends.errors import InputError
from explorers.views.numbers import nice_ticks
from explorers.views.svg import NOTHING, Markup, fit, join, line, text


@dataclass(frozen=True, slots=True)
class Scale:
    """A linear map from data [low, high] to px [start, end]; `end` may lie before `start`, as on a vertical axis."""

    low: float
    high: float
    start: float
    end: float

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise InputError(f"A scale needs low < high, got {self.low} and {self.high}.")

    def __call__(self, value: float) -> float:
        """The position of `value` in px; values outside the range stay at its ends."""
        inside = min(max(value, self.low), self.high)
        return self.start + (inside - self.low) / (self.high - self.low) * (self.end - self.start)


def padded(low: float, high: float, share: float = 0.06) -> tuple[float, float]:
    """The range widened by `share` on both sides; a single value gets room around it."""
    if low == high:
        reach = abs(low) * 0.1 or 0.5
        return low - reach, high + reach
    margin = (high - low) * share
    return low - margin, high + margin


def vertical_axis(scale: Scale, left: float, right: float, title: str) -> Markup:
    """Tick labels left of the plot, a hairline across it per tick, and the title above its upper left corner."""
    ticks = nice_ticks(scale.low, scale.high)
    lines = join(
        line(left, scale(value), right, scale(value), stroke="var(--atelier-line)", stroke_width=1)
        for value, _ in ticks
    )
    labels = join(text(left - 8, scale(value) + 4, label, text_anchor="end") for value, label in ticks)
    heading = text(0, scale.end - 14, title) if title else NOTHING
    return join((lines, labels, heading))


Ticks = Sequence[tuple[float, str]]
"""Where on an axis there is a tick, and its label."""


def _round_ticks(scale: Scale, count: int, *, whole: bool) -> Ticks:
    found = nice_ticks(scale.low, scale.high, count)
    return [(value, f"{round(value):,}") for value, _ in found if value == round(value)] if whole else found


def horizontal_axis(
    scale: Scale, y: float, title: str, count: int = 6, *, whole: bool = False, ticks: Ticks = ()
) -> Markup:
    """Tick labels under the plot and the title below them; `whole` keeps whole numbers only (a count has no halves).

    `ticks`: in place of round numbers.
    """
    ticks = ticks or _round_ticks(scale, count, whole=whole)
    base = line(scale.start, y, scale.end, y, stroke="var(--atelier-edge)", stroke_width=1)
    labels = join(text(scale(value), y + 18, label, text_anchor="middle") for value, label in ticks)
    shown = fit(title, scale.end - scale.start)
    heading = text((scale.start + scale.end) / 2, y + 38, shown, text_anchor="middle") if title else NOTHING
    return join((base, labels, heading))
