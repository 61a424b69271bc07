"""Trains one model from the command line and ships it: `python -m backends.concepts.train --help`."""

from __future__ import annotations

import argparse
import sys
from datetime import date
from typing import get_args

from backends import runtime
from backends.concepts import checkpoints
from backends.concepts.catalog import MODEL_INFO
from backends.concepts.requests import ModelRequest, Regulariser
from backends.concepts.training import Trained, train
from backends.errors import AtelierError


def command_of(request: ModelRequest) -> str:
    """The command that trains the request's model again."""
    parts = [f"--task {request.task} --model {request.model} --beta {request.beta:g}"]
    parts.append(f"--seed {request.seed}")
    if request.regulariser != "kl":
        parts.append(f"--regulariser {request.regulariser}")
    if request.epochs is not None:
        parts.append(f"--epochs {request.epochs}")
    return f"python -m backends.concepts.train --ship {' '.join(parts)}"


def report(trained: Trained) -> str:
    """The test metrics in a few lines; SIS never stands alone."""
    m = trained.metrics
    return (
        f"{trained.request.task} {trained.request.key}: {trained.seconds:.1f} s, n = {m.n}\n"
        f"  accuracy {m.accuracy:.3f}, bottleneck {m.accuracy_bottleneck:.3f} (prior: {trained.prior})\n"
        f"  SIS {m.sis:.3f}, soft SIS {m.soft_sis:.3f}, NLL {m.nll:.3f}, "
        f"mean |p - 0.5| {m.confidence:.3f}\n"
        f"  concepts {m.concept_accuracy:.3f}" + ("  CONSTANT PREDICTION" if m.constant else "")
    )


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--task", required=True, help="a task's id; data-NAME for your own folder")
    parser.add_argument("--model", required=True, choices=list(MODEL_INFO))
    parser.add_argument("--beta", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--regulariser", choices=get_args(Regulariser), default="kl")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--ship", action="store_true", help="store it among the shipped weights")
    return parser.parse_args(arguments)


def main() -> None:
    """Trains, prints progress and the test metrics, and keeps the model."""
    options = parse()
    runtime.set_threads()
    try:
        request = ModelRequest(
            options.task,
            options.model,
            options.beta,
            options.seed,
            options.regulariser,
            options.epochs,
        )
        work = train(request)
        while True:
            try:
                step = next(work)
            except StopIteration as stop:
                trained: Trained = stop.value
                break
            print(f"\r{step.message}, {step.eta_s:.0f} s left   ", end="", file=sys.stderr)
        print(file=sys.stderr)
        if options.ship:
            checkpoints.ship(trained, command_of(request), date.today().isoformat())
        else:
            checkpoints.remember(trained)
        print(report(trained))
    except AtelierError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
