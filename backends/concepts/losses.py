"""What training minimises.

The paper's section 3.5 maximises

    log p(y|x) + alpha log p(c|x) - beta DIV( p(y|x) || p(y'|x) )

where y' is bottleneck mode with a learned prior. It leaves DIV and alpha open; here alpha = 1 and
DIV is the symmetric Kullback-Leibler divergence or the total variation. Everything is summed over
concepts and outputs, as the logarithm of a joint probability is, and averaged over the batch.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from backends.concepts.models import ConceptModel, DetachedResidualModel
from backends.concepts.models.meta import probability
from backends.concepts.requests import ModelRequest, Regulariser

Loss = Callable[[Tensor, Tensor, Tensor], Tensor]
"""(x, c, y) of a batch -> scalar, nats a sample."""


def bernoulli_nll(p: Tensor, target: Tensor) -> Tensor:
    """Negative log-likelihood of probabilities `p` (b, k)."""
    return nn.functional.binary_cross_entropy(p, target, reduction="sum") / len(p)


def divergence(p: Tensor, q: Tensor, kind: Regulariser) -> Tensor:
    """DIV between Bernoulli outputs `p` and `q` (b, n_y).

    The symmetric KL of two Bernoullis is (p - q)(logit p - logit q), their total variation |p - q|.
    """
    gap = p - q
    if kind == "kl":
        gap = gap * (torch.logit(p) - torch.logit(q))
    return gap.abs().sum(1).mean()


def penalty(model: ConceptModel, request: ModelRequest, c: Tensor, z: Tensor, p: Tensor) -> Tensor:
    """beta DIV between default mode's `p` and bottleneck mode on concepts `c`; 0 where nothing is regularised."""
    if request.beta == 0 or request.regulariser == "dropout":
        return p.new_zeros(())
    return request.beta * divergence(p, model.bottleneck(c, z, "learned"), request.regulariser)


def sidechannel_loss(model: ConceptModel, request: ModelRequest, rng: torch.Generator) -> Loss:
    """The objective above, with RandInt where the model has it, or with sidechannel dropout."""
    dropout = request.beta if request.regulariser == "dropout" else 0.0

    def chance(shape: tuple[int, ...], probability: float) -> Tensor:
        return torch.rand(shape, generator=rng, device=rng.device) < probability

    def loss(x: Tensor, c_true: Tensor, y: Tensor) -> Tensor:
        c, z = model.represent(x)
        used = c
        if model.training and model.rand_int:
            used = torch.where(chance(tuple(c.shape), model.rand_int), c_true, c)
        if model.training and dropout and chance((1,), dropout):
            z = torch.zeros_like(z)
        p = model.default(used, z)
        return bernoulli_nll(p, y) + bernoulli_nll(c, c_true) + penalty(model, request, used, z, p)

    return loss


def concept_loss(model: ConceptModel) -> Loss:
    """Concepts alone: the first stage of a sequential CBM."""

    def loss(x: Tensor, c_true: Tensor, _y: Tensor) -> Tensor:
        return bernoulli_nll(model.represent(x).c, c_true)

    return loss


def classifier_loss(model: ConceptModel, classifier: nn.Linear) -> Loss:
    """Outputs from the model's embedding by a linear layer: the black box under a post-hoc model."""

    def loss(x: Tensor, _c: Tensor, y: Tensor) -> Tensor:
        return bernoulli_nll(probability(classifier(model.encoder(x))), y)

    return loss


def head_loss(model: ConceptModel) -> Loss:
    """Outputs from the concepts alone: the sidechannel is 0."""

    def loss(x: Tensor, _c: Tensor, y: Tensor) -> Tensor:
        c, z = model.represent(x)
        return bernoulli_nll(model.default(c, torch.zeros_like(z)), y)

    return loss


def residual_loss(model: ConceptModel, request: ModelRequest) -> Loss:
    """Outputs and divergence, for a sidechannel trained after the concepts (PCBM-h)."""

    def loss(x: Tensor, _c: Tensor, y: Tensor) -> Tensor:
        c, z = model.represent(x)
        p = model.default(c, z)
        return bernoulli_nll(p, y) + penalty(model, request, c, z, p)

    return loss


def detach_loss(model: DetachedResidualModel) -> Loss:
    """The detach baseline: CE(f(c), y) + CE(stopgrad f(c) + g, y), and the concepts."""

    def loss(x: Tensor, c_true: Tensor, y: Tensor) -> Tensor:
        c, z = model.represent(x)
        alone = model.default(c, torch.zeros_like(z))
        task = bernoulli_nll(alone, y) + bernoulli_nll(model.detached(c, z), y)
        return task + bernoulli_nll(c, c_true)

    return loss
