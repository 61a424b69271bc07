"""How well the text editor writes: what a judge reads in edits of scenes that were never trained on.

The held-out set is ours: whole font families, whole photographs and one word in ten that no training saw, rendered by
the renderer's own scenes (real words, upright to slightly turned). Each scene is edited from another text of the same
style to the wanted one, and generated from noise without a caption. Beside each score stand the ceiling, what the judge
reads in the clean glyph, the truth, what it reads in the scene rendered with the wanted text, and the floor, what it
reads in the unedited scene.

The paper's figures (English 0.7336 / 0.8898, Chinese 0.6792 / 0.8394) are on its own benchmark, another set and judge.

What it prints of the weights that ship is kept for the page: `make bench NAME=text_image >
assets/precomputed/text_image/benchmark.jsonl`.

The material comes from `python -m backends.text_image.materials`, in the cache folder; it is fetched if it is missing.
"""

import math
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean, stdev

import numpy as np
import torch

from backends.settings import settings
from backends.text_image.colours import colours_of
from backends.text_image.draft import drafted
from backends.text_image.edit import to_pictures
from backends.text_image.judges import available, read_lines
from backends.text_image.models import pipeline
from backends.text_image.pipeline import Canvases, TextGenPipeline
from backends.text_image.renderer.material import Picture, load_material
from backends.text_image.renderer.scene import SCRIPTS, Scene, SceneMaker
from backends.text_image.requests import Fourier, Options, Segment
from backends.text_image.scores import exact, ned
from backends.text_image.sweep import drop_early, drop_late
from backends.text_image.training.batches import collate
from tests.benchmarks.figure import Figure

SEEDS = (1, 2, 3)
MANY, FEW = 200, 50  # edits of each of English and Chinese, and of each other script
GOALS = {"latin": (0.73, 0.89), "hans": (0.68, 0.84)}  # accuracy, NED
OTHER_NED = 0.7
BATCH = 10
ABLATION = 40  # edits each of English and Chinese for a finding

AS_PREDICTED = Options(crisp_strokes=False)
PAPER = replace(AS_PREDICTED, keep_colours=False)
SETTINGS: dict[str, Options] = {
    "strokes as predicted": AS_PREDICTED,
    "ours, with crisp strokes": Options(),
    "paper": PAPER,
    "paper with IFE": replace(PAPER, fourier=Fourier()),
    "draft": replace(AS_PREDICTED, start="draft", noise=0.5),
    "one stage (global)": replace(AS_PREDICTED, timeline=(Segment(1.0, 0.0, "global"),)),
    "last 20 % of the schedule without control (1 of 5 steps)": replace(AS_PREDICTED, timeline=drop_late(0.2)),
    "last 50 % of the schedule without control (3 of 5 steps)": replace(AS_PREDICTED, timeline=drop_late(0.5)),
    "first 30 % of the schedule without control (1 of 5 steps)": replace(AS_PREDICTED, timeline=drop_early(0.3)),
    "frequency branch silenced (FEC)": replace(AS_PREDICTED, fec=False),
    "low band only": replace(AS_PREDICTED, fourier=Fourier(1.0, 1.0, 1.0, 2.0, "low")),
    "high band only": replace(AS_PREDICTED, fourier=Fourier(1.0, 1.0, 1.0, 2.0, "high")),
}
"""What the findings compare; the first is the reference. Crisp strokes would lend letters what control left out."""


@dataclass(frozen=True)
class Score:
    """Of one set of pictures: share read exactly, mean NED."""

    accuracy: float
    ned: float


def material() -> Path:
    """The folder of the material, fetched if it is not there."""
    folder = settings().cache_dir / "text_image_material"
    if not (folder / "materials.json").is_file():
        subprocess.run([sys.executable, "-m", "backends.text_image.materials", str(folder)], check=True)
    return folder


def held_out(script: str, n: int) -> list[Scene]:
    """`n` scenes of the script with real words and a region that is not emptied; narrow and wide ones by turns."""
    maker = SceneMaker(load_material(material(), "test"), scripts={script: 1.0})
    return [maker.scene(10**6 + i, (128, 192, 256)[i % 3], words_only=True) for i in range(n)]


def edited(
    scenes: Sequence[Scene], options: Options, *, blank: bool = False, sampler: TextGenPipeline | None = None
) -> list[Picture]:
    """The scenes' `old` pictures edited to their text, or generated from noise where `blank`.

    `sampler`: in place of the pipeline that ships.
    """
    out: dict[int, Picture] = {}
    for width in sorted({scene.image.shape[1] for scene in scenes}):
        chosen = [i for i, scene in enumerate(scenes) if scene.image.shape[1] == width]
        for at in range(0, len(chosen), BATCH):
            group = chosen[at : at + BATCH]
            batch = collate([scenes[i] for i in group])
            start = batch.old
            if options.start == "draft" and not blank:
                start = _tensor([drafted(scenes[i].old, scenes[i].glyph, scenes[i].position) for i in group])
            canvases = Canvases(batch.old, start, batch.signals, batch.position, blank)
            if options.keep_colours and not blank:
                colours = colours_of([scenes[i].old for i in group], [scenes[i].position for i in group])
                canvases = replace(canvases, draft=batch.draft, colours=colours)
            found = (sampler or pipeline())(canvases, options, group).images
            out.update(zip(group, to_pictures(found), strict=True))
    return [out[i] for i in range(len(scenes))]


def composited(scenes: Sequence[Scene]) -> list[Picture]:
    """The trivial editor: the glyph in the scene's text colour, straight onto the picture."""
    return [drafted(scene.old, scene.glyph, scene.position) for scene in scenes]


def _tensor(pictures: list[Picture]) -> torch.Tensor:
    return torch.from_numpy(np.stack(pictures).transpose(0, 3, 1, 2).copy()).float() / 127.5 - 1


def score(pictures: Sequence[Picture], scenes: Sequence[Scene]) -> Score:
    """What the judge of each scene's script reads in its region of the picture, against the wanted text."""
    crops = [scene.region(picture) for picture, scene in zip(pictures, scenes, strict=True)]
    readings = read_lines(crops, [s.script for s in scenes], vertical=[s.vertical for s in scenes])
    pairs = [(reading.text, scene.text, scene.script) for reading, scene in zip(readings, scenes, strict=True)]
    return Score(mean(exact(*pair) for pair in pairs), mean(ned(*pair) for pair in pairs))


def run() -> Iterator[Figure]:
    """Scores by script, then the findings."""
    for script in SCRIPTS:
        if available(script):
            yield from _script(script)
    yield from _findings()


def _script(script: str) -> Iterator[Figure]:
    scenes = held_out(script, MANY if script in GOALS else FEW)
    accuracy, least_ned = GOALS.get(script, (None, OTHER_NED))
    for name, options, blank in (("edit", Options(), False), ("generate", Options(noise=1.0), True)):
        found = [score(edited(scenes, replace(options, seed=seed), blank=blank), scenes) for seed in SEEDS]
        yield from _spread(f"text_image.{script}.{name}.accuracy", [one.accuracy for one in found], accuracy)
        yield from _spread(f"text_image.{script}.{name}.ned", [one.ned for one in found], least_ned)
    clean = [np.repeat(255 - scene.glyph[..., None], 3, axis=2) for scene in scenes]
    for name, pictures in (
        ("ceiling", clean),
        ("truth", [scene.image for scene in scenes]),
        ("floor", [scene.old for scene in scenes]),
        ("composited", composited(scenes)),
    ):
        reached = score(pictures, scenes)
        yield Figure(f"text_image.{script}.{name}.accuracy", reached.accuracy, "")
        yield Figure(f"text_image.{script}.{name}.ned", reached.ned, "")
    yield Figure(f"text_image.{script}.n", len(scenes), "edits a seed")


def _findings() -> Iterator[Figure]:
    """Each setting on the same scenes and seeds, and its difference from the first in the mean NED."""
    scenes = held_out("latin", ABLATION) + held_out("hans", ABLATION)
    reference: list[float] = []
    for name, options in SETTINGS.items():
        found = [score(edited(scenes, replace(options, seed=seed)), scenes).ned for seed in SEEDS]
        reference = reference or found
        yield from _spread(f"text_image.finding.{name}.ned", found)
        change = mean(a - b for a, b in zip(found, reference, strict=True))
        yield Figure(f"text_image.finding.{name}.change", change, "")
    yield Figure("text_image.findings.n", len(scenes), "edits a seed")


def _spread(name: str, values: Sequence[float], goal: float | None = None) -> Iterator[Figure]:
    """The mean over seeds, with its goal, and the standard deviation."""
    yield Figure(name, mean(values), "", goal=goal, lowest=goal is not None)
    yield Figure(f"{name}.sd", stdev(values) if len(values) > 1 else math.nan, "")
