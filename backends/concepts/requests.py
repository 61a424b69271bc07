"""What may be asked of the concepts backend, validated before anything is computed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeGuard, get_args

from backends.concepts.catalog import MODEL_INFO, ModelInfo
from backends.concepts.tasks import ConceptTask, find_task
from backends.errors import InputError, quoted

Regulariser = Literal["kl", "tv", "dropout"]
Prior = Literal["mean", "shuffled", "learned"]
"""Where bottleneck mode takes the sidechannel from: its mean over the training set, another sample
(a draw from the marginal), or what training learned for it."""

Edits = Mapping[str, float | str]
"""Concept name -> value in 0..1, or one-hot group name -> the member that shall be true."""

Filter = Literal["all", "mispredicted", "modes disagree", "concept errors"]
FILTERS: tuple[Filter, ...] = get_args(Filter)

Policy = Literal["random", "uncertainty", "coop", "greedy"]
Unit = Literal["group", "concept"]

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
        info, _ = self.info, self.concept_task
        if self.regulariser not in get_args(Regulariser):
            known = ", ".join(get_args(Regulariser))
            raise InputError(f"There is no regulariser {quoted(self.regulariser)}; choose from {known}.")
        top = 1.0 if self.regulariser == "dropout" else MAX_BETA
        if not _is_number(self.beta, top):
            raise InputError(f"beta must be a number from 0 to {top:g}, got {quoted(self.beta)}.")
        if not _is_whole(self.seed, 0, MAX_SEED):
            raise InputError(f"The seed must be a whole number from 0 to {MAX_SEED}, got {quoted(self.seed)}.")
        if self.epochs is not None and not _is_whole(self.epochs, 1, MAX_EPOCHS):
            raise InputError(f"epochs must be a whole number from 1 to {MAX_EPOCHS}, got {quoted(self.epochs)}.")
        if self.beta and not info.takes_beta:
            raise InputError(f"{info.title} trains without a regulariser: beta must be 0 for it.")

    @property
    def info(self) -> ModelInfo:
        """What the model is."""
        if not isinstance(self.model, str) or self.model not in MODEL_INFO:
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
        beta = repr(float(self.beta)).removesuffix(".0")  # every digit: rounded, two models would share a name
        return f"{self.model}{kind}-b{beta}-s{self.seed}{length}"


@dataclass(frozen=True, slots=True)
class PredictRequest:
    """A prediction on one test sample.

    `edits` maps a concept's name to a value in 0..1, or a one-hot group's name to the member that
    shall be true. `prior` None means the one that the model is evaluated with.
    """

    model: ModelRequest
    sample: int
    edits: Edits
    prior: Prior | None = None

    def __post_init__(self) -> None:
        n = len(self.model.concept_task.split("test"))
        if not _is_whole(self.sample, 0, n - 1):
            raise InputError(f"There is no sample {quoted(self.sample)}; choose a whole number from 0 to {n - 1}.")
        check_prior(self.prior)
        resolve_edits(self.model.concept_task, self.edits)


def check_prior(prior: str | None) -> None:
    """InputError unless `prior` is None or a known one."""
    if prior is not None and prior not in get_args(Prior):
        known = ", ".join(get_args(Prior))
        raise InputError(f"There is no prior {quoted(prior)}; choose from {known}.")


def resolve_edits(task: ConceptTask, edits: Edits) -> dict[int, float]:
    """Edits as concept index -> value.

    Raises InputError for an unknown name, a value outside 0..1 or NaN, or too many edits.
    """
    if not isinstance(edits, Mapping):
        raise InputError('Edits must be an object such as {"concept": 1}.')
    most = len(task.concepts) + len(task.groups)
    if len(edits) > most:
        raise InputError(f"{len(edits)} edits are too many; this task takes at most {most}.")
    concepts = {name: i for i, name in enumerate(task.concepts)}
    groups = {group.name: group for group in task.groups if group.one_hot}
    values: dict[int, float] = {}
    for name, value in edits.items():
        if name in groups:
            members = [task.concepts[i] for i in groups[name].members]
            if value not in members:
                raise InputError(f"{quoted(value)} is no member of {name}; choose from {', '.join(members)}.")
            values |= {concepts[m]: float(m == value) for m in members}
        elif name in concepts:
            values[concepts[name]] = _unit_value(name, value)
        else:
            known = ", ".join([*groups, *concepts])
            raise InputError(f"There is no concept {quoted(name)}; choose from {known}.")
    return values


def _unit_value(name: str, value: object) -> float:
    if not _is_number(value, 1):
        raise InputError(f"The value of {name} must be a number from 0 to 1, got {quoted(value)}.")
    return float(value)


def _is_number(value: object, top: float) -> TypeGuard[float]:
    """Whether it is a number from 0 to `top`; NaN is none, nor is True."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= top


def _is_whole(value: object, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


@dataclass(frozen=True, slots=True)
class CurveRequest:
    """Which curve: `unit` says what one intervention sets, `wrong_rate` (0..1) how often wrongly."""

    policy: Policy = "random"
    unit: Unit = "group"
    wrong_rate: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        for value, known in ((self.policy, get_args(Policy)), (self.unit, get_args(Unit))):
            if value not in known:
                raise InputError(f"{quoted(value)} is unknown; choose from {', '.join(known)}.")
        if not _is_number(self.wrong_rate, 1):
            raise InputError(f"wrong_rate must be a number from 0 to 1, got {quoted(self.wrong_rate)}.")
        if not _is_whole(self.seed, 0, MAX_SEED):
            raise InputError(f"The seed must be a whole number from 0 to {MAX_SEED}, got {quoted(self.seed)}.")
