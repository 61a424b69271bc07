"""Trains a small network and builds its frames at once, for a visitor who waits and watches.

At every checkpoint the watched pictures are placed in one frame with those before, as a build does it, so that the
visitor sees them come apart while the network still learns; the frames of regions follow when it has.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from torch import Tensor

from backends.progress import Progress
from backends.visual_patterns import alignment, build, features, shelf, subjects, train
from backends.visual_patterns.build import Plan, View
from backends.visual_patterns.data import Split, balanced, find, to_input
from backends.visual_patterns.features import Watched
from backends.visual_patterns.networks import HEAD, STAGES
from backends.visual_patterns.samples import Settings
from backends.visual_patterns.train import Checkpoint, Request

R = TypeVar("R")

PICTURES, WATCHED, SHARE = 2000, 60, 0.4
"""Trained on at most so many pictures, with so many watched; training's share of the progress."""

SETTINGS = Settings(steps=300)
"""Fewer steps of Adam than usual, for the places of one checkpoint."""

Learns = Literal["labels", "outputs", "features"]


@dataclass(frozen=True, slots=True)
class LiveFrame:
    """The watched pictures at one checkpoint.

    Attributes:
        step: of training.
        loss: the mean since the checkpoint before; NaN at the first.
        g: their places (n, d'), in one frame with the checkpoints before.
        agreement: share of them where the class read off the place is the network's.
    """

    step: int
    loss: float
    g: Tensor
    agreement: float


@dataclass(frozen=True, slots=True)
class Emerging:
    """A network in training as far as it has come: its `frames`, and the `labels` (n,) of the watched pictures."""

    frames: tuple[LiveFrame, ...]
    labels: tuple[int, ...]


def prepare(
    data: str, network: str, seed: int, epochs: int, learns: Learns = "labels"
) -> Generator[Progress, None, str]:
    """Trains and builds; previews are `Emerging`. Returns the name of the build on the `shelf`.

    `learns`: from the labels, or at the outputs or features of the network that ships for the data; such a student
    watches the pictures that its teacher's build watches, so that the two can be compared.

    Raises:
        InputError: as `train.Request` does, for another way to learn, and where no network ships that could teach.
    """
    request = Request(data, network, seed, epochs, PICTURES)
    if learns == "labels":
        plan = Plan(request, WATCHED, settings=SETTINGS, compare=())
        split = balanced(find(data).split("test"), WATCHED, plan.seed)
        trained = yield from _part(_watching(train.train(request), request, split), 0.0, SHARE)
        states = {checkpoint.step: dict(checkpoint.state) for checkpoint in trained.checkpoints}
        subject = build.subject_of(plan, states, trained.accuracy)
    else:
        images = len(shelf.array(build.Plan(subjects.teacher_of(data)).name, "labels"))
        taught = subjects.student(data, network, learns, epochs=epochs, seed=seed, images=images, pictures=PICTURES)
        split = balanced(find(data).split("test"), images, 0)
        subject = yield from _part(_watching(taught, request, split), 0.0, SHARE)
    built = build.build_subject(subject, View(SETTINGS, compare=()), shelf.own_folder())
    folder = yield from _part(built, SHARE, 1.0)
    return folder.name


def _watching(work: Generator[Progress, None, R], request: Request, split: Split) -> Generator[Progress, None, R]:
    """`work` with all frames so far in place of each checkpoint: whoever misses one finds it in the next."""
    inputs = to_input(split.pictures)
    waiting: deque[tuple[Tensor, Tensor]] = deque()
    placed = alignment.series(iter(waiting.popleft, None), SETTINGS)
    seen = Emerging((), tuple(split.labels.tolist()))
    try:
        while True:
            step = next(work)
            if isinstance(step.preview, Checkpoint):
                model = train.loaded(request, step.preview.state)
                found = features.extract(Watched(model, STAGES, HEAD), inputs)
                waiting.append((found.samples, found.logits))
                places, _ = next(placed)
                frame = LiveFrame(step.preview.step, step.preview.loss, places.g, places.agreement)
                seen = replace(seen, frames=(*seen.frames, frame))
            yield replace(step, preview=seen)
    except StopIteration as stop:
        result: R = stop.value
        return result
    finally:
        work.close()


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
