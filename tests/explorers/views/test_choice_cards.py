"""Cards to choose from: their value, and what they refuse."""

from typing import Any

import pytest

from backends.errors import InputError
from explorers.views.choice_cards import Card, Finding, cards_value

pytestmark = pytest.mark.unit


def test_a_finding_carries_its_symbol() -> None:
    said = (Finding("Insertion", "a<b>", "correct"), Finding("Weights", "c", "wrong"))
    value: Any = cards_value([Card("1", "skip-gram", "k … q", said), Card("2", "absence", "t")], selected="2")
    assert [one["symbol"] for one in value["cards"][0]["findings"]] == ["✓", "✕"]
    assert value["cards"][0]["findings"][0]["text"] == "a<b>"  # the script writes text nodes only
    assert (value["cards"][1]["findings"], value["selected"]) == ([], "2")


def test_two_cards_of_one_id_are_refused() -> None:
    with pytest.raises(InputError, match="same id"):
        cards_value([Card("1", "a", "b"), Card("1", "c", "d")])
