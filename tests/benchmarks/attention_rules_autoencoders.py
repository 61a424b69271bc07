"""The three kinds of autoencoder on one head's z: what each explains of held-out z, at how many active features.

It reads the z that an extraction left in the cache folder; principal components are the baseline.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean, stdev

import numpy as np
import torch

from backends.attention_rules import collect
from backends.attention_rules.extract import BATCH, parse_head
from backends.attention_rules.sae_training import SaeFigures, SaeRequest, measure_sae, train_sae
from backends.progress import finish
from backends.settings import settings
from tests.benchmarks.figure import Figure

HEADS = ("L01H1", "L10H1", "L17H5")
SEEDS = (1, 2)
STEPS = 800

_TOPK = SaeRequest("topk", steps=STEPS, batch=BATCH)
L1 = (2.0, 4.0, 8.0, 16.0)
"""Penalties of ReLU: how many features are active is not set, so that it takes several to find the same number."""

REQUESTS = (_TOPK, replace(_TOPK, kind="batchtopk"), *(replace(_TOPK, kind="relu", l1=l1) for l1 in L1))


@dataclass(frozen=True, slots=True)
class Rows:
    """z (N, D) of a head to train on, and of other sequences to measure on."""

    training: np.ndarray
    held_out: torch.Tensor


def run() -> Iterator[Figure]:
    """Explained variance, active and dead features of each kind, a head at a time."""
    folder = _extraction()
    for head in HEADS:
        rows = _rows(folder, head)
        for request in REQUESTS:
            found = [_figures(rows, replace(request, seed=seed)) for seed in SEEDS]
            kind = request.kind if request.kind != "relu" else f"relu_{request.l1:g}"
            yield from _told(f"attention_rules.autoencoder.{head}.{kind}", found)
        for count, share in found[0].pca.items():
            yield Figure(f"attention_rules.autoencoder.{head}.pca_{count}", share, "")


def _extraction() -> Path:
    folders = sorted((settings().cache_dir / "attention-rules").glob("smollm2-*/blocks"))
    if not folders:
        sys.exit("There is no extraction in the cache folder: run python -m backends.attention_rules.extract first.")
    return folders[0].parent


def _rows(folder: Path, name: str) -> Rows:
    head, count = parse_head(name), collect.block_count(folder)
    held_out = collect.sample_of(folder, head, count, held_out=True)
    return Rows(collect.training_rows(folder, head, count), held_out.z[:, 1:].flatten(0, 1))


def _figures(rows: Rows, request: SaeRequest) -> SaeFigures:
    return measure_sae(finish(train_sae(rows.training, request)), rows.held_out)


def _told(name: str, found: list[SaeFigures]) -> Iterator[Figure]:
    explained = [one.explained for one in found]
    yield Figure(f"{name}.explained", mean(explained), "")
    yield Figure(f"{name}.explained.sd", stdev(explained), "")
    yield Figure(f"{name}.active", mean(one.l0 for one in found), "features a token")
    yield Figure(f"{name}.dead", mean(one.dead for one in found), "")
