"""Where a source stands to the query: the first half of every rule.

Each pair of query t and source i <= t has one relation, the most telling that holds:

- `at 0`: the query itself;
- `after same`: the token after an earlier copy of the query's token (what induction heads look at);
- `same`: an earlier copy of the query's token;
- `at 1` to `at 4`: so many tokens before;
- `before`: anywhere else before;
- `first`: the token that opens the sequence, which tells nothing: no rule has this relation.
"""

from __future__ import annotations

import torch
from torch import Tensor

NEAR = 4
"""Distances up to this have a relation of their own."""

RELATIONS = (*(f"at {d}" for d in range(NEAR + 1)), "same", "after same", "before", "first")
"""The relations, by their code."""

SAME, AFTER, BEFORE, FIRST = range(NEAR + 1, NEAR + 5)
NONE = -1
"""The code of a source that lies in the future."""


def relations(ids: Tensor) -> Tensor:
    """Codes (N, T, T) of the relation of source (last) to query in sequences (N, T)."""
    tokens = ids.shape[1]
    at = torch.arange(tokens)
    apart = at[:, None] - at
    near = torch.where(apart <= NEAR, apart, BEFORE)
    codes = near.expand(len(ids), -1, -1).clone()
    earlier = apart > 0
    codes[(ids[:, :, None] == ids[:, None, :]) & earlier] = SAME
    previous = torch.cat([torch.full_like(ids[:, :1], -1), ids[:, :-1]], dim=1)  # the token before each source
    codes[(ids[:, :, None] == previous[:, None, :]) & earlier] = AFTER
    codes[:, 1:, 0] = FIRST
    return codes.masked_fill(apart < 0, NONE).to(torch.int8)


def first_match(codes: Tensor, rules: Tensor) -> Tensor:
    """For each query the index of the first rule that one of its sources matches, or len(rules) if none does.

    Args:
        codes: (..., sources), what each source looks like, as one whole number; negative matches nothing.
        rules: (K), what each rule looks for, as such a number, the best rule first. Of equal ones the first counts.
    """
    if not len(rules):
        return torch.zeros(codes.shape[:-1], dtype=torch.long)
    order = rules.argsort(stable=True)
    ordered = rules[order]
    at = torch.searchsorted(ordered, codes.long()).clamp_max(len(rules) - 1)
    rank = torch.where(ordered[at] == codes, order[at], len(rules))
    return rank.amin(-1)


def single_codes(relation: Tensor, ids: Tensor, size: int) -> Tensor:
    """Codes (N, T, T) of (relation, source token), for `first_match`; `size` is the vocabulary's."""
    known = (relation >= 0) & (relation != FIRST)
    return torch.where(known, relation.long() * size + ids[:, None, :], NONE)


def pair_codes(relation: Tensor, ids: Tensor, size: int) -> Tensor:
    """Codes (N, T, T) of (query token, source token), whatever their relation."""
    known = (relation >= 0) & (relation != FIRST)
    return torch.where(known, ids[:, :, None] * size + ids[:, None, :], NONE)
