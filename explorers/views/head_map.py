"""The map of all heads of a model: layers down, heads across, coloured by a measure that is chosen in place.

Event: `select` with `{"layer": number, "head": number}`, read by `events.head_of`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from backends.errors import InputError
from explorers.views.live import JsonValue, LiveView
from explorers.views.palette import sequential, text_on_sequential

STEPS = 32
"""Colours of the scale that the browser is given."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure of heads: its name in a row, its label, what it says, and the ends of its colour scale."""

    name: str
    label: str
    meaning: str
    low: float
    high: float


class HeadMap(LiveView):
    """The interactive map; give it `map_value(...)` as its value."""

    script_name = "head_map.js"


def map_value(
    heads: Sequence[Mapping[str, float]],
    measures: Sequence[Measure],
    *,
    marked: Sequence[tuple[int, int]] = (),
    selected: tuple[int, int] | None = None,
    shown: str | None = None,
) -> JsonValue:
    """The map's value.

    Args:
        heads: one row a head, with `layer`, `head` and every measure by its name.
        measures: what can be chosen; `shown` is the first one's name unless told.
        marked: heads that are ringed, as (layer, head).
        selected: the head that is marked as chosen.

    Raises InputError for no heads, no measures, or a measure that a head lacks.
    """
    if not heads or not measures:
        raise InputError("A map of heads needs heads and measures.")
    missing = [one.name for one in measures if any(one.name not in row for row in heads)]
    if missing:
        raise InputError(f"Not all heads have the measure {missing[0]}.")
    ringed = set(marked)
    cells = [
        {
            "layer": int(row["layer"]),
            "head": int(row["head"]),
            "marked": (row["layer"], row["head"]) in ringed,
            "values": {one.name: round(float(row[one.name]), 3) for one in measures},
        }
        for row in heads
    ]
    shares = [step / (STEPS - 1) for step in range(STEPS)]
    return {
        "cells": cells,
        "measures": [
            {"name": one.name, "label": one.label, "meaning": one.meaning, "low": one.low, "high": one.high}
            for one in measures
        ],
        "colours": [[sequential(share), text_on_sequential(share)] for share in shares],
        "selected": list(selected) if selected else None,
        "shown": shown or measures[0].name,
    }
