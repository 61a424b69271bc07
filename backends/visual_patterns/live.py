"""Trains a small network and builds its frames at once, for a visitor who waits."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

from backends.progress import Progress
from backends.visual_patterns import build, shelf, train
from backends.visual_patterns.build import Plan
from backends.visual_patterns.samples import Settings
from backends.visual_patterns.train import Request

R = TypeVar("R")

PICTURES, WATCHED, SHARE = 2000, 60, 0.4
"""Trained on at most so many pictures, with so many watched; training's share of the progress."""


def prepare(data: str, network: str, seed: int, epochs: int) -> Generator[Progress, None, str]:
    """Trains and builds; previews are checkpoints. Returns the name of the build on the `shelf`.

    Raises:
        InputError: as `train.Request` does.
    """
    request = Request(data, network, seed, epochs, PICTURES)
    plan = Plan(request, WATCHED, settings=Settings(steps=300), compare=())
    trained = yield from _part(train.train(request), 0.0, SHARE)
    states = {checkpoint.step: dict(checkpoint.state) for checkpoint in trained.checkpoints}
    work = build.build(plan, out=shelf.own_folder(), states=states, accuracy=trained.accuracy)
    folder = yield from _part(work, SHARE, 1.0)
    return folder.name


def _part(work: Generator[Progress, None, R], start: float, end: float) -> Generator[Progress, None, R]:
    """`work` with its progress as the part of a whole from `start` to `end`."""
    try:
        while True:
            step = next(work)
            fraction = start + (end - start) * min(1.0, max(0.0, step.fraction))
            yield Progress(fraction, step.message, step.eta_s, step.preview)
    except StopIteration as stop:
        result: R = stop.value
        return result
    finally:
        work.close()
