"""What a trained model scores on a split: both modes, their agreement, and the concepts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from backends import runtime
from backends.concepts import sis
from backends.concepts.answers import Metrics
from backends.concepts.models import ConceptModel
from backends.concepts.requests import Prior
from backends.concepts.tasks import Split

Array = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Outputs:
    """A model's answers on a batch: concept probabilities and both modes, as arrays."""

    concepts: Array  # (n, n_c)
    default: Array  # (n, n_y)
    bottleneck: Array  # (n, n_y)


@runtime.small_model()
@torch.no_grad()
def run(model: ConceptModel, x: Tensor, prior: Prior, edited: Tensor | None = None) -> Outputs:
    """Both modes on inputs `x`; `edited` (n, n_c) replaces the predicted concepts where not NaN."""
    model.eval()
    c, z = model.represent(x)
    used = c if edited is None else torch.where(edited.isnan(), c, edited)
    default, bottleneck = model.default(used, z), model.bottleneck(used, z, prior)
    return Outputs(c.cpu().numpy(), default.cpu().numpy(), bottleneck.cpu().numpy())


def score(outputs: Outputs, split: Split) -> Metrics:
    """All metrics of a model's outputs on a split."""
    p, q = outputs.default, outputs.bottleneck
    decided = sis.decide(p)
    return Metrics(
        n=len(split),
        accuracy=sis.accuracy(p, split.y),
        accuracy_bottleneck=sis.accuracy(q, split.y),
        output_accuracy=sis.accuracy(p, split.y, "per_output"),
        output_accuracy_bottleneck=sis.accuracy(q, split.y, "per_output"),
        sis=sis.sis(p, q),
        sis_per_output=sis.sis(p, q, "per_output"),
        soft_sis=sis.soft_sis(p, q),
        concept_accuracy=sis.accuracy(outputs.concepts, split.c, "per_output"),
        concept_set_accuracy=sis.accuracy(outputs.concepts, split.c),
        nll=sis.nll(p, split.y),
        nll_bottleneck=sis.nll(q, split.y),
        confidence=sis.confidence(p),
        constant=bool((decided == decided[:1]).all()),
    )


def evaluate(model: ConceptModel, split: Split, prior: Prior) -> Metrics:
    """Runs the model on a split and scores it."""
    device = next(model.parameters()).device
    return score(run(model, torch.from_numpy(split.x).to(device), prior), split)
