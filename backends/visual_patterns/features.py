"""Takes a classifier's features: the output of any layer by a forward hook, pooled to one G x G grid of regions.

A layer gives a map (b, K, h, w) or tokens (b, t, K); of tokens, the last h*w of them that make a square are the regions
(what comes before, a class token, is left out). Work goes batch by batch into arrays made beforehand, so memory is that
of one batch and of the result.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from backends.errors import InputError, quoted

GRID = 8
"""Regions along a side."""

BATCH_BYTES = 256 * 1024 * 1024
"""What the watched maps of one batch may take."""

MOST_BYTES = 2 * 1024**3
"""What all pooled features may take."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A classifier and the modules in it that are watched.

    Attributes:
        model: pictures -> logits (b, C), as a tensor or in an attribute `logits`.
        layers: names of the modules whose outputs are looked at, first to last.
        head: name of the module whose input is the sample's feature.
    """

    model: nn.Module
    layers: tuple[str, ...]
    head: str


@dataclass(frozen=True, slots=True)
class Features:
    """What a classifier makes of n pictures.

    Attributes:
        regions: layer -> (n, R, K) float32, R = G*G regions row by row, K channels of that layer.
        samples: (n, D) float32, the penultimate layer.
        logits: (n, C) float32.
    """

    regions: Mapping[str, Tensor]
    samples: Tensor
    logits: Tensor

    def pooled(self, layer: str) -> Tensor:
        """The mean over a layer's regions: (n, K)."""
        return self.regions[layer].mean(1)


def extract(watched: Watched, inputs: Tensor, *, grid: int = GRID) -> Features:
    """The features of `inputs` (n, 3, side, side), computed without gradients in evaluation mode, on the CPU.

    Raises:
        InputError: no pictures; a layer that does not exist or gives neither a map nor square tokens; a grid that is
            not 1 to 32; or results larger than 2 GiB.
    """
    if not len(inputs):
        raise InputError("There are no pictures to look at.")
    if not 1 <= grid <= 32:
        raise InputError(f"The grid must have from 1 to 32 regions a side, got {grid}.")
    device = next(watched.model.parameters()).device
    training = watched.model.training
    watched.model.eval()
    regions: dict[str, Tensor] = {}
    samples = logits = torch.empty(0)
    try:
        with torch.no_grad(), _hooks(watched) as seen:
            step, start = 1, 0
            while start < len(inputs):
                found = logits_of(watched.model(inputs[start : start + step].to(device)))
                feature = seen[watched.head].flatten(1)
                pooled = {layer: pool(seen[layer], grid) for layer in watched.layers}
                if start == 0:
                    _check(len(inputs), pooled)
                    regions = {layer: torch.empty(len(inputs), *p.shape[1:]) for layer, p in pooled.items()}
                    samples = torch.empty(len(inputs), feature.shape[1])
                    logits = torch.empty(len(inputs), found.shape[1])
                rows = slice(start, start + len(found))
                samples[rows], logits[rows] = feature.float().cpu(), found.float().cpu()
                for layer, part in pooled.items():
                    regions[layer][rows] = part.float().cpu()
                start += len(found)
                # The first picture tells how large a batch may be.
                each = sum(seen[layer][0].numel() for layer in watched.layers) * 4
                step = max(1, min(256, BATCH_BYTES // (8 * each)))  # a network's inside takes several times its outputs
    finally:
        watched.model.train(training)
    return Features(regions, samples, logits)


def pool(output: Tensor, grid: int) -> Tensor:
    """A layer's output as regions (b, grid*grid, K): means of larger maps, nearest neighbours of smaller ones.

    Raises:
        InputError: if it is neither a map (b, K, h, w) nor at least one square of tokens (b, t, K).
    """
    if output.ndim == 3:
        side = math.isqrt(output.shape[1])
        if not side or output.shape[1] - side * side > 5:  # a class token and four registers
            raise InputError(f"A layer gives {output.shape[1]} tokens, which are no square of regions.")
        tokens = output[:, output.shape[1] - side * side :]
        output = tokens.transpose(1, 2).reshape(len(tokens), -1, side, side)
    if output.ndim != 4:
        raise InputError(f"A layer gives {output.ndim - 1} dimensions a picture; regions need a map or tokens.")
    # Adaptive means repeat pixels where the map is smaller than the grid, so every region has a value.
    pooled = nn.functional.adaptive_avg_pool2d(output, grid)
    return pooled.flatten(2).transpose(1, 2)


def _check(n: int, pooled: Mapping[str, Tensor]) -> None:
    size = 4 * n * sum(part[0].numel() for part in pooled.values())
    if size > MOST_BYTES:
        raise InputError(f"The features would take {size / 1024**3:.1f} GiB. Take fewer pictures, layers or regions.")


def logits_of(output: object) -> Tensor:
    """The logits (b, C) in what a network returned; InputError if there are none."""
    found = output if isinstance(output, Tensor) else getattr(output, "logits", None)
    if not isinstance(found, Tensor) or found.ndim != 2:
        raise InputError("This network gives no logits of classes; it is no image classifier.")
    return found


@contextmanager
def _hooks(watched: Watched) -> Iterator[dict[str, Tensor]]:
    """While inside, the outputs of the layers and the input of the head, by name; afterwards no hook is left."""
    seen: dict[str, Tensor] = {}
    modules = dict(watched.model.named_modules())
    for name in (*watched.layers, watched.head):
        if name not in modules:
            raise InputError(f"The network has no layer called {quoted(name)}.")

    def keep(name: str, output: object) -> None:
        first = output[0] if isinstance(output, tuple) else output
        if isinstance(first, Tensor):
            seen[name] = first.detach()

    handles = [
        modules[name].register_forward_hook(lambda _module, _inputs, output, name=name: keep(name, output))
        for name in watched.layers
    ]
    handles.append(modules[watched.head].register_forward_pre_hook(lambda _module, inputs: keep(watched.head, inputs)))
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()
