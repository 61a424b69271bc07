"""The draft: the colour of letters in pictures painted by hand, and what is left of the old text."""

import cv2
import numpy as np
import pytest

from backends.text_image.draft import drafted, shown_draft, text_colour
from backends.text_image.lettering import FACES, Mask, fitted
from backends.text_image.requests import Picture

pytestmark = pytest.mark.unit

Colour = tuple[int, int, int]
RED, WHITE, BLACK, NAVY, CREAM = (190, 30, 30), (245, 245, 240), (20, 20, 20), (20, 30, 90), (240, 226, 196)


def _position() -> Mask:
    position = np.zeros((64, 160), np.uint8)
    position[10:54, 10:150] = 255
    return position


def _sign(text: str, letters: Colour, ground: Colour, *, fill: float = 0.9) -> tuple[Picture, Mask]:
    glyph = np.zeros((64, 160), np.uint8)
    glyph[10:54, 10:150] = fitted(text, FACES["latin"], 140, 44, fill=fill)
    alpha = glyph[..., None] / 255
    noise = np.random.default_rng(0).normal(0, 4, (64, 160, 3))
    image = np.asarray(ground) * (1 - alpha) + np.asarray(letters) * alpha + noise
    return np.clip(image, 0, 255).astype(np.uint8), glyph


@pytest.mark.parametrize(
    ("letters", "ground"), [(WHITE, RED), (RED, WHITE), (BLACK, CREAM), (CREAM, NAVY), (NAVY, (236, 126, 30))]
)
@pytest.mark.parametrize("text", ["Open", "il", "MWMW"])
def test_the_colour_of_letters_is_told_from_the_ground(text: str, letters: Colour, ground: Colour) -> None:
    image, glyph = _sign(text, letters, ground)
    colour, found = text_colour(image, _position())
    assert np.abs(colour - letters).max() < 45  # edges of letters are a mixture
    assert ((found > 127) == (glyph > 127)).mean() > 0.95


def test_letters_that_cover_most_of_the_region_are_no_ground() -> None:
    image = np.full((64, 160, 3), CREAM, np.uint8)
    image[12:52, 12:100] = NAVY  # 57 % of the region: a block of a letter, the ground is what surrounds it
    colour, found = text_colour(image, _position())
    assert np.abs(colour - NAVY).max() < 3
    assert found[30, 50] == 255
    assert found[30, 130] == 0


@pytest.mark.parametrize(("panel", "around", "bright"), [(WHITE, NAVY, False), (NAVY, WHITE, True), (RED, RED, True)])
def test_where_no_text_stands_the_draft_stands_out_from_the_region(panel: Colour, around: Colour, bright: bool) -> None:
    image = np.full((64, 160, 3), around, np.uint8)
    image[_position() > 0] = panel
    colour, found = text_colour(image, _position())
    assert bool(colour.mean() > 127) == bright
    assert not found.any()


def test_a_draft_shows_the_new_text_and_not_the_old() -> None:
    image, _ = _sign("MWMW", BLACK, CREAM)
    glyph = np.zeros((64, 160), np.uint8)
    cv2.rectangle(glyph, (20, 20), (40, 40), 255, -1)
    draft = drafted(image, glyph, _position())
    assert np.abs(draft[22:38, 22:38].astype(int) - BLACK).max() < 45
    away = draft[12:52, 50:148].astype(int)
    assert np.abs(away - CREAM).max() < 60
    assert np.array_equal(draft[:8], image[:8])


def test_an_empty_glyph_takes_the_text_away() -> None:
    image, _ = _sign("Open", BLACK, CREAM)
    draft = drafted(image, np.zeros((64, 160), np.uint8), _position())
    assert np.abs(draft.astype(int) - CREAM).max() < 60


def test_the_draft_is_shown_only_where_the_picture_tells_a_colour() -> None:
    image, _ = _sign("MWMW", BLACK, CREAM)
    glyph = np.zeros((64, 160), np.uint8)
    cv2.rectangle(glyph, (20, 20), (40, 40), 255, -1)
    assert np.array_equal(shown_draft(image, glyph, _position()), drafted(image, glyph, _position()))
    bare = np.full((64, 160, 3), CREAM, np.uint8)
    assert np.array_equal(shown_draft(bare, glyph, _position()), bare)
