"""The probabilistic meta-model that every concept model here is an instance of.

Debot & Marra, "Quantifying the Accuracy-Interpretability Trade-Off in Concept-Based Sidechannel
Models" (2025, arXiv 2510.05670), section 3.2. Three parts: concepts p(c|x), a sidechannel p(z|x)
and a head p(y|c, z), all deterministic here except where a model says otherwise.

* Default mode (Eq. 3) predicts from c and the sample's own z.
* Bottleneck mode (Eq. 4) predicts from c and a z that does not depend on the input: the *prior*.

Outputs are independent Bernoulli variables, thresholded at 0.5.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from backends import runtime
from backends.concepts.requests import Prior
from backends.concepts.tasks import EncoderKind

EPS = 1e-6  # keeps log-odds of probabilities finite: |logit| <= 13.8


@dataclass(frozen=True, slots=True)
class Shape:
    """Everything about a task that fixes a model's weights."""

    encoder: EncoderKind
    x: tuple[int, ...]  # shape of one input
    n_c: int
    n_y: int


class Representation(NamedTuple):
    """What a model makes of a batch: `c` (b, n_c) probabilities and the sidechannel `z` (b, ...)."""

    c: Tensor
    z: Tensor


def mlp(n_in: int, width: int, n_out: int, hidden: int) -> nn.Sequential:
    """`hidden` linear layers with ReLU, then a linear one."""
    layers: list[nn.Module] = []
    for i in range(hidden):
        layers += [nn.Linear(n_in if i == 0 else width, width), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(width if hidden else n_in, n_out))


def probability(logit: Tensor) -> Tensor:
    """Sigmoid kept inside [EPS, 1 - EPS]."""
    return torch.sigmoid(logit).clamp(EPS, 1 - EPS)


def harden(c: Tensor) -> Tensor:
    """Concept probabilities as 0 or 1. It has no gradient: the task loss never reaches them."""
    return (c > 0.5).to(c.dtype)


class PairEncoder(nn.Module):
    """One image encoder applied to both images (b, 2, h, w), the results side by side."""

    def __init__(self, pixels: int, width: int) -> None:
        super().__init__()
        self.one = nn.Sequential(nn.Flatten(), *mlp(pixels, 2 * width, width // 2, hidden=1))

    def forward(self, x: Tensor) -> Tensor:
        b, two = x.shape[:2]
        out: Tensor = self.one(x.flatten(0, 1))  # (2b, width / 2)
        return out.reshape(b, two * out.shape[1])  # (b, width)


def make_encoder(shape: Shape, width: int) -> nn.Module:
    """An encoder from inputs of this shape to (b, width)."""
    pixels = int(torch.tensor(shape.x).prod())
    if shape.encoder == "image_pair":
        return PairEncoder(pixels // 2, width)
    hidden = 1 if shape.encoder == "vector" else 2
    return nn.Sequential(nn.Flatten(), *mlp(pixels, width, width, hidden), nn.ReLU())


class ConceptModel(nn.Module):
    """A concept-based model with a sidechannel.

    Subclasses give `represent` and `head`. `reads_soft` says whether the head reads concept
    probabilities; otherwise they are thresholded at 0.5 first, as in the paper's experiments.
    """

    reads_soft = False
    all_rules = False  # whether the learned prior is not a vector but "apply every rule"
    rand_int = 0.0  # probability of replacing a concept by the truth in training (RandInt)

    mean_z: Tensor
    prior_z: nn.Parameter

    def __init__(self, shape: Shape, width: int) -> None:
        super().__init__()
        self.shape = shape
        self.width = width
        self.encoder = make_encoder(shape, width)

    def set_sidechannel(self, *z_shape: int) -> None:
        """Declares the shape of one sample's z; call it at the end of the subclass's `__init__`."""
        self.register_buffer("mean_z", torch.zeros(z_shape))
        self.prior_z = nn.Parameter(torch.zeros(z_shape))

    @abstractmethod
    def represent(self, x: Tensor) -> Representation:
        """Concept probabilities and sidechannel of a batch."""

    @abstractmethod
    def head(self, c: Tensor, z: Tensor) -> Tensor:
        """p(y = 1 | c, z), (b, n_y), in [EPS, 1 - EPS]."""

    def read(self, c: Tensor) -> Tensor:
        """The concepts as the head reads them."""
        return c if self.reads_soft else harden(c)

    def default(self, c: Tensor, z: Tensor) -> Tensor:
        """Default mode: p(y | c, z), (b, n_y)."""
        return self.head(self.read(c), z)

    def bottleneck(self, c: Tensor, z: Tensor, prior: Prior) -> Tensor:
        """Bottleneck mode: p(y | c) with z from the prior, (b, n_y).

        `z` is the batch's own sidechannel and is read only by the prior "shuffled", which rolls it
        by one sample.
        """
        return self.head(self.read(c), self.prior(z, prior))

    def prior(self, z: Tensor, prior: Prior) -> Tensor:
        """The sidechannel of bottleneck mode, in the shape of `z`."""
        if prior == "shuffled":
            return z.roll(1, 0)
        source = self.mean_z if prior == "mean" else self.prior_z
        return source.expand(len(z), *source.shape)

    @runtime.small_model()
    @torch.no_grad()
    def set_mean(self, x: Tensor) -> None:
        """Stores the mean sidechannel of the training inputs, the prior "mean"."""
        self.mean_z.copy_(self.represent(x).z.mean(0))
