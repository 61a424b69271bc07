"""A small build with planted places: written as a real one is, but known by heart."""

from pathlib import Path

import pandas as pd
import torch

from backends.visual_patterns import points, results
from backends.visual_patterns.results import Index

STEPS, LAYERS, IMAGES, GRID, CLASSES = 3, 2, 6, 2, 3
LABELS = torch.tensor([0, 1, 2, 0, 1, 2])


def plant(folder: Path, *, masks: bool = True, classes: tuple[str, ...] = ("ant", "bee", "cow"), seed: int = 0) -> Path:
    """Writes the build into `folder` and returns it.

    Directions are the axes. At the last step and layer every region of a picture speaks for its own class but the
    first, which speaks for the next class; at the first step all places are random.
    """
    generator = torch.Generator().manual_seed(seed)
    mu = torch.eye(3).expand(STEPS, CLASSES, 3).clone()
    h = 0.1 * torch.randn(STEPS, LAYERS, IMAGES, GRID**2, 3, generator=generator)
    h[-1, -1] += mu[-1][LABELS][:, None]
    h[-1, -1, :, 0] = mu[-1][(LABELS + 1) % CLASSES]
    h = torch.stack([torch.stack([points.unit_strength(one) for one in row]) for row in h])
    logits = torch.zeros(STEPS, IMAGES, CLASSES)
    logits[-1, torch.arange(IMAGES), LABELS] = 4.0
    arrays = {
        "pictures": torch.randint(0, 256, (IMAGES, 32, 32, 3), generator=generator, dtype=torch.uint8),
        "labels": LABELS,
        "logits": logits,
        "g": mu[:, LABELS] * 2,
        "directions": mu,
        "layer_g": torch.randn(STEPS, LAYERS, IMAGES, 3, generator=generator),
        "h": h,
        "w": torch.full((STEPS, LAYERS, IMAGES, GRID**2), 0.25),
        "projection/ours": mu[-1][LABELS] * 2,
        "projection/pca": torch.randn(IMAGES, 3, generator=generator),
    }
    if masks:
        arrays["cells"] = torch.tensor([0.0, 1.0, 0.5, 0.5]).expand(IMAGES, 4).clone()
    nan = float("nan")
    figures = {"kl": 0.1, "agreement": 0.9, "correlation": -0.9, "residual": 0.2, "total": 1.0, "reliable": 0.5}
    figures |= {"share": 0.5, "foreground": 0.6 if masks else nan, "base": 0.5 if masks else nan, "control": nan}
    figures |= {"importance_kl": 0.1, "similarity_kl": 0.2, "alignment": 0.7, "layer_kl": 0.2}
    figures |= {"layer_agreement": 0.8, "layer_correlation": -0.8, "layer_residual": 0.3}
    frames = pd.DataFrame([{"step": s, "layer": k, **figures} for s in range(STEPS) for k in range(LAYERS)])
    kept = {"correlation": -0.9, "agreement": 0.9, "kl": 0.1, "trustworthiness": 0.9, "scale": 1.0}
    projections = pd.DataFrame([{"method": m, "temperature": t, **kept} for m in ("ours", "pca") for t in (1.0, 4.0)])
    events = pd.DataFrame(
        [{"kind": "flip", "step": 2, "layer": 1, "image": 0, "region": 1, "before": 1, "after": 0, "size": 1.5}]
    )
    layers = ("stages.0", "stages.1")
    index = Index(
        "visual_patterns/digits/vgg-s1", "Planted", classes, layers, (0, 10, 100), GRID, 1.0, 4.0, 3, {"test": 0.9}
    )
    results.write(folder, index, arrays, frames, projections, events)
    return folder
