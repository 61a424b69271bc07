"""The smallest edit that toggles a feature, on a head that is wired by hand, so that it is known."""

from typing import Any

import pytest

from backends.attention_rules.decoder import Decoder
from backends.attention_rules.explain import Edit, edited, explain
from backends.attention_rules.toggling import Toggle, smallest_toggle
from backends.errors import InputError
from tests.backends.attention_rules.wired import ASK, KEY, KEY_FEATURE, STOP, outdone, wired_model

pytestmark = pytest.mark.method

STRONG = 0.3


@pytest.fixture(scope="module")
def model() -> Decoder:
    return wired_model()


def _rule(relation: str, *keys: str, **changes: Any) -> dict[str, Any]:
    return {"relation": relation, "keys": list(keys), "queries": [], "unless": [], "more_than": 0, **changes}


def _toggle(model: Decoder, ids: list[int], query: int, *rules: dict[str, Any]) -> Toggle | None:
    found = smallest_toggle(model, KEY_FEATURE, ids, query, rules, STRONG)
    if found:  # whatever it is, the model must say so of the whole edited sentence
        changed: list[int] = ids
        for edit in found.edits:
            changed = edited(changed, edit)
        assert tuple(changed) == found.ids
        assert found.ids[found.query] == ids[query]
        again = explain(model, KEY_FEATURE, found.ids, found.query)
        assert again.active[again.query] == pytest.approx(found.active, abs=1e-5)
    return found


def test_without_its_source_it_is_off(model: Decoder) -> None:
    found = _toggle(model, [0, 7, KEY, 8, 9, ASK, 7], 5)
    assert found is not None
    assert found.edits == (Edit("delete", 2),)
    assert (found.ids[-1], found.query) == (7, 4)
    assert found.active == 0


def test_what_is_silenced_by_another_feature_is_not_to_be_turned_off(model: Decoder) -> None:
    assert smallest_toggle(model, outdone(KEY_FEATURE), [0, 7, KEY, 8, 9, ASK], 5, [], STRONG) is None


def test_two_sources_take_two_deletions(model: Decoder) -> None:
    found = _toggle(model, [0, KEY, 7, KEY, 8, 8, ASK], 6)
    assert found is not None
    assert [edit.kind for edit in found.edits] == ["delete", "delete"]
    assert KEY not in found.ids


def test_more_than_three_sources_are_too_many(model: Decoder) -> None:
    assert _toggle(model, [0, KEY, KEY, KEY, KEY, KEY, ASK], 6) is None


def test_a_rule_that_is_obeyed_turns_it_on(model: Decoder) -> None:
    found = _toggle(model, [0, 7, 8, 9, 10, 11, ASK], 6, _rule("at 1", "f3"), _rule("at 2", "key"))
    assert found is not None
    assert found.edits == (Edit("insert", 5, token=KEY),)
    assert found.active > STRONG
    far = _toggle(model, [0, 7, 8, 9, 10, 11, ASK], 6, _rule("before", "key"))
    assert far is not None
    assert far.query - far.ids.index(KEY) > 4


@pytest.mark.parametrize(
    "rule",
    [
        _rule("at 1", "stop"),  # its word suppresses
        _rule("at 1", "key", queries=["f1"]),  # the query is another
        _rule("before", "key", more_than=1),  # one word is not enough
        _rule("at 3", "no such word"),
        _rule("after same", "key"),  # there is no earlier copy
        _rule("same", "key"),
    ],
)
def test_a_rule_that_one_word_cannot_obey_turns_nothing_on(model: Decoder, rule: dict[str, Any]) -> None:
    assert _toggle(model, [0, 7, STOP, ASK], 3, rule) is None


def test_without_rules_nothing_is_tried(model: Decoder) -> None:
    assert _toggle(model, [0, 7, ASK], 2) is None


def test_a_position_that_is_not_there_is_refused(model: Decoder) -> None:
    with pytest.raises(InputError, match="no position 9"):
        smallest_toggle(model, KEY_FEATURE, [0, KEY, ASK], 9, [], STRONG)
