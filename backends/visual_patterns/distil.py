"""A student that learns from a teacher's outputs or from its last map instead of from labels.

* `outputs`: KL of the student's tempered output to the teacher's, times T^2 (Hinton et al. 2015).
* `features`: the student's last map becomes the teacher's (mean squared difference over the teacher's variance); its
  head then reads the labels.

The paper compares both with their teacher: students hold fewer reliable knowledge points.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, kl_div, mse_loss

from backends.errors import InputError
from backends.progress import Progress
from backends.visual_patterns import networks
from backends.visual_patterns.data import DataSet, Split
from backends.visual_patterns.networks import Classifier
from backends.visual_patterns.train import Loss, Trained, descend, measured

TEMPERATURE = 4.0
At = Literal["outputs", "features"]


def maps(model: Classifier, x: Tensor) -> Tensor:
    """The last map (b, K, 8, 8), whose mean the head reads."""
    for stage in model.stages:
        x = stage(x)
    return x


def output_loss(teacher: nn.Module, temperature: float = TEMPERATURE) -> Loss:
    """T^2 KL[teacher || student] of outputs tempered by T."""

    def loss(model: nn.Module, x: Tensor, rows: Tensor) -> Tensor:  # noqa: ARG001
        with torch.no_grad():
            target = torch.log_softmax(teacher(x) / temperature, 1)
        found = torch.log_softmax(model(x) / temperature, 1)
        return temperature**2 * kl_div(found, target, reduction="batchmean", log_target=True)

    return loss


def feature_loss(teacher: Classifier, split: Split) -> Loss:
    """The last maps' mean squared difference, in variances of the teacher's, plus the labels' cross entropy."""
    labels = torch.from_numpy(split.labels)

    def loss(model: nn.Module, x: Tensor, rows: Tensor) -> Tensor:
        assert isinstance(model, Classifier)
        with torch.no_grad():
            target = maps(teacher, x)
        found = maps(model, x)
        same = mse_loss(found, target) / target.var().clamp_min(1e-8)
        # The head reads what the map has become and does not bend it.
        return same + cross_entropy(model.head(found.detach().mean((2, 3))), labels[rows].to(x.device))

    return loss


def distil(
    teacher: Classifier, data: DataSet, split: Split, network: str, at: At, *, epochs: int, seed: int
) -> Generator[Progress, None, Trained]:
    """Trains a fresh `network` on what `teacher` makes of `split`; previews are checkpoints, as in `train`.

    Raises:
        InputError: for a network, a number of epochs or a place to distil at that does not exist.
    """
    if at not in ("outputs", "features"):
        raise InputError(f"A student can learn at outputs or at features, not at {at!r}.")
    if not 1 <= epochs <= 200:
        raise InputError(f"There can be 1 to 200 epochs, not {epochs}.")
    started = time.monotonic()
    device = next(teacher.parameters()).device
    student = networks.build(network, len(data.classes), data.side, seed).to(device)
    teacher.eval()
    loss = output_loss(teacher) if at == "outputs" else feature_loss(teacher, split)
    kept = yield from descend(student, split, loss, epochs, seed)
    student.load_state_dict(dict(kept[-1].state))
    return Trained(student.eval(), kept, measured(student, data), time.monotonic() - started)
