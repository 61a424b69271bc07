"""Absence: a token that silences a feature where it stands before the query, and what such a claim must withstand.

Any token that pushes a feature down and draws attention silences it to some degree: that is the softmax. A claim counts
only if the token does more than tokens that draw as much attention, and if few other tokens do the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from backends.attention_rules.causal import Cases, tokens_of
from backends.attention_rules.edits import Ending, run_edits
from backends.attention_rules.features import Feature, HeadSample
from backends.attention_rules.models import HeadModel
from backends.attention_rules.verdicts import Verdict, drop, judge

CANDIDATES = 32
"""Tokens drawn from the text as controls of an insertion."""

SPECIFIC = 0.8
"""Share of drawn tokens that must do less than half as much, for a claim to be about this token."""

REACH, LEAST = 4, 10
"""A suppressor is looked for at most so far before queries, among tokens that occur so often."""


@dataclass(frozen=True, slots=True)
class AbsenceTest:
    """Does a token silence the feature when it is put right before the query?

    Attributes:
        matched: drop by the token against that by tokens that draw as much attention.
        random: the same against a random token.
        specificity: share of random tokens that silence the feature less than half as much; near 1 if few tokens do it.
        natural: sequences of the text in which the token stands between main source and query (or between any place of
            the source's token and the query's).
    """

    matched: Verdict
    random: Verdict
    specificity: float
    natural: int

    @property
    def verdict(self) -> str:
        """`verified` if the token does more than both controls, few others do it, and it happens in text by itself.

        `refuted` if it does not do more, or many others do as much.
        """
        found = {self.matched.verdict, self.random.verdict}
        if "refuted" in found or ("undecided" not in found and self.specificity < SPECIFIC):
            return "refuted"
        return "verified" if found == {"verified"} and self.natural else "undecided"


def suppressors(sample: HeadSample, feature: Feature, most: int = 16) -> list[int]:
    """Tokens that take from the feature where they stand up to `REACH` tokens before a query, most on average first.

    Only those that are common enough; none if none of them takes anything.
    """
    promoted = sample.promotions(feature.direction, feature.offset)
    tokens = sample.ids.shape[1]
    size = int(sample.ids.max()) + 1
    total, counts = torch.zeros(size), torch.zeros(size)
    for apart in range(1, REACH + 1):
        share = sample.pattern.diagonal(-apart, -2, -1).float()[:, 1:]  # of sources 1 to T - apart - 1
        sources = sample.ids[:, 1 : tokens - apart].flatten()
        total.index_add_(0, sources, (share * promoted[:, 1 : tokens - apart]).flatten())
        counts.index_add_(0, sources, torch.ones(len(sources)))
    means = torch.where(counts >= REACH * LEAST, total / counts.clamp_min(1), torch.inf)
    lowest = means.topk(min(most, size), largest=False)
    return lowest.indices[lowest.values < 0].tolist()


@torch.no_grad()
def absence(
    model: HeadModel,
    feature: Feature,
    cases: Cases,
    token: int,
    texts: Tensor,
    *,
    corpus: Tensor | None = None,
    seed: int = 0,
) -> AbsenceTest:
    """Tests whether `token` silences the feature at `cases` of `texts` (N, T), from which controls are drawn too.

    Args:
        corpus: sequences in which it is counted how often that happens by itself; `texts` unless those were made up.
    """
    rng = torch.Generator().manual_seed(seed)
    edits = []
    for row, position in zip(cases.rows.tolist(), cases.positions.tolist(), strict=True):
        query = int(texts[row, position])
        others = tokens_of(texts, 4 * CANDIDATES, rng)
        others = others[others != token][:CANDIDATES]
        edits.append(Ending(row, position, (query,)))
        edits += [Ending(row, position, (inserted, query)) for inserted in (token, *others.tolist())]
    each = 2 + CANDIDATES
    found = run_edits(model, (feature.layer, feature.head), texts, edits)
    values = feature.total(found.z).relu().view(len(cases.rows), each)
    share = found.share.view(len(cases.rows), each)[:, 1:]
    drops = drop(values[:, :1], values[:, 1:])
    effect, control = drops[:, 0], drops[:, 1:]
    alike = (share[:, 1:] - share[:, :1]).abs().topk(4, largest=False).indices
    matched = control.gather(1, alike).mean(1)
    weaker = (control < 0.5 * drops[:, :1]).float().mean() if edits else torch.zeros(())
    often = natural(cases, token, texts, texts if corpus is None else corpus)
    return AbsenceTest(judge(effect, matched), judge(effect, control.mean(1)), float(weaker), often)


def natural(cases: Cases, token: int, texts: Tensor, corpus: Tensor) -> int:
    """Sequences of `corpus` (M, T) in which key, token and query of some case of `texts` (N, T) occur in this order."""
    keys, queries = (texts[cases.rows, at].unique() for at in (cases.sources, cases.positions))
    key_before = torch.isin(corpus, keys).cummax(1).values
    between = ((corpus == token) & key_before).cummax(1).values
    return int((between[:, :-1] & torch.isin(corpus[:, 1:], queries)).any(1).sum())


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
