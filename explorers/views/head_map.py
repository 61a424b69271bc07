"""The map of all heads of a model: layers down, heads across, coloured by a measure that is chosen in place.

Event: `select` with `{"layer": number, "head": number}`, read by `events.head_of`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from backends.errors import InputError
from explorers.views.live import JsonValue, LiveView
from explorers.views.palette import sequential, text_on_sequential

STEPS = 32
"""Colours of the scale that the browser is given."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure of heads: its name in a row, its label, what it says, and the ends of its colour scale.

    Attributes:
        masked: the name of the same measure without the sinks, if there is one; a switch chooses between the two.
    """

    name: str
    label: str
    meaning: str
    low: float
    high: float
    masked: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """What a row of a head must have."""
        return (self.name,) if self.masked is None else (self.name, self.masked)


class HeadMap(LiveView):
    """The interactive map; give it `map_value(...)` as its value."""

    script_name = "head_map.js"


def map_value(
    heads: Sequence[Mapping[str, float]],
    measures: Sequence[Measure],
    *,
    marked: Sequence[tuple[int, int]] = (),
    constant: Sequence[tuple[int, int]] = (),
    selected: tuple[int, int] | None = None,
) -> JsonValue:
    """The map's value.

    Args:
        heads: one row a head, with `layer`, `head` and every measure by its name.
        measures: what can be chosen; the first is shown.
        marked: heads that have rules, as (layer, head): they get a dot.
        constant: heads that write nearly the same everywhere: they are hatched.
        selected: the head that is marked as chosen.

    Raises InputError for no heads, no measures, or a measure that a head lacks.
    """
    if not heads or not measures:
        raise InputError("A map of heads needs heads and measures.")
    names = [name for one in measures for name in one.names]
    missing = [name for name in names if any(name not in row for row in heads)]
    if missing:
        raise InputError(f"Not all heads have the measure {missing[0]}.")
    ringed, hatched = set(marked), set(constant)
    cells = [
        {
            "layer": int(row["layer"]),
            "head": int(row["head"]),
            "marked": (row["layer"], row["head"]) in ringed,
            "constant": (row["layer"], row["head"]) in hatched,
            "values": {name: round(float(row[name]), 3) for name in names},
        }
        for row in heads
    ]
    shares = [step / (STEPS - 1) for step in range(STEPS)]
    return {
        "cells": cells,
        "measures": [asdict(one) for one in measures],
        "colours": [[sequential(share), text_on_sequential(share)] for share in shares],
        "selected": list(selected) if selected else None,
    }
