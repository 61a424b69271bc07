"""Single regions in the same radial space as whole pictures: h = Lambda f, one linear map for all regions of a layer.

Lambda minimises L_similarity + weight * L_align:

* L_similarity = KL[P(x2|x1) || Q(x2|x1)] with Q ~ prod_r Q_r^w_r, Q_r ~ exp(kappa(|h1[r]|) cos(h1[r], h2[r'])), regions
  matched as `importance` found them and kappa(l) = s l;
* L_align = -sum_r w_r cos(h[r], g), g the picture's place as a whole.

L_similarity does not notice when all h are rotated together; only L_align fixes the frame. With a random start and the
published weight of 0.1 it sometimes fails to. Hence the start here is a ridge regression of g on the w-weighted mean of
the regions' features, and the weight is 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity

from backends import runtime
from backends.errors import InputError
from backends.visual_patterns.importance import Importance

ALIGN_WEIGHT = 1.0
RIDGE = 1e-2
STEPS = 100
BATCH = 16
LEARNING_RATE = 0.02


@dataclass(frozen=True, slots=True)
class Regions:
    """A layer's regions in the radial space.

    Attributes:
        projection: Lambda (d', K), for features divided by `scale`.
        scale: the mean norm of all regions' features.
        h: (n, R, d').
        similarity: mean KL[P || Q] over pictures, in nats.
        alignment: mean over pictures of sum_r w_r cos(h[r], g), -1 to 1.
    """

    projection: Tensor
    scale: float
    h: Tensor
    similarity: float
    alignment: float


def ridge_start(features: Tensor, w: Tensor, g: Tensor) -> Tensor:
    """Lambda (d', K) that best maps each picture's w-weighted mean feature to g, under a ridge penalty."""
    mean = torch.einsum("nr,nrk->nk", w, features)
    square = mean.T @ mean
    penalty = RIDGE * square.diagonal().mean().clamp_min(1e-12) * torch.eye(len(square))
    found: Tensor = torch.linalg.solve(square + penalty, mean.T @ g)
    return found.T.contiguous()


def losses(h: Tensor, g: Tensor, found: Importance, rows: Tensor, concentration: float) -> tuple[Tensor, Tensor]:
    """L_similarity and minus L_align of the pictures `rows` (b,), one number each: (b,), (b,).

    `h` (n, R, d') holds all pictures, because partners may be any.
    """
    n, regions, width = h.shape
    direction = h / h.square().sum(2, keepdim=True).add(1e-12).sqrt()
    places = found.partners[rows][..., None] * regions + found.match[rows].long()  # (b, m, R)
    # On a CPU the gradient of `index_select` is several times as fast as that of indexing.
    matched = direction.reshape(n * regions, width).index_select(0, places.flatten()).reshape(*places.shape, width)
    scores = concentration * (h[rows][:, None] * matched).sum(3)
    log_each = torch.log_softmax(scores, 1)
    log_q = torch.log_softmax((log_each * found.regions[rows][:, None]).sum(2), 1)
    target = found.log_target[rows]
    similarity = (target.exp() * (target - log_q)).sum(1)
    cosines = cosine_similarity(h[rows], g[rows][:, None], dim=2, eps=1e-6)
    return similarity, (found.regions[rows] * cosines).sum(1)


@runtime.small_model()
def fit(
    features: Tensor,
    found: Importance,
    g: Tensor,
    *,
    concentration: float = 4.0,
    align_weight: float = ALIGN_WEIGHT,
    steps: int = STEPS,
    seed: int = 0,
) -> Regions:
    """Finds Lambda for regions' features (n, R, K) and pictures at g (n, d').

    Raises:
        InputError: for tables that do not fit each other, numbers that are not finite, or features that are all 0.
    """
    if features.shape[:2] != found.regions.shape or len(g) != len(features):
        raise InputError("Features, weights and places must be of the same pictures and regions.")
    if not (features.isfinite().all() and g.isfinite().all()):
        raise InputError("Some features are not finite. Train with a smaller learning rate.")
    scale = float(features.norm(dim=2).mean())
    if not scale > 0:
        raise InputError("All features are 0: this layer tells nothing apart.")
    f = features / scale
    projection = ridge_start(f, found.regions, g).requires_grad_()
    optimizer = torch.optim.Adam([projection], lr=LEARNING_RATE)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        rows = torch.randperm(len(f), generator=generator)[:BATCH]
        similarity, alignment = losses(f @ projection.T, g, found, rows, concentration)
        loss = similarity.mean() - align_weight * alignment.mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        h = f @ projection.T
        parts = [losses(h, g, found, rows, concentration) for rows in torch.arange(len(f)).split(BATCH)]
    similarity, alignment = (torch.cat(part).mean() for part in zip(*parts, strict=True))
    return Regions(projection.detach(), scale, h, float(similarity), float(alignment))


def random_regions(features: Tensor, dimensions: int, draws: int, seed: int) -> list[Tensor]:
    """The control: regions (n, R, d') under `draws` maps Lambda with independent normal numbers."""
    generator = torch.Generator().manual_seed(seed)
    scale = features.norm(dim=2).mean().clamp_min(1e-12)
    maps = torch.randn(draws, dimensions, features.shape[2], generator=generator)
    return [features / scale @ one.T for one in maps]
