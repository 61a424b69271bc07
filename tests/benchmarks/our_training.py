"""Trains our models once and prints their times as one JSON line; `speed` runs it in a process of its own.

Usage: `python -m tests.benchmarks.our_training TASK SEED`
"""

import json
import sys
import time
from dataclasses import replace

from backends import runtime
from backends.concepts.requests import ModelRequest
from backends.concepts.training import train
from backends.progress import finish

MODELS = {"cbm": "cbm-joint", "cem": "cem"}


def timed(model: str, task: str, seed: int) -> dict[str, str | float]:
    """One training from building the model to its test score, after one epoch that loads what is loaded once."""
    request = ModelRequest(task, MODELS[model], seed=seed)
    finish(train(replace(request, epochs=1)))
    started = time.perf_counter()
    trained = finish(train(request))
    seconds = time.perf_counter() - started
    return {"model": model, "way": "ours", "seconds": seconds, "accuracy": trained.metrics.accuracy}


def main() -> None:
    """Print one line: a list with the time and test accuracy of each model."""
    runtime.set_threads()
    task, seed = sys.argv[1], int(sys.argv[2])
    print(json.dumps([timed(model, task, seed) for model in MODELS]))


if __name__ == "__main__":
    main()
