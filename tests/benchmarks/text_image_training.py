"""What two choices of the training are worth: the Fourier branch (FEC), and a base that learns with the ControlNets.

Trainings of one length and seed on the same scenes, each from the base that ships with new ControlNets, and then edits
of the same held-out scenes, read back by the judge. They are short beside the training of the weights that ship, so
that differences count, not levels. Runs stay in the cache folder and go on where they stopped; about 20 minutes each.
"""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import mean, stdev

from backends.settings import settings
from backends.text_image.models import averaged
from tests.benchmarks.figure import Figure
from tests.benchmarks.text_image import AS_PREDICTED, SEEDS, edited, held_out, material, score

IMAGES = 6_000
MANY = 40  # scenes each of English and Chinese
WAYS: dict[str, tuple[str, ...]] = {
    "fec_joint_base": (),
    "plain_joint_base": ("--plain",),
    "fec_frozen_base": ("--freeze-base",),
}
"""What is trained, and by which options of the trainer; the first is how the weights that ship are made."""


def run() -> Iterator[Figure]:
    """Accuracy and NED of each way; the standard deviations are over seeds of the noise, not of the training."""
    scenes = held_out("latin", MANY) + held_out("hans", MANY)
    for name, options in WAYS.items():
        sampler = averaged(trained(name, options))
        found = [score(edited(scenes, replace(AS_PREDICTED, seed=seed), sampler=sampler), scenes) for seed in SEEDS]
        for kind in ("accuracy", "ned"):
            values = [getattr(one, kind) for one in found]
            yield Figure(f"text_image.training.{name}.{kind}", mean(values), "")
            yield Figure(f"text_image.training.{name}.{kind}.sd", stdev(values), "")


def trained(name: str, options: tuple[str, ...]) -> Path:
    """The folder of that run, trained to its end."""
    folder = settings().cache_dir / "text_image_training" / name
    command = [sys.executable, "-m", "backends.text_image.train", str(material()), str(folder)]
    plan = ["--images", str(IMAGES), "--prior-images", "0", "--shipped-base"]
    subprocess.run([*command, *plan, *options], check=True)
    return folder
