"""Builds of an operator's own: `python -m backends.visual_patterns.own KIND --help`.

* `folder PICTURES`: trains one of our networks on your pictures, a subfolder a class.
* `classifier MODEL PICTURES`: an image classifier of transformers (ResNet, ConvNeXt, ViT, ...) over your pictures.
* `student`: a network that learns from the one that ships for a data set instead of from labels.
* `efficientnet`: EfficientNet-Lite0, pretrained on ImageNet, fine-tuned on a data set.

They go into the cache folder, and the page of this machine offers them beside those that ship.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import get_args

from backends import runtime
from backends.errors import AtelierError
from backends.progress import Progress
from backends.visual_patterns import shelf, subjects
from backends.visual_patterns.build import View, build_subject
from backends.visual_patterns.data import DATA_SETS
from backends.visual_patterns.distil import At
from backends.visual_patterns.networks import ARCHITECTURES
from backends.visual_patterns.subjects import Subject


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m backends.visual_patterns.own",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    kinds = parser.add_subparsers(dest="kind", required=True)
    folder = kinds.add_parser("folder", help="train on your pictures")
    folder.add_argument("pictures", type=Path)
    classifier = kinds.add_parser("classifier", help="look at a classifier of transformers")
    classifier.add_argument("model", type=Path, help="folder with config.json and safetensors")
    classifier.add_argument("pictures", type=Path)
    student = kinds.add_parser("student", help="distil the network that ships")
    student.add_argument("--at", choices=get_args(At), default="outputs")
    efficientnet = kinds.add_parser("efficientnet", help="fine-tune EfficientNet-Lite0")
    for one in (student, efficientnet):
        one.add_argument("--data", choices=DATA_SETS, default="emoji")
    for one in (folder, student):
        one.add_argument("--network", choices=ARCHITECTURES, default="resnet")
    for one, epochs in ((folder, 30), (student, 10), (efficientnet, 2)):
        one.add_argument("--epochs", type=int, default=epochs)
        one.add_argument("--seed", type=int, default=1)
    for one in (folder, classifier, student, efficientnet):
        one.add_argument("--images", type=int, default=180, help="pictures that are watched, at most")
        one.add_argument("--out", type=Path, default=None, help="in place of the cache folder")
        one.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    return parser.parse_args(arguments)


def subject(options: argparse.Namespace) -> Generator[Progress, None, Subject]:
    """What the command line asks for, trained where it must be."""
    if options.kind == "classifier":
        yield Progress(0.0, "reading")
        return subjects.of_transformers(options.model, options.pictures, options.images)
    how = {"epochs": options.epochs, "seed": options.seed, "images": options.images}
    if options.kind == "folder":
        return (yield from subjects.on_folder(options.pictures, options.network, **how))
    if options.kind == "student":
        return (yield from subjects.student(options.data, options.network, options.at, **how))
    return (yield from subjects.fine_tuned(options.data, **how))


def build_own(options: argparse.Namespace) -> Generator[Progress, None, Path]:
    """Trains and builds; returns the folder of results."""
    found = yield from subject(options)
    out = options.out or shelf.own_folder()
    return (yield from build_subject(found, View(), out, workers=options.workers))


def main(arguments: Sequence[str] | None = None) -> None:
    """Builds from the command line, printing progress."""
    options = parse(arguments)
    runtime.set_threads()
    try:
        for step in build_own(options):
            left = "" if step.eta_s is None else f", {step.eta_s:.0f} s left"
            print(f"\r{step.message}{left}   ", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
    except AtelierError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
