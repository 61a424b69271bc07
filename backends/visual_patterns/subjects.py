"""What a build looks at: a network at its checkpoints, and the pictures that it watches.

Our own networks on a data set are one kind of it; others are a network trained on an operator's folder of pictures, a
student, EfficientNet-Lite0 fine-tuned, and any image classifier of transformers.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor, nn

from backends import runtime, store
from backends.errors import InputError, quoted
from backends.progress import Progress
from backends.visual_patterns import distil, networks, pretrained, train
from backends.visual_patterns.data import DataSet, Split, balanced, find, from_folder
from backends.visual_patterns.distil import At
from backends.visual_patterns.features import Watched, logits_of
from backends.visual_patterns.folder import read as read_folder
from backends.visual_patterns.networks import HEAD, STAGES
from backends.visual_patterns.train import Checkpoint, Request

FEWEST_STEPS = 200
"""Of training on an operator's pictures."""

JUDGED = 500
"""Test pictures that say how good a fine-tuned network is: it takes its time for each."""

LARGEST = 224
"""Width and height in px up to which pictures are kept for a classifier that reads larger ones."""

States = Mapping[int, Mapping[str, Tensor]]
"""A network's numbers by training step."""


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """A network at its checkpoints, and pictures.

    Attributes:
        name: of the folder of results: letters, digits and dashes.
        key: of the network's weights.
        title: for people.
        classes: names in the order of the labels.
        layers: names of the watched modules, first to last.
        networks: by training step, what makes the network as it then was.
        split: the pictures that are watched.
        accuracy: by split.
        weights: of all checkpoints, as `cache.content_key` takes them.
    """

    name: str
    key: str
    title: str
    classes: tuple[str, ...]
    layers: tuple[str, ...]
    networks: Mapping[int, Callable[[], Watched]]
    split: Split
    accuracy: Mapping[str, float]
    weights: Mapping[str, Any]


def arrays_of(states: States) -> dict[str, Any]:
    """The states as `cache.content_key` takes them."""
    return {str(step): {k: t.numpy() for k, t in state.items()} for step, state in states.items()}


def ours(request: Request, states: States) -> dict[int, Callable[[], Watched]]:
    """One of our networks on one of our data sets, by step."""

    def at(step: int) -> Callable[[], Watched]:
        return lambda: Watched(train.loaded(request, states[step]).to(runtime.device()), STAGES, HEAD)

    return {step: at(step) for step in states}


def _made(
    name: str, title: str, data: DataSet, make: Callable[[], Watched], kept: tuple[Checkpoint, ...],
    accuracy: Mapping[str, float], images: int,
) -> Subject:  # fmt: skip
    """A network that was trained just now: `make` gives it untrained."""
    states = {one.step: one.state for one in kept}
    split = balanced(data.split("test"), min(images, len(data.split("test"))), 0)

    def at(step: int) -> Callable[[], Watched]:
        def watched() -> Watched:
            found = make()
            found.model.load_state_dict(dict(states[step]))
            found.model.to(runtime.device()).eval()
            return found

        return watched

    by_step = {step: at(step) for step in states}
    return Subject(name, name, title, data.classes, make().layers, by_step, split, accuracy, arrays_of(states))


def on_folder(path: Path, network: str, *, epochs: int, seed: int, images: int) -> Generator[Progress, None, Subject]:
    """Trains one of our networks on the pictures in `path`, a subfolder a class; every fifth picture is for testing.

    Of few pictures it sees each more often than `epochs` says: it takes 200 steps at least.

    Raises InputError as `data.from_folder` does, and for fewer than 64 pictures to learn from.
    """
    data = from_folder(path)
    split = data.split("train")
    if len(split) < train.BATCH:
        raise InputError(f"{quoted(path.name)} has {len(split)} pictures to learn from; {train.BATCH} are needed.")

    def make() -> Watched:
        return Watched(networks.build(network, len(data.classes), data.side, seed), STAGES, HEAD)

    model = make().model.to(runtime.device())
    epochs = max(epochs, math.ceil(FEWEST_STEPS / (len(split) // train.BATCH)))
    kept = yield from train.descend(model, split, train.label_loss(split), epochs, seed)
    return _made(
        f"folder-{plain(path.name)}-{network}-s{seed}", f"{path.name}, {network}, seed {seed}", data, make, kept,
        train.measured(model, data), images,
    )  # fmt: skip


def student(
    data_id: str, network: str, at: At, *, epochs: int, seed: int, images: int, pictures: int | None = None
) -> Generator[Progress, None, Subject]:
    """Distils the network that ships for a data set into a fresh `network`; previews are checkpoints.

    Raises InputError where none ships, and as `distil.distil` does.
    """
    data, teacher = find(data_id), teacher_of(data_id)
    states = train.shipped(teacher.key)
    split = data.split("train")
    split = split if pictures is None else first(split, pictures)
    taught = train.loaded(teacher, states[max(states)]).to(runtime.device())
    trained = yield from distil.distil(taught, data, split, network, at, epochs=epochs, seed=seed)

    def make() -> Watched:
        return Watched(networks.build(network, len(data.classes), data.side, seed), STAGES, HEAD)

    name = f"{data_id}-{network}-s{seed}-student-{at}" + (f"-e{epochs}" if epochs else "")
    title = f"{data.title}, {network} taught at {at}, seed {seed}"
    return _made(name, title, data, make, trained.checkpoints, trained.accuracy, images)


def teacher_of(data_id: str) -> Request:
    """The network that ships for a data set; InputError where none does."""
    for network in networks.ARCHITECTURES:
        request = Request(data_id, network)
        if request.key in store.manifest(folder=store.WEIGHTS):
            return request
    raise InputError(f"No network ships for {data_id} that could teach another.")


def fine_tuned(
    data_id: str, *, epochs: int, seed: int, images: int, pictures: int = 2000
) -> Generator[Progress, None, Subject]:
    """EfficientNet-Lite0, pretrained on photographs of ImageNet, fine-tuned on a data set.

    Raises what `pretrained.lite0` raises.
    """
    data = find(data_id)
    split = first(data.split("train"), pictures)

    def make() -> Watched:
        return pretrained.lite0(len(data.classes), seed)

    model = make().model.to(runtime.device())
    kept = yield from train.descend(model, split, train.label_loss(split), epochs, seed)
    return _made(
        f"{data_id}-efficientnet-lite0-s{seed}", f"{data.title}, EfficientNet-Lite0 fine-tuned, seed {seed}", data,
        make, kept, {"test": train.accuracy(model, balanced(data.split("test"), JUDGED, 0))}, images,
    )  # fmt: skip


def of_transformers(folder: Path, pictures: Path, images: int) -> Subject:
    """An image classifier of transformers in `folder`, at its one checkpoint, over the pictures in `pictures`.

    The subfolders of `pictures` are called as the classifier calls its classes, or by the first of its words for one,
    in any case; its other classes are left out of its answers.

    Raises InputError as `pretrained.from_transformers` and `folder.read` do, and for a subfolder that is no class.
    """
    found, names = pretrained.from_transformers(folder)
    assert isinstance(found.model, pretrained.Rescaled)
    read = read_folder(pictures, min(found.model.side, LARGEST))
    known = {words.split(",")[0].strip().lower(): at for at, words in enumerate(names)}
    known |= {words.lower(): at for at, words in enumerate(names)}
    strange = [one for one in read.classes if one.lower() not in known]
    if strange:
        raise InputError(
            f"The classifier knows no class {quoted(strange[0])}. Call the subfolders as it does: {quoted(names[0])}, "
            f"{quoted(names[-1])} and so on."
        )
    model = _Some(found.model, [known[one.lower()] for one in read.classes]).to(runtime.device()).eval()
    watched = Watched(model, tuple(f"whole.{one}" for one in found.layers), f"whole.{found.head}")
    split = balanced(Split(read.pictures, read.labels), min(images, len(read.labels)), 0)
    name = f"classifier-{plain(folder.name)}-{plain(pictures.name)}"
    title = f"{pictures.name}, {folder.name}"
    weights = arrays_of({0: model.state_dict()})
    accuracy = {"watched": train.accuracy(model, split)}
    return Subject(name, name, title, read.classes, watched.layers, {0: lambda: watched}, split, accuracy, weights)


class _Some(nn.Module):
    """A classifier whose answers are some of its classes."""

    def __init__(self, whole: nn.Module, columns: list[int]) -> None:
        super().__init__()
        self.whole, self._columns = whole, columns

    def forward(self, x: Tensor) -> Tensor:
        return logits_of(self.whole(x))[:, self._columns]


def first(split: Split, count: int) -> Split:
    """The first `count` pictures, or all if there are fewer."""
    return split.part(np.arange(min(count, len(split))))


def plain(name: str) -> str:
    """`name` in letters, digits and dashes."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "x"
