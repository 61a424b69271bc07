"""How a run does on scenes that it never sees: loss, what a judge reads, and a picture to look at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import mean

import numpy as np
import torch
from PIL import Image

from backends.text_image.colours import colours_of
from backends.text_image.judges import read_lines
from backends.text_image.networks import noise_schedule
from backends.text_image.pipeline import Canvases, TextGenPipeline
from backends.text_image.renderer.material import Picture, load_material
from backends.text_image.renderer.scene import Scene, SceneMaker
from backends.text_image.requests import Options
from backends.text_image.scores import exact, ned
from backends.text_image.training.batches import collate
from backends.text_image.training.loss import Objective
from backends.text_image.training.run import Run

_SCENES = 24
_WIDTH = 128
_FIRST_SEED = 5 * 10**6  # far from the benchmark's, so that no choice made here is made on what it scores


class Monitor:
    """Measures a run with the moving averages of its weights, on held-out fonts, words and photographs."""

    def __init__(self, material: Path) -> None:
        """`material`: what `python -m backends.text_image.materials` fetched."""
        maker = SceneMaker(load_material(material, "test"), scripts={"latin": 1, "hans": 1})
        self._scenes = [maker.scene(_FIRST_SEED + i, _WIDTH, words_only=True) for i in range(_SCENES)]
        self._batch = collate(self._scenes)

    @torch.inference_mode()
    def measure(self, run: Run, preview: Path) -> dict[str, float]:
        """Held-out losses of both stages, and accuracy and NED of edits the paper's way; writes their picture."""
        with _averaged(run):
            objective = Objective(run.networks, run.device, seed=0)
            losses = {f"held-out {stage}": objective.loss(self._batch, stage).item() for stage in ("global", "detail")}
            nets = run.networks
            pipeline = TextGenPipeline(nets.unet, nets.global_control, nets.detail_control, noise_schedule())
            batch = self._batch
            colours = colours_of([scene.old for scene in self._scenes], [scene.position for scene in self._scenes])
            canvases = Canvases(batch.old, batch.old, batch.signals, batch.position, draft=batch.draft, colours=colours)
            edited = pipeline(canvases, Options()).images
        pictures = list(((edited + 1) * 127.5).round().to(torch.uint8).permute(0, 2, 3, 1).numpy())
        Image.fromarray(_contact_sheet(self._scenes, pictures)).save(preview)
        crops = [scene.region(picture) for scene, picture in zip(self._scenes, pictures, strict=True)]
        vertical = [scene.vertical for scene in self._scenes]
        readings = read_lines(crops, [scene.script for scene in self._scenes], vertical=vertical)
        pairs = [(r.text, scene.text, scene.script) for r, scene in zip(readings, self._scenes, strict=True)]
        return losses | {"accuracy": mean(exact(*pair) for pair in pairs), "ned": mean(ned(*pair) for pair in pairs)}


@contextmanager
def _averaged(run: Run) -> Iterator[None]:
    """Inside, the networks hold the moving averages of their weights."""
    for name, net in run.networks.named().items():
        run.averages[name].store(net.parameters())
        run.averages[name].copy_to(net.parameters())
    try:
        yield
    finally:
        for name, net in run.networks.named().items():
            run.averages[name].restore(net.parameters())


def _contact_sheet(scenes: list[Scene], pictures: list[Picture]) -> Picture:
    """Before, edited and wanted, side by side; two scenes a row."""
    rows = [np.concatenate([s.old, p, s.image], axis=1) for s, p in zip(scenes, pictures, strict=True)]
    half = len(rows) // 2
    return np.concatenate([np.concatenate(rows[:half]), np.concatenate(rows[half : 2 * half])], axis=1)
