"""Pictures as data URIs, read back by Pillow."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from backends.errors import InputError
from explorers.views.image_grid import Thumbnail, data_uri, grid_value, image_tag
from tests.explorers.views.reading import HOSTILE, Page

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("shape", [(8, 8), (5, 7, 3)])
def test_pixels_come_back_unchanged(shape: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    head, _, body = data_uri(pixels).partition(",")
    assert head == "data:image/png;base64"
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(base64.b64decode(body)))), pixels)


@pytest.mark.parametrize(
    ("shape", "kind"),
    [((8, 8), "float64"), ((8, 8, 4), "uint8"), ((8,), "uint8"), ((0, 8), "uint8"), ((4096, 2), "uint8")],
)
def test_other_arrays_are_refused(shape: tuple[int, ...], kind: str) -> None:
    with pytest.raises(InputError, match="A picture"):
        data_uri(np.zeros(shape, kind))


def test_a_small_picture_keeps_sharp_pixels() -> None:
    assert "atelier-pixelated" in image_tag(np.zeros((8, 8), np.uint8), "a digit", 64)
    assert "atelier-pixelated" not in image_tag(np.zeros((96, 96), np.uint8), "a scene", 64)


def test_hostile_alternative_text_stays_text() -> None:
    page = Page(image_tag(np.zeros((8, 8), np.uint8), HOSTILE, 64))
    assert page.tags == ["img"]
    assert page.attributes == {"src", "alt", "width", "class"}


def test_the_grid_refuses_an_id_given_twice() -> None:
    thumbnail = Thumbnail("a", np.zeros((8, 8), np.uint8))
    with pytest.raises(InputError, match="same id"):
        grid_value([thumbnail, thumbnail])
