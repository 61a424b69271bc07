"""Tiny real models, each trained once in a test session and kept in its cache folder."""

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
import torch

from backends.concepts import checkpoints
from backends.concepts.checkpoints import Loaded
from backends.concepts.models import MODELS, ConceptModel, Shape
from backends.concepts.requests import ModelRequest
from backends.concepts.tasks.base import Floats
from backends.concepts.training import Trained, train
from backends.progress import finish

TINY = Shape("vector", (4,), n_c=3, n_y=2)

Train = Callable[[ModelRequest], Trained]


@pytest.fixture(scope="session")
def trained() -> Train:
    """Trains the model of a request, once."""

    @cache
    def make(request: ModelRequest) -> Trained:
        done = finish(train(request))
        checkpoints.remember(done)
        return done

    return make


@pytest.fixture(scope="session")
def xor_model(trained: Train) -> Callable[[str], Loaded]:
    """A model of a kind that had five epochs of XOR, loaded as the page loads it."""

    def make(kind: str) -> Loaded:
        return checkpoints.load(trained(ModelRequest("xor", kind, epochs=5)).request)

    return make


def untrained(kind: str, shape: Shape = TINY, width: int = 16) -> ConceptModel:
    """A model with random weights, and priors that are not zero."""
    torch.manual_seed(3)
    model = MODELS[kind](shape, width)
    torch.nn.init.normal_(model.prior_z)
    torch.nn.init.normal_(model.mean_z)
    return model.eval()


def inputs(n: int = 32, width: int = 4) -> torch.Tensor:
    """Random inputs of the shape `TINY`."""
    return torch.randn(n, width, generator=torch.Generator().manual_seed(5))


def bits(n: int, width: int, seed: int = 6) -> torch.Tensor:
    """Random zeros and ones."""
    return torch.randint(2, (n, width), generator=torch.Generator().manual_seed(seed)).float()


def best_rule_accuracy(c: Floats, y: Floats) -> float:
    """Accuracy, on these samples, of the rule that answers each pattern of concepts by its most frequent output."""
    _, pattern = np.unique(c, axis=0, return_inverse=True)
    _, label = np.unique(y, axis=0, return_inverse=True)
    counts = np.zeros((pattern.max() + 1, label.max() + 1))
    np.add.at(counts, (pattern.ravel(), label.ravel()), 1)
    return float(counts.max(1).sum() / len(c))
