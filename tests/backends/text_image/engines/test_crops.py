"""Crops round a region: where they lie, how large the engine sees them, and that the rest stays."""

import numpy as np
import pytest

from backends.errors import InputError
from backends.text_image.engines.crops import Crop, crop_round, put_back, repainted, seen


def _position(
    height: int, width: int, box: tuple[int, int, int, int]
) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    left, top, wide, high = box
    mask = np.zeros((height, width), np.uint8)
    mask[top : top + high, left : left + wide] = 255
    return mask


@pytest.mark.parametrize(
    ("size", "box", "crop"),
    [
        # 200 px of text: 300 px a side, 100 px left of its middle.
        ((1000, 1000), (400, 480, 200, 40), Crop(350, 350, 300, 300, (512, 512))),
        ((1000, 1000), (0, 0, 200, 40), Crop(0, 0, 300, 300, (512, 512))),
        ((1000, 1000), (900, 960, 100, 40), Crop(850, 850, 150, 150, (512, 512))),
        # A strip: as high as the picture is, and a multiple of 64 for the engine.
        ((64, 256), (28, 10, 200, 44), Crop(0, 0, 256, 64, (512, 128))),
        # A few pixels of text still show something of the scene.
        ((1000, 1000), (500, 500, 2, 2), Crop(469, 469, 64, 64, (512, 512))),
        ((5, 5), (2, 2, 1, 1), Crop(0, 0, 5, 5, (512, 512))),
    ],
)
def test_a_crop_is_a_square_round_the_region_inside_the_picture(
    size: tuple[int, int], box: tuple[int, int, int, int], crop: Crop
) -> None:
    assert crop_round(_position(*size, box)) == crop


def test_a_mask_without_a_region_is_refused() -> None:
    with pytest.raises(InputError, match="empty"):
        crop_round(np.full((64, 64), 127, np.uint8))


def test_the_edit_replaces_the_region_fades_beside_it_and_leaves_the_rest() -> None:
    picture = np.zeros((1024, 1024, 3), np.uint8)
    position = _position(1024, 1024, (400, 400, 341, 100))
    crop = crop_round(position)
    assert crop.size == (crop.width, crop.height) == (512, 512)
    out = put_back(picture, np.full((512, 512, 3), 200, np.uint8), position, crop)
    assert (out[position > 0] == 200).all()
    assert out[450, 740:751, 0].tolist() == [200, 175, 150, 125, 100, 75, 50, 25, 0, 0, 0]
    assert (picture == 0).all()


def test_what_is_painted_anew_covers_all_that_is_put_back() -> None:
    position = _position(128, 128, (40, 50, 30, 20))
    crop = Crop(0, 0, 128, 128, (128, 128))
    out = put_back(np.zeros((128, 128, 3), np.uint8), np.full((128, 128, 3), 255, np.uint8), position, crop)
    assert (repainted(position)[out.any(axis=2)] == 255).all()


def test_an_unchanged_crop_of_the_same_scale_changes_nothing() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (512, 512, 3), dtype=np.uint8)
    position = _position(512, 512, (80, 200, 341, 60))
    crop = crop_round(position)
    assert crop.size == (crop.width, crop.height)
    assert (put_back(picture, seen(picture, crop), position, crop) == picture).all()
