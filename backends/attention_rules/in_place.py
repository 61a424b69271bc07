"""What the model loses when a feature is replaced in its forward pass: by rules, by its mean, or by the autoencoder."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from backends.attention_rules.models import HeadModel, losses
from backends.attention_rules.sae import HeadSae


@dataclass(frozen=True, slots=True)
class InPlace:
    """Mean next-token losses, nats: as it is, with the replacement, and with the mean.

    `recovered` is the share of what the mean loses that the replacement keeps; it is None where the mean loses nothing
    to speak of, as the share would then be noise.
    """

    clean: float
    replaced: float
    ablated: float

    @property
    def recovered(self) -> float | None:
        """(ablated - replaced) / (ablated - clean)."""
        lost = self.ablated - self.clean
        return (self.ablated - self.replaced) / lost if lost > 1e-6 else None


@torch.no_grad()
def autoencoder_in_place(model: HeadModel, layer: int, head: int, sae: HeadSae, ids: Tensor) -> InPlace:
    """The whole head told by its autoencoder, against the head's mean z; `ids` (N, T)."""
    mean = torch.zeros(model.shape.head_dim)

    def collect(z: Tensor) -> Tensor:
        mean.copy_(z.mean((0, 1)))
        return z

    clean = float(losses(model, ids, {(layer, head): collect}).mean())
    told = float(losses(model, ids, {(layer, head): lambda z: sae.decode(sae.encode(z))}).mean())
    ablated = float(losses(model, ids, {(layer, head): lambda z: mean.expand_as(z)}).mean())
    return InPlace(clean, told, ablated)


@torch.no_grad()
def rules_in_place(
    model: HeadModel, layer: int, head: int, sae: HeadSae, ids: Tensor, feature: int, foretold: Tensor
) -> InPlace:
    """One feature's activations put in place of the true ones, all other features and the error left as they are.

    Args:
        foretold: activations (N, T) that rules give the feature; the ablation gives it their true mean everywhere.
    """
    sae.check(feature)
    row = sae.decoder[feature]

    def with_active(values: Tensor | None) -> float:
        def change(z: Tensor) -> Tensor:
            active = sae.encode(z)[..., feature]
            wanted = active.mean() if values is None else values
            return z + (wanted - active)[..., None] * row

        return float(losses(model, ids, {(layer, head): change}).mean())

    return InPlace(float(losses(model, ids).mean()), with_active(foretold), with_active(None))
