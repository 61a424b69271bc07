"""The method bench: figures over seeds as stored, and which of a ranking's first keys were planted."""

import pytest

from backends.attention_rules import shelf
from explorers.attention_rules.bench import RANKINGS, causal_tests, firsts, precisions
from explorers.attention_rules.words import Row

pytestmark = pytest.mark.unit

RULE = {
    "query": "ask<b>",
    "output": "say",
    "keys": ["one", "two"],
    "first": {name: ["one", "three"] for name in RANKINGS},
}


def test_every_ranking_has_its_mean_and_the_range_of_its_seeds() -> None:
    plain = {name: at / 10 for at, name in enumerate(RANKINGS)}
    seeds: list[Row] = [{"precision": plain}, {"precision": plain | {"paper": 0.6}}]
    shown = {one.label: one for one in precisions(seeds, 32)}
    assert list(shown) == [label for label, _ in RANKINGS.values()]
    paper = shown["The paper's"]
    assert (paper.value, paper.low, paper.high, paper.n) == (0.4, 0.2, 0.6, 96)


def test_keys_are_marked_as_planted_or_not_and_escaped() -> None:
    html = firsts(RULE | {"keys": ["<i>", "two"], "first": {name: ["<i>", "three"] for name in RANKINGS}})
    assert html.count("✓ &lt;i&gt;") == 1 + len(RANKINGS)
    assert html.count("✕ three") == len(RANKINGS)
    assert html.count("1 of 2") == len(RANKINGS)
    assert "<i>" not in html


def test_what_ships_is_whole() -> None:
    found = shelf.method_bench()
    seeds = list(found["seeds"].values())
    assert len(found["rules"]) == 32
    for one in precisions(seeds, 32) + causal_tests(seeds):
        assert None not in (one.low, one.value, one.high)
        assert 0 <= (one.low or 0) <= (one.value or 0) <= (one.high or 0) <= 1
    assert all(rule["first"].keys() == RANKINGS.keys() for rule in found["rules"])
