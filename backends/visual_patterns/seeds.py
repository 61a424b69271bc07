"""How the figures of a network vary with its seed: `python -m backends.visual_patterns.seeds --help`.

The same network is trained from several seeds and each is built alike. What they have in common and where they differ
goes into one small file a family, `assets/precomputed/visual_patterns/seeds/emoji-resnet.json`, from which the page
draws its bands. Networks that were built are kept in the cache folder, so that a run which was stopped goes on.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from backends import runtime
from backends.errors import AtelierError, InputError
from backends.progress import Progress
from backends.settings import settings
from backends.visual_patterns import build, shelf, train
from backends.visual_patterns.build import Plan
from backends.visual_patterns.data import DATA_SETS
from backends.visual_patterns.networks import ARCHITECTURES
from backends.visual_patterns.results import Results
from backends.visual_patterns.train import Request


def built(plan: Plan, workers: int = 1) -> Generator[Progress, None, Path]:
    """Trains a network and builds it, unless that was done with this plan before; returns the folder of the build.

    Nothing that ships is read. AtelierError where a part of the build failed.
    """
    out = settings().cache_dir / "visual_patterns" / "seeds" / f"v{build.VERSION}-{plan.images}"
    target = out / plan.name
    if not (target / shelf.PAGE_FILE).is_file():
        trained = yield from train.train(plan.request)
        states = {checkpoint.step: checkpoint.state for checkpoint in trained.checkpoints}
        yield from build.build(plan, out=out, workers=workers, states=states, accuracy=trained.accuracy)
    return target


def summarise(folders: Sequence[Path], seeds: Sequence[int]) -> dict[str, Any]:
    """What the builds in `folders` say together; they are of one network, trained from `seeds`.

    Returns:
        `seeds`; `images`, how many pictures each build watches; `steps` and `layers`; `regions` of a picture; `total`
        and `reliable`, the number of knowledge points by seed, step, layer and threshold (101), as base64 of uint16;
        `figures`, by seed the rows of the last checkpoint by layer; `projections`, by seed; `accuracy`, by seed.

    Raises:
        InputError: for fewer than two builds, or builds that differ in steps, layers, regions or pictures.
    """
    if len(folders) < 2:
        raise InputError("A band needs two seeds at least.")
    found = [Results(folder) for folder in folders]
    pages = [shelf.read_page(folder) for folder in folders]
    shapes = {(tuple(p["steps"]), tuple(p["layers"]), p["grid"], len(p["labels"])) for p in pages}
    if len(shapes) > 1:
        raise InputError("The builds differ in their steps, layers, regions or number of pictures.")
    first = pages[0]
    return {
        "seeds": list(seeds),
        "images": len(first["labels"]),
        "steps": first["steps"],
        "layers": first["layers"],
        "regions": first["grid"] ** 2,
        "total": shelf.encoded(np.array([p["total"] for p in pages], "<u2")),
        "reliable": shelf.encoded(np.array([p["reliable"] for p in pages], "<u2")),
        "figures": [p["figures"][-1] for p in pages],
        "projections": [_records(one.projections) for one in found],
        "accuracy": [p["accuracy"] for p in pages],
    }


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table as JSON knows them: null for what is not defined."""
    rows: list[dict[str, Any]] = json.loads(table.to_json(orient="records", double_precision=5))
    return rows


def write(request: Request, seeds: Sequence[int], images: int, workers: int) -> Generator[Progress, None, Path]:
    """Trains and builds the network of `request` from every seed and writes what they say together."""
    folders = []
    for seed in seeds:
        plan = Plan(Request(request.data, request.network, seed), images)
        folders.append((yield from built(plan, workers)))
    return store(f"{request.data}-{request.network}", summarise(folders, seeds))


def store(family: str, found: dict[str, Any]) -> Path:
    """Puts the figures of a family of networks where `shelf.seeds` finds them, and returns the file."""
    path = shelf.seeds_file(family)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found, separators=(",", ":"), allow_nan=False) + "\n", encoding="utf-8")
    return path


def main(arguments: Sequence[str] | None = None) -> None:
    """Writes one family's file from the command line, printing progress."""
    parser = argparse.ArgumentParser(prog="python -m backends.visual_patterns.seeds", description=__doc__)
    parser.add_argument("--data", choices=DATA_SETS, default="emoji")
    parser.add_argument("--network", choices=ARCHITECTURES, default="resnet")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--images", type=int, default=300)
    parser.add_argument("--workers", type=int, default=1)
    chosen = parser.parse_args(arguments)
    runtime.set_threads()
    try:
        for step in write(Request(chosen.data, chosen.network), chosen.seeds, chosen.images, chosen.workers):
            print(f"\r{step.message}   ", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
    except AtelierError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
