"""Trained models: those that ship, those trained on this machine, and how each is found again."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import asdict, dataclass
from functools import lru_cache
from threading import Lock

import numpy as np
import torch
from torch import Tensor

from backends import store
from backends.cache import cached_arrays
from backends.concepts.models import MODELS, ConceptModel
from backends.concepts.models.rules import TreeRuleReasoner
from backends.concepts.requests import ModelRequest, Prior
from backends.concepts.training import Trained, own_prior, shape_of, small_device, train
from backends.errors import InputError
from backends.progress import Progress

VERSION = 1  # raise it when training changes, so that models cached before are not taken for new


@dataclass(frozen=True, slots=True)
class Loaded:
    """A trained model, ready to be asked."""

    request: ModelRequest
    model: ConceptModel
    prior: Prior


class NotTrainedError(InputError):
    """No weights exist for a valid request; train it first."""


def weights_name(request: ModelRequest) -> str:
    """The name of the request's weights in the manifest."""
    return f"concepts/{request.task}/{request.key}"


def _cache_key(request: ModelRequest) -> dict[str, object]:
    return {"concepts-model": VERSION, "data": request.concept_task.data_version, **asdict(request)}


def ship(trained: Trained, command: str, date: str) -> None:
    """Stores a model among the shipped weights."""
    task = trained.request.concept_task
    store.save_weights(
        weights_name(trained.request),
        {name: t.half() for name, t in trained.model.state_dict().items()},
        command=command,
        seed=trained.request.seed,
        data=f"{task.title}, {len(task.split('train'))} training samples",
        device="cpu",
        date=date,
        figures={k: round(v, 4) for k, v in asdict(trained.metrics).items()},
    )


def remember(trained: Trained) -> None:
    """Keeps a model trained on this machine in the bounded cache."""
    state = {name: t.cpu().numpy() for name, t in trained.model.state_dict().items()}
    cached_arrays(_cache_key(trained.request), lambda: state)
    with _lock:
        load.cache_clear()


def obtain(request: ModelRequest) -> Generator[Progress, None, Loaded]:
    """The model of a request, trained now (seconds, with progress) if nobody has trained it before."""
    try:
        return load(request)
    except NotTrainedError:
        trained = yield from train(request)
        remember(trained)
        return load(request)


def is_shipped(request: ModelRequest) -> bool:
    """Whether the model comes with the project."""
    return weights_name(request) in store.manifest()


def _state(request: ModelRequest) -> dict[str, Tensor]:
    if is_shipped(request):
        return store.load_weights(weights_name(request))[0]

    def missing() -> dict[str, np.ndarray]:
        raise NotTrainedError(
            f"{request.info.title} with beta {request.beta:g} and seed {request.seed} does not ship "
            "for this task; train it first, which takes seconds."
        )

    return {k: torch.from_numpy(v) for k, v in cached_arrays(_cache_key(request), missing).items()}


_lock = Lock()


@lru_cache(maxsize=64)
def load(request: ModelRequest) -> Loaded:
    """The model of a request; the last 64 stay in memory.

    Raises NotTrainedError if there are no weights for it, WeightsError if they are damaged.
    """
    state = _state(request)
    task = request.concept_task
    shape = shape_of(task, task.split("test"))
    kind = MODELS[request.model]
    if kind is TreeRuleReasoner:
        model: ConceptModel = TreeRuleReasoner(shape, task.width, state["fixed_roles"].shape[1])
    else:
        model = kind(shape, task.width)
    model.load_state_dict(state)
    return Loaded(request, model.to(small_device()).eval(), own_prior(request))
