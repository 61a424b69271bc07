"""One region followed through all layers and checkpoints, and the regions of other pictures that lie nearest to it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from backends.errors import InputError
from backends.visual_patterns import events, points, samples
from backends.visual_patterns.results import Frame, Results

MOST_NEIGHBOURS = 50


@dataclass(frozen=True, slots=True)
class Trace:
    """Where a region goes and what it speaks for on the way.

    Attributes:
        label: the class of its picture.
        places: (S, L, d'), in mean strengths.
        probabilities: p(y|h) (S, L, C).
        states: (S, L) uint8, as `points` numbers them.
        first_layer: the first layer at which it is reliable at the last checkpoint, or `events.NEVER`.
        first_step: the first checkpoint at which it is reliable, for each layer (L,), or `events.NEVER`.
        foreground: the share of its area that is foreground, or None where that is not known.
    """

    label: int
    places: Tensor
    probabilities: Tensor
    states: Tensor
    first_layer: int
    first_step: tuple[int, ...]
    foreground: float | None


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A region of another picture: how far away it lies, and what it speaks for."""

    image: int
    region: int
    distance: float
    label: int
    category: int
    probability: float
    state: int


def trace(results: Results, image: int, region: int, tau: float = points.TAU) -> Trace:
    """Follows a region; InputError for one that is not there, or for a tau that is no probability."""
    places = results.path(image, region)
    label = int(results.array("labels")[image])
    directions = results.array("directions")
    # h is stored in mean strengths already: `points.judge` would divide a single region by its own.
    log_p = torch.stack(
        [samples.log_posterior(h, mu, results.index.concentration) for h, mu in zip(places, directions, strict=True)]
    )
    best = log_p.max(2)
    verdict = points.Verdict(best.values.exp(), best.indices, best.indices == label)
    states = verdict.states(tau)
    layer, step = events.first_reliable(states[:, :, None, None].numpy())
    inside = float(results.array("cells", image)[region]) if results.has_masks else None
    first_step = tuple(int(one) for one in step[:, 0, 0])
    return Trace(label, places, log_p.exp(), states, int(layer[0, 0]), first_step, inside)


def neighbours(
    results: Results, image: int, region: int, step: int, layer: int, count: int = 8, tau: float = points.TAU
) -> tuple[Neighbour, ...]:
    """The nearest region of each of the `count` pictures that come nearest, by places in one frame (mean strengths).

    Raises:
        InputError: for a region or a frame that is not there, or a count that is not 1 to 50.
    """
    results.path(image, region)  # refuses a region that is not there
    frame = results.frame(step, layer)
    return nearest(frame, (frame.h - frame.h[image, region]).norm(dim=2), image, count, tau)


def nearest(frame: Frame, distance: Tensor, image: int, count: int, tau: float) -> tuple[Neighbour, ...]:
    """The nearest region of each of the `count` other pictures that come nearest, by `distance` (n, R).

    InputError for a count that is not 1 to 50.
    """
    if not 1 <= count <= MOST_NEIGHBOURS:
        raise InputError(f"There can be 1 to {MOST_NEIGHBOURS} neighbours, not {count}.")
    closest = distance.min(1)
    closest.values[image] = float("inf")
    verdict = frame.verdict
    states = verdict.states(tau)
    found = []
    for other in closest.values.argsort()[: min(count, len(distance) - 1)].tolist():
        r = int(closest.indices[other])
        found.append(
            Neighbour(
                other,
                r,
                float(distance[other, r]),
                int(frame.labels[other]),
                int(verdict.category[other, r]),
                float(verdict.probability[other, r]),
                int(states[other, r]),
            )
        )
    return tuple(found)
