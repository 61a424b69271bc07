"""The payloads of the views' events, checked: they come from a browser, so nothing about them is taken for granted."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import gradio as gr

from backends.errors import InputError

_LONGEST_NAME: Final = 200
_MOST_IDS: Final = 10_000


@dataclass(frozen=True, slots=True)
class ConceptEdit:
    """A concept set to `value` in [0, 1], or given back to the model (None)."""

    concept: str
    value: float | None


@dataclass(frozen=True, slots=True)
class GroupEdit:
    """A one-hot group set to one `member`, or given back to the model (None)."""

    group: str
    member: str | None


def edit_of(event: gr.EventData) -> ConceptEdit | GroupEdit:
    """The edit of a ConceptTable's `edit` event; raises InputError for anything that is not one."""
    data = _payload(event)
    if "group" in data:
        member = data.get("member")
        return GroupEdit(_name(data["group"]), None if member is None else _name(member))
    return ConceptEdit(_name(data.get("concept")), _probability(data.get("value")))


def id_of(event: gr.EventData) -> str:
    """The id of a `select` event of a Scatter or an ImageGrid; raises InputError for anything else."""
    return _name(_payload(event).get("id"))


def ids_of(event: gr.EventData) -> tuple[str, ...]:
    """The ids of a Scatter's `lasso` event, none when it was cleared; raises InputError for anything else."""
    ids = _payload(event).get("ids")
    if not isinstance(ids, list) or len(ids) > _MOST_IDS:
        raise InputError(f"A selection is a list of at most {_MOST_IDS} ids.")
    return tuple(_name(one) for one in ids)


def head_of(event: gr.EventData) -> tuple[int, int]:
    """Layer and head of a HeadMap's `select` event; raises InputError for anything else."""
    data = _payload(event)
    return _count(data.get("layer")), _count(data.get("head"))


def position_of(event: gr.EventData) -> int:
    """The position in a sentence of an event of SourceArcs; raises InputError for anything else."""
    return _count(_payload(event).get("position"))


def marks_of(event: gr.EventData) -> tuple[float, float, float]:
    """The times of a StageBar's `edit` event, from 1 down to 0; raises InputError for anything else."""
    found = _payload(event).get("marks")
    if not isinstance(found, list) or len(found) != 3:
        raise InputError("A timeline has three marks.")
    times = [_time(value) for value in found]
    if times != sorted(times, reverse=True):
        raise InputError("The marks of a timeline go from 1 down to 0.")
    return times[0], times[1], times[2]


def _time(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise InputError("A time is a number from 0 to 1.")
    return float(value)


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < _MOST_IDS:
        raise InputError(f"A position is a whole number from 0 to {_MOST_IDS - 1}.")
    return value


def _payload(event: gr.EventData) -> Mapping[str, object]:
    data = event._data
    if not isinstance(data, dict):
        raise InputError("The event carried no data.")
    return data


def _name(value: object) -> str:
    if not isinstance(value, str) or not value or len(value) > _LONGEST_NAME:
        raise InputError(f"A name or an id is a text of 1 to {_LONGEST_NAME} characters.")
    return value


def _probability(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or not 0 <= value <= 1:
        raise InputError("A concept is set to a number between 0 and 1.")
    return float(value)
