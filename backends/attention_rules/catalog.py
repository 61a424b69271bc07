"""The models of this explorer, by id."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import lru_cache

from backends.attention_rules import gpt2, planted_model, smollm2, twolayer
from backends.attention_rules.models import HeadModel
from backends.errors import InputError, quoted

_MODELS: dict[str, Callable[[], HeadModel]] = {
    "smollm2": smollm2.load,
    "smollm2-hub": lambda: smollm2.load("smollm2-hub"),
    "planted": planted_model.load,
    "two-layer": twolayer.load,
    "gpt2": gpt2.load,
    "gpt2-hub": lambda: gpt2.load("gpt2-hub"),
}

MODELS = tuple(_MODELS)
"""The ids."""


_LOADING = threading.Lock()


def load_model(name: str) -> HeadModel:
    """The model called `name`; the last two stay in memory.

    Raises:
        InputError: if there is no such model.
        WeightsError: if it is not there, or damaged; the message says what to do.
    """
    if name not in _MODELS:
        raise InputError(f"There is no model {quoted(name)}; choose from {', '.join(MODELS)}.")
    with _LOADING:  # who asks for a model that is being loaded waits for it, and does not load another
        return _loaded(name)


@lru_cache(maxsize=2)
def _loaded(name: str) -> HeadModel:
    return _MODELS[name]()
