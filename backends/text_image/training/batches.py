"""Endless batches of rendered pairs, made by worker processes."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from backends.text_image.draft import shown_draft
from backends.text_image.renderer.material import Picture, load_material
from backends.text_image.renderer.scene import Scene, SceneMaker
from backends.text_image.signals import signal_images

# Narrow canvases cost less and hold short words: most of the training is on them.
_WIDTHS = {96: 0.3, 128: 0.35, 192: 0.2, 256: 0.15}


@dataclass(frozen=True, slots=True)
class Batch:
    """Pictures in [-1, 1], masks and signals in [0, 1], all float32.

    `image`, `old`, `clean`, `draft`: (n, 3, h, w). `signals`: (n, 4, h, w). `position`: (n, 1, h, w).
    """

    image: Tensor
    old: Tensor
    clean: Tensor
    signals: Tensor
    position: Tensor
    draft: Tensor
    captions: list[str]


def collate(scenes: list[Scene]) -> Batch:
    """A batch of scenes of one width."""

    def tensor(pictures: Iterable[Picture]) -> Tensor:
        stacked = np.stack(list(pictures)).transpose(0, 3, 1, 2)
        return torch.from_numpy(np.ascontiguousarray(stacked)).float() / 127.5 - 1

    signals = np.stack([signal_images(scene.glyph, scene.image) for scene in scenes])
    position = np.stack([scene.position for scene in scenes])[:, None]
    return Batch(
        tensor(scene.image for scene in scenes),
        tensor(scene.old for scene in scenes),
        tensor(scene.clean for scene in scenes),
        torch.from_numpy(signals).float() / 255,
        torch.from_numpy(position).float() / 255,
        tensor(shown_draft(scene.old, scene.glyph, scene.position) for scene in scenes),
        [scene.caption for scene in scenes],
    )


class _Batches(IterableDataset[Batch]):
    def __init__(self, folder: Path, pixels: int, seed: int) -> None:
        self._folder, self._pixels, self._seed = folder, pixels, seed

    def __iter__(self) -> Iterator[Batch]:
        worker = get_worker_info()
        if worker:
            cv2.setNumThreads(1)
            torch.set_num_threads(1)
        lane = self._seed * 64 + (worker.id if worker else 0)
        rng = random.Random(lane)
        maker = SceneMaker(load_material(self._folder, "train"))
        while True:
            width = rng.choices(list(_WIDTHS), list(_WIDTHS.values()))[0]
            size = max(1, self._pixels // width)
            yield collate([maker.scene(rng.getrandbits(40), width) for _ in range(size)])


def batches(folder: Path, *, pixels: int, seed: int, workers: int) -> Iterator[Batch]:
    """Batches for ever, each twice in a row; a batch holds `pixels` columns of canvas: 2048 are 16 of 64 x 128.

    Twice, because rendering is a third of the work on a CPU, and the stages take turns: what comes again is seen by
    the other stage's network, or at another noise. A run that goes on takes another `seed`, so that it sees other
    scenes. Without `workers` they are rendered here.
    """
    # Spawned: a fork of a process in which OpenCV or OpenMP has threads may wait for ever for one of them.
    loader = DataLoader(
        _Batches(folder, pixels, seed),
        batch_size=None,
        num_workers=workers,
        prefetch_factor=4 if workers else None,
        multiprocessing_context="spawn" if workers else None,
    )
    for batch in loader:
        yield from (batch, batch)
