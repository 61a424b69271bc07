"""What may be asked of the concepts backend, validated before anything is computed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

from backends.concepts.catalog import MODEL_INFO, ModelInfo
from backends.concepts.tasks import ConceptTask, find_task
from backends.errors import InputError, quoted

Regulariser = Literal["kl", "tv", "dropout"]
Prior = Literal["mean", "shuffled", "learned"]
"""Where bottleneck mode takes the sidechannel from: its mean over the training set, another sample
(a draw from the marginal), or what training learned for it."""

MAX_BETA, MAX_SEED, MAX_EPOCHS = 100.0, 2**31 - 1, 500


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """Which model, trained how. It names one set of weights: the same request gives the same model.

    `beta` is the strength of the regulariser: the weight of the divergence (0..100), or for
    "dropout" the probability with which a training batch sees no sidechannel (0..1). `epochs` is
    the task's own number unless given.

    Raises InputError for an unknown id or a value out of range.
    """

    task: str
    model: str
    beta: float = 0.0
    seed: int = 1
    regulariser: Regulariser = "kl"
    epochs: int | None = None

    def __post_init__(self) -> None:
        find_task(self.task)
        info = self.info
        if self.regulariser not in get_args(Regulariser):
            known = ", ".join(get_args(Regulariser))
            raise InputError(f"There is no regulariser {quoted(self.regulariser)}; choose from {known}.")
        top = 1.0 if self.regulariser == "dropout" else MAX_BETA
        if not (math.isfinite(self.beta) and 0 <= self.beta <= top):
            raise InputError(f"beta must be a number from 0 to {top:g}, got {self.beta}.")
        if not 0 <= self.seed <= MAX_SEED:
            raise InputError(f"The seed must be from 0 to {MAX_SEED}, got {self.seed}.")
        if self.epochs is not None and not 1 <= self.epochs <= MAX_EPOCHS:
            raise InputError(f"epochs must be from 1 to {MAX_EPOCHS}, got {self.epochs}.")
        if self.beta and (not info.has_sidechannel or self.model == "crm-detach"):
            raise InputError(f"{info.title} trains without a regulariser: beta must be 0 for it.")

    @property
    def info(self) -> ModelInfo:
        """What the model is."""
        if self.model not in MODEL_INFO:
            known = ", ".join(MODEL_INFO)
            raise InputError(f"There is no model {quoted(self.model)}; choose from {known}.")
        return MODEL_INFO[self.model]

    @property
    def concept_task(self) -> ConceptTask:
        """The task that it is trained on."""
        return find_task(self.task)

    @property
    def key(self) -> str:
        """A short name that is unique to the request and safe in a file name: "crm-b0.1-s1"."""
        kind = "" if self.regulariser == "kl" else f"-{self.regulariser}"
        length = "" if self.epochs is None else f"-e{self.epochs}"
        return f"{self.model}{kind}-b{self.beta:g}-s{self.seed}{length}"
