"""One picture in the frames of a build: what its network says of it, and where it and its regions lie.

The shipped network takes the picture's features, and the maps that the build stored place them, so nothing is fitted:
a picture nobody has seen lies in the same space as the watched ones. Where only the last checkpoint ships, that is the
only one the picture is seen at.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from backends import runtime, store
from backends.errors import MissingFileError
from backends.text_image.pictures import Source
from backends.visual_patterns import features, samples, train
from backends.visual_patterns.data import Pixels, find, to_input
from backends.visual_patterns.features import Features, Watched
from backends.visual_patterns.folder import square
from backends.visual_patterns.networks import HEAD, STAGES, Classifier
from backends.visual_patterns.results import Results


@dataclass(frozen=True, slots=True)
class Placed:
    """Pictures at some of a build's checkpoints; P of them there, all on the CPU.

    Attributes:
        steps: (P,) which checkpoints, as positions among the build's.
        logits: (P, n, C).
        g: whole pictures (P, n, d'); layer_g: by each layer's mean feature (P, L, n, d').
        h: regions (P, L, n, R, d') in mean strengths of the watched pictures' frame.
        log_p: log p(y|h) of the classes (P, L, n, R, C).
    """

    steps: tuple[int, ...]
    logits: Tensor
    g: Tensor
    layer_g: Tensor
    h: Tensor
    log_p: Tensor


def watched(results: Results) -> dict[int, Watched]:
    """The build's network at every checkpoint that ships, by position, the last one always.

    Raises:
        MissingFileError: if no weights ship for it.
        AtelierError: as `store.load_weights`.
    """
    return {
        results.index.steps.index(step): Watched(model, STAGES, HEAD)
        for step, model in _models(results.index.key).items()
        if step in results.index.steps
    }


@lru_cache(maxsize=4)
def _models(key: str) -> dict[int, Classifier]:
    if key not in store.manifest(folder=store.WEIGHTS):
        raise MissingFileError(f"No weights ship for {key}; it can be looked at, but not asked about other pictures.")
    request = train.request_of(key)
    return {step: train.loaded(request, state) for step, state in train.shipped(key).items()}


def opened(results: Results, source: Source) -> Pixels:
    """A picture's middle square in the size that the build's network reads: (side, side, 3) uint8.

    `source` is a path or bytes. Raises InputError for what is no picture, too large, animated or cut off.
    """
    return square(source, find(train.request_of(results.index.key).data).side)


@runtime.small_model()
def place(results: Results, pictures: Pixels) -> Placed:
    """Where pictures (n, side, side, 3) lie at every checkpoint that ships; errors are those of `watched`."""
    inputs = to_input(pictures)
    found = {step: features.extract(one, inputs, grid=results.index.grid) for step, one in watched(results).items()}
    steps = tuple(sorted(found))
    parts = [placed(results, step, found[step]) for step in steps]
    g, layer_g, h = (torch.stack(part) for part in zip(*parts, strict=True))
    directions = results.array("directions")[list(steps)]
    scores = [
        samples.log_posterior(one, mu, results.index.concentration) for one, mu in zip(h, directions, strict=True)
    ]
    return Placed(steps, torch.stack([found[s].logits for s in steps]), g, layer_g, h, torch.stack(scores))


def placed(results: Results, step: int, found: Features) -> tuple[Tensor, Tensor, Tensor]:
    """Features of n pictures at the checkpoint at position `step` as g (n, d'), layer_g (L, n, d'), h (L, n, R, d')."""
    g = found.samples @ results.array("map", step).T + results.array("offset", step)
    layer_g, h = [], []
    for k, layer in enumerate(results.index.layers):
        whole = found.pooled(layer) @ results.array(f"layer_map/{k}", step).T
        layer_g.append(whole + results.array("layer_offset", step, k))
        h.append(regions(results, step, k, found.regions[layer]))
    return g, torch.stack(layer_g), torch.stack(h)


def regions(results: Results, step: int, layer: int, found: Tensor) -> Tensor:
    """Regions' features (n, R, K) of one layer (a position) as h (n, R, d')."""
    return found @ results.array(f"region_map/{layer}", step).T
