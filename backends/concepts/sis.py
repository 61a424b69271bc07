"""The Sidechannel Independence Score (SIS), its intervals, and the soft score beside it.

Debot & Marra 2025, Def. 3.1: SIS = E[ y = y' ], the share of inputs on which default mode (y) and
bottleneck mode (y') give the same thresholded prediction. High is good: the sidechannel did not
matter. It says nothing about whether the prediction is right, and a constant model has SIS 1.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from backends.errors import InputError

Probabilities = npt.NDArray[np.floating]
Agreement = Literal["subset", "per_output"]
Z_95 = 1.959963984540054


class Interval(NamedTuple):
    """A confidence interval inside [0, 1]."""

    low: float
    high: float


def decide(p: Probabilities) -> npt.NDArray[np.bool_]:
    """Thresholded prediction."""
    return p > 0.5


def _check_pair(p: Probabilities, q: Probabilities) -> None:
    if p.shape != q.shape or p.ndim != 2 or p.size == 0:
        raise InputError(
            "The predictions of both modes must be non-empty (samples, outputs) arrays of one "
            f"shape, got {p.shape} and {q.shape}."
        )
    if not (np.isfinite(p).all() and np.isfinite(q).all()):
        raise InputError("The predictions contain NaN or infinity; a score of them means nothing.")


def sis(p: Probabilities, p_bottleneck: Probabilities, form: Agreement = "subset") -> float:
    """Empirical SIS of (n, n_y) probabilities of the two modes.

    "subset": all outputs of a sample must agree (the paper's MNIST-Addition form).
    "per_output": mean over outputs of the agreement on each (the paper's CelebA form).
    """
    _check_pair(p, p_bottleneck)
    same = decide(p) == decide(p_bottleneck)
    return float(same.all(1).mean() if form == "subset" else same.mean())


def sis_per_output(p: Probabilities, p_bottleneck: Probabilities) -> npt.NDArray[np.float64]:
    """SIS of each output, (n_y,)."""
    _check_pair(p, p_bottleneck)
    agreement: npt.NDArray[np.float64] = (decide(p) == decide(p_bottleneck)).mean(0)
    return agreement


def soft_sis(p: Probabilities, p_bottleneck: Probabilities) -> float:
    """1 - mean total variation between the modes' Bernoulli outputs; needs no threshold.

    It shows what SIS hides: probabilities that move without crossing 0.5.
    """
    _check_pair(p, p_bottleneck)
    return float(1 - np.abs(p - p_bottleneck).mean())


def accuracy(p: Probabilities, y: Probabilities, form: Agreement = "subset") -> float:
    """Share of samples with every output right ("subset"), or of outputs right ("per_output")."""
    _check_pair(p, y)
    right = decide(p) == decide(y)
    return float(right.all(1).mean() if form == "subset" else right.mean())


def nll(p: Probabilities, y: Probabilities) -> float:
    """Mean negative log-likelihood of an output, in nats; guessing 0.5 costs ln 2 = 0.693."""
    _check_pair(p, y)
    p = np.clip(p, 1e-6, 1 - 1e-6)
    return float(-np.mean(y * np.log(p) + (1 - y) * np.log1p(-p)))


def confidence(p: Probabilities) -> float:
    """Mean |p - 0.5| of the outputs, 0..0.5; near 0 a model hedges instead of agreeing."""
    return float(np.abs(p - 0.5).mean())


def hoeffding(estimate: float, n: int, delta: float = 0.05) -> Interval:
    """Interval that holds with probability >= 1 - delta for any distribution.

    From P(|est - mean| >= eps) <= 2 exp(-2 n eps^2): eps = sqrt(ln(2 / delta) / (2 n)), which is
    4.29 percentage points at n = 1000. (The paper's own example of 2 points at n = 1000 does not
    follow from its formula.)
    """
    if n < 1:
        raise InputError("An interval needs at least one sample.")
    eps = math.sqrt(math.log(2 / delta) / (2 * n))
    return Interval(max(0.0, estimate - eps), min(1.0, estimate + eps))


def wilson(estimate: float, n: int) -> Interval:
    """95 % Wilson score interval of a proportion: narrower than Hoeffding, approximate."""
    if n < 1:
        raise InputError("An interval needs at least one sample.")
    z2 = Z_95**2
    centre = (estimate + z2 / (2 * n)) / (1 + z2 / n)
    spread = Z_95 * math.sqrt(estimate * (1 - estimate) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return Interval(max(0.0, centre - spread), min(1.0, centre + spread))
