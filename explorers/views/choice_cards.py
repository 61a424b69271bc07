"""Cards to choose from: each a title, a kind and a few findings marked right or wrong.

Event: `select` with `{"id": id}`, read by `events.id_of`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from backends.errors import InputError
from explorers.views.badge import SYMBOLS, Status
from explorers.views.live import JsonValue, LiveView


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a card: who says what, and whether that is right."""

    label: str
    text: str
    status: Status


@dataclass(frozen=True, slots=True)
class Card:
    """One card; `kind` is small print over its title."""

    id: str
    kind: str
    title: str
    findings: tuple[Finding, ...] = ()


class ChoiceCards(LiveView):
    """The interactive cards; give it `cards_value(...)` as its value."""

    script_name = "choice_cards.js"


def cards_value(cards: Sequence[Card], *, selected: str | None = None) -> JsonValue:
    """The cards' value, `selected` the id that is marked. Raises InputError for an id given twice."""
    if len({one.id for one in cards}) != len(cards):
        raise InputError("Two cards have the same id.")
    rows = [
        {
            "id": one.id,
            "kind": one.kind,
            "title": one.title,
            "findings": [
                {"label": said.label, "text": said.text, "status": said.status, "symbol": SYMBOLS[said.status]}
                for said in one.findings
            ],
        }
        for one in cards
    ]
    return {"cards": rows, "selected": selected}
