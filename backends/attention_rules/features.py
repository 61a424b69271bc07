"""A feature of a head, and the sample of a head's attention on text that everything about its features is read from."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from backends.attention_rules.models import HeadModel, attention_at
from backends.attention_rules.sae import HeadSae


@dataclass(frozen=True, slots=True, eq=False)
class Feature:
    """A direction of one head's z, with the pre-activation z . direction + offset, a sum over sources.

    Attributes:
        sae, number: the autoencoder whose feature it is. There a positive sum may still be silenced: by a threshold, or
            by other features with larger sums, where only the k largest are active. None for any other direction.
    """

    layer: int
    head: int
    direction: Tensor
    offset: float
    sae: HeadSae | None = None
    number: int = 0

    @classmethod
    def of(cls, sae: HeadSae, layer: int, head: int, number: int) -> Feature:
        """Feature `number` of an autoencoder; InputError if there is none."""
        sae.check(number)
        return cls(layer, head, sae.direction(number), sae.offset(number), sae, number)

    def pre(self, model: HeadModel, ids: Tensor) -> Tensor:
        """Pre-activations (B, T) on token ids (B, T)."""
        return self.total(attention_at(model, ids, self.layer).z[:, self.head])

    def total(self, z: Tensor) -> Tensor:
        """The pre-activation (...) at z (..., D)."""
        return z @ self.direction + self.offset

    def active(self, z: Tensor) -> Tensor:
        """The activation (...), none negative, at z (..., D)."""
        return self.total(z).relu() if self.sae is None else self.sae.encode(z)[..., self.number]


@dataclass(frozen=True, slots=True, eq=False)
class HeadSample:
    """One head on text: `ids` (N, T), `pattern` (N, T, T) and `values` (N, T, D)."""

    ids: Tensor
    pattern: Tensor
    values: Tensor

    @classmethod
    @torch.no_grad()
    def take(cls, model: HeadModel, layer: int, head: int, ids: Tensor, batch: int = 32) -> HeadSample:
        """Runs the model on `ids` (N, T)."""
        model.check_head(layer, head)
        found = [attention_at(model, part, layer) for part in ids.split(batch)]
        pattern = torch.cat([part.pattern[:, head] for part in found])
        return cls(ids, pattern, torch.cat([part.values[:, head] for part in found]))

    @property
    def z(self) -> Tensor:
        """The head's output (N, T, D)."""
        return self.pattern.float() @ self.values.float()

    def promotions(self, direction: Tensor, offset: float) -> Tensor:
        """S + b of every token (N, T)."""
        return self.values.float() @ direction + offset

    def contributions(self, direction: Tensor, offset: float) -> Tensor:
        """The share (N, T, T) of every source in the pre-activation."""
        return self.pattern.float() * self.promotions(direction, offset)[:, None]

    def part(self, rows: slice) -> HeadSample:
        """Some of its sequences."""
        return HeadSample(self.ids[rows], self.pattern[rows], self.values[rows])


STRONG = 0.3
"""An activation counts as strong above this share of the feature's 99.9th percentile."""


def strong_from(active: Tensor) -> Tensor:
    """Above what value (F) an activation is strong, for activations (rows, F); infinite for features that are dead."""
    count = max(round(len(active) / 1000), 1)
    high = active.topk(min(count, len(active)), dim=0).values[-1]  # the 99.9th percentile, without sorting
    return torch.where(high > 0, STRONG * high, torch.inf)
