"""Trains task x model x beta x seed and writes what each scores: `python -m backends.concepts.sweep`.

Every finished job leaves a file of its own (written whole, or not at all), so a sweep that was
killed goes on where it stopped and loses only the jobs that were running. At the end all files
become one Parquet table, which the page and the benchmarks read.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Literal

import pandas as pd

from backends.concepts import checkpoints
from backends.concepts.catalog import BETA_GRID, MODEL_INFO
from backends.concepts.interventions import concepts_off, intervention_curve
from backends.concepts.requests import CurveRequest, ModelRequest
from backends.concepts.results import SWEEP_FILE
from backends.concepts.tasks import SHIPPED, find_task
from backends.concepts.tasks.synthetic import SyntheticTask
from backends.concepts.train import command_of
from backends.concepts.training import Trained, train
from backends.jobs import Failure, run_jobs
from backends.progress import finish
from backends.settings import settings

SHIPPED_BETAS = (0.0, 0.1)
DROPOUTS = (0.2, 0.5, 0.8)
TV_BETAS = (0.1, 1.0)
BASELINE_TASKS = ("scenes-hidden-shape", "majority-h2")  # where concepts are not sufficient
SEEDS = (1, 2, 3)
SHIPPED_SEED = 1

Engine = Literal["local", "dask"]


def grid(tasks: Sequence[str], seeds: Sequence[int] = SEEDS) -> list[ModelRequest]:
    """All jobs: every model at every beta that it can have; on two tasks also dropout and TV.

    Seeds are the outermost loop, so that an early stop leaves a complete picture of fewer seeds.
    """
    jobs = []
    for seed in seeds:
        for task in tasks:
            quick = isinstance(find_task(task), SyntheticTask)
            betas = BETA_GRID if quick else BETA_GRID[:-1]  # elsewhere the front ends at beta 1
            for model, info in MODEL_INFO.items():
                grid_of = betas if info.takes_beta else (0.0,)
                jobs += [ModelRequest(task, model, beta, seed) for beta in grid_of]
            if task in BASELINE_TASKS:
                jobs += [ModelRequest(task, "crm", p, seed, "dropout") for p in DROPOUTS]
                jobs += [ModelRequest(task, "crm", beta, seed, "tv") for beta in TV_BETAS]
    return jobs


def row_of(trained: Trained) -> dict[str, object]:
    """One row of the table: the request, its test metrics and its intervention curve."""
    loaded = checkpoints.Loaded(trained.request, trained.model, trained.prior)
    curve = intervention_curve(loaded, CurveRequest())
    request = asdict(trained.request)
    del request["epochs"]
    return {
        **request,
        "prior": trained.prior,
        **asdict(trained.metrics),
        "accuracy_concepts_off": concepts_off(loaded),
        "curve_n": curve.n,
        "curve_default": curve.default,
        "curve_default_sd": curve.default_sd,
        "curve_bottleneck": curve.bottleneck,
        "curve_bottleneck_sd": curve.bottleneck_sd,
        "seconds": trained.seconds,
    }


def part_file(folder: Path, request: ModelRequest) -> Path:
    """Where a finished job leaves its row."""
    return folder / request.task / f"{request.key}.json"


def run_job(job: tuple[ModelRequest, str, bool]) -> str:
    """Trains one model and writes its row; ships it if asked to. Runs in a worker process."""
    request, folder, ship = job
    trained = finish(train(request))
    offered = request.seed == SHIPPED_SEED and request.regulariser == "kl" and request.beta in SHIPPED_BETAS
    if ship and offered:
        checkpoints.ship(trained, command_of(request), date.today().isoformat())
    path = part_file(Path(folder), request)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_text(json.dumps(row_of(trained)), encoding="utf-8")
    temporary.replace(path)
    return request.key


def collect(jobs: Sequence[ModelRequest], folder: Path, out: Path) -> int:
    """Writes the rows of all finished jobs as one Parquet table; returns how many there are."""
    parts = [part_file(folder, job) for job in jobs]
    rows = [json.loads(p.read_text(encoding="utf-8")) for p in parts if p.exists()]
    if rows:
        out.parent.mkdir(parents=True, exist_ok=True)
        temporary = out.with_suffix(".tmp")
        pd.DataFrame(rows).to_parquet(temporary, index=False, compression="zstd")
        temporary.replace(out)
    return len(rows)


def run_sweep(jobs: Sequence[ModelRequest], folder: Path, *, engine: Engine, workers: int, ship: bool) -> list[Failure]:
    """Runs the jobs that are not finished, printing progress with the time left; the failures."""
    open_jobs = [job for job in jobs if not part_file(folder, job).exists()]
    print(f"{len(jobs) - len(open_jobs)} of {len(jobs)} jobs are done, {len(open_jobs)} to go.")
    failures = []
    started = time.monotonic()
    results = run_jobs(run_job, [(job, str(folder), ship) for job in open_jobs], engine=engine, workers=workers)
    for done, (job, result) in enumerate(results, 1):
        left = (time.monotonic() - started) / done * (len(open_jobs) - done)
        note = f"FAILED {result.error}" if isinstance(result, Failure) else "done"
        print(f"{done}/{len(open_jobs)} {job[0].task} {job[0].key} {note}, {left:.0f} s left", flush=True)
        if isinstance(result, Failure):
            failures.append(result)
    return failures


def main() -> None:
    """Runs the sweep and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", nargs="+", default=[task.id for task in SHIPPED])
    parser.add_argument("--seeds", nargs="+", type=int, default=list(SEEDS))
    parser.add_argument("--engine", choices=("local", "dask"), default="local")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--parts", type=Path, default=settings().cache_dir / "sweep")
    parser.add_argument("--out", type=Path, default=SWEEP_FILE)
    parser.add_argument("--ship", action="store_true", help="also store the models the page offers")
    options = parser.parse_args()
    for task in options.tasks:
        find_task(task)
    jobs = grid(options.tasks, options.seeds)
    failures = run_sweep(jobs, options.parts, engine=options.engine, workers=options.workers, ship=options.ship)
    rows = collect(jobs, options.parts, options.out)
    print(f"{rows} rows in {options.out.name}, {len(failures)} failures.")
    if failures:
        sys.exit(failures[0].traceback)


if __name__ == "__main__":
    main()
