"""Is a feature's main source necessary? It is replaced in text, and the model run again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from backends.attention_rules.edits import Ending, run_edits
from backends.attention_rules.features import Feature, HeadSample
from backends.attention_rules.models import HeadModel
from backends.attention_rules.verdicts import Verdict, drop, judge

CASES = 20
"""Texts that a test looks at, at most."""

NEAR = 8
"""A control stands at most this far before the query, or as far as the source if that is farther."""


@dataclass(frozen=True, slots=True, eq=False)
class Cases:
    """Where a feature is looked at: rows (n) of a text, and the position (n) in each at which it is active, its query.

    `sources` (n) are the sources that contribute most to it there, the opening token left out.
    """

    rows: Tensor
    positions: Tensor
    sources: Tensor


def strongest(sample: HeadSample, active: Tensor, feature: Feature, most: int = CASES) -> Cases:
    """The texts with the highest activations (N, T), each at its highest position; fewer where fewer are active."""
    values, positions = active.max(1)
    order = values.argsort(descending=True)[:most]
    order = order[(values[order] > 0) & (positions[order] > 1)]
    positions = positions[order]
    found = sample.pattern[order, positions].float()
    found = found * (sample.values[order].float() @ feature.direction + feature.offset)
    at = torch.arange(found.shape[1])
    found = found.masked_fill((at == 0) | (at > positions[:, None]), -torch.inf)
    return Cases(order, positions, found.argmax(1))


@torch.no_grad()
def replacement(
    model: HeadModel, features: Sequence[Feature], cases: Sequence[Cases], texts: Tensor, *, seed: int = 0
) -> list[Verdict]:
    """For each feature of one head: does it drop when its main source is replaced by a token drawn from the text?

    The control replaces another earlier token, as near to the query, by the same. Where the query is its own main
    source, it is the query that is replaced. Cases that have no other token before the query are left out.

    Args:
        cases: of each feature, in `texts` (N, T).
    """
    rng = torch.Generator().manual_seed(seed)
    edits: list[Ending] = []
    places = []
    for own in cases:
        start = len(edits)
        for row, position, source in zip(own.rows.tolist(), own.positions.tolist(), own.sources.tolist(), strict=True):
            edits += _edits(texts, row, position, source, rng)
        places.append(slice(start, len(edits)))
    if not edits:
        return [judge(torch.zeros(0), torch.zeros(0)) for _ in cases]
    z = run_edits(model, (features[0].layer, features[0].head), texts, edits).z
    found = []
    for feature, place in zip(features, places, strict=True):
        values = feature.total(z[place]).relu().view(-1, 3)
        drops = drop(values[:, :1], values[:, 1:])
        found.append(judge(drops[:, 0], drops[:, 1]))
    return found


def _edits(texts: Tensor, row: int, position: int, source: int, rng: torch.Generator) -> list[Ending]:
    """The text as it is up to the query, then without the source, then without another token."""
    reach = max(position - source, NEAR)
    others = [at for at in range(max(position - reach, 1), position) if at != source]
    if not others:
        return []
    other = others[int(torch.randint(len(others), (1,), generator=rng))]
    words = texts[row, : position + 1].tolist()
    drawn = _unlike({words[source], words[other]}, texts, rng)
    ends = ((drawn, *words[at + 1 :]) for at in (source, other))
    return [Ending(row, position, (words[position],)), *map(Ending, (row, row), (source, other), ends)]


def _unlike(words: set[int], texts: Tensor, rng: torch.Generator) -> int:
    """A token of the text that is none of `words`; where it has no other, the opening one."""
    drawn = (token for token in tokens_of(texts, 64, rng).tolist() if token not in words)
    return next(drawn, int(texts[0, 0]))


def tokens_of(texts: Tensor, count: int, rng: torch.Generator) -> Tensor:
    """Tokens as often as they occur in texts (N, T), the opening ones left out."""
    pool = texts[:, 1:].flatten()
    return pool[torch.randint(len(pool), (count,), generator=rng)]
