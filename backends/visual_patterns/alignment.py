"""One frame for all checkpoints and layers: each starts from the ones before and is turned to lie over them.

1. M of a checkpoint starts from the mean M of the last three.
2. The new g is laid over the same pictures' places at the checkpoint before, by an orthogonal map (Procrustes): first
   over all points; then, of what is already turned, over unit vectors without the tenth that fits worst. (The published
   code lays it over what the start makes of the new features; early in training, when features change altogether, that
   is no place where anything has been seen.)
3. What remains apart in direction is reported. Strengths differ because the network has changed, and count for nothing.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity, normalize

from backends.errors import InputError
from backends.visual_patterns import samples
from backends.visual_patterns.samples import Samples, Settings

TRIM = 0.1
MEMORY = 3


@dataclass(frozen=True, slots=True)
class Turn:
    """An orthogonal map, and how well points lie over their targets after it.

    Attributes:
        rotation: (d', d'); points turn by `points @ rotation`.
        residual: 1 - cos between turned points and targets, 0 to 2, the mean over the points that were kept.
        kept: (n,) bool, the points that the second step used.
    """

    rotation: Tensor
    residual: float
    kept: Tensor


def procrustes(source: Tensor, target: Tensor, *, trim: float = TRIM, reflect: bool = True) -> Turn:
    """The orthogonal map that lays `source` (n, d') over `target` (n, d').

    `trim` is the share of points left out as the worst in the second step; without `reflect` it is a rotation proper.

    Raises:
        InputError: for shapes that differ, fewer points than dimensions, or a trim outside 0 to 0.5.
    """
    if source.shape != target.shape or len(source) < source.shape[-1]:
        raise InputError("Only as many points as targets can be aligned, and at least one a dimension.")
    if not 0 <= trim <= 0.5:
        raise InputError(f"The share to leave out must be from 0 to 0.5, got {trim}.")
    first = _orthogonal(source.T @ target, reflect)
    turned = source @ first
    cosines = cosine_similarity(turned, target, dim=1)
    kept = torch.zeros(len(source), dtype=torch.bool)
    kept[cosines.argsort(descending=True)[: len(source) - int(trim * len(source))]] = True
    # Already turned by `first`, so a reflection that was needed has been made.
    second = _orthogonal(normalize(turned[kept], dim=1).T @ normalize(target[kept], dim=1), reflect)
    rotation = first @ second
    apart = 1 - cosine_similarity(source @ rotation, target, dim=1)[kept]
    return Turn(rotation, float(apart.mean()), kept)


def _orthogonal(product: Tensor, reflect: bool) -> Tensor:
    u, _, vh = torch.linalg.svd(product)
    if not reflect and torch.linalg.det(u @ vh) < 0:
        u = torch.cat([u[:, :-1], -u[:, -1:]], 1)
    found: Tensor = u @ vh
    return found


def turned(found: Samples, turn: Turn) -> Samples:
    """Pictures, class directions and M after a turn; all figures stay, because posteriors do not notice it."""
    return replace(
        found,
        projection=turn.rotation.T @ found.projection,
        g=found.g @ turn.rotation,
        directions=found.directions @ turn.rotation,
    )


def onto(found: Samples, target: Tensor) -> tuple[Samples, float]:
    """`found` turned to lie over places `target` (n, d') of the same pictures, and the residual."""
    turn = procrustes(found.g, target)
    return turned(found, turn), turn.residual


def series(
    checkpoints: Iterable[tuple[Tensor, Tensor]], settings: Settings
) -> Generator[tuple[Samples, float], None, None]:
    """The sample stage of checkpoint after checkpoint, (features, logits) each, in one frame, with the residuals.

    The first has the residual 0. Pictures and channels must be the same at all checkpoints.
    """
    last: list[Samples] = []
    for features, logits in checkpoints:
        if not last:
            found, residual = samples.fit(features, logits, settings), 0.0
        else:
            start = torch.stack([one.projection for one in last]).mean(0)
            found, residual = onto(samples.fit(features, logits, settings, start=start), last[-1].g)
        last = [*last[1 - MEMORY :], found]
        yield found, residual
