"""What the model loses when a feature is replaced in its forward pass: by rules, by its mean, or by the autoencoder.

One head of many changes the loss by thousandths of a nat, which a few thousand tokens cannot tell from nothing. How far
what the model foretells moves, the divergence from its own next tokens, is never negative and far steadier.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from backends.attention_rules.models import POSITIONS, Head, HeadModel, Replace, stream
from backends.attention_rules.sae import HeadSae


class Changed(NamedTuple):
    """With something replaced, means over positions in nats: next-token `loss`, and `moved`, KL(clean || changed)."""

    loss: float
    moved: float


@dataclass(frozen=True, slots=True)
class InPlace:
    """`clean` is the loss of the model as it is; the others are with the replacement, and with the mean."""

    clean: float
    replaced: Changed
    ablated: Changed

    @property
    def recovered(self) -> float | None:
        """(ablated - replaced) / (ablated - clean) of the losses; None where the mean loses nothing to speak of."""
        lost = self.ablated.loss - self.clean
        return (self.ablated.loss - self.replaced.loss) / lost if lost > 1e-6 else None

    @property
    def kept(self) -> float | None:
        """1 - moved by the replacement / moved by the mean: 1 is all, 0 no better than the mean; None if none moved."""
        return 1 - self.replaced.moved / self.ablated.moved if self.ablated.moved > 1e-9 else None


class Clean:
    """A model on texts (N, T) as it is, beside which changed runs are held."""

    @torch.no_grad()
    def __init__(self, model: HeadModel, ids: Tensor) -> None:
        """Runs the model once."""
        self.model, self.ids = model, ids
        self._x = stream(model, ids)
        self.loss = self._beside(self._x).loss

    @torch.no_grad()
    def changed(self, replace: Replace) -> Changed:
        """Runs it with the z of some heads replaced."""
        return self._beside(stream(self.model, self.ids, replace))

    def against_mean(self, head: Head, z: Tensor, replaced: Tensor, mean: Tensor) -> InPlace:
        """With z of a head replaced (N, T, D), and with its mean (D) or means (N, T, D) in its place.

        At the opening token, of which no rule speaks and no autoencoder learns, z (N, T, D) stays as it is.
        """
        opening = torch.arange(z.shape[1])[:, None] == 0
        by_rule, by_mean = (torch.where(opening, z, value) for value in (replaced, mean))
        return InPlace(self.loss, self.changed({head: lambda _: by_rule}), self.changed({head: lambda _: by_mean}))

    def _beside(self, x: Tensor) -> Changed:
        following = self.ids[:, 1:].flatten()
        loss, moved = 0.0, 0.0
        # The logits of all positions at once would take more memory than the model.
        parts = (one[:, :-1].flatten(0, 1).split(POSITIONS) for one in (self._x, x))
        for clean, changed, wanted in zip(*parts, following.split(POSITIONS), strict=True):
            told, said = (self.model.logits(one[None])[0].float().log_softmax(-1) for one in (changed, clean))
            loss += float(functional.nll_loss(told, wanted, reduction="sum"))
            moved += float(functional.kl_div(told, said, reduction="sum", log_target=True))
        return Changed(loss / len(following), max(moved / len(following), 0.0))


@torch.no_grad()
def autoencoder_in_place(clean: Clean, layer: int, head: int, sae: HeadSae, z: Tensor) -> InPlace:
    """The whole head told by its autoencoder, against its mean; `z` (N, T, D) is the head's on the texts of `clean`."""
    return clean.against_mean((layer, head), z, sae.decode(sae.encode(z)), z[:, 1:].mean((0, 1)))


@torch.no_grad()
def rules_in_place(
    clean: Clean, layer: int, head: int, sae: HeadSae, z: Tensor, feature: int, foretold: Tensor
) -> InPlace:
    """One feature's activations put in place of the true ones, all other features and the error left as they are.

    Args:
        foretold: activations (N, T) that rules give the feature; the ablation gives it its true mean everywhere.
    """
    sae.check(feature)
    row, active = sae.decoder[feature], sae.encode(z)[..., feature]
    changed = [z + (wanted - active)[..., None] * row for wanted in (foretold, active[:, 1:].mean())]
    return clean.against_mean((layer, head), z, *changed)
