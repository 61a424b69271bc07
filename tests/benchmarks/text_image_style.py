"""Whether an edit looks as the scene's own text does, beside the trivial editor that pastes the glyph onto the picture.

There is no truth to compare with for a text that never stood there, so three measures need none:
* `colour`: how far the letters' colour is from that of the letters before, as a distance in CIELAB (2 is just seen).
* `sharpness`: how far the steepness of the letters' edges is from before, in octaves.
* `told_apart`: how often a classifier tells pictures of an editor from pictures of the renderer with the same text:
  0.5 is chance, 1 always. It is a logistic regression on what forgeries are known by, namely the spectrum, the local
  contrast and the steepness of edges in the region, scored on scenes that it was not fitted to.

A trivial editor gets the colour right, as it takes it from the picture; light, blur and noise are what it misses.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from statistics import mean, median, stdev

import cv2
import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from backends.text_image.draft import text_colour
from backends.text_image.renderer.material import Picture
from backends.text_image.renderer.scene import Scene
from backends.text_image.requests import Options
from tests.benchmarks.figure import Figure
from tests.benchmarks.text_image import SEEDS, composited, edited, held_out

MANY = 100  # scenes each of English and Chinese
_FOLDS = 5
_PATCH = 32
_BANDS = 8

Vector = NDArray[np.float64]


def run() -> Iterator[Figure]:
    """Both editors by each measure; ours by seed, the trivial one has no chance in it."""
    scenes = held_out("latin", MANY) + held_out("hans", MANY)
    ours = [edited(scenes, replace(Options(), seed=seed)) for seed in SEEDS]
    pasted = composited(scenes)
    for name, measure in (("colour", colour_distance), ("sharpness", sharpness_distance), ("told_apart", told_apart)):
        trivial = measure(pasted, scenes)
        found = [measure(pictures, scenes) for pictures in ours]
        yield Figure(f"text_image.style.{name}.edit", mean(found), "", goal=trivial)
        yield Figure(f"text_image.style.{name}.edit.sd", stdev(found), "")
        yield Figure(f"text_image.style.{name}.composited", trivial, "")


def colour_distance(pictures: Sequence[Picture], scenes: Sequence[Scene]) -> float:
    """Median over the scenes of the distance in CIELAB between the letters' colour after and before."""
    return median(
        float(np.linalg.norm(_letters(picture, scene) - _letters(scene.old, scene)))
        for picture, scene in zip(pictures, scenes, strict=True)
    )


def _letters(picture: Picture, scene: Scene) -> NDArray[np.float32]:
    return _lab(text_colour(picture, scene.position)[0])


def _lab(colour: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.cvtColor(colour[None, None] / np.float32(255), cv2.COLOR_RGB2LAB)[0, 0])


def sharpness_distance(pictures: Sequence[Picture], scenes: Sequence[Scene]) -> float:
    """Median over the scenes of |log2| of the steepness of edges in the region, after over before."""
    return median(
        abs(float(np.log2(_steepness(picture, scene) / _steepness(scene.old, scene))))
        for picture, scene in zip(pictures, scenes, strict=True)
    )


def _steepness(picture: Picture, scene: Scene) -> float:
    """The steepest tenth of the gradients in the region, over its contrast, so that pale letters count alike."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    slopes = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))
    inside = scene.position > 127
    low, high = np.percentile(grey[inside], (2, 98))
    return float(np.percentile(slopes[inside], 90) / max(1.0, high - low)) + 1e-3


def told_apart(pictures: Sequence[Picture], scenes: Sequence[Scene]) -> float:
    """Share of pictures that a classifier takes for what they are, edited or rendered, on scenes unknown to it."""
    true = np.stack([_traits(scene.image, scene) for scene in scenes])
    made = np.stack([_traits(picture, scene) for picture, scene in zip(pictures, scenes, strict=True)])
    labels = np.repeat([0, 1], len(scenes))
    groups = np.tile(np.arange(len(scenes)), 2)  # a scene is in one fold with both of its pictures
    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
    scores = cross_val_score(classifier, np.concatenate([true, made]), labels, groups=groups, cv=GroupKFold(_FOLDS))
    return float(scores.mean())


def _traits(picture: Picture, scene: Scene) -> Vector:
    """Spectrum by band, and steepness and local contrast by quantile, of the region's patches; logarithms."""
    crop = cv2.cvtColor(scene.region(picture), cv2.COLOR_RGB2GRAY)
    width = max(_PATCH, crop.shape[1])
    grey = cv2.resize(crop, (width, _PATCH), interpolation=cv2.INTER_AREA).astype(np.float64)
    window = np.outer(np.hanning(_PATCH), np.hanning(_PATCH))
    starts = range(0, grey.shape[1] - _PATCH + 1, _PATCH // 2)
    patches = np.stack([grey[:, at : at + _PATCH] for at in starts])
    power = np.abs(np.fft.fft2((patches - patches.mean(axis=(1, 2), keepdims=True)) * window)) ** 2
    radius = np.hypot(*np.meshgrid(np.fft.fftfreq(_PATCH), np.fft.fftfreq(_PATCH)))
    band = np.minimum((radius / 0.5 * _BANDS).astype(int), _BANDS - 1)
    spectrum = [power[:, band == index].mean() for index in range(_BANDS)]
    slopes = np.abs(np.gradient(grey, axis=1))
    rough = np.abs(cv2.Laplacian(grey, cv2.CV_64F))
    quantiles = [*np.quantile(slopes, (0.25, 0.5, 0.75, 0.9)), *np.quantile(rough, (0.25, 0.5, 0.75, 0.9))]
    return np.log(np.array([*spectrum, *quantiles]) + 1.0)
