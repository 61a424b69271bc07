"""Rules of a feature: relation x key class (x query class), found in what really contributed, sorted by what they tell.

1. Every strong activation of the feature on text has contributions pattern (S + b) of its sources.
2. They are summed by (relation, source token). Each such pair that was the main source of some activations is a
   candidate; its precision is the share of *all* its occurrences on the text at which the feature is strong.
3. Candidates are sorted by main sources x precision, and those of one relation whose tokens are alike (see `classes`)
   are joined into one rule over a class of keys.
4. A rule is narrowed to a class of queries where that makes it half as precise again and keeps most of what it found.

Skip-gram, absence and counting rules of the paper are members of the family: `before` with queries; with `unless`;
with `more_than`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from backends.attention_rules.classes import alike
from backends.attention_rules.features import HeadSample
from backends.attention_rules.heads import DISTANCES, distance_bins
from backends.attention_rules.names import RELATIONS
from backends.attention_rules.relations import FIRST, Places

MOST_POSITIONS = 1500
"""Strong activations of a feature that are looked at, at most."""


@dataclass(frozen=True, slots=True)
class Rule:
    """When a feature is active, as far as this rule says.

    Attributes:
        relation: one of `RELATIONS` but `first`.
        keys: token ids, one of which must stand there, the most telling first.
        queries: token ids, of which the query must be one; empty for any.
        weight: contribution to the pre-activation where the rule holds, on average over the text.
        profile: the share of its contributions by distance, in bins of `heads.DISTANCES`.
        support: strong activations of which a key was the main source.
        precision: share of the rule's occurrences at which the feature is strong.
        unless: token ids that, standing between, silence the feature (verified by insertion).
        more_than: the keys must occur more often than this.
    """

    relation: str
    keys: tuple[int, ...]
    queries: tuple[int, ...]
    weight: float
    profile: tuple[float, ...]
    support: int
    precision: float
    unless: tuple[int, ...] = ()
    more_than: int = 0

    @property
    def kind(self) -> str:
        """What the paper would call it: `absence`, `counting`, `skip-gram`; else `relation`."""
        if self.unless:
            return "absence"
        if self.more_than:
            return "counting"
        return "skip-gram" if self.relation == "before" and self.queries else "relation"


@dataclass(frozen=True, slots=True)
class _Candidate:
    relation: int
    key: int
    main: int
    total: float
    precision: float
    occurrences: int


def mine(
    sample: HeadSample,
    places: Places,
    active: Tensor,
    strong: float,
    direction: Tensor,
    offset: float,
    embedding: Tensor,
    most: int = 64,
) -> list[Rule]:
    """The rules of one feature, at most `most`, best first; none if it is never strong.

    Args:
        sample: the head on text (N, T).
        places: where everything stands on the same text.
        active: the feature's activations (N, T) on it.
        strong: above what an activation is strong.
        direction, offset: u and b.
        embedding: (vocabulary, W), its mean taken off, in which alike tokens point the same way.
    """
    rows, queries = torch.nonzero(active > strong, as_tuple=True)
    whole = len(rows)
    if not whole:
        return []
    if whole > MOST_POSITIONS:
        kept = torch.randperm(whole, generator=torch.Generator().manual_seed(0))[:MOST_POSITIONS]
        rows, queries = rows[kept], queries[kept]
    pattern = sample.pattern[rows, queries].float()  # (positions, T)
    found = pattern * (sample.values[rows].float() @ direction + offset)
    codes, tokens = places.relation[rows, queries].long(), sample.ids[rows]
    found = found.masked_fill((codes < 0) | (codes == FIRST), 0)
    main = found.argmax(1)
    candidates = _candidates(found, codes, tokens, main, places, whole / len(rows))
    bins = distance_bins(sample.ids.shape[1])[queries]
    cells, order = (codes * places.size + tokens).flatten().sort()
    at_query = sample.ids[rows, queries]
    rules = []
    for group in _grouped(candidates, embedding, most):
        own = order[_spans(cells, [group[0].relation * places.size + one.key for one in group])]
        rule = _rule(group, found.flatten()[own], bins.flatten()[own])
        rules.append(_narrowed(rule, codes, tokens, main, at_query, places))
    return sorted(rules, key=lambda rule: -rule.support * rule.precision)[:most]


def _candidates(
    found: Tensor, codes: Tensor, tokens: Tensor, main: Tensor, places: Places, scale: float
) -> list[_Candidate]:
    size = places.size
    at = torch.arange(len(found))
    positive = found[at, main] > 0
    cells = (codes * size + tokens)[at, main][positive]
    pairs, where, times = cells.unique(return_inverse=True, return_counts=True)
    sums = torch.zeros(len(pairs)).index_add_(0, where, found[at, main][positive])
    candidates = []
    for cell, count, total in zip(pairs.tolist(), times.tolist(), sums.tolist(), strict=True):
        often = places.count(RELATIONS[cell // size], cell % size)
        precision = min(count * scale / max(often, 1), 1.0)
        candidates.append(_Candidate(cell // size, cell % size, count, total, precision, often))
    return sorted(candidates, key=lambda c: -c.main * c.precision)


def _grouped(candidates: Sequence[_Candidate], embedding: Tensor, most: int) -> list[list[_Candidate]]:
    """Candidates of one relation whose tokens are alike, together; among the best `2 most` only.

    More of them make wider classes, which foretell less.
    """
    groups = []
    for code in range(len(RELATIONS)):
        own = [c for c in candidates[: 2 * most] if c.relation == code]
        labels = alike(embedding[[c.key for c in own]]) if len(own) > 1 else [0] * len(own)
        for label in sorted(set(labels)):
            groups.append([c for c, where in zip(own, labels, strict=True) if where == label])
    return groups


def _spans(cells: Tensor, wanted: Sequence[int]) -> Tensor:
    """Where sorted `cells` are one of `wanted`."""
    codes = torch.tensor(wanted)
    firsts, ends = torch.searchsorted(cells, codes).tolist(), torch.searchsorted(cells, codes, right=True).tolist()
    return torch.cat([torch.arange(first, end) for first, end in zip(firsts, ends, strict=True)])


def _rule(group: Sequence[_Candidate], found: Tensor, bins: Tensor) -> Rule:
    """The rule of alike candidates, from the contributions of all that it matches, and the bins of their distances."""
    shares = torch.zeros(len(DISTANCES)).index_add_(0, bins, found.clamp_min(0))
    support, often = sum(c.main for c in group), sum(c.occurrences for c in group)
    precision = sum(c.precision * c.occurrences for c in group) / max(often, 1)
    return Rule(
        relation=RELATIONS[group[0].relation],
        keys=tuple(c.key for c in group),
        queries=(),
        weight=sum(c.total for c in group) / support,
        profile=tuple((shares / shares.sum().clamp_min(1e-12)).tolist()),
        support=support,
        precision=precision,
    )


def _narrowed(rule: Rule, codes: Tensor, tokens: Tensor, main: Tensor, at_query: Tensor, places: Places) -> Rule:
    """`rule` with a class of queries, if few queries make up most of it and it becomes half as precise again."""
    keys, at = torch.tensor(rule.keys), torch.arange(len(main))
    own = (codes[at, main] == RELATIONS.index(rule.relation)) & torch.isin(tokens[at, main], keys)
    common: list[int] = []
    covered = 0
    for token, times in Counter(at_query[own].tolist()).most_common(20):
        if times < 2 or covered >= 0.8 * rule.support:
            break
        common.append(token)
        covered += times
    if rule.relation == "at 0" or covered < 0.8 * rule.support:
        return rule
    queries = places.ids.flatten()[places.of(rule.relation, rule.keys)[0]]
    kept = int(torch.isin(queries, torch.tensor(common)).sum())
    precision = min(rule.precision * (covered / rule.support) * len(queries) / max(kept, 1), 1.0)
    if precision < 1.5 * rule.precision:
        return rule
    return replace(rule, queries=tuple(common), support=covered, precision=precision)
