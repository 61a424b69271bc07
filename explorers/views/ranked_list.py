"""A list to choose from: each row a title, a note and a share drawn as a bar.

Event: `select` with `{"id": id}`, read by `events.id_of`.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from backends.errors import InputError
from explorers.views.live import JsonValue, LiveView


@dataclass(frozen=True, slots=True)
class Choice:
    """One row: `share` from 0 to 1 is its bar, None draws none; `note` is small print, `mark` a symbol before it."""

    id: str
    title: str
    note: str = ""
    share: float | None = None
    mark: str = ""


class RankedList(LiveView):
    """The interactive list; give it `list_value(...)` as its value."""

    script_name = "ranked_list.js"


def list_value(choices: Sequence[Choice], *, selected: str | None = None, empty: str = "") -> JsonValue:
    """The list's value; `empty` is said where there are no rows. Raises InputError for an id given twice."""
    if len({one.id for one in choices}) != len(choices):
        raise InputError("Two rows of a list have the same id.")
    return {"rows": [asdict(one) for one in choices], "selected": selected, "empty": empty}
