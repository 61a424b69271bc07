"""Control signals of shapes drawn by hand, and the picture of them that people see."""

import numpy as np
import pytest

from backends.errors import InputError
from backends.text_image.glyphs import control_pictures
from backends.text_image.regions import box_region
from backends.text_image.requests import Options
from backends.text_image.signals import SIGNALS, signal_images

pytestmark = pytest.mark.unit

BLOCK = np.zeros((64, 96), np.uint8)
BLOCK[20:44, 30:60] = 255
PLAIN = np.full((64, 96, 3), 90, np.uint8)


def test_the_signals_stand_in_the_order_of_their_names() -> None:
    signals = dict(zip(SIGNALS, signal_images(BLOCK, PLAIN), strict=True))
    assert np.array_equal(signals["glyph"], BLOCK)
    assert not signals["image_canny"].any()
    edges = np.argwhere(signals["glyph_canny"])
    # A closed outline, at most a pixel off the block's edge.
    assert 90 < len(edges) < 120
    assert all(min(abs(y - 20), abs(y - 43)) <= 1 or min(abs(x - 30), abs(x - 59)) <= 1 for y, x in edges)


def test_the_relief_rises_by_a_sixth_a_pixel_up_to_six() -> None:
    relief = signal_images(BLOCK, PLAIN)[SIGNALS.index("depth")]
    assert not relief[BLOCK == 0].any()
    row = relief[32, 29:40].tolist()
    # OpenCV's quick distance counts 0.955 for a pixel.
    assert row == pytest.approx([0, *(255 * min(1, 0.955 * i / 6) for i in range(1, 11))], abs=1)


def test_edges_of_the_picture_are_those_of_its_brightness() -> None:
    picture = PLAIN.copy()
    picture[:, 48:] = 220
    edges = signal_images(np.zeros_like(BLOCK), picture)[SIGNALS.index("image_canny")]
    assert set(np.flatnonzero(edges.any(axis=0)).tolist()) <= {47, 48}
    assert edges.any(axis=1).sum() > 60


def test_what_people_see_is_weighted_and_dims_the_region() -> None:
    image = np.full((120, 200, 3), 128, np.uint8)
    region = box_region(20, 20, 100, 44, "HI")
    (full,) = control_pictures(image, [region], Options())
    (half,) = control_pictures(image, [region], Options(signals={"glyph": 0.5}))
    (none,) = control_pictures(image, [region], Options(signals={}))
    assert full.shape == (64, 128, 3)
    assert (full.max(), half.max(), none.max()) == (255, 127, 51)
    assert set(np.unique(none)) == {0, 51}
    assert np.count_nonzero(none[..., 0]) == 100 * 44
    assert np.array_equal(full[..., 0], full[..., 2])


def test_control_pictures_refuse_what_an_edit_refuses() -> None:
    with pytest.raises(InputError, match="No region"):
        control_pictures(np.zeros((50, 50, 3), np.uint8), [], Options())
