"""What a causal test says: verified, refuted or undecided, with the interval that it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from backends.attention_rules.names import LEAST, MARGIN


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of one test.

    Attributes:
        verdict: `verified` if the whole interval lies above `MARGIN`, `refuted` if below, else `undecided`.
        effect, control: mean relative drop of the feature's value, by the intervention and by its control; 1 is all.
        low, high: 95 % bootstrap interval of effect - control.
        n: cases.
    """

    verdict: Literal["verified", "refuted", "undecided"]
    effect: float
    control: float
    low: float
    high: float
    n: int


def judge(effects: Tensor, controls: Tensor) -> Verdict:
    """The verdict on relative drops (n) by an intervention, and (n) by its control in the same cases."""
    n = len(effects)
    if n < LEAST:
        middle = float((effects - controls).mean()) if n else 0.0
        mean = (float(effects.mean()), float(controls.mean())) if n else (0.0, 0.0)
        return Verdict("undecided", *mean, min(middle, -1.0), max(middle, 1.0), n)
    difference = effects - controls
    draws = torch.randint(n, (1000, n), generator=torch.Generator().manual_seed(0))
    means = difference[draws].mean(1).sort().values
    low, high = float(means[25]), float(means[974])
    verdict: Literal["verified", "refuted", "undecided"] = "undecided"
    if low > MARGIN:
        verdict = "verified"
    elif high < MARGIN:
        verdict = "refuted"
    return Verdict(verdict, float(effects.mean()), float(controls.mean()), low, high, n)


def drop(before: Tensor, after: Tensor) -> Tensor:
    """The relative drop (n) from values before > 0 to those after: 1 is all, negative is a rise, at least -1."""
    return (1 - after / before.clamp_min(1e-9)).clamp(-1, 1)
