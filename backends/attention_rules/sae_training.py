"""Trains a head's autoencoder on a stream of its z, and says how good it is beside principal components."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import torch
from torch import Tensor

from backends import runtime
from backends.attention_rules.names import PCA
from backends.attention_rules.sae import HeadSae
from backends.errors import InputError, quoted
from backends.progress import Progress

Kind = Literal["topk", "relu", "batchtopk"]
Rows = Tensor | np.ndarray[Any, Any]
"""z of one head (N, D): a tensor, or an array mapped from disk, of which only batches are read."""


@dataclass(frozen=True, slots=True)
class SaeRequest:
    """How to train.

    Attributes:
        kind: `topk`: the k largest of a position; `batchtopk`: k a position on average, told apart by a threshold that
            training measures; `relu`: any that are positive, with a penalty `l1` on their sum.
        features: how many.
        k: of `topk` and `batchtopk`.
        l1: weight of the penalty of `relu`, for z scaled to unit variance a number.
        steps, batch: of training; a step reads one batch.
        seed: of the initial weights and the order.

    Raises InputError for values that cannot be used.
    """

    kind: Kind = "topk"
    features: int = 512
    k: int = 8
    l1: float = 2.0
    steps: int = 1000
    batch: int = 4096
    seed: int = 0

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise InputError(f"There is no autoencoder {quoted(self.kind)}; choose from {', '.join(get_args(Kind))}.")
        if not 1 <= self.k <= self.features:
            raise InputError(f"k must be from 1 to the number of features, {self.features}; got {self.k}.")
        if min(self.steps, self.batch) < 1 or not self.l1 >= 0:
            raise InputError("steps and batch must be at least 1, and l1 not negative.")


@dataclass(frozen=True, slots=True)
class SaeFigures:
    """What an autoencoder achieves on rows that it was not trained on.

    Attributes:
        explained: share of the variance of z that it explains.
        l0: features active at a position, on average.
        dead: share of features that are never active.
        pca: share of the variance that the first 1, 2, 4, 8 and 16 principal components explain, by their number.
    """

    explained: float
    l0: float
    dead: float
    pca: dict[int, float]


def _batch(rows: Rows, at: np.ndarray[Any, Any]) -> Tensor:
    found = rows[at] if isinstance(rows, Tensor) else torch.from_numpy(np.asarray(rows[np.sort(at)]))
    return found.float()


def train_sae(rows: Rows, request: SaeRequest) -> Generator[Progress, None, HeadSae]:
    """Trains on z (N, D); yields progress every hundredth of the way.

    The same request and rows give the same weights on the same device and number of threads.

    Raises:
        InputError: if there are fewer than two rows.
    """
    if len(rows) < 2:
        raise InputError(f"An autoencoder needs at least 2 rows to train on, got {len(rows)}.")
    rng = np.random.default_rng(request.seed)
    sample = _batch(rows, rng.integers(len(rows), size=min(len(rows), 16_384)))
    centre = sample.mean(0)
    scale = float((sample - centre).square().mean().sqrt()) or 1.0  # of one number
    sae, parameters = _fresh(sample.shape[1], request)
    optimizer = torch.optim.Adam(parameters, lr=1e-3, betas=(0.9, 0.999), fused=True)
    lowest = 0.0  # running mean of the smallest activation that BatchTopK lets pass
    started = time.monotonic()
    for step in range(request.steps):
        z = (_batch(rows, rng.integers(len(rows), size=min(request.batch, len(rows)))) - centre) / scale
        lowest = _step(z, sae, parameters, optimizer, request, lowest, step)
        done = (step + 1) / request.steps
        if (step + 1) % max(request.steps // 100, 1) == 0:
            yield Progress(done, f"step {step + 1} of {request.steps}", (time.monotonic() - started) * (1 / done - 1))
    encoder, bias, decoder, shift = (part.detach() for part in parameters)
    threshold = torch.full((request.features,), lowest * scale) if request.kind == "batchtopk" else None
    # Back to the units of z: pre-activations and decoded z are then those of the unscaled rows.
    k = request.k if request.kind == "topk" else 0
    return HeadSae(encoder, bias * scale, decoder, centre + shift * scale, k, threshold)


def _fresh(inputs: int, request: SaeRequest) -> tuple[HeadSae, list[Tensor]]:
    generator = torch.Generator().manual_seed(request.seed)
    decoder = torch.nn.functional.normalize(torch.randn(request.features, inputs, generator=generator), dim=1)
    parts = [decoder.T.clone(), torch.zeros(request.features), decoder, torch.zeros(inputs)]
    encoder, bias, decoder, centre = (part.requires_grad_() for part in parts)
    k = request.k if request.kind == "topk" else 0
    return HeadSae(encoder, bias, decoder, centre, k), parts


@runtime.small_model()
def _step(
    z: Tensor,
    sae: HeadSae,
    parameters: list[Tensor],
    optimizer: torch.optim.Optimizer,
    request: SaeRequest,
    lowest: float,
    step: int,
) -> float:
    """One step of Adam; the running threshold of BatchTopK."""
    active = sae.encode(z)
    if request.kind == "batchtopk":
        cut = active.detach().flatten().kthvalue(max(active.numel() - request.k * len(z), 1)).values
        active = active * (active > cut)
        lowest = float(cut) if step == 0 else 0.99 * lowest + 0.01 * float(cut)
    loss = (sae.decode(active) - z).square().sum(1).mean()
    if request.kind == "relu":
        # Warmed up over the first tenth, else most features die before they mean anything.
        loss = loss + request.l1 * min(1.0, 10 * (step + 1) / request.steps) * active.sum(1).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    with torch.no_grad():
        decoder = parameters[2]
        decoder.div_(decoder.norm(dim=1, keepdim=True).clamp_min(1e-8))  # else L1 shrinks activations, not their number
    return lowest


@torch.no_grad()
def measure_sae(sae: HeadSae, rows: Rows, chunk: int = 8192) -> SaeFigures:
    """The figures of `sae` on z (N, D), read in chunks."""
    count = len(rows)
    total, squares, products = torch.zeros(sae.encoder.shape[0]), 0.0, torch.zeros(2 * sae.encoder.shape[:1])
    error, active_sum, fired = 0.0, 0.0, torch.zeros(sae.features, dtype=torch.bool)
    for start in range(0, count, chunk):
        z = _batch(rows, np.arange(start, min(start + chunk, count)))
        active = sae.encode(z)
        error += float((sae.decode(active) - z).square().sum())
        active_sum += float((active > 0).sum())
        fired |= (active > 0).any(0)
        total += z.sum(0)
        squares += float(z.square().sum())
        products += z.T @ z
    mean = total / count
    variance = squares - count * float(mean @ mean)
    parts = torch.linalg.eigvalsh(products.double() - count * torch.outer(mean, mean).double()).flip(0).clamp_min(0)
    shares = parts.cumsum(0) / parts.sum().clamp_min(1e-12)
    pca = {k: float(shares[min(k, len(shares)) - 1]) for k in PCA}
    return SaeFigures(1 - error / max(variance, 1e-12), active_sum / count, float((~fired).float().mean()), pca)
