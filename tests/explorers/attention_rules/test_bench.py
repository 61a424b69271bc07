"""The method bench: figures over seeds as stored, and which of a ranking's first keys were planted."""

from typing import Any

import pytest

from backends.attention_rules import shelf
from explorers.attention_rules.bench import first_figures
from explorers.attention_rules.hops import evidence, hops_html
from explorers.attention_rules.planted_rules import (
    PAIRS,
    RANKINGS,
    absences,
    cards,
    counts,
    firsts,
    precisions,
    shown_first,
)
from explorers.attention_rules.real_features import NAMES, criteria, headline, real_features_html
from explorers.attention_rules.words import Row

pytestmark = pytest.mark.unit

RULE = {
    "query": "ask<b>",
    "output": "say",
    "keys": ["one", "two"],
    "first": {name: ["one", "three"] for name in RANKINGS},
}
SEED: dict[str, Any] = {"distractors": 4, "distractors_causal": 4, "distractors_weights": 1, "flagged": 0.5}
SEED |= {"null": 0.9, "verified": 0.5, "refuted": 1.0, "counts_within_one": 1.0}
SEED |= {"precision": dict.fromkeys(RANKINGS, 0.5)}


def _head(layer: int, f1: float) -> Row:
    row = {"f1": [[f1 / 2, f1, 2 * f1]] * 3, "alike": 0.25}
    lists = {name: dict(row) for name in NAMES} | {"rules": {"f1": [[0.3, 0.4, 0.5]] * 3, "alike": None}}
    flags = {"flagged": 0.91, "null": 0.99, "features": 480, "tokens": 2000}
    return {"layer": layer, "head": 3, "seed": 0, "n": 20, "rankings": lists, "criterion": flags}


REAL = {
    "command": "python -m it<b>", "date": "2026-11-24", "seed": 0, "found_on": 10, "held_out": 1536,
    "queries": [12, 16], "keys": [48, 64], "near": 8, "top": [4, 16, 64], "alike": 16, "texts": 24, "length": 16,
    "heads": [_head(0, 0.1), _head(1, 0.02)],
}  # fmt: skip


def test_every_ranking_has_its_mean_and_the_range_of_its_seeds() -> None:
    plain = {name: at / 10 for at, name in enumerate(RANKINGS)}
    seeds: list[Row] = [{"precision": plain}, {"precision": plain | {"paper": 0.6}}]
    shown = {one.label: one for one in precisions(seeds, 32)}
    assert list(shown) == [label for label, _ in RANKINGS.values()]
    paper = shown["The paper's"]
    assert (paper.value, paper.low, paper.high, paper.n) == (0.4, 0.2, 0.6, 96)
    assert [one.peer for one in shown.values()] == [False] + 6 * [True]


def test_keys_are_marked_as_planted_or_not_and_escaped() -> None:
    html = firsts(RULE | {"keys": ["<i>", "two"], "first": {name: ["<i>", "three"] for name in RANKINGS}})
    assert html.count("✓ &lt;i&gt;") == 1 + len(RANKINGS)
    assert html.count("✕ three") == len(RANKINGS)
    assert html.count("1 of 2") == len(RANKINGS)
    assert "<i>" not in html


def test_cards_go_from_the_rule_that_weights_get_most_wrong() -> None:
    found = [["three", "four"], ["one", "two"], ["one", "three"]]
    rules: list[Row] = [RULE | {"first": {"causal": ["two", "one"], "paper": keys}} for keys in found]
    assert shown_first(rules) == [0, 2, 1]
    assert len(shown_first(12 * rules)) == PAIRS
    first, _, last, absence, counting = cards(rules, [SEED, SEED | {"distractors_causal": 3}])
    assert first.title == "one or two … ask<b> → say"
    assert [said.status for said in first.findings] == ["correct", "wrong"]
    assert first.findings[1].label == "Weights 0 of 2:"
    assert [said.status for said in last.findings] == ["correct", "correct"]
    assert [said.text[:6] for said in absence.findings] == ["3 to 4", "1 of 4"]
    assert counting.findings[0].text.startswith("100%")


def test_what_ships_is_whole() -> None:
    found = shelf.method_bench()
    seeds = list(found["seeds"].values())
    assert len(found["rules"]) == 32
    for one in precisions(seeds, 32) + absences(seeds) + counts(seeds):
        assert None not in (one.low, one.value, one.high)
        assert 0 <= (one.low or 0) <= (one.value or 0) <= (one.high or 0) <= 1
    assert all(rule["first"].keys() == RANKINGS.keys() for rule in found["rules"])
    assert len({one.id for one in cards(found["rules"], seeds)}) == PAIRS + 2


def test_rankings_on_real_features_stand_beside_our_rules() -> None:
    html = real_features_html(REAL)
    assert html.count("<tbody>") == 2 + 1  # a table a head, and the twin of the strip
    assert html.count('aria-current="true"') == 2
    rows = [html.index(f'<th scope="row">{name}</th>') for name in ("Our rules", "Insertion", "At random")]
    assert rows == sorted(rows)
    assert "0.40 " in html
    assert "0.05 to 0.20" in html
    assert "python -m it&lt;b&gt;" in html
    flagged, above = criteria([_head(0, 0.1), _head(1, 0.2)])
    assert (flagged.value, flagged.baseline, flagged.n) == (0.91, 0.99, 480)
    assert above.label == "Flagged, layer 1, head 3"


def test_the_first_screen_tells_ours_from_peers() -> None:
    ours, papers = headline([_head(0, 0.1), _head(1, 0.02)])
    assert (ours.value, ours.peer, papers.value, papers.peer) == (0.4, False, 0.02, True)
    shown = first_figures({"seeds": {"1": SEED}, "rules": [RULE]}, REAL)
    assert [one.peer for one in shown] == [False, True, True, False, True]
    assert shown[2].baseline == 0.9


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
