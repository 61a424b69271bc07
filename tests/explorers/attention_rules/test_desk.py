"""The desk: what choosing a head shows, with rules and without, what a link may choose, and some other feature."""

import secrets
from typing import Any

import gradio as gr
import pytest

from backends.attention_rules import heads as measures
from backends.attention_rules import shelf
from backends.attention_rules.names import PCA
from backends.attention_rules.shelf import FeatureKey
from backends.errors import InputError
from explorers.attention_rules import _of_link
from explorers.attention_rules.desk import DRAWS, _choose_head, _some_other, features_value
from explorers.attention_rules.head_card import DISTANCES, head_card, profile
from explorers.attention_rules.heads import (
    MEASURES,
    NEARLY_CONSTANT,
    HeadKey,
    best_feature,
    extracted,
    heads_value,
    measured,
)

pytestmark = pytest.mark.unit

ROWS = shelf.head_map()["heads"]
EXTRACTED = sorted({HeadKey(row["layer"], row["head"]) for row in shelf.rules_index().heads()})
BARE = next(key for row in ROWS if (key := HeadKey(row["layer"], row["head"])) not in EXTRACTED)
OPENING = shelf.opening()


def _event(layer: Any, head: Any) -> gr.EventData:
    return gr.EventData(None, {"layer": layer, "head": head})


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What `caution` says, instead of a toast."""
    found: list[str] = []
    monkeypatch.setattr("explorers.attention_rules.caution", found.append)
    return found


def test_a_head_with_rules_brings_its_best_verified_feature() -> None:
    other = next(head for head in EXTRACTED if head != HeadKey.of(OPENING))
    text, bare, shown, card = _choose_head(str(OPENING), _event(*other))
    key = FeatureKey.parse(text)
    rows = shelf.rules_index().features(*other, key.seed)
    scores = {row["feature"]: row["f1"] for row in rows if row["verdict"] == "verified"}
    assert (HeadKey.of(key), bare, shown["selected"]) == (other, "", list(other))
    assert scores[key.feature] == max(scores.values())
    assert "No rules were extracted" not in card


def test_a_head_without_rules_is_chosen_and_the_feature_stays() -> None:
    text, bare, shown, card = _choose_head(str(OPENING), _event(*BARE))
    assert (text, bare, shown["selected"]) == (str(OPENING), str(BARE), list(BARE))
    assert "No rules were extracted" in card
    assert f"still of {HeadKey.of(OPENING).words}" in card


def test_going_back_to_the_head_of_the_feature_keeps_the_feature() -> None:
    text, bare, shown, _ = _choose_head(str(OPENING), _event(OPENING.layer, OPENING.head))
    assert (text, bare, shown["selected"]) == (str(OPENING), "", [OPENING.layer, OPENING.head])


@pytest.mark.parametrize(("layer", "head"), [(30, 0), (0, 9), (9999, 9999), (-1, 0), ("0", 0), (None, None)])
def test_a_head_that_the_model_lacks_is_refused(layer: Any, head: Any) -> None:
    with pytest.raises(InputError):
        _choose_head(str(OPENING), _event(layer, head))


def test_a_link_may_choose_a_head_without_rules(said: list[str]) -> None:
    feature = str(FeatureKey(5, 6, 0, 1))
    assert _of_link({"head": str(BARE)}) == (OPENING, BARE)
    assert _of_link({"head": str(BARE), "feature": feature}) == (FeatureKey.parse(feature), BARE)
    assert said == []


def test_a_link_to_a_head_with_rules_opens_its_best_feature_unless_it_names_one(said: list[str]) -> None:
    head = EXTRACTED[-1]
    assert _of_link({"head": f"L{head.layer}H{head.head}"}) == (best_feature(head), None)
    assert _of_link({"head": str(head), "feature": str(OPENING)}) == (OPENING, None)
    assert said == []


@pytest.mark.parametrize("name", ["L30H0", "L0H9", "<b>", "", "L1", "L1H2-s0-f30"])
def test_a_link_to_an_unknown_head_opens_as_usual_and_says_so(said: list[str], name: str) -> None:
    assert _of_link({"head": name}) == (OPENING, None)
    assert len(said) == 1


def test_the_card_tells_every_measure() -> None:
    head = HeadKey.of(OPENING)
    row, card = measured(head), head_card(head, OPENING)
    shares = ("first", "second", "previous", "itself", "same", "induction", "pca1", "pca8", "varying", *row["profile"])
    for value in (row[share] if isinstance(share, str) else share for share in shares):
        digits = 0 if value >= 0.1 else 1
        assert f"{value * 100:.{digits}f} %" in card
    for name in ("entropy", "entropy_masked"):
        assert f"{row[name]:.2f} nats" in card
    assert f"{row['distance']:.1f} tokens back" in card or f"{row['distance']:.2f} tokens back" in card
    assert f">{row['dimension']:.1f}<" in card


def test_the_card_of_a_head_with_rules_tells_of_its_autoencoder() -> None:
    head = HeadKey.of(OPENING)
    row = extracted(head)
    assert row is not None
    card = head_card(head, OPENING)
    assert f"{row['tokens']:,} tokens" in card
    assert f"{row['explained'] * 100:.0f} %" in card
    assert f"{row['pca'][PCA.index(8)] * 100:.0f} %" in card
    assert extracted(BARE) is None
    assert "autoencoder" not in head_card(BARE, OPENING)


def test_the_profile_and_the_flag_are_those_of_the_backend() -> None:
    starts = [int(name.rstrip("+").partition("–")[0]) for name in DISTANCES]
    assert tuple(starts) == measures.DISTANCES
    assert measures.CONSTANT == NEARLY_CONSTANT
    assert profile({"profile": [0.0] * len(DISTANCES)}).html


def test_the_map_flags_heads_that_write_one_vector() -> None:
    value: Any = heads_value(BARE)
    flagged = [(cell["layer"], cell["head"]) for cell in value["cells"] if cell["constant"]]
    assert flagged == [(row["layer"], row["head"]) for row in ROWS if row["varying"] < measures.CONSTANT]
    assert flagged
    flat = next(HeadKey(*one) for one in flagged)
    assert "nearly the same vector" in head_card(flat, OPENING)
    assert "nearly the same vector" not in head_card(HeadKey.of(OPENING), OPENING)


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.name)
def test_most_heads_differ_within_the_limits_of_a_measure(measure: Any) -> None:
    for name in measure.names:
        inside = [row for row in ROWS if measure.low <= row[name] <= measure.high]
        assert len(inside) > 0.9 * len(ROWS)


def test_some_other_feature_is_another_and_not_always_the_same() -> None:
    found = [_some_other(str(OPENING)) for _ in range(4)]
    assert str(OPENING) not in found
    assert len(set(found)) > 1
    assert all(shelf.feature(FeatureKey.parse(text)) for text in found)


def test_the_same_feature_drawn_again_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = iter([1, 1, 1, 2])
    monkeypatch.setattr(secrets, "randbits", lambda bits: next(numbers))
    first, second = (str(FeatureKey.of(shelf.rules_index().random(number))) for number in (1, 2))
    assert first != second
    assert _some_other(first) == second
    monkeypatch.setattr(secrets, "randbits", lambda bits: 1)
    assert DRAWS > 1
    assert _some_other(first) == first


def test_the_list_of_features_always_holds_the_chosen_one() -> None:
    rows = shelf.rules_index().features(*HeadKey.of(OPENING), OPENING.seed)
    assert len(rows) > shelf.SHOWN
    for row in (rows[0], rows[shelf.SHOWN - 1], rows[shelf.SHOWN], rows[-1]):
        key = OPENING._replace(feature=row["feature"])
        value: Any = features_value(key)
        ids = [one["id"] for one in value["rows"]]
        assert str(key) in ids
        assert value["selected"] == str(key)
        assert len(ids) <= shelf.SHOWN + 1
