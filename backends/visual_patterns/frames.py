"""The jobs of a build: one (layer, checkpoint) of regions, or one projection; each leaves a file, written whole.

Jobs find what they need in a folder of parts: `features-STEP.safetensors` (of one checkpoint) and `samples.safetensors`
(whole pictures at all checkpoints, in one frame). A part that is there is not made again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from backends.visual_patterns import alignment, importance, points, projections, regions, samples
from backends.visual_patterns.samples import Settings

CONTROLS = 5
TEMPERATURES = (1.0, 4.0)
LAYER_STEPS = 600
"""Steps for whole pictures by a layer's mean feature; there are many layers, and they are only looked at beside g."""


@dataclass(frozen=True, slots=True)
class FrameJob:
    """Regions of one layer at one checkpoint; `step` and `layer` are positions, `name` the layer's module."""

    folder: str
    step: int
    layer: int
    name: str
    settings: Settings
    seed: int

    @property
    def part(self) -> Path:
        """Where it leaves its file."""
        return Path(self.folder) / f"frame-{self.step:02d}-{self.layer:02d}.safetensors"


@dataclass(frozen=True, slots=True)
class ProjectionJob:
    """One of the other projections, at the last of `steps` checkpoints; `aligned-umap` at all of them."""

    folder: str
    method: str
    steps: int
    settings: Settings
    seed: int

    @property
    def part(self) -> Path:
        """Where it leaves its file."""
        return Path(self.folder) / f"projection-{self.method}.safetensors"


Job = FrameJob | ProjectionJob


def features_file(folder: Path, step: int) -> Path:
    """The features of the checkpoint at position `step`."""
    return folder / f"features-{step:02d}.safetensors"


def save(path: Path, tensors: Mapping[str, Tensor], figures: object = None) -> None:
    """Writes a part whole or not at all; `figures` go into its header as JSON."""
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    whole = {name: t.detach().contiguous() for name, t in tensors.items()}
    safetensors.torch.save_file(whole, temporary, metadata={"figures": json.dumps(figures)})
    temporary.replace(path)


def load(path: Path) -> tuple[dict[str, Tensor], Any]:
    """A part's tensors and figures."""
    with safetensors.safe_open(path, "pt") as file:
        names = list(file.keys())
        return {name: file.get_tensor(name) for name in names}, json.loads((file.metadata() or {})["figures"])


def run(job: Job) -> str:
    """Does a job and returns the name of its part; runs in a worker process."""
    if not job.part.exists():
        tensors, figures = _frame(job) if isinstance(job, FrameJob) else _projection(job)
        save(job.part, tensors, figures)
    return job.part.name


def _frame(job: FrameJob) -> tuple[dict[str, Tensor], dict[str, float]]:
    features, _ = load(features_file(Path(job.folder), job.step))
    whole, _ = load(Path(job.folder) / "samples.safetensors")
    f, logits, labels = features[job.name], features["logits"], whole["labels"]
    g, directions = whole["g"][job.step], whole["directions"][job.step]
    s = job.settings.concentration
    found = importance.weigh(f, samples.log_target(logits, job.settings.temperature), seed=job.seed)
    layer = regions.fit(f, found, g, concentration=s, seed=job.seed)
    cells = whole.get("cells")
    own = points.count(points.judge(layer.h, directions, labels, s).states(), cells)
    control = _control(f, job, directions, labels)
    own_settings = replace(job.settings, steps=min(job.settings.steps, LAYER_STEPS))
    fitted = samples.fit(f.mean(1), logits, own_settings)
    turned, residual = alignment.onto(fitted, g)
    figures = {
        **asdict(own),
        "control": control,
        "importance_kl": float(found.kl.mean()),
        "similarity_kl": layer.similarity,
        "alignment": layer.alignment,
        "layer_kl": turned.kl,
        "layer_agreement": turned.agreement,
        "layer_correlation": turned.correlation,
        "layer_residual": residual,
    }
    h = points.unit_strength(layer.h)
    tensors = {"h": h, "w": found.regions, "layer_g": turned.g}
    strength = float(layer.h.norm(dim=-1).mean()) or 1.0
    tensors["region_map"] = layer.projection / (layer.scale * strength)
    tensors["layer_map"], tensors["layer_offset"] = samples.affine(turned)
    return tensors, figures


def _control(f: Tensor, job: FrameJob, directions: Tensor, labels: Tensor) -> float:
    """The mean share of reliable knowledge points under maps drawn at random; NaN where none has any."""
    s = job.settings.concentration
    drawn = regions.random_regions(f, job.settings.dimensions, CONTROLS, job.seed)
    shares = [points.count(points.judge(h, directions, labels, s).states()).share for h in drawn]
    return float(torch.tensor(shares).nanmean())


def _projection(job: ProjectionJob) -> tuple[dict[str, Tensor], list[dict[str, float]]]:
    folder = Path(job.folder)
    last, _ = load(features_file(folder, job.steps - 1))
    features, logits = last["samples"], last["logits"]
    if job.method == "aligned-umap":
        steps = [load(features_file(folder, step))[0]["samples"] for step in range(job.steps)]
        placed = projections.aligned_umap(steps, dimensions=job.settings.dimensions, seed=job.seed)
        z, stored = placed[-1], torch.stack(placed)
    else:
        z = project(job, features, logits)
        stored = z
    rows = []
    for temperature in TEMPERATURES:
        if job.method == "ours":  # each T has an M of its own
            z = project(job, features, logits, temperature)
        kept = projections.fidelity(
            features,
            z,
            logits,
            temperature=temperature,
            concentration=job.settings.concentration,
            scaled=job.method != "ours",
        )
        rows.append({"temperature": temperature, **asdict(kept)})
    return {"z": stored}, rows


def project(job: ProjectionJob, features: Tensor, logits: Tensor, temperature: float | None = None) -> Tensor:
    """The job's projection of the last checkpoint; for `ours` at T = `temperature`, or the settings' own."""
    s = job.settings
    if job.method == "ours":
        own = Settings(temperature or s.temperature, s.concentration, s.dimensions, s.steps, s.seed)
        return samples.fit(features, logits, own).g
    return projections.project(job.method, features, logits, dimensions=s.dimensions, seed=job.seed)
