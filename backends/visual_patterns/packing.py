"""Packs a build for a browser: all frames in one JSON object of about a megabyte, so that sliding asks no server.

`python -m backends.visual_patterns.packing [NAME ...]` packs builds that are there; a build packs itself.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import io
import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from backends.errors import AtelierError
from backends.visual_patterns import picture_sheet, points, shelf
from backends.visual_patterns.results import Results

CLOUD = 1800
"""Regions that are drawn of all pictures; with the regions of one picture and the pictures, some 2,000 points."""

THRESHOLDS = 101
_INT16 = 32767


def pack(results: Results, seed: int = 0) -> dict[str, Any]:
    """What a browser needs of a build.

    Returns:
        `key`, `title`, `classes`, `layers`, `steps`, `grid`, `concentration`, `temperature`, `dimensions`, `tau`,
        `accuracy` and `labels`, as of the build; `accuracies`, of the watched pictures by step; `sheet`, their
        thumbnails as a data URI of `columns` columns of `side` px; `directions` (S, C, d') in units of 1 / 32767,
        `pictures` (S, L, n, d') in units of `picture_reach` / 32767, and `cloud` (S, L, m, d') of `reach` / 32767, each
        as base64 of int16; the cloud's regions named by `cloud_image` and `cloud_region`, drawn at random, every
        picture equally often; `total` and `reliable` (S, L, 101), the number of knowledge points at tau = 0, 0.01, ...,
        1 in all regions of all pictures; `figures`, a row for each (step, layer); `example`, the picture to begin with.
    """
    about = results.index
    labels, pixels = results.array("labels"), results.pictures
    n, count = len(labels), about.grid**2
    chosen = cloud(n, count, CLOUD, seed)
    layer_g, directions = results.array("layer_g"), results.array("directions")
    total, reliable, picked = _frames(results, labels, directions, chosen)
    reach = max(float(picked.abs().max()), 1e-6)
    picture_reach = max(float(layer_g.abs().max()), 1e-6)
    right = (results.array("logits").argmax(2) == labels).float().mean(1)
    thumbnails, columns, side = sheet(pixels)
    return {
        "key": about.key,
        "title": about.title,
        "classes": list(about.classes),
        "layers": list(about.layers),
        "steps": list(about.steps),
        "grid": about.grid,
        "concentration": about.concentration,
        "temperature": about.temperature,
        "dimensions": about.dimensions,
        "tau": points.TAU,
        "accuracy": dict(about.accuracy),
        "accuracies": [round(float(value), 4) for value in right],
        "labels": labels.tolist(),
        "sheet": thumbnails,
        "columns": columns,
        "side": side,
        "directions": _int16(directions, 1.0),
        "pictures": _int16(layer_g, picture_reach),
        "picture_reach": picture_reach,
        "cloud": _int16(picked, reach),
        "reach": reach,
        "cloud_image": (chosen // count).tolist(),
        "cloud_region": (chosen % count).tolist(),
        "total": total,
        "reliable": reliable,
        "figures": _figures(results),
        "example": example(results),
    }


def cloud(images: int, regions: int, most: int, seed: int) -> Tensor:
    """Which regions are drawn, as image * regions + region, ascending: equally many of every picture, at random."""
    each = min(regions, max(1, most // images))
    generator = torch.Generator().manual_seed(seed)
    rows = [torch.randperm(regions, generator=generator)[:each].sort().values + i * regions for i in range(images)]
    return torch.cat(rows)


def example(results: Results) -> int:
    """The picture with most reliable regions after training, among those that the network names rightly."""
    last = len(results.index.steps) - 1
    frame = results.frame(last, len(results.index.layers) - 1)
    reliable = (frame.verdict.states() == points.RELIABLE).sum(1)
    right = results.array("logits", last).argmax(1) == frame.labels
    return int((reliable * right).argmax())


def sheet(pixels: NDArray[np.uint8], side: int = 48) -> tuple[str, int, int]:
    """Pictures (n, w, w, 3) as one sheet of thumbnails: its data URI, how many columns it has, and their side in px."""
    side = min(side, pixels.shape[1])
    columns = picture_sheet.columns_of(len(pixels))
    small = [Image.fromarray(one).resize((side, side), Image.Resampling.LANCZOS) for one in pixels]
    whole = Image.fromarray(picture_sheet.lay(np.stack([np.asarray(one) for one in small]), columns))
    buffer = io.BytesIO()
    whole.save(buffer, "WEBP", quality=82, method=6)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode(), columns, side


def write(folder: Path) -> Path:
    """Packs the build in `folder` and returns the file; errors are those of `Results`."""
    path = folder / shelf.PAGE_FILE
    text = json.dumps({"name": folder.name, **pack(Results(folder))}, separators=(",", ":"), ensure_ascii=False)
    path.write_bytes(gzip.compress(text.encode(), mtime=0))
    return path


def _frames(
    results: Results, labels: Tensor, directions: Tensor, chosen: Tensor
) -> tuple[list[list[list[int]]], list[list[list[int]]], Tensor]:
    """The numbers of all and of reliable points by step, layer and threshold; and the places of the chosen regions."""
    steps, layers = len(results.index.steps), len(results.index.layers)
    taus = torch.linspace(0, 1, THRESHOLDS)
    total: list[list[list[int]]] = []
    reliable: list[list[list[int]]] = []
    places = torch.empty(steps, layers, len(chosen), directions.shape[2])
    for step in range(steps):
        total.append([])
        reliable.append([])
        for layer in range(layers):
            h = results.array("h", step, layer)
            found = points.judge(h, directions[step], labels, results.index.concentration)
            total[-1].append(_above(found.probability.flatten(), taus))
            reliable[-1].append(_above(found.probability[found.right], taus))
            places[step, layer] = h.flatten(0, 1)[chosen]
    return total, reliable, places


def _above(values: Tensor, taus: Tensor) -> list[int]:
    """How many of `values` lie above each threshold."""
    ordered = values.sort().values
    return [int(n) for n in len(ordered) - torch.searchsorted(ordered, taus, right=True)]


def _figures(results: Results) -> list[list[dict[str, float | None]]]:
    """The rows of `frames.parquet` by step and layer; null where something is not defined."""
    rows = results.figures
    names = list(rows.columns)

    def row(step: int, layer: int) -> dict[str, float | None]:
        values = rows.loc[[(step, layer)]].to_dict("records")[0]
        return {name: round(float(values[name]), 5) if math.isfinite(values[name]) else None for name in names}

    return [[row(s, k) for k in range(len(results.index.layers))] for s in range(len(results.index.steps))]


def _int16(values: Tensor, reach: float) -> str:
    return shelf.encoded((values / reach * _INT16).round().to(torch.int16).numpy().astype("<i2"))


def main(arguments: Sequence[str] | None = None) -> None:
    """Packs the builds that are named, or all."""
    parser = argparse.ArgumentParser(prog="python -m backends.visual_patterns.packing", description=__doc__)
    parser.add_argument("name", nargs="*", help="of a build; all if none is given")
    try:
        for name in parser.parse_args(arguments).name or shelf.names():
            path = write(shelf.folder_of(name))
            print(f"{name}: {path.stat().st_size:,} bytes")
    except AtelierError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
