"""A region's ground stays the scene's own where only a small network's ground differs from it."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from backends.text_image.ground import with_own_ground

pytestmark = pytest.mark.unit

Picture = NDArray[np.uint8]
SHAPE = (64, 192)
GREEN, CREAM = (30, 70, 60), (240, 220, 170)


def _position() -> Picture:
    position = np.zeros(SHAPE, np.uint8)
    position[10:54, 10:182] = 255
    return position


def _letters(word: str) -> Picture:
    mask = np.zeros(SHAPE, np.uint8)
    cv2.putText(mask, word, (24, 44), cv2.FONT_HERSHEY_SIMPLEX, 1.2, 255, 4)
    return mask


def _sign(word: str, ground: tuple[int, ...] = GREEN) -> Picture:
    alpha = _letters(word)[..., None] / 255
    return (np.array(ground) * (1 - alpha) + np.array(CREAM) * alpha).astype(np.uint8)


def _apart(one: Picture, other: Picture, where: NDArray[np.bool_]) -> float:
    return float(np.abs(one.astype(int) - other)[where].mean())


def test_a_ground_that_drifted_is_the_scenes_again_and_letters_stay() -> None:
    before, wanted, glyph, position = _sign("OLD"), _sign("NEW ONE"), _letters("NEW ONE"), _position()
    drifted = _sign("NEW ONE", (18, 56, 52))
    found = with_own_ground(before, drifted, glyph, position)
    inside = position > 0
    letters = cv2.dilate(cv2.max(glyph, _letters("OLD")), np.ones((11, 11), np.uint8)) > 0
    assert _apart(drifted, wanted, inside & ~letters) > 9
    assert _apart(found, wanted, inside & ~letters) < 0.5
    assert _apart(found, wanted, inside & letters) < 3  # where the old letters stood, as told by the ground nearby
    assert _apart(found, drifted, glyph == 255) < 0.5


def test_a_texture_that_was_lost_is_back() -> None:
    rng = np.random.default_rng(0)
    grain = rng.integers(-8, 9, (*SHAPE, 1))
    before = np.clip(_sign("OLD").astype(int) + grain, 0, 255).astype(np.uint8)
    found = with_own_ground(before, _sign("NEW"), _letters("NEW"), _position())
    away = cv2.dilate(cv2.max(_letters("NEW"), _letters("OLD")), np.ones((21, 21), np.uint8)) == 0
    assert _apart(found, before, away) < 0.5


def test_what_was_meant_to_change_stays_changed() -> None:
    before = _sign("")
    found = with_own_ground(before, _sign("", (160, 160, 160)), np.zeros(SHAPE, np.uint8), _position())
    assert _apart(found, _sign("", (160, 160, 160)), _position() > 0) < 1


@pytest.mark.parametrize("word", ["OLD", ""])
def test_an_unchanged_canvas_stays_unchanged(word: str) -> None:
    before = _sign(word)
    assert np.array_equal(with_own_ground(before, before, _letters("NEW"), _position()), before)
