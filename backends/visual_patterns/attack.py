"""Pictures changed a little so that a network errs, and how their regions move on the way (four types of paths).

Projected gradient descent (Madry et al. 2018) within an L-infinity ball; every second iterate is kept, so that a
region's path from one class to another can be drawn.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity, cross_entropy

from backends.errors import InputError
from backends.visual_patterns.features import logits_of
from backends.visual_patterns.samples import log_posterior

OTHER, DIRECT, THROUGH_ORIGIN, FROM_NOTHING, TO_NOTHING = range(5)
"""Types of paths: none of the four; class to class far from the origin; near it; from nothing; to nothing."""


@dataclass(frozen=True, slots=True)
class Attack:
    """How far and how a picture may change.

    Attributes:
        radius: most that a pixel changes, as a share of the whole range from black to white; above 0, at most 0.5.
        step: of one iteration, in the same unit.
        iterations: 1 to 500.
        keep: every how many iterates one is kept.

    Raises:
        InputError: for a value out of range.
    """

    radius: float = 0.03
    step: float = 0.005
    iterations: int = 20
    keep: int = 2

    def __post_init__(self) -> None:
        if not (0 < self.radius <= 0.5 and 0 < self.step <= self.radius):
            raise InputError("The radius must be above 0 and at most 0.5, and the step above 0 and at most the radius.")
        if not (1 <= self.iterations <= 500 and 1 <= self.keep <= self.iterations):
            raise InputError("There can be 1 to 500 iterations, and one in that many at least is kept.")


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What counts as a feature of a class and as nothing; strengths are in units of the layer's mean.

    Attributes:
        cosine, strength: a feature of the original class lies closer to its direction and is stronger than this.
        probability: a feature of the other class has more than this.
        far: a direct path never comes closer to the origin than this.
        start: nor starts farther than this.
        near: a path through the origin comes closer than this; so does the end of one to nothing.
        nothing: a path from nothing starts closer than this.
    """

    cosine: float = 0.9
    strength: float = 1.0
    probability: float = 0.5
    far: float = 1.2
    start: float = 1.5
    near: float = 1.0
    nothing: float = 0.5


def pgd(model: nn.Module, inputs: Tensor, labels: Tensor, attack: Attack, *, target: Tensor | None = None) -> Tensor:
    """The iterates (steps, n, 3, side, side) of the attack on `inputs`, -1 to 1; the first are the inputs themselves.

    Args:
        model: as `features.Watched` takes it; it is set to evaluation mode.
        inputs: (n, 3, side, side).
        labels: (n,) true classes, which the attack leads away from.
        attack: its strength.
        target: (n,) classes to lead to instead.
    """
    model.eval()
    radius, step = 2 * attack.radius, 2 * attack.step  # the inputs' range is 2
    x = inputs.detach().clone()
    kept = [x.clone()]
    for iteration in range(1, attack.iterations + 1):
        x.requires_grad_()
        logits = logits_of(model(x))
        loss = cross_entropy(logits, labels) if target is None else -cross_entropy(logits, target)
        (gradient,) = torch.autograd.grad(loss, x)
        x = x.detach() + step * gradient.sign()
        x = torch.minimum(torch.maximum(x, inputs - radius), inputs + radius).clamp(-1, 1)
        if iteration % attack.keep == 0 or iteration == attack.iterations:
            kept.append(x.clone())
    return torch.stack(kept)


def path_types(
    h: Tensor, directions: Tensor, original: Tensor, other: Tensor, concentration: float, thresholds: Thresholds
) -> Tensor:
    """The type of every region's path: `OTHER`, `DIRECT`, `THROUGH_ORIGIN`, `FROM_NOTHING` or `TO_NOTHING`, (n, R).

    Args:
        h: (steps, n, R, d'), all divided by the mean strength of the layer before the attack.
        directions: mu (C, d').
        original, other: (n,) the class before the attack, and that after it.
        concentration: s.
        thresholds: see there.
    """
    strength = h.norm(dim=3)
    first, last = h[0], h[-1]
    towards = cosine_similarity(first, directions[original][:, None], dim=2)
    from_class = (towards > thresholds.cosine) & (strength[0] > thresholds.strength)
    p = log_posterior(last, directions, concentration).exp()
    picked = other[:, None, None].expand(*p.shape[:2], 1)
    to_class = p.gather(2, picked)[..., 0] > thresholds.probability
    nearest = strength.min(0).values
    types = torch.full(nearest.shape, OTHER)
    # The four exclude each other: the first condition of each contradicts the others'.
    types[from_class & to_class & (nearest > thresholds.far) & (strength[0] < thresholds.start)] = DIRECT
    types[from_class & to_class & (nearest < thresholds.near)] = THROUGH_ORIGIN
    types[~from_class & to_class & (strength[0] < thresholds.nothing)] = FROM_NOTHING
    types[from_class & ~to_class & (strength[-1] < thresholds.near)] = TO_NOTHING
    return types


def changes(before: Tensor, after: Tensor) -> tuple[Tensor, Tensor]:
    """How much regions h (n, R, d') turned (1 - cos, 0 to 2) and how much their strength changed: (n, R) each."""
    return 1 - cosine_similarity(before, after, dim=2), after.norm(dim=2) - before.norm(dim=2)
