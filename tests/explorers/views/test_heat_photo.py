"""A map as pixels: viridis at the ends and between, by hand, and what is refused."""

from typing import Any

import matplotlib
import numpy as np
import pytest

from backends.errors import InputError
from explorers.views.heat_photo import heat_photo

pytestmark = pytest.mark.unit


def test_nothing_is_dark_and_the_largest_is_bright() -> None:
    found = heat_photo(np.array([[0.0, 2.0], [4.0, 1.0]]))
    assert found.dtype == np.uint8
    assert found.shape == (2, 2, 3)
    assert found[0, 0].tolist() == [0x44, 0x01, 0x54]
    assert found[1, 0].tolist() == [0xFD, 0xE7, 0x25]


def test_the_colours_between_are_matplotlibs() -> None:
    values = np.linspace(0, 9, 40).reshape(4, 10)
    wanted = np.array(matplotlib.colormaps["viridis"](values / 9))[..., :3] * 255
    apart = np.abs(heat_photo(values) - wanted)
    assert apart.max() < 16  # ours runs straight between a few of its colours
    assert apart.mean() < 3


def test_brightness_rises_with_the_value() -> None:
    (row,) = heat_photo(np.arange(256)[None])
    brightness = row.astype(int) @ (299, 587, 114)
    assert (np.diff(brightness) >= -600).all()  # of 255,000: rounding to a level
    assert brightness[-1] > 5 * brightness[0]


@pytest.mark.parametrize("kind", [np.uint8, np.int64, np.float32, bool])
def test_numbers_of_any_kind_are_taken(kind: Any) -> None:
    found = heat_photo(np.array([[0, 1]], kind))
    assert found[0].tolist() == [[0x44, 0x01, 0x54], [0xFD, 0xE7, 0x25]]


def test_a_map_of_nothing_is_dark() -> None:
    assert (heat_photo(np.zeros((3, 4))) == (0x44, 0x01, 0x54)).all()


@pytest.mark.parametrize(
    "values",
    [np.zeros(4), np.zeros((2, 2, 3)), np.array([[1.0, np.nan]]), np.array([[np.inf, 1]]), np.array([[-0.1, 1]])],
)
def test_what_is_no_map_is_refused(values: Any) -> None:
    with pytest.raises(InputError, match="finite values from 0 up"):
        heat_photo(values)
