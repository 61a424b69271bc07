"""The page of a feature: claims are graded, curves end with the rules, tests say when they tell nothing."""

from typing import Any

import pytest

from backends.attention_rules import shelf
from backends.attention_rules.names import KS
from explorers.attention_rules.causal_page import causal_page, verdict_badge
from explorers.attention_rules.curves import detail_curve, natural_curve, top_curve
from explorers.attention_rules.feature_page import scores_page, similar_value
from explorers.attention_rules.lead import CHOSEN, lead
from explorers.attention_rules.pictures import evidence, in_figures
from explorers.attention_rules.rules_table import BELOW, rules_table
from explorers.attention_rules.words import sentence

pytestmark = pytest.mark.unit


@pytest.fixture
def row() -> dict[str, Any]:
    return dict(shelf.feature(shelf.opening()))


@pytest.mark.parametrize(
    ("f1", "begins"), [(0.5, "Active where"), (0.49, "Partly told by its rules"), (0.199, "Hardly told by its rules")]
)
def test_a_claim_is_as_strong_as_its_rules(row: dict[str, Any], f1: float, begins: str) -> None:
    told = sentence(row | {"f1": f1})
    assert told.startswith(begins)
    assert "ctive where “" in told
    assert sentence(row | {"rules": []}) == "No rule was found for this feature."


def test_the_head_of_the_page_names_the_feature_and_what_was_verified(row: dict[str, Any]) -> None:
    key = shelf.opening()
    html = lead(key, row)
    assert f"Layer {key.layer}, head {key.head}" in html
    assert "source verified" in html
    assert CHOSEN.split("“")[0] in html
    assert CHOSEN.split("“")[0] not in lead(key._replace(feature=key.feature + 1), row)
    assert row["outputs"][0].strip() in html


def _rows(csv: str) -> list[str]:
    return csv.splitlines()[1:]


def test_curves_end_where_the_rules_do(row: dict[str, Any]) -> None:
    whole = row | {"rules": row["rules"][:1] * 20}
    reach = [k for k in KS if k <= 32]
    assert sum(line.startswith("our rules,") for line in _rows(natural_curve(whole).csv)) == len(reach)
    assert sum(line.startswith("precision,") for line in _rows(detail_curve(whole).csv)) == len(reach)
    assert sum("recall, paper's set" in line for line in _rows(detail_curve(whole).csv)) == len(reach)
    endless = row | {"rules": row["rules"][:1] * 9999}
    assert sum(line.startswith("our rules,") for line in _rows(natural_curve(endless).csv)) == len(KS)
    none = row | {"rules": []}
    assert sum(line.startswith("our rules,") for line in _rows(natural_curve(none).csv)) == 1


def test_both_sets_have_every_list_beside_ours(row: dict[str, Any]) -> None:
    names = (
        "true sum",
        "best single source",
        "paper's pairs",
        "random pairs",
        "always active",
        "single words",
        "pairs by",
    )
    for picture in (natural_curve(row), top_curve(row)):
        for name in names:
            assert any(line.strip('"').startswith(name) for line in _rows(picture.csv)), name


def test_scores_are_of_the_rules_that_count(row: dict[str, Any]) -> None:
    assert f"the first {row['k']} have rank correlation" in in_figures(row)
    assert f"first {row['k']} of {len(row['rules'])} rules" in evidence(row).html
    assert "Rules in the place of its head" in scores_page(shelf.opening(), row)


def test_rules_that_tell_no_more_are_set_apart(row: dict[str, Any]) -> None:
    rules = row["rules"][:4]
    html = rules_table(rules, telling=2)
    assert BELOW[:30] in html
    assert html.index("rule=1") < html.index(BELOW[:30]) < html.index("rule=2")
    assert BELOW[:30] not in rules_table(rules, telling=4)
    assert BELOW[:30] not in rules_table(rules)
    assert "no such rules" in rules_table([])


TEST = {
    "kind": "absence", "verdict": "refuted", "token": " <b>", "query": None, "against": None, "effect": 0.5,
    "control": 0.4, "random": 0.3, "low": 0.05, "high": 0.15, "specificity": 0.25, "cases": 12, "natural": 0,
}  # fmt: skip


def test_a_test_of_absence_shows_its_controls_escaped(row: dict[str, Any]) -> None:
    html = causal_page(row | {"tests": [TEST]})
    assert "&lt;b&gt;" in html
    assert "<b>" not in html
    for said in ("tokens that draw as much attention", "random tokens", "difference", "by itself nowhere", "25 %"):
        assert said in html
    assert "by itself in 1,234 sequences" in causal_page(row | {"tests": [TEST | {"natural": 1234}]})


def test_too_few_cases_are_said_to_be_that(row: dict[str, Any]) -> None:
    few = row | {"cases": 4, "verdict": "undecided", "low": -1.0, "high": 1.0, "tests": []}
    assert "undecided: 4 cases only" in verdict_badge(few)
    assert "difference" not in causal_page(few)
    assert "difference" in causal_page(row | {"tests": []})


def test_a_grid_of_counts_is_shown_twice_and_its_lack_is_told(row: dict[str, Any]) -> None:
    counting = TEST | {
        "kind": "counting", "query": " q", "against": " not", "measured": [0.1] * 4, "predicted": [-0.1] * 4,
    }  # fmt: skip
    html = causal_page(row | {"tests": [counting]})
    assert (html.count("Measured"), html.count("Closed form")) >= (1, 1)
    assert "No grid was measured" in causal_page(row | {"tests": [counting | {"measured": []}]})


def test_similar_features_are_of_the_same_head(row: dict[str, Any]) -> None:
    key = shelf.opening()
    shown: Any = similar_value(key, row | {"similar": [*row["similar"], 99_999]})
    ids = [one["id"] for one in shown["rows"]]
    assert ids
    assert all(one.startswith(f"L{key.layer:02d}H{key.head}-s{key.seed}-f") for one in ids)
    assert not any("99999" in one for one in ids)
