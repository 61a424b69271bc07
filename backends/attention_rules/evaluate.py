"""How well rules foretell a feature on text that they were not found on, beside every baseline and ceiling.

A list of rules, best first, foretells a strong activation wherever one of its first k matches. Two sets are scored:
`natural`, all positions at their natural rate; and `top`, the paper's, the strongest sequences against as many in which
the feature is silent: there a guess of "always" has F1 = .667, and word lists look far better than they are.

How many rules are taken, k, is chosen on one half of the sequences and scored on the other, for every list alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd
import torch
from torch import Tensor

from backends.attention_rules.features import HeadSample
from backends.attention_rules.names import KS
from backends.attention_rules.relations import Places
from backends.attention_rules.rules import Rule

TOP = 100


@dataclass(frozen=True, slots=True)
class Score:
    """Precision (1 where nothing is foretold, as in the paper), recall and their harmonic mean."""

    precision: float
    recall: float
    f1: float


def score(foretold: Tensor, true: Tensor) -> Score:
    """The score of what is foretold against what is true, both boolean and of one shape."""
    return _score(*(float(x.sum()) for x in (foretold & true, foretold, true)))


def _score(hits: float, said: float, there: float) -> Score:
    precision = hits / said if said else 1.0
    recall = hits / there if there else 0.0
    return Score(precision, recall, 2 * precision * recall / max(precision + recall, 1e-12))


def always(true: Tensor) -> Score:
    """The score of foretelling the feature everywhere."""
    return score(torch.ones_like(true), true)


@dataclass(frozen=True, slots=True)
class Curve:
    """Scores over the number of rules `ks`.

    Attributes:
        best: the place in `ks` with the highest F1 over all sequences, the first of equal ones.
        chosen: the score of every sequence at the k that is best on the other half of the sequences: what a reader may
            expect who chooses k by looking, and then reads on.
    """

    ks: tuple[int, ...]
    scores: tuple[Score, ...]
    best: int
    chosen: Score


def rule_matches(rules: Sequence[Rule], places: Places) -> Tensor:
    """For each position (N, T) of the text of `places` the index of the first rule that holds, or len(rules)."""
    found = torch.full((places.ids.numel(),), len(rules))
    for number in reversed(range(len(rules))):  # so that the best rule writes last
        found[held(rules[number], places)] = number
    return found.view(places.ids.shape)


def held(rule: Rule, places: Places) -> Tensor:
    """The places at which a rule holds; one may come more than once."""
    at, sources = places.of(rule.relation, rule.keys)
    tokens = places.ids.flatten()
    if rule.queries:
        kept = torch.isin(tokens[at], torch.tensor(rule.queries))
        at, sources = at[kept], sources[kept]
    if rule.more_than:
        at, where, times = at.unique(return_inverse=True, return_counts=True)
        sources = torch.zeros_like(at).scatter_reduce(0, where, sources, "amax", include_self=False)
        at, sources = at[times > rule.more_than], sources[times > rule.more_than]
    if rule.unless and len(at):
        length = places.ids.shape[1]
        rows, positions = at // length, at % length
        silencing = torch.isin(places.ids[rows], torch.tensor(rule.unless))
        after = torch.arange(length) > sources[:, None]
        between = silencing & after & (torch.arange(length) <= positions[:, None])
        # Any one of several keys may still stand behind the silencing word; then nothing stands between.
        at = at[~between.any(1)]
    return at


def curve(first: Tensor, count: int, true: Tensor) -> Curve:
    """The curve of a list of `count` rules.

    Args:
        first: index of the first rule that matches at each position, `count` where none does; sequences go down.
        true: whether the feature is strong at each position.
    """
    halves = [_tally(first[half::2], count, true[half::2]) for half in (0, 1)]
    crossed = [own[_best(other)] for own, other in zip(halves, reversed(halves), strict=True)]
    whole = [_added(rows) for rows in zip(*halves, strict=True)]
    return Curve(KS, tuple(_score(*row) for row in whole), _best(whole), _score(*_added(crossed)))


Tally = tuple[float, float, float]
"""Hits, times foretold, and times true."""


def _tally(first: Tensor, count: int, true: Tensor) -> list[Tally]:
    """What the first k of `count` rules make, for every k of `KS`; with no rules at all, nothing is foretold."""
    said, hits = (torch.bincount(found.flatten(), minlength=count + 1).cumsum(0) for found in (first, first[true]))
    there = float(true.sum())
    if not count:
        return [(0.0, 0.0, there)] * len(KS)
    return [(float(hits[n]), float(said[n]), there) for n in (min(k, count) - 1 for k in KS)]


def _best(rows: Sequence[Tally]) -> int:
    return max(range(len(rows)), key=lambda at: _score(*rows[at]).f1)


def _added(rows: Iterable[Tally]) -> Tally:
    hits, said, there = (sum(column) for column in zip(*rows, strict=True))
    return hits, said, there


def rank_correlations(first: Tensor, weights: Tensor, active: Tensor) -> tuple[float, ...]:
    """Spearman's rank correlation of what the first k rules foretell with activations, for every k of `KS`.

    What they foretell is the weight (of `weights`, one a rule) of the first that matches; 0 where nothing varies.
    """
    padded = torch.cat([weights, torch.zeros(1)])
    count, ranked = len(weights), _centred_ranks(active)
    found: dict[int, float] = {}
    for k in KS:
        taken = min(k, count)
        if taken not in found:
            own = _centred_ranks(padded[first.flatten().where(first.flatten() < taken, count)])
            size = own.norm() * ranked.norm()
            found[taken] = float(own @ ranked / size) if size > 0 else 0.0
    return tuple(found[min(k, count)] for k in KS)


def _centred_ranks(values: Tensor) -> Tensor:
    """Ranks, equal values sharing their mean rank, less the mean of all."""
    ranks = torch.tensor(pd.Series(values.flatten().numpy()).rank().to_numpy())
    return ranks - ranks.mean()


def threshold(values: Tensor, true: Tensor) -> float:
    """Above which value foretelling has the best F1 for `true`; infinite where nothing is true."""
    flat, hits = values.flatten(), true.flatten().float()
    if not bool(hits.any()):
        return float("inf")
    order = flat.argsort(descending=True)
    found = hits[order].cumsum(0)
    f1 = 2 * found / (torch.arange(1, len(flat) + 1) + hits.sum())
    at = int(f1.argmax())
    following = float(flat[order[at + 1]]) if at + 1 < len(flat) else float(flat[order[at]]) - 1.0
    return (float(flat[order[at]]) + following) / 2


@dataclass(frozen=True, slots=True, eq=False)
class Ceilings:
    """Where what a rule list could reach at most says yes on held-out text (N, T).

    Thresholds are set on the text that rules are found on.

    Attributes:
        exact: the true sum of contributions, without competition among features.
        single: the true contribution of the best single source.
    """

    exact: Tensor
    single: Tensor


def ceilings(
    found_on: HeadSample, found_true: Tensor, held_out: HeadSample, direction: Tensor, offset: float
) -> Ceilings:
    """The ceilings for one feature on held-out text, with thresholds from the text that rules are found on."""
    exact, single = [], []
    for part in (found_on, held_out):
        promoted = part.promotions(direction, offset)
        exact.append((part.pattern.float() @ promoted[..., None])[..., 0])
        # A few sequences at a time, so that their contributions never leave the processor's cache.
        few = zip(part.pattern.split(32), promoted.split(32), strict=True)
        single.append(torch.cat([(pattern.float() * own[:, None]).amax(-1) for pattern, own in few]))
    return Ceilings(*(values[1] > threshold(values[0], found_true) for values in (exact, single)))


@dataclass(frozen=True, slots=True, eq=False)
class TopSet:
    """The paper's set: rows of the strongest sequences at their strongest positions, and silent ones at random ones."""

    rows: Tensor
    positions: Tensor
    true: Tensor


def top_set(active: Tensor, seed: int = 0) -> TopSet:
    """Up to 100 strongest sequences and as many in which the feature is silent, from activations (N, T)."""
    values, at = active.max(1)
    order = values.argsort(descending=True)
    strong, silent = order[values[order] > 0][:TOP], torch.nonzero(values <= 0)[:, 0]
    rng = torch.Generator().manual_seed(seed)
    silent = silent[torch.randperm(len(silent), generator=rng)[: len(strong)]]
    positions = torch.randint(1, active.shape[1], (len(silent),), generator=rng)
    rows = torch.cat([strong, silent])
    true = torch.arange(len(rows)) < len(strong)
    return TopSet(rows, torch.cat([at[strong], positions]), true)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One list of rules on both sets."""

    natural: Curve
    top: Curve


def evaluate(first: Tensor, count: int, true: Tensor, chosen: TopSet) -> Evaluation:
    """Scores a list of `count` rules whose first match (N, T) on held-out text is `first`.

    Args:
        true: where the feature is strong (N, T).
        chosen: the paper's set of the same text.
    """
    return Evaluation(curve(first, count, true), curve(first[chosen.rows, chosen.positions], count, chosen.true))


def unigram_matches(keys: Tensor, places: Places) -> Tensor:
    """First match (N, T) of a list of key tokens, best first, standing anywhere up to the query."""
    rank = torch.full((places.size,), len(keys)).scatter_reduce(0, keys, torch.arange(len(keys)), "amin")
    own = rank[places.ids]
    own[:, 0] = len(keys)
    return own.cummin(1).values


def pair_matches(queries: Tensor, keys: Tensor, places: Places) -> Tensor:
    """First match (N, T) of a list of pairs, best first: this query, and this key anywhere up to it."""
    count, ids = len(keys), places.ids
    (own_queries, query), (own_keys, key) = (part.unique(return_inverse=True) for part in (queries, keys))
    # What rank each pair has, by the number of its query and of its key; the last row and column are of no pair.
    rank = torch.full((len(own_queries) + 1, len(own_keys) + 1), count)
    rank.view(-1).scatter_reduce_(0, query * rank.shape[1] + key, torch.arange(count), "amin")
    number_of = torch.full((places.size,), len(own_keys)).scatter(0, own_keys, torch.arange(len(own_keys)))
    numbers = number_of[ids]
    numbers[:, 0] = len(own_keys)  # the opening token is no key
    found = torch.full(ids.shape, count)
    for at in range(1, ids.shape[1]):
        rows = torch.nonzero(torch.isin(ids[:, at], own_queries))[:, 0]
        own = torch.searchsorted(own_queries, ids[rows, at])
        found[rows, at] = rank[own[:, None], numbers[rows, : at + 1]].amin(1)
    return found


def random_pairs(ids: Tensor, count: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """`count` pairs (queries, keys) that occur together in the text, at random: a floor for lists of pairs."""
    rng = torch.Generator().manual_seed(seed)
    rows = torch.randint(len(ids), (count,), generator=rng)
    at = torch.randint(2, ids.shape[1], (count,), generator=rng)
    before = 1 + (torch.rand(count, generator=rng) * (at - 1)).long()
    return ids[rows, at], ids[rows, before]
