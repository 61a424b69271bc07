"""Two builds in one frame: the second turned so that the same pictures lie over their places in the first."""

from __future__ import annotations

import torch

from backends.errors import InputError
from backends.visual_patterns import alignment
from backends.visual_patterns.alignment import Turn
from backends.visual_patterns.results import Results


def turn(first: Results, second: Results) -> Turn:
    """The orthogonal map that lays `second` over `first` at the last checkpoints, and what remains apart.

    All of the second build's places (g, directions, layer_g, h) turn by `places @ turn.rotation`.

    Raises:
        InputError: if the two watch other pictures, or have other numbers of dimensions.
    """
    pictures = first.array("pictures"), second.array("pictures")
    if pictures[0].shape != pictures[1].shape or not torch.equal(*pictures):
        raise InputError(
            f"{first.index.title} and {second.index.title} watch different pictures, so they have no frame in common."
        )
    if first.index.dimensions != second.index.dimensions:
        raise InputError("One of the two is in 2 dimensions and the other in 3. Build both alike.")
    last = len(second.index.steps) - 1, len(first.index.steps) - 1
    return alignment.procrustes(second.array("g", last[0]), first.array("g", last[1]))
