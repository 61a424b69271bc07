"""The method bench: figures over seeds as stored, and which of a ranking's first keys were planted."""

from typing import Any

import pytest

from backends.attention_rules import shelf
from explorers.attention_rules.bench import RANKINGS, causal_tests, firsts, precisions
from explorers.attention_rules.hops import evidence, hops_html
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


def test_hops_over_draws_and_what_ships_of_them() -> None:
    run: dict[str, Any] = {
        "induction": 0.9,
        "by_chance": 0.02,
        "others": 0.88,
        "count": 9,
        "first": [{"layer": 3, "head": 1, "previous": 0.8, "keys": 0.1, "queries": 0.85}],
    }
    shown = {one.label: one for one in evidence([run, run | {"induction": 0.7}])}
    assert (shown["Whole"].low, shown["Whole"].high) == (0.7, 0.9)
    assert shown["Whole"].value == pytest.approx(0.8)
    assert shown["Keys without layer 3, head 1"].value == 0.1
    found = shelf.two_hops()
    html = hops_html(found)
    for row in found["heads"]:
        assert f"Layer {row['layer']}, head {row['head']}" in html
        assert all(run["first"][0]["keys"] < 0.1 < run["induction"] for run in row["runs"])
    assert "Finds its copy, 16 tokens back" in html
