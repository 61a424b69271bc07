"""From a trained network to all that the page shows of it: `python -m backends.visual_patterns.build --help`.

1. The network's checkpoints come from the shipped weights, or are trained now.
2. The features of the same pictures are taken at every checkpoint.
3. Whole pictures are placed at every checkpoint, in one frame.
4. Every (layer, checkpoint) of regions, and every projection to compare with, is a job of its own.
5. All is put together, with the events, into `assets/precomputed/visual_patterns/`.

Every step leaves files in the cache folder, under a name made of everything they depend on, so that a build that was
stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Generator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

import pandas as pd
import torch
from torch import Tensor

from backends import runtime
from backends.cache import content_key
from backends.errors import AtelierError, InputError
from backends.jobs import Failure, run_jobs, with_eta
from backends.progress import Progress
from backends.settings import settings as operators
from backends.store import manifest
from backends.visual_patterns import (
    alignment,
    events,
    features,
    frames,
    packing,
    points,
    projections,
    results,
    samples,
    train,
)
from backends.visual_patterns.data import DATA_SETS, balanced, find, to_input
from backends.visual_patterns.frames import FrameJob, Job, ProjectionJob
from backends.visual_patterns.networks import ARCHITECTURES, STAGES
from backends.visual_patterns.results import Index
from backends.visual_patterns.samples import Samples, Settings
from backends.visual_patterns.subjects import States, Subject, arrays_of, ours
from backends.visual_patterns.train import Request

VERSION = 2
"""Raise it when a stage changes, so that parts made before are not taken for new."""

Engine = Literal["local", "dask"]


@dataclass(frozen=True, slots=True)
class View:
    """How a subject is looked at: T, s, d' and so on, the seed of partners and projections, and what to compare with.

    `compare` holds names of `projections.METHODS` and `aligned-umap`; InputError for others.
    """

    settings: Settings = field(default_factory=Settings)
    seed: int = 0
    compare: tuple[str, ...] = (*projections.METHODS, "aligned-umap")

    def __post_init__(self) -> None:
        unknown = set(self.compare) - set(projections.METHODS) - {"aligned-umap"}
        if unknown:
            raise InputError(f"There is no projection called {', '.join(sorted(unknown))}.")


@dataclass(frozen=True, slots=True)
class Plan:
    """What to build.

    Attributes:
        request: the network.
        images: how many test pictures are watched, every class equally often.
        split: `test`, or `unseen` for scenes of held-out sprites.
        settings: T, s, d' and so on.
        seed: of the choice of pictures and partners, and of projections.
        compare: the projections to compare with; names of `projections.METHODS` and `aligned-umap`.

    Raises:
        InputError: for fewer than 20 or more than 2,000 pictures, or an unknown projection.
    """

    request: Request
    images: int = 300
    split: str = "test"
    settings: Settings = field(default_factory=Settings)
    seed: int = 0
    compare: tuple[str, ...] = (*projections.METHODS, "aligned-umap")

    def __post_init__(self) -> None:
        if not 20 <= self.images <= 2000:
            raise InputError(f"A build watches 20 to 2,000 pictures, not {self.images}.")
        _ = self.view  # refuses an unknown projection

    @property
    def view(self) -> View:
        """How its network is looked at."""
        return View(self.settings, self.seed, self.compare)

    @property
    def name(self) -> str:
        """The name of the folder of results."""
        plain = self.request.key.removeprefix("visual_patterns/").replace("/", "-")
        return plain if self.split == "test" else f"{plain}-{self.split}"


def build(
    plan: Plan,
    *,
    out: Path = results.FOLDER,
    engine: Engine = "local",
    workers: int = 1,
    states: Mapping[int, Mapping[str, Tensor]] | None = None,
    accuracy: Mapping[str, float] | None = None,
) -> Generator[Progress, None, Path]:
    """Builds what the page shows of one network; returns the folder of results.

    Args:
        plan: what to build.
        out: where folders of results go.
        engine, workers: as for `jobs.run_jobs`.
        states, accuracy: the network by step, where it was trained just now; else the shipped one is taken, and where
            there is none it is trained.

    Raises:
        AtelierError: if a job failed, with its message; what was finished is kept for the next time.
    """
    if states is None:
        states, accuracy = yield from _states(plan.request)
    return (yield from build_subject(subject_of(plan, states, accuracy or {}), plan.view, out, engine, workers))


def subject_of(plan: Plan, states: States, accuracy: Mapping[str, float]) -> Subject:
    """The plan's network at its `states`, and the pictures of the plan."""
    data, request = find(plan.request.data), plan.request
    title = f"{data.title}, {request.network}, seed {request.seed}" + (
        ", unseen sprites" if plan.split == "unseen" else ""
    )
    return Subject(
        plan.name,
        request.key,
        title,
        data.classes,
        STAGES,
        ours(request, states),
        balanced(data.split(plan.split), plan.images, plan.seed),
        accuracy,
        arrays_of(states),
    )


def build_subject(
    subject: Subject, view: View, out: Path = results.FOLDER, engine: Engine = "local", workers: int = 1
) -> Generator[Progress, None, Path]:
    """Builds what the page shows of `subject` into a folder of its name in `out`; as `build` in all else."""
    folder = _parts(subject, view)
    steps = sorted(subject.networks)
    yield from _extract(subject, folder)
    yield from _place(steps, view.settings, folder)
    jobs = jobs_of(view, subject.layers, len(steps), folder)
    waiting = [job for job in jobs if not job.part.exists()]
    finished = yield from with_eta(
        run_jobs(frames.run, waiting, engine=engine, workers=workers), len(waiting) or 1, "frames and projections"
    )
    failures = [outcome for _, outcome in finished if isinstance(outcome, Failure)]
    if failures:
        raise AtelierError(f"{len(failures)} of {len(waiting)} jobs failed, the first with {failures[0].error}")
    target = out / subject.name
    _collect(subject, view, steps, folder, target)
    packing.write(target)
    yield Progress(1.0, f"{subject.name} is built")
    return target


def _parts(subject: Subject, view: View) -> Path:
    """The folder of parts, named after all that they depend on; other projections share all else."""
    depends = {
        "version": VERSION,
        "settings": asdict(view.settings),
        "seed": view.seed,
        "weights": dict(subject.weights),
        "pictures": subject.split.pictures,
        "labels": subject.split.labels,
    }
    folder = operators().cache_dir / "visual_patterns" / content_key(depends)[:24]
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def jobs_of(view: View, layers: tuple[str, ...], steps: int, folder: Path) -> list[Job]:
    """All jobs of a build with so many checkpoints: the last checkpoint first, as the page opens with it."""
    own = [
        FrameJob(str(folder), step, layer, name, view.settings, view.seed)
        for step in reversed(range(steps))
        for layer, name in enumerate(layers)
    ]
    return [*own, *(ProjectionJob(str(folder), one, steps, view.settings, view.seed) for one in _methods(view, steps))]


def _methods(view: View, steps: int) -> tuple[str, ...]:
    """Ours and those to compare with; checkpoints can be aligned where there are several."""
    return ("ours", *(one for one in view.compare if steps > 1 or one != "aligned-umap"))


def _states(
    request: Request,
) -> Generator[Progress, None, tuple[Mapping[int, Mapping[str, Tensor]], Mapping[str, float]]]:
    if request.key in manifest():
        figures = manifest()[request.key].figures
        accuracy = {k.removeprefix("accuracy_"): float(v) for k, v in figures.items() if k.startswith("accuracy_")}
        states = train.shipped(request.key)
        if len(states) > 1:  # else only the last checkpoint ships, and the others are made again
            return states, accuracy
    trained = yield from train.train(request)
    return {checkpoint.step: checkpoint.state for checkpoint in trained.checkpoints}, trained.accuracy


def _extract(subject: Subject, folder: Path) -> Generator[Progress, None, None]:
    inputs = to_input(subject.split.pictures)
    for position, step in enumerate(sorted(subject.networks)):
        yield Progress(position / len(subject.networks), f"features at step {step}")
        path = frames.features_file(folder, position)
        if not path.exists():
            found = features.extract(subject.networks[step](), inputs)
            frames.save(path, {**found.regions, "samples": found.samples, "logits": found.logits})
    fixed = {"pictures": torch.from_numpy(subject.split.pictures), "labels": torch.from_numpy(subject.split.labels)}
    if subject.split.masks is not None:
        fixed["cells"] = points.foreground_cells(subject.split.masks, features.GRID)
    frames.save(folder / "pictures.safetensors", fixed)


def _place(steps: list[int], settings: Settings, folder: Path) -> Generator[Progress, None, None]:
    """Whole pictures at all checkpoints in one frame, unless that is done."""
    path = folder / "samples.safetensors"
    if path.exists():
        return
    parts = (frames.load(frames.features_file(folder, i))[0] for i in range(len(steps)))
    found: list[Samples] = []
    figures: list[dict[str, float]] = []
    for placed, residual in alignment.series(((p["samples"], p["logits"]) for p in parts), settings):
        yield Progress(len(found) / len(steps), f"whole pictures at step {steps[len(found)]}")
        found.append(placed)
        figures.append(
            {"kl": placed.kl, "agreement": placed.agreement, "correlation": placed.correlation, "residual": residual}
        )
    fixed = frames.load(folder / "pictures.safetensors")[0]
    fixed.pop("pictures")
    g, directions = torch.stack([p.g for p in found]), torch.stack([p.directions for p in found])
    maps, offsets = zip(*(samples.affine(p) for p in found), strict=True)
    whole = {"g": g, "directions": directions, "map": torch.stack(maps), "offset": torch.stack(offsets)}
    frames.save(path, {**whole, **fixed}, figures)


def _collect(subject: Subject, view: View, steps: list[int], folder: Path, target: Path) -> None:
    """Puts the parts together and writes the results."""
    layers, settings = subject.layers, view.settings
    whole, of_steps = frames.load(folder / "samples.safetensors")
    grid = [
        [FrameJob(str(folder), i, k, name, settings, view.seed) for k, name in enumerate(layers)]
        for i in range(len(steps))
    ]
    parts = [[frames.load(job.part) for job in row] for row in grid]
    arrays = {
        name: torch.stack([torch.stack([tensors[name] for tensors, _ in row]) for row in parts])
        for name in ("h", "w", "layer_g", "layer_offset")
    }
    for k in range(len(layers)):  # layers differ in channels
        for name in ("region_map", "layer_map"):
            arrays[f"{name}/{k}"] = torch.stack([row[k][0][name] for row in parts])
    arrays |= whole | frames.load(folder / "pictures.safetensors")[0]
    arrays["logits"] = torch.stack(
        [frames.load(frames.features_file(folder, i))[0]["logits"] for i in range(len(steps))]
    )
    rows = [
        {"step": i, "layer": k, **of_steps[i], **figures}
        for i, row in enumerate(parts)
        for k, (_, figures) in enumerate(row)
    ]
    compared = []
    for method in _methods(view, len(steps)):
        tensors, kept = frames.load(folder / f"projection-{method}.safetensors")
        arrays[f"projection/{method}"] = tensors["z"]
        compared += [{"method": method, **row} for row in kept]
    index = Index(
        subject.key,
        subject.title,
        subject.classes,
        layers,
        tuple(steps),
        features.GRID,
        settings.temperature,
        settings.concentration,
        settings.dimensions,
        dict(subject.accuracy),
    )
    results.write(target, index, arrays, pd.DataFrame(rows), pd.DataFrame(compared), _events(arrays, settings))


def _events(arrays: Mapping[str, Tensor], settings: Settings) -> pd.DataFrame:
    """The events of all frames, by the verdicts at the usual threshold."""
    verdicts = [
        [points.judge(h, mu, arrays["labels"], settings.concentration) for h in of_step]
        for of_step, mu in zip(arrays["h"], arrays["directions"], strict=True)
    ]
    states = torch.stack([torch.stack([v.states() for v in row]) for row in verdicts])
    category = torch.stack([torch.stack([v.category for v in row]) for row in verdicts])
    return events.find(states.numpy(), category.numpy(), arrays["h"].numpy())


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m backends.visual_patterns.build", description=__doc__)
    parser.add_argument("--data", choices=DATA_SETS, default="emoji")
    parser.add_argument("--network", choices=ARCHITECTURES, default="resnet")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--images", type=int, default=300)
    parser.add_argument("--split", default="test")
    parser.add_argument("--temperature", type=float, default=Settings().temperature)
    parser.add_argument("--out", type=Path, default=results.FOLDER)
    parser.add_argument("--engine", choices=("local", "dask"), default="local")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    return parser.parse_args(arguments)


def main() -> None:
    """Builds from the command line, printing progress with the time left."""
    options = parse()
    runtime.set_threads()
    try:
        request = Request(options.data, options.network, options.seed, options.epochs)
        plan = Plan(request, options.images, options.split, Settings(temperature=options.temperature))
        work = build(plan, out=options.out, engine=options.engine, workers=options.workers)
        for step in work:
            left = "" if step.eta_s is None else f", {step.eta_s:.0f} s left"
            print(f"\r{step.message}{left}   ", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
    except AtelierError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
