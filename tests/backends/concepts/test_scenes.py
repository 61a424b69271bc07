"""Scenes: the rule on cases written by hand, and what can be known without a factor."""

import itertools
from collections import Counter

import numpy as np
import pytest

from backends.concepts.tasks.scenes import CLASSES, COLOURS, FACTORS, Scenes, classify, render, rule_bayes
from tests.backends.concepts.conftest import best_rule_accuracy

pytestmark = pytest.mark.unit


def _factors(shape: str, colour: str, size: str, side: str, count: str) -> np.ndarray:
    named = zip(FACTORS.values(), (shape, colour, size, side, count), strict=True)
    return np.array([values.index(value) for values, value in named])


def _told(shape: str, colour: str, size: str, side: str, count: str) -> str:
    """The class as the rule's sentence says it."""
    if shape == "star" or (size == "large" and colour == "red"):
        return "beacon"
    if count == "three":
        return "flock"
    return "anchor" if shape == "square" or (size == "small" and side == "left") else "drifter"


@pytest.mark.parametrize(
    ("scene", "name"),
    [
        (("star", "blue", "small", "left", "three"), "beacon"),
        (("circle", "red", "large", "right", "three"), "beacon"),
        (("circle", "red", "small", "right", "three"), "flock"),
        (("square", "green", "large", "right", "three"), "flock"),
        (("square", "green", "large", "right", "two"), "anchor"),
        (("triangle", "amber", "small", "left", "one"), "anchor"),
        (("triangle", "amber", "small", "right", "one"), "drifter"),
        (("circle", "blue", "large", "left", "two"), "drifter"),
    ],
)
def test_the_rule_on_scenes_written_by_hand(scene: tuple[str, ...], name: str) -> None:
    assert CLASSES[classify(_factors(*scene)[None])[0]] == name


def test_the_rule_on_every_scene() -> None:
    scenes = list(itertools.product(*FACTORS.values()))
    labels = classify(np.stack([_factors(*scene) for scene in scenes]))
    assert [CLASSES[label] for label in labels] == [_told(*scene) for scene in scenes]
    assert set(labels) == {0, 1, 2, 3}


@pytest.mark.parametrize("hidden", [None, *FACTORS])
def test_the_best_accuracy_without_a_factor(hidden: str | None) -> None:
    visible = [name for name in FACTORS if name != hidden]
    seen: dict[tuple[str, ...], Counter[str]] = {}
    scenes = list(itertools.product(*FACTORS.values()))
    for scene in scenes:
        key = tuple(value for name, value in zip(FACTORS, scene, strict=True) if name in visible)
        seen.setdefault(key, Counter())[_told(*scene)] += 1
    right = sum(max(counter.values()) for counter in seen.values())
    assert rule_bayes(visible) == right / len(scenes)
    assert (rule_bayes(visible) == 1) is (hidden is None)


def test_the_hidden_factor_has_no_concept_and_costs_what_the_summary_says() -> None:
    task = Scenes(hidden="shape")
    assert {"circle", "square", "triangle", "star"}.isdisjoint(task.concepts)
    assert [group.name for group in task.groups] == ["colour", "size", "side", "count"]
    assert task.concept_bayes == rule_bayes(["colour", "size", "side", "count"])
    assert f"{task.concept_bayes:.1%}" in task.summary


@pytest.mark.parametrize("hidden", [None, "shape"])
def test_samples_follow_the_rule(hidden: str | None) -> None:
    task = Scenes(hidden)
    split = task.split("test")
    assert split.x.shape == (1000, 64)
    assert np.isfinite(split.x).all()
    if hidden is None:
        for c, y in zip(split.c, split.y, strict=True):
            on = {name for name, bit in zip(task.concepts, c, strict=True) if bit}
            shape, colour, count = (next(v for v in FACTORS[f] if v in on) for f in ("shape", "colour", "count"))
            size, side = "large" if "large" in on else "small", "right" if "right" in on else "left"
            assert [CLASSES[k] for k in np.flatnonzero(y)] == [_told(shape, colour, size, side, count)]
    else:
        assert task.concept_bayes is not None
        assert task.concept_bayes - 0.05 < best_rule_accuracy(split.c, split.y) < task.concept_bayes + 0.09


def _objects(picture: np.ndarray, colour: str) -> np.ndarray:
    """Where a picture is about of a colour, (64, 64)."""
    near: np.ndarray = np.abs(picture.astype(int) - np.array(COLOURS[colour])).max(2) < 45
    return near


@pytest.mark.parametrize("colour", COLOURS)
def test_pictures_show_their_factors(colour: str) -> None:
    def area(size: str, side: str, count: str) -> np.ndarray:
        return _objects(render(_factors("circle", colour, size, side, count), seed=4), colour)

    left, right = area("large", "left", "one"), area("large", "right", "one")
    assert left[:, :32].sum() > 100 > 5 > left[:, 36:].sum()
    assert right[:, 32:].sum() > 100 > 5 > right[:, :28].sum()
    assert left.sum() > 1.8 * area("small", "left", "one").sum()
    assert 2.3 < area("small", "left", "three").sum() / area("small", "left", "one").sum() < 3.7


def test_the_seed_moves_the_objects() -> None:
    scene = _factors("star", "red", "large", "left", "two")
    assert np.array_equal(render(scene, 1), render(scene, 1))
    assert not np.array_equal(render(scene, 1), render(scene, 2))
