"""How a feature's value comes about: the exact share of every source token.

A feature reads z along u, with offset b. As the attention of a position sums to 1, its pre-activation is

    pre_t = z_t . u + b = sum over i <= t of pattern[t, i] (S_i + b),   S_i = values_i . u,

at any layer, nothing left over. A source with S + b > 0 promotes the feature, the others suppress it. At layer 0 of a
model whose positions are relative, pattern and S are functions of tokens and distance alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from backends.attention_rules.models import Attention, HeadModel
from backends.errors import InputError


def promotions(attention: Attention, head: int, direction: Tensor, offset: float) -> Tensor:
    """S + b of every token (B, T), as a source of the feature that reads `direction` (D) with `offset`."""
    return attention.values[:, head] @ direction + offset


def contributions(attention: Attention, head: int, direction: Tensor, offset: float) -> Tensor:
    """The share (B, T, T) of source i (last) in the pre-activation at t; its sum over sources is that."""
    return attention.pattern[:, head] * promotions(attention, head, direction, offset)[:, None, :]


@dataclass(frozen=True, slots=True, eq=False)
class TokenTables:
    """What a head of layer 0 computes from a token alone: queries, keys and values, each (tokens, D), not rotated."""

    model: HeadModel
    queries: Tensor
    keys: Tensor
    values: Tensor

    @classmethod
    def of(cls, model: HeadModel, head: int, ids: Tensor) -> TokenTables:
        """The tables for the tokens `ids` (N), in their order.

        Raises:
            InputError: if the model embeds positions, so that a token alone determines nothing.
        """
        if not model.shape.relative:
            raise InputError("This model adds positions to its tokens, so tokens and distance alone do not suffice.")
        model.check_head(0, head)
        parts = model.project(0, model.embed(ids[None]))
        q, k, v = (part[0, head].float() for part in parts)
        return cls(model, q, k, v)

    def scores(self, queries: Tensor, keys: Tensor, distance: int) -> Tensor:
        """Scores before the softmax (queries, keys), for rows `queries` and `keys` of the tables, `distance` apart."""
        turned = self.model.turn(self.queries[queries, None], torch.tensor([distance]))[:, 0]
        return turned @ self.keys[keys].T / math.sqrt(self.model.shape.head_dim)

    def mean_scores(self, queries: Tensor, keys: Tensor, distances: int) -> Tensor:
        """Scores (queries, keys) averaged over the distances 0 to `distances` - 1: still one product of matrices."""
        # Turning by a distance is linear, and so is its average: it is found on unit vectors.
        dim = self.model.shape.head_dim
        units = torch.eye(dim)[:, None].expand(dim, distances, dim)
        mean_turn = self.model.turn(units, torch.arange(distances)).mean(1)
        return self.queries[queries] @ mean_turn @ self.keys[keys].T / math.sqrt(dim)


def token_contributions(model: HeadModel, head: int, ids: Tensor, direction: Tensor, offset: float) -> Tensor:
    """What `contributions` gives (T, T) at layer 0 for tokens `ids` (T), from tokens and distances alone.

    Raises:
        InputError: if the model embeds positions.
    """
    distinct, at = ids.unique(return_inverse=True)
    tables = TokenTables.of(model, head, distinct)
    count = len(ids)
    scores = torch.full((count, count), -torch.inf)
    for distance in range(count):
        late, early = at[distance:], at[: count - distance]
        turned = model.turn(tables.queries[late, None], torch.tensor([distance]))[:, 0]
        found = (turned * tables.keys[early]).sum(1) / math.sqrt(model.shape.head_dim)
        rows = torch.arange(distance, count)
        scores[rows, rows - distance] = found
    promoted = tables.values @ direction + offset
    return scores.softmax(-1) * promoted[at]
