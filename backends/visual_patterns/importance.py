"""Which regions and which channels matter: per picture, weights w over regions and v over channels that add up to 1.

From the original features they must predict which other pictures the network takes for similar:

1. Target: P(x2|x1) ~ exp(5 cos(p1, p2)) over the partners x2 of x1, p the network's tempered output.
2. Regions are matched: for region r of x1, the region r' of x2 with the largest sum_k v_k f1[r,k] f2[r',k], every
   region's features scaled to length 1.
3. Q(x2|x1) ~ prod_r Q_r(x2|x1)^w_r with Q_r ~ exp(1000 sum_k v_k f1[r,k] f2[r',k]); w and v minimise KL[P || Q].
4. Steps are multiplicative: w_r <- w_r exp(-0.3 d_r / max|d|) / sum, d the gradient less its mean under w; v likewise.
   So both stay positive and add up to 1, whatever the scale. (The published step, 0.05 times the gradient and then
   the absolute value, exceeds the weights themselves, because 1000 multiplies the gradient, and can raise KL at once.)

The published procedure matches anew at every step, over tensors of K x R x R numbers; here regions are matched once
with equal v to train, and once with the final v for what follows, each by one product of matrices a picture. Partners
are drawn once, so that the result repeats. Gradients are written out: with e = Q - P,
dKL/dw_r = e . log Q_r, and dKL/dv = 1000 sum_r w_r sum_x2 e(x2) f1[r] f2[r'].
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import normalize

from backends import runtime
from backends.errors import InputError

TARGET_CONCENTRATION = 5.0
FEATURE_CONCENTRATION = 1000.0
PARTNERS = 100
STEPS = 20
RATE = 0.3


@dataclass(frozen=True, slots=True)
class Importance:
    """What matters in n pictures, R regions and K channels each.

    Attributes:
        regions: w (n, R), rows add up to 1.
        channels: v (n, K), rows add up to 1.
        partners: (n, m) int64, the other pictures each was compared with.
        match: (n, m, R) int16, the region of the partner that fits each region best.
        log_target: log P(x2|x1) (n, m).
        kl: KL[P || Q] per picture (n,), in nats, after the last step.
    """

    regions: Tensor
    channels: Tensor
    partners: Tensor
    match: Tensor
    log_target: Tensor
    kl: Tensor


def choose_partners(n: int, most: int, seed: int) -> Tensor:
    """For each of n pictures up to `most` others (n, m), drawn without replacement; InputError for fewer than 3."""
    if n < 3:
        raise InputError(f"Regions are found by comparing at least 3 pictures, got {n}.")
    generator = torch.Generator().manual_seed(seed)
    order = torch.rand(n, n, generator=generator)
    order.fill_diagonal_(2.0)  # nobody is their own partner
    return order.argsort(1)[:, : min(most, n - 1)]


def log_similarity(log_p: Tensor, partners: Tensor) -> Tensor:
    """log P(x2|x1) (n, m) over each picture's partners, from the network's log probabilities (n, C)."""
    unit = normalize(log_p.exp(), dim=1)
    cosines = (unit[:, None] * unit[partners]).sum(2)
    return torch.log_softmax(TARGET_CONCENTRATION * cosines, 1)


def match_regions(one: Tensor, weights: Tensor, others: Tensor) -> Tensor:
    """Of each of m pictures (m, R, K) the region that fits each region of one picture (R, K) best: (m, R) int64.

    `weights` v (K,) weigh the channels; one product of matrices for all partners.
    """
    m, regions, channels = others.shape
    scores = others.reshape(m * regions, channels) @ (one * weights).T  # (m * R', R)
    return scores.reshape(m, regions, regions).argmax(1)


def products(one: Tensor, others: Tensor, match: Tensor) -> Tensor:
    """f1[r,k] f2[r',k] (m * R, K) for regions matched as in `match` (m, R)."""
    rows = match + len(one) * torch.arange(len(others))[:, None]
    matched = others.reshape(-1, others.shape[2])[rows]  # (m, R, K)
    return (matched * one).reshape(-1, one.shape[1])


def divergence_and_gradients(pairs: Tensor, log_target: Tensor, w: Tensor, v: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """KL[P || Q] of one picture and its gradients by w (R,) and v (K,).

    `pairs` are `products`, `log_target` is log P(x2|x1) (m,).
    """
    m = len(log_target)
    similar = FEATURE_CONCENTRATION * (pairs @ v).reshape(m, -1)
    log_each = torch.log_softmax(similar, 0)  # (m, R)
    log_q = torch.log_softmax(log_each @ w, 0)
    error = log_q.exp() - log_target.exp()
    kl = (log_target.exp() * (log_target - log_q)).sum()
    by_v = FEATURE_CONCENTRATION * (torch.outer(error, w).reshape(-1) @ pairs)
    return kl, error @ log_each, by_v


@runtime.small_model()
def weigh(
    features: Tensor, log_p: Tensor, *, partners: int = PARTNERS, steps: int = STEPS, seed: int = 0
) -> Importance:
    """w, v and matches of regions' features (n, R, K) and log probabilities (n, C).

    Raises:
        InputError: fewer than 3 pictures, or tables that do not fit each other.
    """
    if features.ndim != 3 or len(features) != len(log_p):
        raise InputError("Regions' features must be (pictures, regions, channels), one row a picture of the output.")
    n, regions, channels = features.shape
    chosen = choose_partners(n, partners, seed)
    target = log_similarity(log_p, chosen)
    unit = normalize(features, dim=2)
    w, v = torch.full((n, regions), 1 / regions), torch.full((n, channels), 1 / channels)
    match = torch.empty(n, chosen.shape[1], regions, dtype=torch.int16)
    kl = torch.empty(n)
    for i in range(n):
        others = unit[chosen[i]]
        pairs = products(unit[i], others, match_regions(unit[i], v[i], others))
        w[i], v[i], kl[i] = _descend(pairs, target[i], w[i], v[i], steps)
        match[i] = match_regions(unit[i], v[i], others)
    return Importance(w, v, chosen, match, target, kl)


def _descend(pairs: Tensor, log_target: Tensor, w: Tensor, v: Tensor, steps: int) -> tuple[Tensor, Tensor, Tensor]:
    """The best w and v that `steps` steps come by, and their KL."""
    weights = [w, v]
    best = (w, v, torch.tensor(torch.inf))
    for step in range(steps + 1):
        kl, *gradients = divergence_and_gradients(pairs, log_target, *weights)
        if kl < best[2]:
            best = (weights[0], weights[1], kl)
        if step < steps:
            weights = [multiplied(weight, by) for weight, by in zip(weights, gradients, strict=True)]
    return best


def multiplied(weights: Tensor, gradient: Tensor) -> Tensor:
    """Weights (k,) that add up to 1 after one multiplicative step down the gradient."""
    down = gradient - weights @ gradient
    return torch.softmax(weights.clamp_min(1e-20).log() - RATE * down / down.abs().max().clamp_min(1e-12), 0)
