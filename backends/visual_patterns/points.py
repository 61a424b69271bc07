"""Knowledge points: regions that speak for a class with more than a given probability, and whether it is the right one.

1. h is divided by the mean strength over all pictures and regions of its layer.
2. p(y|h) = softmax_y(s mu_y.h), with the whole pictures' class directions and no prior.
3. A region is a knowledge point if max_y p(y|h) > tau: reliable if that class is the picture's own, else unreliable.

How many there are in all depends on the division in step 1, so layers are compared by the share that is reliable.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from backends.errors import InputError
from backends.visual_patterns.samples import log_posterior

TAU = 0.4
"""The threshold in the authors' code."""

NONE, UNRELIABLE, RELIABLE = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Verdict:
    """What each region of n pictures speaks for.

    Attributes:
        probability: max_y p(y|h) (n, R).
        category: the class that has it (n, R) int64.
        right: whether it is the picture's own (n, R) bool.
    """

    probability: Tensor
    category: Tensor
    right: Tensor

    def states(self, tau: float = TAU) -> Tensor:
        """`NONE`, `UNRELIABLE` or `RELIABLE` at the threshold tau, 0 to 1: (n, R) uint8; InputError outside."""
        if not 0 <= tau <= 1:
            raise InputError(f"The threshold tau is a probability, from 0 to 1; got {tau}.")
        states = torch.where(self.right, RELIABLE, UNRELIABLE)
        return torch.where(self.probability > tau, states, NONE).to(torch.uint8)


@dataclass(frozen=True, slots=True)
class Counts:
    """Knowledge points per picture, on average.

    Attributes:
        total, reliable: how many.
        share: reliable / total; NaN where there is none.
        foreground: of the reliable points' area, the share on the foreground; NaN where unknown or there is none.
        base: the foreground's share of all area; NaN where unknown.
    """

    total: float
    reliable: float
    share: float
    foreground: float
    base: float


def unit_strength(h: Tensor) -> Tensor:
    """h (n, R, d') divided by the mean strength of all regions; as it is where all are 0."""
    strength = h.norm(dim=-1).mean()
    return h / strength if strength > 0 else h


def judge(h: Tensor, directions: Tensor, labels: Tensor, concentration: float) -> Verdict:
    """What regions h (n, R, d') of pictures with these labels (n,) speak for, under mu (C, d') and s."""
    log_p = log_posterior(unit_strength(h), directions, concentration)
    best = log_p.max(2)
    return Verdict(best.values.exp(), best.indices, best.indices == labels[:, None])


def count(states: Tensor, cells: Tensor | None = None) -> Counts:
    """Counts of `states` (n, R), with `cells` (n, R), the share of every region's area that is foreground."""
    reliable = states == RELIABLE
    total, number = float((states > NONE).sum()), float(reliable.sum())
    nan = float("nan")
    inside = nan if cells is None or not number else float(cells[reliable].mean())
    base = nan if cells is None else float(cells.mean())
    n = len(states)
    return Counts(total / n, number / n, number / total if total else nan, inside, base)


def curve(verdict: Verdict, thresholds: Sequence[float], cells: Tensor | None = None) -> list[Counts]:
    """The counts at each of the thresholds."""
    return [count(verdict.states(tau), cells) for tau in thresholds]


def foreground_cells(masks: NDArray[np.bool_], grid: int) -> Tensor:
    """The share of foreground (n, grid * grid) in every region of masks (n, side, side)."""
    shares = torch.nn.functional.adaptive_avg_pool2d(torch.from_numpy(masks.astype(np.float32))[:, None], grid)
    return shares.flatten(1)
