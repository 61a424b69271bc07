"""Tasks made from a formula: XOR, majority with hidden bits, and Dot.

XOR and Dot follow the generators of CEM (Espinosa Zarlenga et al. 2022): 3,000 samples, 70/10/20.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from backends.concepts.tasks.base import (
    ConceptTask,
    Floats,
    Picture,
    Split,
    SplitName,
    binary_groups,
)

SIZES: dict[SplitName, int] = {"train": 2100, "val": 300, "test": 1000}
SEEDS: dict[SplitName, int] = {"train": 21, "val": 22, "test": 23}
LOW, HIGH = np.array([38, 70, 130]), np.array([253, 200, 80])  # colours of a feature's range


def feature_stripes(values: Floats, low: float, high: float) -> Picture:
    """Numeric features as upright bars from the centre line: (48, 16 n, 3), colour by sign."""
    height, width, gap = 48, 16, 4
    picture = np.full((height, width * len(values), 3), 245, np.uint8)
    middle = (low + high) / 2
    for i, value in enumerate(values):
        reach = float(np.clip((value - middle) / (high - middle), -1, 1)) * (height / 2 - 2)
        top, bottom = sorted((height / 2 - reach, height / 2))
        columns = slice(i * width + gap // 2, (i + 1) * width - gap // 2)
        picture[round(top) : max(round(bottom), round(top) + 1), columns] = HIGH if reach > 0 else LOW
    picture[height // 2 - 1 : height // 2 + 1] = 140
    return picture


class SyntheticTask(ConceptTask):
    """A task drawn from a formula on random numbers; subclasses give the formula."""

    low, high = 0.0, 1.0
    epochs = 60
    width = 32

    def draw(self, rng: np.random.Generator, n: int) -> Split:
        """Draws `n` samples."""
        raise NotImplementedError

    def make_split(self, name: SplitName) -> Split:
        return self.draw(np.random.default_rng(SEEDS[name]), SIZES[name])

    def pictures(self, name: SplitName, indices: Sequence[int]) -> list[Picture]:
        return [feature_stripes(self.split(name).x[i], self.low, self.high) for i in indices]


class Xor(SyntheticTask):
    """x ~ U[0, 1]^2, c = [x > 0.5], y = c1 xor c2."""

    id = "xor"
    title = "XOR"
    summary = (
        "Two numbers; each concept says whether one of them is above one half, the answer is their "
        "exclusive or. The concepts are sufficient, but no linear head can use them."
    )
    concepts = ("first is high", "second is high")
    groups = binary_groups(concepts)
    outputs = ("different",)
    negative = "same"
    concept_bayes = 1.0

    def draw(self, rng: np.random.Generator, n: int) -> Split:
        x = rng.random((n, 2), dtype=np.float32)
        c = (x > 0.5).astype(np.float32)
        return Split(x, c, (c[:, :1] != c[:, 1:]).astype(np.float32))


def majority_bayes(bits: int, hidden: int) -> float:
    """Accuracy of the best rule for the majority of `bits` fair bits that cannot see `hidden`."""
    hits = 0
    for visible in itertools.product((0, 1), repeat=bits - hidden):
        ones = sum(2 * (sum(visible) + sum(rest)) > bits for rest in itertools.product((0, 1), repeat=hidden))
        hits += max(ones, 2**hidden - ones)
    return float(hits / 2**bits)


class Majority(SyntheticTask):
    """x ~ U[0, 1]^5, bit = [x > 0.5], y = majority of the bits; only 5 - h of them are annotated."""

    bits = 5
    outputs = ("mostly high",)
    negative = "mostly low"

    def __init__(self, hidden: int) -> None:
        """`hidden`: number h of bits without a concept, 1..4."""
        self.id = f"majority-h{hidden}"
        self.title = f"Majority of 5, {hidden} hidden"
        self.concepts = tuple(f"bit {i + 1} is high" for i in range(self.bits - hidden))
        self.groups = binary_groups(self.concepts)
        self.concept_bayes = majority_bayes(self.bits, hidden)
        self.summary = (
            f"Five numbers: are most of them above one half? {hidden} of the five bits "
            f"{'has' if hidden == 1 else 'have'} no concept, so the concepts alone allow "
            f"{self.concept_bayes:.1%} accuracy at best; every point above must come through the "
            "sidechannel."
        )

    def draw(self, rng: np.random.Generator, n: int) -> Split:
        x = rng.random((n, self.bits), dtype=np.float32)
        bits = (x > 0.5).astype(np.float32)
        y = (bits.sum(1, keepdims=True) > self.bits / 2).astype(np.float32)
        return Split(x, bits[:, : len(self.concepts)], y)


class Dot(SyntheticTask):
    """v1, v2 ~ 2 N(0, I_2), x = [v1 + v2, v1 - v2], c = [v1.1 > 0, -v2.1 > 0], y = v1.v2 > 0.

    The two vectors are drawn independently, as in CEM's generator; a library that reseeds between
    the draws makes y constant.
    """

    id = "dot"
    title = "Dot product"
    summary = (
        "Two hidden vectors, seen only as their sum and difference: do they point the same way? The "
        "two annotated half-planes say little about it, so an accurate model must use its "
        "sidechannel."
    )
    concepts = ("first points up-right", "second points down-left")
    groups = binary_groups(concepts)
    outputs = ("same way",)
    negative = "opposed"
    low, high = -8.0, 8.0
    concept_bayes = 0.75
    """By symmetry: given the half-planes, the angle between the vectors is uniform minus uniform on
    a half circle, and |difference| < 90 degrees has probability 3/4."""

    def draw(self, rng: np.random.Generator, n: int) -> Split:
        v1, v2 = rng.normal(0, 2, (2, n, 2)).astype(np.float32)
        c = np.stack([v1.sum(1) > 0, v2.sum(1) < 0], 1).astype(np.float32)
        y = ((v1 * v2).sum(1, keepdims=True) > 0).astype(np.float32)
        return Split(np.hstack([v1 + v2, v1 - v2]), c, y)
