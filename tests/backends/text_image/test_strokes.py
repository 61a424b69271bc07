"""Strokes: soft ones become crisp where the glyph is followed, without halos; fine pictures get fine letters."""

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from backends.text_image.canvas import Canvas, canvas_of, write
from backends.text_image.fine_strokes import fine_glyph, line
from backends.text_image.lettering import FACES, fitted
from backends.text_image.lines import Line
from backends.text_image.strokes import BLUR, crisp

pytestmark = pytest.mark.unit

GROUND, LETTERS = 0.4, -0.6


def _glyph() -> Tensor:
    glyph = torch.zeros(1, 1, 64, 160)
    glyph[0, 0, 10:54, 10:150] = torch.from_numpy(fitted("Baker", FACES["latin"], 140, 44)).float() / 255
    return glyph


def _position() -> Tensor:
    position = torch.zeros(1, 1, 64, 160)
    position[..., 10:54, 10:150] = 1
    return position


def _blurred(image: Tensor) -> Tensor:
    blurred = cv2.GaussianBlur(image[0, 0].numpy(), (0, 0), BLUR, borderType=cv2.BORDER_REPLICATE)
    return torch.from_numpy(blurred)[None, None]


def _picture(glyph: Tensor) -> Tensor:
    return (GROUND + (LETTERS - GROUND) * glyph).expand(1, 3, -1, -1)


def _mean(images: Tensor) -> Tensor:
    return torch.nn.functional.avg_pool2d(images, 9, 1, 4, count_include_pad=False)


def test_the_line_of_a_picture_that_is_one_is_found() -> None:
    glyph = _glyph()
    slope, ground = line(_picture(glyph), glyph, _mean)
    letters = _mean(glyph) > 0.2
    # Where there are few edges the line is held flatter, by the variance that counts as none.
    assert ((slope - (LETTERS - GROUND))[letters.expand_as(slope)].abs() < 0.25).float().mean() > 0.9
    assert ((ground - GROUND)[letters.expand_as(ground)].abs() < 0.1).float().mean() > 0.9


def test_a_soft_picture_comes_nearer_to_the_crisp_one() -> None:
    glyph = _glyph()
    wanted, soft = _picture(glyph), _picture(_blurred(glyph))
    found = crisp(soft, glyph, _position(), 1.0)
    assert (found - wanted).abs().mean() < 0.75 * (soft - wanted).abs().mean()


def test_the_ground_beside_letters_is_not_overshot() -> None:
    glyph = _glyph()
    # As steep as can be: all that is added beside the letters would be a halo.
    found = crisp(_picture(glyph), glyph, _position(), 2.0)
    assert found[(glyph == 0).expand_as(found)].max() <= GROUND + 1e-5


def test_outside_the_region_and_without_a_glyph_nothing_changes() -> None:
    glyph, position = _glyph(), _position()
    soft = _picture(_blurred(glyph))
    outside = (position == 0).expand_as(soft)
    assert torch.equal(crisp(soft, glyph, position, 1.0)[outside], soft[outside])
    assert torch.equal(crisp(soft, torch.zeros_like(glyph), position, 1.0), soft)


def test_what_does_not_follow_the_glyph_stays() -> None:
    noise = torch.rand(1, 3, 64, 160, generator=torch.Generator().manual_seed(0)) * 0.4
    found = crisp(noise, _glyph(), _position(), 1.0)
    followed = crisp(_picture(_blurred(_glyph())), _glyph(), _position(), 1.0) - _picture(_blurred(_glyph()))
    assert (found - noise).abs().mean() < 0.25 * followed.abs().mean()


def _written(scale: int, text: str, *, vertical: bool, fine: bool) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What a picture `scale` times as fine as its canvas shows of dark letters, and what it should."""
    script = "hans" if vertical else "latin"
    wide, high = (44, 150) if vertical else (150, 44)
    x, y = 40 * scale, 33 * scale
    corners = (x, y), (x + wide * scale, y), (x + wide * scale, y + high * scale), (x, y + high * scale)
    row = Line(corners, text, script, vertical, FACES[script])
    picture = np.full(((high + 66) * scale, (wide + 80) * scale, 3), 200, np.uint8)
    canvas: Canvas = canvas_of(picture, row)
    edited = (200 - canvas.glyph.astype(np.float32) / 255 * 180)[..., None].repeat(3, axis=2).astype(np.uint8)
    write(picture, edited, canvas, fine=fine)
    drawn = fitted(text, FACES[script], wide * scale, high * scale, vertical=vertical)
    wanted = np.float32(200) - drawn.astype(np.float32) / np.float32(255) * np.float32(180)
    return picture[y : y + high * scale, x : x + wide * scale, 0].astype(np.float32), wanted


@pytest.mark.parametrize(("text", "vertical"), [("Baker", False), ("万寿山", True)])
@pytest.mark.parametrize("scale", [2, 4])
def test_a_finer_picture_gets_finer_strokes(scale: int, text: str, vertical: bool) -> None:
    coarse, wanted = _written(scale, text, vertical=vertical, fine=False)
    fine, _ = _written(scale, text, vertical=vertical, fine=True)
    assert np.abs(fine - wanted).mean() < 0.9 * np.abs(coarse - wanted).mean()
    assert _steepness(coarse) < 0.9 * _steepness(wanted)
    assert _steepness(fine) == pytest.approx(_steepness(wanted), rel=0.1)


def _steepness(picture: NDArray[np.float32]) -> float:
    """Of the edges of letters, in grey levels a pixel."""
    down, along = np.gradient(picture)
    return float(np.percentile(np.hypot(down, along), 98))


def test_at_the_canvas_own_size_fine_strokes_change_nothing() -> None:
    coarse, _ = _written(1, "Baker", vertical=False, fine=False)
    fine, _ = _written(1, "Baker", vertical=False, fine=True)
    assert np.array_equal(coarse, fine)


def test_the_fine_glyph_lies_on_the_coarse_one() -> None:
    row = Line(((0, 0), (150, 0), (150, 44), (0, 44)), "Baker", "latin", False, FACES["latin"])
    glyph = np.zeros((64, 192), np.uint8)
    glyph[10:54, 21:171] = fitted("Baker", FACES["latin"], 150, 44)
    fine, matrix = fine_glyph(row, glyph, (150, 44), 5)
    to_index = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1]])
    by_index = to_index @ matrix @ np.linalg.inv(to_index)
    smooth = cv2.blur(fine, (5, 5))
    seen = cv2.warpPerspective(smooth, by_index, (192, 64), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    assert np.abs(seen.astype(float) - glyph).mean() < 6
