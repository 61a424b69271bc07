"""The paper's pair rules of a feature, as a baseline: keys by S, for each the queries by A, sorted by exp(A) S."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from backends.attention_rules.contributions import TokenTables
from backends.attention_rules.features import HeadSample
from backends.attention_rules.models import Head, HeadModel
from backends.attention_rules.rankings import DISTANCES, mean_tables

TEXTS = 128
"""Sequences on which a token's mean query and key are taken; its mean value comes from the whole sample."""

KEYS = QUERIES = 100
"""Keys of a feature, and queries of a key, as in the paper."""

OFTEN = 3
"""A token counts if it occurs so often in both texts."""


@dataclass(frozen=True, slots=True, eq=False)
class PaperPairs:
    """A head's tables of the tokens `known` (V), which are common enough to have means."""

    tables: TokenTables
    known: Tensor

    @classmethod
    def of(cls, model: HeadModel, head: Head, sample: HeadSample) -> PaperPairs:
        """Means over the head's own text; exact at layer 0 for tokens, a description of the average above."""
        texts, size = sample.ids[:TEXTS], model.vocabulary.size
        found = mean_tables(model, head[0], [head[1]], texts)[head[1]]
        flat = sample.ids.flatten()
        counts = torch.bincount(flat, minlength=size)
        sums = torch.zeros(size, sample.values.shape[-1]).index_add_(0, flat, sample.values.float().flatten(0, 1))
        often = (torch.bincount(texts[:, 1:].flatten(), minlength=size) >= OFTEN) & (counts >= OFTEN)
        tables = TokenTables(model, found.queries, found.keys, sums / counts.clamp_min(1)[:, None])
        return cls(tables, torch.nonzero(often)[:, 0])

    def of_direction(self, direction: Tensor, count: int) -> tuple[Tensor, Tensor]:
        """The best `count` pairs (queries, keys) along `direction` (D), best first; fewer if there are not as many."""
        value = self.tables.values[self.known] @ direction
        strongest = value.topk(min(KEYS, len(value)))
        keys = self.known[strongest.indices[strongest.values > 0]]
        if not len(keys):
            return keys, keys
        scores = self.tables.mean_scores(self.known, keys, DISTANCES)  # (queries, keys)
        found = scores.topk(min(QUERIES, len(self.known)), dim=0)
        ranked = found.values + (self.tables.values[keys] @ direction).log()  # log of exp(A) S
        best = ranked.flatten().topk(min(count, ranked.numel())).indices
        return self.known[found.indices.flatten()[best]], keys[best % len(keys)]
