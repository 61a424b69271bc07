"""A head on one text with all that depends on no single feature: what its features do there, and where tokens stand."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from backends.attention_rules.features import HeadSample
from backends.attention_rules.relations import Places
from backends.attention_rules.sae import HeadSae


class Activations:
    """How active each feature is at each token of a text; kept sparse, as few of them are active at a token."""

    def __init__(self, z: Tensor, sae: HeadSae) -> None:
        """Encodes `z` (N, T, D); the opening tokens, which say nothing, have no active features."""
        self.shape = z.shape[:2]
        features, places, values = [], [], []
        for start in range(0, len(z), 32):
            active = sae.encode(z[start : start + 32]).half()
            active[:, 0] = 0
            flat = active.flatten(0, 1)
            at, feature = flat.nonzero(as_tuple=True)
            features.append(feature.int())
            places.append((at + start * self.shape[1]).int())
            values.append(flat[at, feature])
        order = torch.cat(features).sort(stable=True)
        self._ends = torch.bincount(order.values, minlength=sae.features).cumsum(0).tolist()
        self._places = torch.cat(places)[order.indices]
        self._values = torch.cat(values)[order.indices]

    def __getitem__(self, feature: int) -> Tensor:
        """The activations (N, T) of one feature, to half precision."""
        own = slice(self._ends[feature - 1] if feature else 0, self._ends[feature])
        found = torch.zeros(self.shape.numel())
        found[self._places[own].long()] = self._values[own].float()
        return found.view(self.shape)


@dataclass(frozen=True, slots=True, eq=False)
class HeadText:
    """A head's sample on one text (N, T), its features' activations and the places of its tokens there."""

    sample: HeadSample
    places: Places
    active: Activations

    @classmethod
    def of(cls, sample: HeadSample, sae: HeadSae, size: int) -> HeadText:
        """Encodes the sample's z by `sae`; `size` is that of the vocabulary."""
        return cls(sample, Places(sample.ids, size), Activations(sample.z, sae))
