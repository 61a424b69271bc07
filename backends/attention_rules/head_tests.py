"""Absence and counting on a head's best features: candidates from its attention on text, verdicts by editing text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch

from backends.attention_rules import evaluate
from backends.attention_rules.absence import absence, natural, suppressors
from backends.attention_rules.causal import Cases
from backends.attention_rules.counting import CountGrid, count_grid
from backends.attention_rules.feature_rows import FeatureRows
from backends.attention_rules.index import Row
from backends.attention_rules.rules import Rule

ABSENCE, COUNTING = 32, 12
"""How many features are tested for each: those that rules foretell best, among those with a necessary source."""

MOST, BACKGROUNDS, LENGTH = 4, 8, 12
"""Counts go up to `MOST`, in so many backgrounds of so many tokens."""


@dataclass(frozen=True, slots=True)
class Found:
    """What one test found: its row, and the rule that it is about with its verdict."""

    feature: int
    row: Row
    rule: Rule | None
    verdict: str


def tests_of(
    rows: FeatureRows, best: Sequence[int], rules: Mapping[int, Sequence[Rule]], cases: Mapping[int, Cases]
) -> list[Found]:
    """The tests of the features `best`, the best first, each of which has `rules` and `cases` in the held-out text."""
    tokens = {number: _suppressor(rows, number, cases[number]) for number in best[:ABSENCE]}
    found = []
    for number, token in tokens.items():
        if token is not None:
            found.append(_absence(rows, number, rules[number][0], cases[number], token))
    counted = [(number, rule) for number in best if (rule := _counted(rules[number])) and tokens.get(number)]
    for number, rule in counted[:COUNTING]:
        found.append(_counting(rows, number, rule, tokens[number] or 0))
    return found


def _suppressor(rows: FeatureRows, number: int, cases: Cases) -> int | None:
    """The token that takes most from a feature, of those that stand between its source and query in text, if any do."""
    found = suppressors(rows.found_on.sample, rows.feature(number))
    texts = rows.held_out.sample.ids
    return next((token for token in found if natural(cases, token, texts, texts)), found[0] if found else None)


def _absence(rows: FeatureRows, number: int, rule: Rule, cases: Cases, token: int) -> Found:
    test = absence(rows.model, rows.feature(number), cases, token, rows.held_out.sample.ids)
    absent = replace(rule, unless=(token,))
    strong = rows.found_on.active[number].flatten() > rows.strong[number]
    whole, kept = (strong[evaluate.held(one, rows.found_on.places).unique()] for one in (rule, absent))
    absent = replace(
        absent,
        support=round(rule.support * int(kept.sum()) / max(int(whole.sum()), 1)),
        precision=float(kept.float().mean()) if len(kept) else 0.0,
    )
    figures = {name: getattr(test.matched, name) for name in ("effect", "control", "low", "high")}
    row = figures | {
        "kind": "absence",
        "verdict": test.verdict,
        "token": rows.words([token])[0],
        "random": test.random.control,
        "specificity": test.specificity,
        "cases": test.matched.n,
        "natural": test.natural,
    }
    return Found(number, row, absent, test.verdict)


def _counted(rules: Sequence[Rule]) -> Rule | None:
    """The best rule whose key may come more than once before the query."""
    return next((rule for rule in rules if rule.relation in ("before", "same")), None)


def _counting(rows: FeatureRows, number: int, rule: Rule, against: int) -> Found:
    key = rule.keys[0]
    query = key if rule.relation == "same" else _query(rows, number, rule)
    background = rows.held_out.sample.ids[:BACKGROUNDS, :LENGTH]
    grid = count_grid(rows.model, rows.feature(number), background, query, key, against, MOST)
    sides, least = grid.sides, grid.measured_thresholds[0]
    told = None
    if least is not None and least > 1:
        told = replace(rule, queries=(query,), more_than=least - 1)
    row = {name: getattr(sides, name) for name in ("effect", "control", "low", "high")} | {
        "kind": "counting",
        "verdict": grid.verdict,
        **dict(zip(("token", "query", "against"), rows.words([key, query, against]), strict=True)),
        "cases": sides.n,
        **_grids(grid),
    }
    return Found(number, row, told, grid.verdict)


def _query(rows: FeatureRows, number: int, rule: Rule) -> int:
    """The commonest query of a rule where the feature is strong."""
    if rule.queries:
        return rule.queries[0]
    flat = rows.found_on.sample.ids.flatten()
    places = evaluate.held(rule, rows.found_on.places).unique()
    strong = places[rows.found_on.active[number].flatten()[places] > rows.strong[number]]
    common: list[tuple[int, int]] = Counter(flat[strong if len(strong) else places].tolist()).most_common(1)
    return common[0][0]


def _grids(grid: CountGrid) -> Row:
    return {
        "predicted": torch.tensor(grid.predicted).flatten().tolist(),
        "measured": torch.tensor(grid.measured).flatten().tolist(),
        "thresholds": [-1 if one is None else one for one in grid.thresholds],
        "measured_thresholds": [-1 if one is None else one for one in grid.measured_thresholds],
    }
