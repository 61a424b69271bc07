"""Handwritten digits (scikit-learn's `load_digits`, 1,797 images of 8x8) as concept tasks.

No image occurs in more than one split, so that a sidechannel cannot score by memorising images.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

from backends.concepts.tasks.base import ConceptTask, Floats, Group, Picture, Split, SplitName

DIGITS = tuple(str(d) for d in range(10))
IMAGE_RANGES: dict[SplitName, tuple[int, int]] = {
    "train": (0, 1000),
    "val": (1000, 1300),
    "test": (1300, 1797),
}
SEEDS: dict[SplitName, int] = {"train": 11, "val": 12, "test": 13}


@cache
def load_images() -> tuple[Floats, npt.NDArray[np.int64]]:
    """All images (1797, 8, 8) in 0..1, shuffled once with a fixed seed, and their digits."""
    from sklearn.datasets import load_digits  # half a second of imports, only when needed

    bunch = load_digits()
    order = np.random.default_rng(0).permutation(len(bunch.target))
    return (bunch.images[order] / 16).astype(np.float32), bunch.target[order].astype(np.int64)


def draw_images(name: SplitName, shape: tuple[int, ...]) -> tuple[Floats, npt.NDArray[np.int64], np.random.Generator]:
    """Images of the split drawn with replacement, their digits, and the generator to go on with."""
    images, digits = load_images()
    rng = np.random.default_rng(SEEDS[name])
    chosen = rng.integers(*IMAGE_RANGES[name], size=shape)
    return images[chosen], digits[chosen], rng


def ink(image: Floats) -> Picture:
    """An (h, w) or (3, h, w) image in 0..1 as an (h, w, 3) picture, bright strokes on black."""
    rgb = np.stack([image] * 3, -1) if image.ndim == 2 else np.moveaxis(image, 0, -1)
    return (rgb * 255).round().astype(np.uint8)


class DigitsAddition(ConceptTask):
    """Two digits; the concepts say which digits, the output is their sum (MNIST-Addition)."""

    id = "digits-addition"
    title = "Digit addition"
    summary = (
        "Two handwritten digits; which digits they are is annotated (2 x 10 concepts), and the "
        "model must name their sum. The concepts are sufficient: an ideal model needs nothing else."
    )
    concepts = tuple(f"{side} is {d}" for side in ("left", "right") for d in DIGITS)
    groups = (Group("left digit", tuple(range(10))), Group("right digit", tuple(range(10, 20))))
    outputs = tuple(str(s) for s in range(19))
    encoder = "image_pair"
    exclusive = True
    concept_bayes = 1.0
    sizes: dict[SplitName, int] = {"train": 8000, "val": 1000, "test": 2000}  # noqa: RUF012

    def make_split(self, name: SplitName) -> Split:
        images, digits, _ = draw_images(name, (self.sizes[name], 2))
        one_hot = np.eye(10, dtype=np.float32)[digits]  # (n, 2, 10)
        sums = np.eye(19, dtype=np.float32)[digits.sum(1)]
        return Split(images, one_hot.reshape(len(images), 20), sums)

    def pictures(self, name: SplitName, indices: Sequence[int]) -> list[Picture]:
        x, gap = self.split(name).x, np.full((8, 1), 0.5, np.float32)
        return [ink(np.hstack([x[i, 0], gap, x[i, 1]])) for i in indices]


class DigitsParity(ConceptTask):
    """One coloured digit, odd or even; the colour gives the answer away, until it lies."""

    id = "digits-parity"
    title = "Odd or even, with a colour that lies"
    summary = (
        "One handwritten digit: odd or even? In training, odd digits are orange and even ones blue "
        "98 times in 100; in the test the colours are swapped. Only the digit is annotated, so "
        "whoever trusts the sidechannel trusts the colour."
    )
    concepts = tuple(f"is {d}" for d in DIGITS)
    groups = (Group("digit", tuple(range(10))),)
    outputs = ("odd",)
    negative = "even"
    encoder = "image"
    concept_bayes = 1.0
    sizes: dict[SplitName, int] = {"train": 4000, "val": 500, "test": 1000}  # noqa: RUF012
    faithful = 0.98
    colours = np.array([[0.35, 0.65, 1.0], [1.0, 0.6, 0.15]], np.float32)  # even, odd

    def make_split(self, name: SplitName) -> Split:
        images, digits, rng = draw_images(name, (self.sizes[name],))
        odd = digits % 2
        follows = rng.random(len(odd)) < (1 - self.faithful if name == "test" else self.faithful)
        colour = self.colours[np.where(follows, odd, 1 - odd)]
        x = images[:, None] * colour[:, :, None, None]  # (n, 3, 8, 8)
        return Split(x, np.eye(10, dtype=np.float32)[digits], odd[:, None].astype(np.float32))

    def pictures(self, name: SplitName, indices: Sequence[int]) -> list[Picture]:
        return [ink(self.split(name).x[i]) for i in indices]
