"""Extracts the rules of chosen heads and writes their index: `python -m backends.attention_rules.extract TEXT`.

1. Text becomes sequences; blocks of them are run through the model on all cores (`collect`).
2. Every head and seed is a job of its own (`head_job`): train, find, test, write a part.
3. All parts become one index of Parquet files (`tables`).

Every block and every part is a file that is written whole, so a run that was killed goes on where it stopped.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np

from backends.attention_rules import collect, shelf, shipped, tables
from backends.attention_rules.catalog import MODELS, load_model
from backends.attention_rules.head_job import HeadJob, run_head
from backends.attention_rules.models import Head
from backends.attention_rules.sae_training import SaeRequest
from backends.attention_rules.text import CORPORA, LENGTH, SAMPLES, load_corpus, sequences
from backends.attention_rules.vocabulary import BpeVocabulary
from backends.errors import AtelierError, InputError, quoted
from backends.jobs import Failure, run_jobs
from backends.settings import settings

HEADS = ("L01H1", "L05H6", "L10H1", "L18H6", "L02H4", "L14H3", "L00H4", "L08H0", "L01H2", "L11H1", "L17H5", "L00H3")
BATCH = 2048

Engine = Literal["local", "dask"]
Job = TypeVar("Job")


def parse_head(name: str) -> Head:
    """Layer and head of a name such as L05H6; InputError if it is none."""
    found = re.fullmatch(r"L(\d{1,3})H(\d{1,3})", name)
    if found is None:
        raise InputError(f"{quoted(name)} names no head; write L05H6 for layer 5, head 6.")
    return int(found[1]), int(found[2])


def prepare(model: str, text: Path, heads: Sequence[Head], tokens: int, work: Path, names: Sequence[str]) -> Path:
    """Writes the sequences to a folder below `work` whose name tells model, heads and text; returns it."""
    loaded = load_model(model)
    for head in heads:
        loaded.check_head(*head)
    if not isinstance(loaded.vocabulary, BpeVocabulary):
        raise InputError(f"The model {model} reads no text.")
    key = hashlib.sha256(repr((model, sorted(heads), tokens, LENGTH, tuple(names))).encode()).hexdigest()[:12]
    folder = work / f"{model}-{key}"
    folder.mkdir(parents=True, exist_ok=True)
    file = collect.sequence_file(folder)
    if not file.is_file():
        found = sequences(load_corpus(text, names), loaded.vocabulary)[: -(-tokens // (LENGTH - 1))]
        whole = len(found) // collect.BLOCK
        if whole < 2:
            raise InputError(f"{tokens:,} tokens are too few: at least {2 * collect.BLOCK * LENGTH:,} are needed.")
        temporary = file.with_suffix(".tmp")
        with temporary.open("wb") as opened:
            np.save(opened, found.numpy().astype(np.int32), allow_pickle=False)
        temporary.replace(file)
    if (text / "tags.json").is_file():
        shutil.copyfile(text / "tags.json", folder / "tags.json")
    return folder


def _run(
    function: Callable[[Job], Any], jobs: Sequence[Job], done: int, noun: str, engine: Engine, workers: int
) -> list[Failure]:
    """Runs the jobs that are left, printing how far it is and how long it takes; the failures."""
    print(f"{done} of {done + len(jobs)} {noun} are done, {len(jobs)} to go.", flush=True)
    failures, started = [], time.monotonic()
    for count, (_, result) in enumerate(run_jobs(function, jobs, engine=engine, workers=workers), 1):
        left = (time.monotonic() - started) / count * (len(jobs) - count)
        note = f"FAILED {result.error}" if isinstance(result, Failure) else str(result)
        print(f"{count}/{len(jobs)} {noun}: {note}, {left:.0f} s left", flush=True)
        if isinstance(result, Failure):
            failures.append(result)
    return failures


def extract(
    model: str,
    heads: Sequence[Head],
    folder: Path,
    out: Path,
    requests: Sequence[SaeRequest],
    *,
    engine: Engine = "local",
    workers: int = 1,
) -> list[Failure]:
    """Runs what is left of both stages for the sequences in `folder` and combines all finished parts into `out`.

    Heads are not started before all blocks are there. Returns the failures; what else is finished is in the index.
    """
    blocks = collect.blocks(model, heads, folder)
    left = [job for job in blocks if not job.file.is_file()]
    failures = _run(collect.collect_block, left, len(blocks) - len(left), "blocks", engine, workers)
    if failures:
        return failures
    jobs = [HeadJob(model, head, request, len(blocks), str(folder)) for request in requests for head in heads]
    open_jobs = [job for job in jobs if not job.part.is_dir()]
    failures = _run(run_head, open_jobs, len(jobs) - len(open_jobs), "heads", engine, workers)
    done = [job for job in jobs if job.part.is_dir()]
    size = sum(tables.combine([job.part for job in done], out).values())
    for job in done:
        size += shipped.ship_sae(job.weights, out)
    shipped.write_manifest(out, model, len(blocks) * collect.BLOCK * (LENGTH - 1), asdict(requests[0]))
    print(f"index: {size / 1e6:.1f} MB in {out.name}")
    return failures


def main() -> None:
    """Extracts; exits with 1 if a job failed."""
    parser = argparse.ArgumentParser(prog="python -m backends.attention_rules.extract", description=__doc__)
    parser.add_argument("text", type=Path, help="folder that backends.attention_rules.text has filled")
    parser.add_argument("--model", choices=MODELS, default="smollm2")
    parser.add_argument("--heads", nargs="+", default=list(HEADS))
    parser.add_argument("--corpora", nargs="+", choices=(*CORPORA, SAMPLES), default=list(CORPORA))
    parser.add_argument("--tokens", type=int, default=1_100_000)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--kind", choices=("topk", "relu", "batchtopk"), default="topk")
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--work", type=Path, default=settings().cache_dir / "attention-rules")
    parser.add_argument("--out", type=Path, default=shelf.INDEX)
    parser.add_argument("--engine", choices=("local", "dask"), default="local")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    try:
        heads = [parse_head(name) for name in options.heads]
        folder = prepare(options.model, options.text, heads, options.tokens, options.work, options.corpora)
        requests = [SaeRequest(options.kind, steps=options.steps, batch=BATCH, seed=seed) for seed in options.seeds]
        failures = extract(
            options.model, heads, folder, options.out, requests, engine=options.engine, workers=options.workers
        )
    except AtelierError as error:
        sys.exit(str(error))
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
