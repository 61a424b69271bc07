"""Tests of the sheet of pictures: what goes in comes out, and damage has a name."""

from pathlib import Path

import numpy as np
import pytest

from backends.errors import WeightsError
from backends.visual_patterns import picture_sheet


def _pixels(count: int, side: int = 9) -> np.ndarray:
    found: np.ndarray = np.random.default_rng(count).integers(0, 256, (count, side, side, 3), np.uint8)
    return found


@pytest.mark.parametrize("count", [1, 2, 5, 9, 10])
def test_pictures_come_back_exactly(count: int, tmp_path: Path) -> None:
    picture_sheet.write(tmp_path, _pixels(count))
    assert np.array_equal(picture_sheet.read(tmp_path, count), _pixels(count))


def test_they_lie_row_by_row() -> None:
    pixels = _pixels(5)
    sheet = picture_sheet.lay(pixels, 3)
    assert sheet.shape == (18, 27, 3)
    assert np.array_equal(sheet[9:, 9:18], pixels[4])
    assert not sheet[9:, 18:].any()
    assert np.array_equal(picture_sheet.cut(sheet, 9)[:5], pixels)


@pytest.mark.parametrize("content", [None, b"", b"RIFF\x10\x00\x00\x00WEBPVP8L"])
def test_what_is_damaged_says_so(content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / picture_sheet.FILE).write_bytes(content)
    with pytest.raises(WeightsError, match="Build it again"):
        picture_sheet.read(tmp_path, 4)


def test_the_smaller_set_is_shared_where_the_larger_begins_with_it() -> None:
    pixels = _pixels(6)
    assert picture_sheet.shared(pixels, pixels[:4]) == picture_sheet.shared(pixels[:4], pixels) == 4
    assert picture_sheet.shared(pixels, pixels[1:4]) == 0
    assert picture_sheet.shared(pixels, _pixels(4, side=8)) == 0
