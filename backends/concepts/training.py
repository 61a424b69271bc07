"""Trains any of the models by one loop, for a fixed number of epochs.

The paper (App. D) restores the weights of the best validation loss. On the small digits data that
loss is lowest early, when concepts begin to be over-confident, and the bottleneck is then half
trained (full true concepts reach 0.80 instead of 1.00), so the last weights are kept here.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass

import torch
from torch import Tensor

from backends import runtime
from backends.concepts.answers import Epoch, Metrics
from backends.concepts.evaluation import evaluate, run, score
from backends.concepts.models import MODELS, ConceptModel, DetachedResidualModel, Shape
from backends.concepts.models.rules import TreeRuleReasoner
from backends.concepts.requests import ModelRequest, Prior
from backends.concepts.stages import Stage, stages
from backends.concepts.tasks import ConceptTask, Split
from backends.concepts.tree_rules import fit_tree_rules
from backends.progress import Progress

BATCH, LEARNING_RATE = 128, 1e-3


@dataclass(frozen=True, slots=True)
class Trained:
    """A trained model, what it scores on the test split, and the course of its training."""

    request: ModelRequest
    model: ConceptModel
    prior: Prior
    metrics: Metrics
    history: tuple[Epoch, ...]
    seconds: float


def small_device() -> torch.device:
    """Where these small models run: on ZeroGPU the CPU, as the wait for a GPU exceeds the training."""
    return torch.device("cpu") if runtime.zero_gpu_active() else runtime.device()


def own_prior(request: ModelRequest) -> Prior:
    """The prior that the paper's protocol evaluates this model with.

    The training mean; or the learned one where training had one: with a regulariser, for the detach
    baseline (z = 0, which it trains with), and for CMR, whose learned prior is to apply all rules.
    """
    kind = MODELS[request.model]
    learned = request.beta > 0 or kind is DetachedResidualModel or kind.all_rules
    return "learned" if learned else "mean"


def shape_of(task: ConceptTask, split: Split) -> Shape:
    """The shape of the task's models."""
    return Shape(task.encoder, split.x.shape[1:], len(task.concepts), len(task.outputs))


def build(request: ModelRequest, train: Split, val: Split) -> ConceptModel:
    """A fresh model for the request, its initial weights fixed by the seed."""
    task = request.concept_task
    shape = shape_of(task, train)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(request.seed)
        kind = MODELS[request.model]
        if kind is TreeRuleReasoner:
            roles = fit_tree_rules(train, val, request.seed)
            model = TreeRuleReasoner(shape, task.width, n_fixed=roles.shape[1])
            model.set_rules(roles)
            return model
        return kind(shape, task.width)


@torch.no_grad()
def round_to_half(model: ConceptModel) -> None:
    """Rounds all weights to half precision, in which they are stored: what is measured is what ships."""
    for tensor in model.state_dict().values():
        tensor.copy_(tensor.half())


Batch = tuple[Tensor, Tensor, Tensor]


def _tensors(split: Split, device: torch.device) -> Batch:
    x, c, y = (torch.from_numpy(a).to(device) for a in (split.x, split.c, split.y))
    return x, c, y


@runtime.small_model()
def _one_epoch(
    model: ConceptModel,
    stage: Stage,
    optimizer: torch.optim.Optimizer,
    data: Batch,
    rng: torch.Generator,
) -> float:
    """One pass over the training data in random order; the mean loss."""
    model.train()
    n = len(data[0])
    total = 0.0
    order = torch.randperm(n, generator=rng, device=rng.device)
    for x, c, y in zip(*(part[order].split(BATCH) for part in data), strict=True):
        optimizer.zero_grad()
        loss = stage.loss(x, c, y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(x)
    return total / n


@runtime.small_model()
@torch.no_grad()
def _validation_loss(model: ConceptModel, stage: Stage, val: Batch) -> float:
    model.eval()
    return float(stage.loss(*val))


def _run_stage(
    model: ConceptModel, stage: Stage, data: Batch, val: Batch, epochs: int, rng: torch.Generator
) -> Generator[tuple[float, float], None, None]:
    """Trains one stage; yields training and validation loss after every epoch."""
    stage.prepare()
    for parameter in model.parameters():
        parameter.requires_grad_(any(parameter is one for one in stage.parameters))
    optimizer = torch.optim.AdamW(stage.parameters, lr=LEARNING_RATE, fused=True)
    for _ in range(epochs):
        train_loss = _one_epoch(model, stage, optimizer, data, rng)
        yield train_loss, _validation_loss(model, stage, val)


def train(request: ModelRequest) -> Generator[Progress, None, Trained]:
    """Trains a model; yields progress after each epoch with the history so far as preview.

    The same request gives the same weights on the same device and number of threads.
    """
    started = time.perf_counter()
    task, device = request.concept_task, small_device()
    train_split, val_split = task.split("train"), task.split("val")
    model = build(request, train_split, val_split).to(device)
    rng = torch.Generator(device).manual_seed(request.seed)
    data, val = _tensors(train_split, device), _tensors(val_split, device)
    prior = own_prior(request)
    plan = stages(model, request, train_split, rng)
    epochs = request.epochs or task.epochs
    total = epochs * len(plan)
    history: list[Epoch] = []
    for stage in plan:
        for train_loss, val_loss in _run_stage(model, stage, data, val, epochs, rng):
            if prior == "mean":
                model.set_mean(data[0])
            now = score(run(model, val[0], prior), val_split)
            history.append(
                Epoch(
                    len(history) + 1,
                    train_loss,
                    val_loss,
                    now.accuracy,
                    now.accuracy_bottleneck,
                    now.sis,
                )
            )
            done = len(history) / total
            eta = (time.perf_counter() - started) * (1 - done) / done
            message = f"{stage.name}, epoch {len(history)} of {total}"
            yield Progress(done, message, eta, tuple(history))
    model.eval()
    model.set_mean(data[0])
    round_to_half(model)
    metrics = evaluate(model, task.split("test"), prior)
    seconds = time.perf_counter() - started
    return Trained(request, model, prior, metrics, tuple(history), seconds)
