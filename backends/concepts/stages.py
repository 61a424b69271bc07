"""The training recipe of each model: which parameters learn from which loss, in which order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch import nn

from backends import runtime
from backends.concepts.losses import (
    Loss,
    classifier_loss,
    concept_loss,
    detach_loss,
    head_loss,
    residual_loss,
    sidechannel_loss,
)
from backends.concepts.models import (
    ConceptModel,
    DetachedResidualModel,
    PosthocModel,
)
from backends.concepts.requests import ModelRequest
from backends.concepts.tasks import Split
from backends.errors import InputError, quoted


def _nothing() -> None:
    """No preparation."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of training; `prepare` runs before it, and only `parameters` change."""

    name: str
    loss: Loss
    parameters: list[nn.Parameter]
    prepare: Callable[[], None] = _nothing


def stages(model: ConceptModel, request: ModelRequest, train: Split, rng: torch.Generator) -> list[Stage]:
    """The stages that train `model` as its family defines it."""
    if isinstance(model, PosthocModel):
        return _posthoc(model, request, train)
    if isinstance(model, DetachedResidualModel):
        return [Stage("concepts and both heads", detach_loss(model), list(model.parameters()))]
    if request.model == "cbm-sequential":
        head = set(model.head_net.parameters())  # type: ignore[union-attr]
        return [
            Stage("concepts", concept_loss(model), [p for p in model.parameters() if p not in head]),
            Stage("head", head_loss(model), list(head)),
        ]
    loss = sidechannel_loss(model, request, rng)
    return [Stage("all parts together", loss, list(model.parameters()))]


def _posthoc(model: PosthocModel, request: ModelRequest, train: Split) -> list[Stage]:
    """PCBM-h: a black box, then concept probes in it, a linear head, and the residual."""
    constant = np.flatnonzero(np.ptp(train.c, axis=0) == 0)
    if len(constant):
        name = request.concept_task.concepts[constant[0]]
        raise InputError(f"{quoted(name)} is the same in all training samples, so PCBM-h finds no direction for it.")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(request.seed)
        classifier = nn.Linear(model.width, model.shape.n_y).to(model.probe.weight.device)
    black_box = [*model.encoder.parameters(), *classifier.parameters()]

    def probe() -> None:
        fit_probes(model, train)

    return [
        Stage("black box", classifier_loss(model, classifier), black_box),
        Stage("linear head", head_loss(model), list(model.linear.parameters()), probe),
        Stage(
            "residual",
            residual_loss(model, request),
            [*model.residual.parameters(), model.prior_z],
        ),
    ]


@runtime.small_model()
@torch.no_grad()
def fit_probes(model: PosthocModel, train: Split) -> None:
    """Finds each concept's activation vector by logistic regression on the frozen embedding."""
    from sklearn.linear_model import LogisticRegression

    x = torch.from_numpy(train.x).to(model.probe.weight.device)
    embedding = model.encoder(x).cpu().numpy()
    mean, spread = embedding.mean(0), embedding.std(0)
    spread[spread == 0] = 1  # units that never fire
    for i in range(model.shape.n_c):
        with threadpool_limits(limits=1):  # sums in another order would give other probes
            fit = LogisticRegression(solver="newton-cholesky").fit((embedding - mean) / spread, train.c[:, i])
        direction = fit.coef_[0] / spread
        model.probe.weight[i] = torch.from_numpy(direction).to(model.probe.weight)
        model.probe.bias[i] = float(fit.intercept_[0] - direction @ mean)
    model.set_score_range(x)
