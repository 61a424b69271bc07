"""The map of differences, by hand."""

import numpy as np
import pytest

from backends.errors import InputError
from backends.text_image.difference import difference

pytestmark = pytest.mark.unit


def test_the_largest_channel_counts_in_either_direction() -> None:
    before = np.array([[[10, 20, 30], [255, 0, 0]], [[0, 0, 0], [7, 7, 7]]], np.uint8)
    after = np.array([[[13, 15, 30], [0, 0, 0]], [[0, 0, 255], [7, 7, 7]]], np.uint8)
    found = difference(before, after)
    assert found.dtype == np.uint8
    assert found.tolist() == [[5, 255], [255, 0]]
    assert np.array_equal(found, difference(after, before))


def test_pictures_of_two_sizes_are_refused() -> None:
    with pytest.raises(InputError, match=r"\(4, 6\) and \(6, 4\): they must be of one size"):
        difference(np.zeros((4, 6, 3), np.uint8), np.zeros((6, 4, 3), np.uint8))
