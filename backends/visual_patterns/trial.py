"""Attacks one picture of a build, or a visitor's, and sums up how its regions moved."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn.functional import normalize

from backends.errors import InputError
from backends.visual_patterns import attack, attacked, classify, shelf, wire
from backends.visual_patterns.attack import Attack, Thresholds

TYPES = ("another way", "class to class, far out", "class to class, near the middle", "from nothing", "to nothing")


@dataclass(frozen=True, slots=True)
class Trial:
    """An attacked picture.

    Attributes:
        clean, attacked: (side, side, 3) uint8.
        before, after: the classes that the network names, and `odds` the probabilities (2, C) of all.
        kinds: which of `TYPES` every region took, by layer.
        tracks: the place of every region at every kept iterate, by layer, (layers, regions, iterates, 2): in the plane
            of the directions of two classes, the one before along x, and the `rival`.
        rays: the two directions in that plane.
        rival: the class after the attack; where that is the one before, the one that came next.
        turned, strengthened: the mean change of direction (1 - cos) and of strength, by layer.
    """

    clean: NDArray[np.uint8]
    attacked: NDArray[np.uint8]
    before: str
    after: str
    odds: list[list[float]]
    kinds: list[list[int]]
    tracks: list[list[list[tuple[float, float]]]]
    rays: list[tuple[float, float]]
    rival: str
    turned: list[float]
    strengthened: list[float]

    @property
    def types(self) -> list[list[int]]:
        """How many regions took each of `TYPES`, by layer."""
        return [[row.count(kind) for kind in range(len(TYPES))] for row in self.kinds]

    @property
    def png(self) -> bytes:
        """The attacked picture as a file."""
        buffer = io.BytesIO()
        Image.fromarray(self.attacked).save(buffer, "PNG")
        return buffer.getvalue()


def run(name: str, image: object, source: bytes | None, how: Attack, thresholds: Thresholds) -> Trial:
    """Attacks picture number `image` of the build `name`, or the file `source` where there is one.

    Raises:
        InputError: for a picture that is not there or cannot be opened.
        AtelierError: as `classify.watched`.
    """
    results = wire.results_of(name)
    if source is None:
        number = shelf.position(image, len(results.array("labels")), "picture")
        pixels = results.pictures[number]
    else:
        pixels = classify.opened(results, source)
    found = attacked.paths(results, pixels[None], how)
    kinds = attacked.types(results, found, thresholds)[:, 0]
    turned, strengthened = zip(*(attack.changes(h[0], h[-1]) for h in found.h.unbind(1)), strict=True)
    names = results.index.classes
    odds = torch.softmax(found.logits[[0, -1], 0], 1)
    before = int(found.before[0])
    rival = int(odds[1].index_fill(0, torch.tensor([before]), -1).argmax())
    mu = results.array("directions", len(results.index.steps) - 1)
    plane = _plane(mu[before], mu[rival])
    tracks = (found.h[:, :, 0] @ plane).permute(1, 2, 0, 3)  # (layers, regions, iterates, 2)
    return Trial(
        pixels,
        np.asarray(found.pictures[-1, 0].numpy(), np.uint8),
        names[before],
        names[int(found.after[0])],
        np.round(odds.double().numpy(), 4).tolist(),
        kinds.tolist(),
        [[[(x, y) for x, y in path] for path in layer] for layer in tracks.tolist()],
        [(x, y) for x, y in (mu[[before, rival]] @ plane).tolist()],
        names[rival],
        [float(one.mean()) for one in turned],
        [float(one.mean()) for one in strengthened],
    )


def _plane(first: Tensor, second: Tensor) -> Tensor:
    """Two orthogonal axes (d', 2) of the plane of two directions, the first along x."""
    across = second - (second @ first) * first
    if float(across.norm()) < 1e-6:  # opposite directions span a line only: any axis across will do
        across = torch.eye(len(first))[int(first.abs().argmin())]
        across = across - (across @ first) * first
    return torch.stack([first, normalize(across, dim=0)], dim=1)


def attack_of(radius: object, iterations: object) -> Attack:
    """An attack of this radius (a share of black to white) in so many iterations; InputError for what is none."""
    if isinstance(radius, bool) or not isinstance(radius, int | float) or not 0 < radius <= 0.5:
        raise InputError("The radius is a share of the range from black to white, above 0 and at most 0.5.")
    steps = shelf.position(iterations, 501, "number of iterations")
    if steps < 1:
        raise InputError("An attack takes at least one iteration.")
    return Attack(float(radius), float(radius) / 4, steps, min(2, steps))
