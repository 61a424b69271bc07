"""Two builds in one frame: the second turned so that the same pictures lie over their places in the first."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from backends.errors import InputError
from backends.visual_patterns import alignment, picture_sheet, points
from backends.visual_patterns.results import Results


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """Two builds after training, over the n pictures that both watch.

    Attributes:
        labels: (n,).
        first, second: whole pictures (n, d') of each, the second's turned to lie over the first's.
        residual: what remains apart (see `alignment.procrustes`).
        shares: for each of the two, the share of knowledge points that is reliable, by layer; NaN where there is none.
    """

    labels: Tensor
    first: Tensor
    second: Tensor
    residual: float
    shares: tuple[list[float], list[float]]


def pair(first: Results, second: Results) -> Pair:
    """Lays `second` over `first` by an orthogonal map at the last checkpoints.

    Raises:
        InputError: if the two watch other pictures, or have other numbers of dimensions.
    """
    count = picture_sheet.shared(first.pictures, second.pictures)
    if not count:
        raise InputError(
            f"{first.index.title} and {second.index.title} watch different pictures, so they have no frame in common."
        )
    if first.index.dimensions != second.index.dimensions:
        raise InputError("One of the two is in 2 dimensions and the other in 3. Build both alike.")
    fixed, moving = _last(first, count), _last(second, count)
    turned = alignment.procrustes(moving, fixed)
    shares = _shares(first, count), _shares(second, count)
    return Pair(first.array("labels")[:count], fixed, moving @ turned.rotation, turned.residual, shares)


def _last(results: Results, count: int) -> Tensor:
    return results.array("g", len(results.index.steps) - 1)[:count]


def _shares(results: Results, count: int) -> list[float]:
    last = len(results.index.steps) - 1
    frames = (results.frame(last, layer) for layer in range(len(results.index.layers)))
    return [points.count(frame.verdict.states()[:count]).share for frame in frames]
