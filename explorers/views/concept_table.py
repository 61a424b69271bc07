"""The concept table: what a model believes about each concept, the truth beside it, and the place to overrule it.

One track per concept is picture and control at once: the fill is the model's prediction, the outline the half in which
the truth lies, the knob the value in effect. A one-hot group is one row with a strip of its members.

Events: `edit` with `{"concept": name, "value": number | null}` or `{"group": name, "member": name | null}` (null gives
the choice back to the model), and `truth`, `undo`, `reset` without data. `events.edit_of` reads the first.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

from backends.errors import InputError
from explorers.views.live import JsonValue, LiveView
from explorers.views.picture import Cell, Table

_READS: Final = {
    True: "The head reads probabilities: every position of a knob counts.",
    False: "The head reads decisions: a knob counts only by its side of 0.5.",
}


@dataclass(frozen=True, slots=True)
class ConceptRow:
    """One concept: `predicted` probability, `truth` (0, 1 or None if unknown), `value` in effect after the edits.

    `group` names the one-hot group it belongs to. `edited` says that a person set the value, `changed` that the last
    edit moved it, `other` is a second model's prediction.
    """

    name: str
    group: str | None
    predicted: float
    truth: int | None
    value: float
    edited: bool = False
    changed: bool = False
    other: float | None = None


class ConceptTable(LiveView):
    """The interactive table; give it `rows_value(...)` as its value."""

    script_name = "concept_table.js"


def rows_value(
    rows: Sequence[ConceptRow],
    *,
    show_truth: bool = True,
    reads_soft: bool = True,
    can_undo: bool = True,
    model: str = "model",
    other_model: str = "",
) -> JsonValue:
    """The table's value: `rows` in their order, the members of a group gathered where the first of them stands.

    Raises InputError for no rows, a name given twice, and a probability outside [0, 1].
    """
    _validate(rows)
    return {
        "items": _items(rows),
        "show_truth": show_truth,
        "note": _READS[reads_soft],
        "can_undo": can_undo,
        "model": model,
        "other_model": other_model,
    }


def concepts_csv(rows: Sequence[ConceptRow]) -> str:
    """The rows as CSV, one line per concept."""
    headers = ("concept", "group", "predicted", "truth", "value", "edited", "changed", "other")
    lines: tuple[tuple[Cell, ...], ...] = tuple(
        (r.name, r.group or "", r.predicted, r.truth, r.value, int(r.edited), int(r.changed), r.other) for r in rows
    )
    return Table(headers, lines).csv()


def _validate(rows: Sequence[ConceptRow]) -> None:
    if not rows:
        raise InputError("A concept table needs at least one concept.")
    names = [row.name for row in rows]
    if len(set(names)) != len(names):
        raise InputError("Two concepts have the same name; each needs its own.")
    for row in rows:
        for value in (row.predicted, row.value, row.other):
            if value is not None and not (math.isfinite(value) and 0 <= value <= 1):
                raise InputError(f"“{row.name}” has {value}; a probability lies between 0 and 1.")
        if row.truth not in (0, 1, None):
            raise InputError(f"The truth of “{row.name}” is {row.truth}; it must be 0, 1 or unknown.")


def _items(rows: Sequence[ConceptRow]) -> list[dict[str, object]]:
    items: list[dict[str, object]] = []
    seen: set[str] = set()
    for row in rows:
        if row.group is None:
            items.append({"kind": "concept", **asdict(row)})
        elif row.group not in seen:
            seen.add(row.group)
            members = [one for one in rows if one.group == row.group]
            shorts = short_names([one.name for one in members])
            packed = [{**asdict(one), "short": short} for one, short in zip(members, shorts, strict=True)]
            items.append({"kind": "group", "name": row.group, "members": packed})
    return items


def short_names(names: Sequence[str]) -> list[str]:
    """The names without the words that all of them begin with: "first digit = 7" among its siblings reads "7"."""
    first, last = min(names), max(names)
    shared = 0
    while shared < min(len(first), len(last)) and first[shared] == last[shared]:
        shared += 1
    cut = max((first.rfind(mark, 0, shared) + 1 for mark in " =:_/"), default=0)
    return [name[cut:] or name for name in names]
