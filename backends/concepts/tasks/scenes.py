"""Procedural scenes: one to three alike objects on a dusk ground, classes defined by a rule.

Every factor is drawn uniformly, so the accuracy of the best rule on a subset of the factors is
known exactly. Models read a 64-dimensional embedding of the 64 x 64 picture from a small frozen
network (`scene_backbone`), as the paper reads CelebA through a frozen ResNet.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

from backends.cache import cached_arrays
from backends.concepts.tasks.base import ConceptTask, Group, Picture, Split, SplitName

Ints = npt.NDArray[np.int64]

SHAPES = ("circle", "square", "triangle", "star")
COLOURS = {
    "red": (226, 73, 64),
    "amber": (242, 178, 51),
    "green": (72, 170, 112),
    "blue": (74, 124, 214),
}
FACTORS: dict[str, tuple[str, ...]] = {
    "shape": SHAPES,
    "colour": tuple(COLOURS),
    "size": ("small", "large"),
    "side": ("left", "right"),
    "count": ("one", "two", "three"),
}
CLASSES = ("beacon", "flock", "anchor", "drifter")
RULE = (
    "A beacon is a star, or anything large and red; else three of a kind are a flock; else what is "
    "square, or small and on the left, is an anchor; the rest drift."
)
SIDE = 64  # px
SIZES: dict[SplitName, int] = {"train": 4000, "val": 500, "test": 1000}
SEEDS: dict[SplitName, int] = {"train": 31, "val": 32, "test": 33}


def draw_factors(seed: int, n: int) -> Ints:
    """Uniform factor values (n, 5), in the order of FACTORS."""
    rng = np.random.default_rng(seed)
    return np.stack([rng.integers(len(values), size=n) for values in FACTORS.values()], 1)


def classify(factors: Ints) -> Ints:
    """The class of each scene by RULE, (n,)."""
    shape, colour, size, side, count = factors.T
    beacon = (shape == SHAPES.index("star")) | ((colour == 0) & (size == 1))
    anchor = (shape == SHAPES.index("square")) | ((size == 0) & (side == 0))
    return np.where(beacon, 0, np.where(count == 2, 1, np.where(anchor, 2, 3)))


def rule_bayes(visible: Sequence[str]) -> float:
    """Accuracy of the best rule on the visible factors, exact by enumeration."""
    everything = np.array(list(itertools.product(*(range(len(v)) for v in FACTORS.values()))))
    columns = [list(FACTORS).index(name) for name in visible]
    seen: dict[tuple[int, ...], Counter[int]] = {}
    for row, label in zip(everything, classify(everything), strict=True):
        seen.setdefault(tuple(row[columns]), Counter())[int(label)] += 1
    return sum(max(c.values()) for c in seen.values()) / len(everything)


@dataclass(frozen=True, slots=True)
class Canvas:
    """Scenes are drawn `scale` times larger and shrunk, which smooths their edges."""

    scale: int = 3

    @property
    def side(self) -> int:
        """Side of the large canvas, px."""
        return SIDE * self.scale


def _ground() -> Image.Image:
    """A dusk sky over a darker ground, the same in every scene."""
    side = Canvas().side
    rows = np.linspace(0, 1, side)[:, None]
    sky = np.array([236, 231, 242]) * (1 - rows) + np.array([250, 238, 226]) * rows
    land = np.array([206, 201, 214]) * (1 - rows) + np.array([188, 184, 202]) * rows
    pixels = np.where(rows < 0.72, sky, land)[:, None].repeat(side, 1)
    return Image.fromarray(pixels.astype(np.uint8))


GROUND = _ground()


def outline(shape: str, x: float, y: float, radius: float, turn: float) -> list[tuple[float, float]]:
    """Corners of a shape around (x, y), px, turned by `turn` radians; equal areas look equal."""
    if shape == "circle":
        corners, radii = 40, [radius]
    elif shape == "star":
        corners, radii = 10, [radius * 1.25, radius * 0.55]
    else:
        corners, radii = (4, [radius * 1.2]) if shape == "square" else (3, [radius * 1.35])
    start = turn + (math.pi / 4 if shape == "square" else -math.pi / 2)
    return [
        (
            x + radii[i % len(radii)] * math.cos(start + 2 * math.pi * i / corners),
            y + radii[i % len(radii)] * math.sin(start + 2 * math.pi * i / corners),
        )
        for i in range(corners)
    ]


def render(factors: npt.NDArray[np.int64], seed: int) -> Picture:
    """One scene (64, 64, 3) from its factor values (5,); `seed` moves, turns and tints the objects."""
    rng = np.random.default_rng(seed)
    k = Canvas().scale
    image = GROUND.copy()
    shape, base = SHAPES[factors[0]], np.array(list(COLOURS.values())[factors[1]])
    radius = (5.2 if factors[2] == 0 else 8.2) * k * rng.uniform(0.92, 1.08)
    centre = (18 if factors[3] == 0 else 46) + rng.uniform(-3, 3)
    shadow = Image.new("L", image.size, 0)
    objects: list[tuple[list[tuple[float, float]], tuple[int, ...]]] = []
    heights = rng.permutation([14.0, 31.0, 48.0])
    for i in range(factors[4] + 1):
        x = (centre + rng.uniform(-5, 5)) * k
        y = (heights[i] + rng.uniform(-2.5, 2.5)) * k
        corners = outline(shape, x, y, radius, rng.uniform(-0.25, 0.25))
        tint = tuple(int(v) for v in np.clip(base + rng.normal(0, 10, 3), 0, 255))
        objects.append((corners, tint))
        low = [(px + 1.2 * k, py + 2.0 * k) for px, py in corners]
        ImageDraw.Draw(shadow).polygon(low, fill=90)
    image.paste((70, 60, 100), mask=shadow.filter(ImageFilter.GaussianBlur(1.2 * k)))
    for corners, tint in objects:
        ImageDraw.Draw(image).polygon(corners, fill=tint)
    return np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BOX))


def render_all(factors: Ints, seed: int) -> Picture:
    """Scenes (n, 64, 64, 3); scene i is `render(factors[i], seed * 1_000_000 + i)`."""
    scenes = [render(row, seed * 1_000_000 + i) for i, row in enumerate(factors)]
    return np.stack(scenes)


class Scenes(ConceptTask):
    """The scenes with all factors annotated, or with one hidden."""

    encoder = "vector"
    exclusive = True
    outputs = CLASSES
    epochs = 30

    def __init__(self, hidden: str | None = None) -> None:
        """`hidden`: a factor without concepts, or None."""
        self.visible = tuple(name for name in FACTORS if name != hidden)
        self.concepts, self.groups = self._concepts()
        self.concept_bayes = rule_bayes(self.visible)
        self.id = "scenes" if hidden is None else f"scenes-hidden-{hidden}"
        self.title = "Scenes" if hidden is None else f"Scenes, {hidden} hidden"
        note = (
            "All factors are annotated, so the concepts are sufficient."
            if hidden is None
            else f"The {hidden} has no concept: from the rest, {self.concept_bayes:.1%} is the best "
            "possible, and every point above must come through the sidechannel."
        )
        self.summary = f"{RULE} {note}"

    def _concepts(self) -> tuple[tuple[str, ...], tuple[Group, ...]]:
        names: list[str] = []
        groups: list[Group] = []
        for factor in self.visible:
            values = FACTORS[factor] if len(FACTORS[factor]) > 2 else FACTORS[factor][1:]
            groups.append(Group(factor, tuple(range(len(names), len(names) + len(values)))))
            names += values
        return tuple(names), tuple(groups)

    def make_split(self, name: SplitName) -> Split:
        from backends.concepts import scene_backbone  # loads torch

        factors = draw_factors(SEEDS[name], SIZES[name])
        x = cached_arrays(
            {"scenes": name, "backbone": scene_backbone.checksum()},
            lambda: {"x": scene_backbone.embed(render_all(factors, SEEDS[name]))},
        )["x"]
        columns = [
            factors[:, list(FACTORS).index(f)] == v
            for f in self.visible
            for v in range(len(FACTORS[f]))
            if len(FACTORS[f]) > 2 or v == 1
        ]
        y = np.eye(len(CLASSES), dtype=np.float32)[classify(factors)]
        return Split(x, np.stack(columns, 1).astype(np.float32), y)

    def pictures(self, name: SplitName, indices: Sequence[int]) -> list[Picture]:
        factors = draw_factors(SEEDS[name], SIZES[name])
        return [render(factors[i], SEEDS[name] * 1_000_000 + i) for i in indices]
