"""Whole pictures in the radial space: strength says how much a feature matters, direction what it speaks for.

Method: Li, Wang, Zhang, "Visualizing the Emergence of Intermediate Visual Patterns in DNNs", NeurIPS 2021.

1. g = M f, with M (d', D) linear, f less its mean over pictures and divided by one constant (the mean norm of all f).
2. g follows a radial mixture: p(g) = sum_y pi_y p(l|y) vMF(o | mu_y, kappa(l)), l = |g|, o = g / l. With p(l|y) the
   same for all y, the posterior is Q(y|x) = softmax_y(kappa(l) mu_y.o + log pi_y): vMF's normaliser depends on l alone.
3. M minimises KL[P || Q], the sum over pictures and classes, P = softmax(logits / T).
4. Given g, pi_y is the mean of P over pictures, mu_y the direction of sum_i P(y|x_i) kappa(l_i) o_i; gradients flow
   through mu.

The mean is taken off because features after a ReLU are all positive: as they are, all g begin on one side, class
directions nearly coincide where T makes targets alike, and what is found differs from seed to seed. (The paper has no
bias; this is one, fixed so that the mean of g is 0.)

The paper's tables of kappa were never published. Here **kappa(l) = s l**: if g given y is normal around l0 mu_y with
variance sigma^2, then o given l is exactly vMF with kappa = l l0 / sigma^2. So kappa(l) mu.o = s mu.g, and the gradient
trains strength as well as direction. All is computed in log space.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import normalize

from backends import runtime
from backends.errors import InputError

FIRST_RATE, WARM_RATE = 0.2, 0.05


@dataclass(frozen=True, slots=True)
class Settings:
    """What the sample stage takes as given.

    Attributes:
        temperature: T, by which logits are divided; 0.1 to 100.
        concentration: s in kappa(l) = s l; more than 0, at most 10,000.
        dimensions: d', 2 or 3.
        steps: of Adam, full batch.
        seed: of the first M.

    Raises:
        InputError: for a value out of range.
    """

    temperature: float = 1.0
    concentration: float = 4.0
    dimensions: int = 3
    steps: int = 2000
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0.1 <= self.temperature <= 100:
            raise InputError(f"The temperature T must be from 0.1 to 100, got {self.temperature}.")
        if not 0 < self.concentration <= 10_000:
            raise InputError(f"The concentration s must be above 0 and at most 10,000, got {self.concentration}.")
        if self.dimensions not in (2, 3):
            raise InputError(f"The radial space has 2 or 3 dimensions, not {self.dimensions}.")
        if self.steps < 1:
            raise InputError(f"There must be at least one step, got {self.steps}.")


@dataclass(frozen=True, slots=True)
class Samples:
    """Pictures in the radial space.

    Attributes:
        projection: M (d', D); g = M (f - centre) / scale.
        centre: the mean feature (D,).
        scale: the mean norm of features.
        g: (n, d').
        directions: mu (C, d'), of length 1.
        log_prior: log pi (C,).
        kl: KL[P || Q] per picture, in nats.
        agreement: share of pictures where Q and P name the same class.
        correlation: Pearson's r between |g| and the entropy of P; -1 is best.
    """

    projection: Tensor
    centre: Tensor
    scale: float
    g: Tensor
    directions: Tensor
    log_prior: Tensor
    kl: float
    agreement: float
    correlation: float


def log_target(logits: Tensor, temperature: float) -> Tensor:
    """log P(y|x) = log softmax(logits / T): (n, C) -> (n, C)."""
    return torch.log_softmax(logits / temperature, 1)


def class_directions(g: Tensor, log_p: Tensor) -> tuple[Tensor, Tensor]:
    """The mixture's closed form: mu (C, d') and log pi (C,), from g (n, d') and log P (n, C).

    kappa(l) o = s g, so s drops out of mu.
    """
    mu = normalize(log_p.exp().T @ g, dim=1)
    return mu, torch.logsumexp(log_p, 0) - torch.log(torch.tensor(float(len(g))))


def log_posterior(points: Tensor, directions: Tensor, concentration: float, log_prior: Tensor | None = None) -> Tensor:
    """log p(y | point) (..., C) of points (..., d') under directions mu (C, d'), with kappa(l) = s l.

    Without `log_prior` all classes are taken as equally frequent, as for regions.
    """
    scores = concentration * points @ directions.T
    return torch.log_softmax(scores if log_prior is None else scores + log_prior, -1)


def entropy(log_p: Tensor) -> Tensor:
    """Entropy (n,) of distributions (n, C) in nats."""
    return -(log_p.exp() * log_p.clamp_min(-1e4)).sum(1)  # 0 * -inf would be NaN


def divergence(log_p: Tensor, log_q: Tensor) -> Tensor:
    """KL[P || Q] (n,) in nats."""
    return (log_p.exp() * (log_p.clamp_min(-1e4) - log_q)).sum(1)


@runtime.small_model()
def fit(features: Tensor, logits: Tensor, settings: Settings, *, start: Tensor | None = None) -> Samples:
    """Finds M for features (n, D) of pictures with these logits (n, C).

    `start` is an M to begin with (of an earlier checkpoint); without one it is drawn from N(0, 0.1).

    Raises:
        InputError: fewer than 2 pictures or classes, shapes that do not fit, numbers that are not finite, or features
            that are all 0.
    """
    _check(features, logits, settings, start)
    log_p = log_target(logits.float(), settings.temperature)
    scale = float(features.norm(dim=1).mean())
    if not scale > 0:
        raise InputError("All features are 0: this layer tells nothing apart.")
    centre = features.float().mean(0)
    f = (features.float() - centre) / scale
    generator = torch.Generator().manual_seed(settings.seed)
    drawn = 0.1 * torch.randn(settings.dimensions, f.shape[1], generator=generator)
    m = (drawn if start is None else start.clone()).requires_grad_()
    rate = FIRST_RATE if start is None else WARM_RATE
    optimizer = torch.optim.Adam([m], lr=rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=settings.steps + 1)
    for _ in range(settings.steps):
        g = f @ m.T
        mu, log_prior = class_directions(g, log_p)
        loss = divergence(log_p, log_posterior(g, mu, settings.concentration, log_prior)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return place(features, logits, m.detach(), centre, scale, settings)


def place(
    features: Tensor, logits: Tensor, projection: Tensor, centre: Tensor, scale: float, settings: Settings
) -> Samples:
    """Pictures under an M that is given, with the mixture and the figures that belong to them."""
    log_p = log_target(logits.float(), settings.temperature)
    g = (features.float() - centre) / scale @ projection.T
    mu, log_prior = class_directions(g, log_p)
    log_q = log_posterior(g, mu, settings.concentration, log_prior)
    return Samples(
        projection,
        centre,
        scale,
        g,
        mu,
        log_prior,
        float(divergence(log_p, log_q).mean()),
        float((log_q.argmax(1) == log_p.argmax(1)).float().mean()),
        correlation(g.norm(dim=1), entropy(log_p)),
    )


def affine(found: Samples) -> tuple[Tensor, Tensor]:
    """The map A (d', D) and offset b (d',) with g = A f + b, for features f that were not there when M was found."""
    whole = found.projection / found.scale
    return whole, -whole @ found.centre


def correlation(a: Tensor, b: Tensor) -> float:
    """Pearson's r of two vectors; 0 where one does not vary."""
    a, b = a.double() - a.double().mean(), b.double() - b.double().mean()
    length = float(a.norm() * b.norm())
    return float(a @ b) / length if length > 0 else 0.0


def _check(features: Tensor, logits: Tensor, settings: Settings, start: Tensor | None) -> None:
    if features.ndim != 2 or logits.ndim != 2 or len(features) != len(logits):
        raise InputError("Features and logits must be tables with one row a picture.")
    if len(logits) < 2 or logits.shape[1] < 2:
        raise InputError("The radial space needs at least 2 pictures and 2 classes.")
    if not (features.isfinite().all() and logits.isfinite().all()):
        raise InputError("Some features or logits are not finite. Train with a smaller learning rate.")
    if start is not None and start.shape != (settings.dimensions, features.shape[1]):
        raise InputError(f"The first M must have shape {(settings.dimensions, features.shape[1])}.")
