"""How long our models train beside the same ones in PyC, and how soon an edit on the page is answered.

PyC (pytorch-concepts) lives in an environment of its own, `build/pyc`, made the first time. Both sides train on the
same arrays, for the same number of epochs, in the same batches, by the same optimiser, on one CPU thread, each in a
process that trains one epoch before the clock starts. They take turns, so that both meet the same machine. The clock
runs from building the model to its test score, and both sides compute the validation loss after each epoch.

PyC's time is that of its faster way: its models in a loop written by hand, or by Lightning's trainer. (PyC's bare
layers, put together without its models, are plain torch, and no peer here.)

What differs:

* Our training also scores the validation split after every epoch (accuracy in both modes, SIS) for the page's curves.
* Our CEM has two embeddings of each concept from the network, read by a layer of the concept's own; PyC's has one,
  makes the second from it by a shared layer, and reads the concept from the first by another shared layer.
* Our CEM's head reads concepts as yes or no, PyC's as probabilities.
* Our loss sums over concepts and outputs, PyC's averages over them; AdamW does not mind.
"""

import json
import math
import os
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import mean, median
from tempfile import TemporaryDirectory

import numpy as np
import torch

from backends.concepts.comparison import compare
from backends.concepts.requests import ModelRequest, PredictRequest
from backends.concepts.service import predict
from backends.concepts.tasks import SPLITS, ConceptTask, find_task
from backends.concepts.training import BATCH, LEARNING_RATE
from tests.benchmarks.figure import Figure, median_seconds
from tests.benchmarks.our_training import MODELS

ROOT = Path(__file__).parents[2]
PEER = ROOT / "build" / "pyc"
PINS = (f"torch=={torch.__version__.split('+')[0]}", "pytorch-concepts==1.0.0a7")
WAYS = ("loop", "lightning")  # PyC's
TASKS = {"xor": "", "digits-addition": ".digits"}  # task -> what its figures' names end in
ROUNDS = 5
GOAL = 0.333  # of PyC's time
CALLS = 50
EDITS = {"left digit": "left is 3"}


@dataclass(frozen=True)
class Timing:
    """One training: which model, trained in which way, its seconds and its test accuracy."""

    model: str
    way: str
    seconds: float
    accuracy: float


def run() -> Iterator[Figure]:
    """Answers to edits first, then the trainings."""
    yield from _answers()
    peer = _peer_python()
    for task, ending in TASKS.items():
        timings = _rounds(find_task(task), peer)
        for model in MODELS:
            yield from _figures(timings, model, ending)


def _answers() -> Iterator[Figure]:
    left, right = (ModelRequest("digits-addition", "crm", beta) for beta in (0.0, 0.1))
    one = _milliseconds(lambda sample: predict(PredictRequest(right, sample, EDITS)))
    yield Figure("speed.predict", one, "ms", 50)
    both = _milliseconds(lambda sample: compare(left, right, sample, EDITS, None))
    yield Figure("speed.predict.both", both, "ms", 150)


def _milliseconds(answer: Callable[[int], object]) -> float:
    """The median over test samples, after one that loads the models."""
    samples = count()
    answer(next(samples))
    return 1000 * median_seconds(lambda: answer(next(samples)), CALLS)


def _rounds(task: ConceptTask, peer: Path | None) -> list[Timing]:
    """Every training of both sides, by turns; without PyC, only ours."""
    timings = []
    with TemporaryDirectory() as folder:
        arrays = Path(folder) / "arrays.npz"
        _save(task, arrays)
        for seed in range(ROUNDS):
            timings += _train([sys.executable, "-m", "tests.benchmarks.our_training", task.id, str(seed)])
            if peer:
                script = Path(__file__).with_name("pyc_peer.py")
                timings += _train([str(peer), str(script), str(arrays), str(seed)])
    return timings


def _save(task: ConceptTask, file: Path) -> None:
    splits = {name: task.split(name) for name in SPLITS}
    arrays = {f"{name}_{part}": getattr(split, part) for name, split in splits.items() for part in "xcy"}
    images = 2 if task.encoder == "image_pair" else 1
    arrays |= {"images": images, "width": task.width, "epochs": task.epochs}
    arrays |= {"batch": BATCH, "learning_rate": LEARNING_RATE}
    np.savez(file, **arrays)


def _train(command: Sequence[str]) -> list[Timing]:
    """Runs one side on one CPU thread and reads the last line that it prints.

    Raises:
        RuntimeError: if it fails; the message carries what it said.
    """
    environment = {**os.environ, "ATELIER_DEVICE": "cpu", "ATELIER_THREADS": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[1:])} failed:\n{done.stderr}")
    return [Timing(**timing) for timing in json.loads(done.stdout.splitlines()[-1])]


def _figures(timings: Sequence[Timing], model: str, ending: str) -> Iterator[Figure]:
    name = f"speed.train.{model}{ending}"

    def of(way: str) -> list[Timing]:
        return [timing for timing in timings if (timing.model, timing.way) == (model, way)]

    seconds = {way: median(t.seconds for t in of(way)) if of(way) else math.nan for way in ("ours", *WAYS)}
    faster = min(WAYS, key=seconds.__getitem__)
    yield Figure(name, seconds["ours"] / seconds[faster], "of PyC's time", GOAL)
    yield Figure(f"{name}.ours", seconds["ours"], "s")
    yield Figure(f"{name}.pyc", seconds[faster], "s")
    for way in WAYS:
        yield Figure(f"{name}.pyc.{way}", seconds[way], "s")
    yield Figure(f"{name}.accuracy.ours", _accuracy(of("ours")), "")
    yield Figure(f"{name}.accuracy.pyc", _accuracy(of(faster)), "")


def _accuracy(timings: Sequence[Timing]) -> float:
    return mean(timing.accuracy for timing in timings) if timings else math.nan


def _peer_python() -> Path | None:
    """The interpreter of PyC's environment, made if it is not there; None, said on stderr, if that fails."""
    python = PEER / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    installed = PEER / "installed.txt"  # written last, so that an interrupted installation is not taken for one
    if installed.exists() and installed.read_text() == " ".join(PINS):
        return python
    _say(f"Installing {' and '.join(PINS)} in build/pyc, once; this takes a few minutes.")
    try:
        venv.create(PEER, clear=True, with_pip=True)
        for pin in PINS:  # torch first and alone, so that PyC takes the build that was chosen
            subprocess.run([python, "-m", "pip", "install", "--quiet", pin], check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        _say(f"PyC could not be installed, so there is nothing to compare with: {_reason(error)}")
        return None
    installed.write_text(" ".join(PINS))
    return python


def _reason(error: OSError | subprocess.CalledProcessError) -> str:
    said = error.stderr if isinstance(error, subprocess.CalledProcessError) else None
    return str(said or error).strip()


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)
