"""What lies near a region by the network's own features, to hold against what lies near it in the radial picture.

Features are not stored with a build: the shipped network takes them again of the build's pictures when somebody asks.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from backends.errors import MissingFileError
from backends.visual_patterns import classify, features, points
from backends.visual_patterns.data import to_input
from backends.visual_patterns.results import Results
from backends.visual_patterns.tracing import Neighbour, nearest

AMONG = 50
"""So many nearest regions are compared between the two spaces."""

_SAMPLE = 256


def in_features(
    results: Results, image: int, region: int, step: int, layer: int, count: int = 8, tau: float = points.TAU
) -> tuple[Neighbour, ...]:
    """As `tracing.neighbours`, by Euclidean distance of the layer's region features (R^K) in place of places.

    Raises:
        MissingFileError: if the network's weights at this step do not ship.
        InputError: for a region or a frame that is not there, or a count that is not 1 to 50.
    """
    results.path(image, region)  # refuses a region that is not there
    own = _regions(results, step, layer)
    distance = (own - own[image, region]).norm(dim=2)
    return nearest(results.frame(step, layer), distance, image, count, tau)


@lru_cache(maxsize=32)
def kept(results: Results, step: int, layer: int) -> tuple[float, float]:
    """How many of the nearest regions by features are among as many nearest in the radial picture, and by chance.

    Means over 256 regions drawn at random, of `AMONG` neighbours each in other pictures, as shares from 0 to 1.

    Raises MissingFileError and InputError as `in_features`.
    """
    own, placed = _regions(results, step, layer), results.frame(step, layer).h
    n, regions = own.shape[:2]
    most = min(AMONG, (n - 1) * regions)
    drawn = torch.randperm(n * regions, generator=torch.Generator().manual_seed(0))[:_SAMPLE]
    by_features, by_place = (_nearest_of(space.flatten(0, 1), drawn, regions, most) for space in (own, placed))
    shared = (by_features[:, :, None] == by_place[:, None, :]).any(2).float().mean()
    return float(shared), most / ((n - 1) * regions)


def _nearest_of(space: Tensor, drawn: Tensor, regions: int, count: int) -> Tensor:
    """The `count` nearest rows of `space` (n R, K) to each drawn one, those of its own picture left out."""
    distance = torch.cdist(space[drawn], space)
    pictures = torch.arange(len(space)) // regions
    distance[drawn[:, None] // regions == pictures] = torch.inf
    return distance.topk(count, dim=1, largest=False).indices


@lru_cache(maxsize=4)
def _regions(results: Results, step: int, layer: int) -> Tensor:
    """The features (n, R, K) of a layer in the pictures of a build, at a checkpoint that ships."""
    results.frame(step, layer)  # refuses a frame that is not there
    networks = classify.watched(results)
    if step not in networks:
        raise MissingFileError("The network's weights at this step do not ship, so its features are not known.")
    inputs = to_input(results.pictures)
    return features.extract(networks[step], inputs, grid=results.index.grid).regions[results.index.layers[layer]]
