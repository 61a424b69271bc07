"""Causal tests of a feature by editing text and running the model again."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from backends.attention_rules.contributions import contributions
from backends.attention_rules.features import Feature
from backends.attention_rules.models import HeadModel, attention_at
from backends.attention_rules.verdicts import Verdict, drop, judge

CASES = 20
"""Texts that a test looks at, at most."""

DRAWS = 3
"""Tokens that replace a source, one after the other."""

CANDIDATES = 64
"""Tokens drawn from the text as controls of an insertion."""


@dataclass(frozen=True, slots=True, eq=False)
class Cases:
    """Texts (N, T) and the position (N) in each at which the feature is active, its query."""

    ids: Tensor
    positions: Tensor


def strongest(active: Tensor, ids: Tensor, most: int = CASES) -> Cases:
    """The texts with the highest activations (N, T), each at its highest position; fewer where fewer are active."""
    values, positions = active.max(1)
    order = values.argsort(descending=True)[:most]
    order = order[(values[order] > 0) & (positions[order] > 1)]
    return Cases(ids[order], positions[order])


@torch.no_grad()
def main_sources(model: HeadModel, feature: Feature, cases: Cases) -> Tensor:
    """The source (N) that contributes most to the feature at each case, the first token left out."""
    found = attention_at(model, cases.ids, feature.layer)
    parts = contributions(found, feature.head, feature.direction, feature.offset)
    at = parts[torch.arange(len(cases.ids)), cases.positions].clone()
    at[:, 0] = -torch.inf
    later = torch.arange(at.shape[1]) > cases.positions[:, None]
    return at.masked_fill(later, -torch.inf).argmax(1)


@torch.no_grad()
def replacement(model: HeadModel, feature: Feature, cases: Cases, text: Tensor, *, seed: int = 0) -> Verdict:
    """Is the main source necessary? It is replaced by tokens drawn from `text`; the control is another earlier token.

    Cases in which the query is its own main source, or has no other earlier token, are left out.
    """
    rng = torch.Generator().manual_seed(seed)
    edits, positions = [], []
    sources = main_sources(model, feature, cases) if len(cases.ids) else cases.positions
    for ids, position, source in zip(cases.ids, cases.positions.tolist(), sources.tolist(), strict=True):
        others = [i for i in range(1, position) if i != source]
        if source == position or not others:
            continue
        other = others[int(torch.randint(len(others), (1,), generator=rng))]
        edited = ids.repeat(2 * DRAWS + 1, 1)  # as it is, then without the source, then without the other
        edited[1 : DRAWS + 1, source] = _drawn(text, DRAWS, rng)
        edited[DRAWS + 1 :, other] = edited[1 : DRAWS + 1, source]
        edits.append(edited)
        positions.append(position)
    if not edits:
        return judge(torch.zeros(0), torch.zeros(0))
    at = torch.tensor(positions).repeat_interleave(2 * DRAWS + 1)
    batch = torch.cat(edits)[:, : max(positions) + 1]  # what comes after a query cannot matter to it
    values = feature.value_at(model, batch, at).view(len(edits), -1)
    drops = drop(values[:, :1], values[:, 1:])
    return judge(drops[:, :DRAWS].mean(1), drops[:, DRAWS:].mean(1))


def _drawn(text: Tensor, count: int, rng: torch.Generator) -> Tensor:
    """Tokens as often as they occur in the text, the first of sequences left out."""
    pool = text[:, 1:].flatten()
    return pool[torch.randint(len(pool), (count,), generator=rng)]


@dataclass(frozen=True, slots=True)
class AbsenceTest:
    """Does a token silence the feature when it is put right before the query?

    Attributes:
        verdict: drop by the token against that by tokens that draw as much attention.
        against_random: the same against a random token.
        specificity: share of random tokens that silence the feature less than half as much; near 1 if few tokens do it.
        natural: sequences of the text in which the token stands between main source and query (or between any place of
            the source's token and the query's).
    """

    verdict: Verdict
    against_random: Verdict
    specificity: float
    natural: int


@torch.no_grad()
def absence(
    model: HeadModel, feature: Feature, cases: Cases, token: int, text: Tensor, *, seed: int = 0
) -> AbsenceTest:
    """Tests whether `token` silences the feature; controls are drawn from `text` (N, T)."""
    rng = torch.Generator().manual_seed(seed)
    by_token, by_random, by_matched, weaker = [], [], [], []
    for ids, position in zip(cases.ids, cases.positions.tolist(), strict=True):
        others = _drawn(text, CANDIDATES, rng)
        others = others[others != token]
        inserted = torch.cat([torch.tensor([token]), others])
        edited = torch.cat([ids[:position].expand(len(inserted), -1), inserted[:, None]], dim=1)
        edited = torch.cat([edited, ids[position].expand(len(inserted), 1)], dim=1)
        found = attention_at(model, edited, feature.layer)
        values = (found.z[:, feature.head, -1] @ feature.direction + feature.offset).relu()
        drawn = found.pattern[:, feature.head, -1, position]
        before = feature.value_at(model, ids[None], torch.tensor([position]))
        drops = drop(before, values)
        matched = (drawn[1:] - drawn[0]).abs().topk(min(4, len(others)), largest=False).indices + 1
        by_token.append(drops[0])
        by_random.append(drops[1:].mean())
        by_matched.append(drops[matched].mean())
        weaker.append((drops[1:] < 0.5 * drops[0]).float().mean())
    effect = torch.tensor(by_token)
    return AbsenceTest(
        judge(effect, torch.tensor(by_matched)),
        judge(effect, torch.tensor(by_random)),
        float(torch.tensor(weaker).mean()) if weaker else 0.0,
        _natural(model, feature, cases, token, text),
    )


def _natural(model: HeadModel, feature: Feature, cases: Cases, token: int, text: Tensor) -> int:
    """Sequences of the text in which key, token and query of some case occur in this order."""
    if not len(cases.ids):
        return 0
    at = torch.arange(len(cases.ids))
    keys = cases.ids[at, main_sources(model, feature, cases)].unique()
    queries = cases.ids[at, cases.positions].unique()
    key_before = torch.isin(text, keys).cummax(1).values
    between = ((text == token) & key_before).cummax(1).values
    return int((between[:, :-1] & torch.isin(text[:, 1:], queries)).any(1).sum())


@dataclass(frozen=True, slots=True)
class WeightCriterion:
    """The paper's criterion: the first suppressing key by attention stands before the feature's best key.

    `distractor` is that key; `null` is the share of `shuffles` of S over the keys in which the criterion flags the
    feature too. A flag means nothing where the null is flagged as often.
    """

    flagged: bool
    distractor: int
    null: float


def weight_criterion(scores: Tensor, promoted: Tensor, *, shuffles: int = 20, seed: int = 0) -> WeightCriterion:
    """The criterion for attention scores (queries, keys) and S or S + b (keys): what not to believe on its own.

    The best key is the one with the highest S, the query the one that attends to it most. Keys are numbered by column.
    """
    rng = torch.Generator().manual_seed(seed)
    flagged, distractor = _flagged(scores, promoted)
    shuffled = (promoted[torch.randperm(len(promoted), generator=rng)] for _ in range(shuffles))
    return WeightCriterion(flagged, distractor, sum(_flagged(scores, other)[0] for other in shuffled) / shuffles)


def _flagged(scores: Tensor, promoted: Tensor) -> tuple[bool, int]:
    key = int(promoted.argmax())
    row = scores[int(scores[:, key].argmax())]
    suppressing = torch.where(promoted < 0, row, -torch.inf)
    distractor = int(suppressing.argmax())
    return bool(suppressing[distractor] > row[key]), distractor
