"""How an attack on a build's network moves the regions of pictures, layer by layer, at its last checkpoint."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from backends import runtime
from backends.errors import InputError
from backends.visual_patterns import attack, classify, features
from backends.visual_patterns.attack import Attack, Thresholds
from backends.visual_patterns.data import Pixels, to_input
from backends.visual_patterns.results import Results

MOST = 64
"""Pictures that may be attacked at once."""


@dataclass(frozen=True, slots=True)
class Paths:
    """Pictures on their way from clean to attacked, in K iterates, the first clean.

    Attributes:
        pictures: (K, n, side, side, 3) uint8.
        logits: (K, n, C).
        h: regions (K, L, n, R, d'), in mean strengths of the watched pictures' frame.
        before, after: the class that the network names at first and at last (n,).
    """

    pictures: Tensor
    logits: Tensor
    h: Tensor
    before: Tensor
    after: Tensor


@runtime.small_model()
def paths(results: Results, pictures: Pixels, how: Attack, *, target: Tensor | None = None) -> Paths:
    """Attacks pictures (n, side, side, 3) of the build's kind, away from the class that the network names.

    `target` (n,) are classes to lead to instead.

    Raises:
        InputError: for no or more than 64 pictures, or a class that does not exist.
        AtelierError: as `classify.watched`.
    """
    n, last = len(pictures), len(results.index.steps) - 1
    if not 1 <= n <= MOST:
        raise InputError(f"From 1 to {MOST} pictures can be attacked at once, not {n}.")
    if target is not None and not (
        len(target) == n and 0 <= int(target.min()) <= int(target.max()) < _classes(results)
    ):
        raise InputError(f"There must be one class for each picture, from 0 to {_classes(results) - 1}.")
    network = classify.watched(results)[last]
    inputs = to_input(pictures)
    with torch.no_grad():
        named = features.logits_of(network.model(inputs)).argmax(1)
    iterates = attack.pgd(network.model, inputs, named, how, target=target)
    found = features.extract(network, iterates.flatten(0, 1), grid=results.index.grid)
    h = torch.stack([classify.regions(results, last, k, found.regions[name]) for k, name in enumerate(network.layers)])
    logits = found.logits.unflatten(0, (len(iterates), n))
    pixels = iterates.add(1).mul(127.5).round().byte().permute(0, 1, 3, 4, 2)
    return Paths(pixels, logits, h.unflatten(1, (len(iterates), n)).transpose(0, 1), named, logits[-1].argmax(1))


def types(results: Results, found: Paths, thresholds: Thresholds) -> Tensor:
    """The type of every region's path (L, n, R), as `attack.path_types` numbers them."""
    mu = results.array("directions", len(results.index.steps) - 1)
    s = results.index.concentration
    of_layers = found.h.unbind(1)
    return torch.stack([attack.path_types(h, mu, found.before, found.after, s, thresholds) for h in of_layers])


def _classes(results: Results) -> int:
    return len(results.index.classes)
