"""The canvas: what of a picture it shows, where, how sharp; and what an edit of it changes in the picture."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from backends.errors import InputError
from backends.text_image.canvas import GROWN, canvas_of, feather_mask, paste, write
from backends.text_image.lettering import FACES, fitted
from backends.text_image.lines import Corners, Line
from backends.text_image.requests import Picture

pytestmark = pytest.mark.unit

Map = NDArray[np.float64]


def _line(corners: Corners, text: str = "Open", *, vertical: bool = False) -> Line:
    script = "hans" if vertical else "latin"
    return Line(corners, text, script, vertical, FACES[script])


def _box(x: float, y: float, w: float, h: float) -> Corners:
    return (x, y), (x + w, y), (x + w, y + h), (x, y + h)


def _noise(height: int, width: int, seed: int = 0) -> Picture:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def _ramps(height: int, width: int) -> Picture:
    """Red grows with x and green with y, by 1 a pixel, so that a colour tells its place."""
    out = np.zeros((height, width, 3), np.uint8)
    out[..., 0], out[..., 1] = np.arange(width)[None, :], np.arange(height)[:, None]
    return out


def test_at_its_own_size_a_canvas_is_a_cut_of_the_picture() -> None:
    picture = _noise(120, 300)
    canvas = canvas_of(picture, _line(_box(60, 40, 100, 44)))
    # 100 + 2 x 8 px of scene need 128; the box stands in the middle: 14 px from the sides, 10 from above and below.
    assert canvas.box == (14, 10, 100, 44)
    assert np.array_equal(canvas.image, picture[30:94, 46:174])
    assert np.allclose(canvas.matrix, [[1, 0, 46], [0, 1, 30], [0, 0, 1]], atol=1e-4)
    assert np.array_equal(canvas.glyph[10:54, 14:114], fitted("Open", FACES["latin"], 100, 44))
    assert not canvas.glyph[canvas.position == 0].any()


@pytest.mark.parametrize(
    ("size", "width", "box"),
    [
        ((44, 44), 96, (26, 10, 44, 44)),
        ((80, 44), 96, (8, 10, 80, 44)),
        ((81, 44), 128, (23, 10, 81, 44)),
        ((1000, 88), 512, (11, 10, 489, 43)),
        ((496, 44), 512, (8, 10, 496, 44)),
        ((496, 24), 512, (8, 20, 496, 24)),
        ((992, 60), 512, (8, 17, 496, 30)),
    ],
)
def test_the_canvas_is_as_wide_as_the_box_needs(
    size: tuple[int, int], width: int, box: tuple[int, int, int, int]
) -> None:
    canvas = canvas_of(_noise(200, 1200), _line(_box(20, 20, *size)))
    assert canvas.image.shape == (64, width, 3)
    assert canvas.box == box


@pytest.mark.parametrize(
    ("corners", "said"),
    [
        (_box(0, 0, 400, 16), "Break it into rows"),
        (_box(0, 0, 20, 200), "Mark it wider"),
        (((0, 0), (60, 27), (60, 33), (0, 60)), "narrows too steeply"),
    ],
)
def test_a_line_that_no_canvas_shows_is_refused(corners: Corners, said: str) -> None:
    with pytest.raises(InputError, match=said):
        canvas_of(_noise(300, 500), _line(corners))


@pytest.mark.parametrize(
    "corners",
    [
        _box(60.5, 50.25, 90, 30),
        ((80.0, 60.0), (150.0, 100.0), (130.0, 135.0), (60.0, 95.0)),
        ((60.0, 60.0), (170.0, 80.0), (170.0, 110.0), (60.0, 130.0)),
        ((170.0, 130.0), (60.0, 130.0), (60.0, 90.0), (170.0, 90.0)),
    ],
    ids=["between pixels", "turned", "receding", "upside down"],
)
def test_the_box_shows_what_lies_between_the_corners(corners: Corners) -> None:
    canvas = canvas_of(_ramps(200, 240), _line(corners))
    left, top, width, height = canvas.box
    ends = np.array([[left, top], [left + width, top], [left + width, top + height], [left, top + height]])
    there = cv2.perspectiveTransform(ends[None].astype(np.float64), canvas.matrix)[0]
    assert np.allclose(there, corners, atol=1e-3)
    # In a picture whose colours are places, each pixel of the canvas says where it was taken.
    xs, ys = np.meshgrid(np.arange(canvas.image.shape[1]) + 0.5, np.arange(64) + 0.5)
    points = cv2.perspectiveTransform(np.stack([xs, ys], -1).reshape(1, -1, 2), canvas.matrix)[0]
    inside = ((points > 2) & (points < [238, 198])).all(axis=1)
    colours = canvas.image.reshape(-1, 3)[:, :2].astype(np.float64)
    assert np.abs(colours + 0.5 - points)[inside].max() <= 1


def test_a_column_lies_on_its_side_as_in_training() -> None:
    picture = _noise(200, 120)
    canvas = canvas_of(picture, _line(_box(40, 30, 44, 132), "你好吗", vertical=True))
    left, top, width, height = canvas.box
    assert (width, height) == (132, 44)
    assert np.array_equal(canvas.image[top : top + 44, left : left + 132], np.rot90(picture[30:162, 40:84]))
    drawn = fitted("你好吗", FACES["hans"], 44, 132, vertical=True)
    assert np.array_equal(canvas.glyph[top : top + 44, left : left + 132], np.rot90(drawn))


def test_beyond_the_edge_the_picture_goes_on() -> None:
    picture = _noise(60, 90)
    canvas = canvas_of(picture, _line(_box(0, 0, 88, 44)))
    assert canvas.box == (20, 10, 88, 44)
    assert np.array_equal(canvas.image, np.pad(picture, ((10, 0), (20, 18), (0, 0)), mode="edge")[:64, :128])


@pytest.mark.parametrize("turn", [0, 25])
def test_a_large_picture_is_averaged_and_not_thinned_out(turn: float) -> None:
    # A checkerboard of single pixels is grey from afar; every sample without averaging would be black or white.
    picture = np.repeat(((np.indices((1500, 2600)).sum(axis=0) % 2) * 255).astype(np.uint8)[..., None], 3, axis=2)
    corners = cv2.boxPoints(((1300, 750), (1500, 300), turn))
    order = np.array([1, 2, 3, 0])
    (a, b), (c, d), (e, f), (g, h) = corners[order].tolist()
    canvas = canvas_of(picture, _line(((a, b), (c, d), (e, f), (g, h))))
    assert np.abs(canvas.image.astype(int) - 127.5).max() < 3


def test_an_unchanged_canvas_changes_nothing() -> None:
    picture = _noise(400, 700)
    canvas = canvas_of(picture, _line(((100, 60), (600, 90), (580, 300), (120, 200))))
    assert np.array_equal(paste(picture, canvas.image, canvas), picture)


def test_at_its_own_size_an_edit_arrives_as_it_is() -> None:
    picture = _noise(120, 300)
    canvas = canvas_of(picture, _line(_box(60, 40, 100, 44)))
    edited = _noise(64, 128, seed=1)
    before = picture.copy()
    out = paste(picture, edited, canvas)
    assert np.array_equal(picture, before)
    assert np.abs(out[40:84, 60:160].astype(int) - edited[10:54, 14:114]).max() <= 1
    assert np.array_equal(out[:, :56], picture[:, :56])
    assert np.array_equal(out[88:], picture[88:])
    write(before, edited, canvas)
    assert np.array_equal(before, out)


def test_the_feather_is_one_inside_and_fades_over_a_few_pixels_of_the_canvas() -> None:
    # Twice the canvas's size, so the fade is 8 px wide.
    canvas = canvas_of(_noise(300, 500), _line(_box(100, 100, 200, 88)))
    mask = feather_mask((300, 500), canvas)
    assert mask.dtype == np.float32
    assert (mask[100:188, 100:300] == 1).all()
    row = mask[140, 300 : 300 + int(2 * GROWN) + 1]
    assert (np.diff(row) < 0).all()
    assert row[-1] == 0
    # Smoothstep of 1 - 0.5 / 8, at the middle of the first pixel outside.
    t = 1 - 0.5 / 8
    assert row[0] == pytest.approx(t * t * (3 - 2 * t), abs=1e-4)
    assert np.count_nonzero(mask) <= (200 + 16) * (88 + 16)


def _random_corners(rng: np.random.Generator, width: int, height: int) -> Corners:
    """A turned, bent box of any size, often over the edge of the picture."""
    wide, tall = rng.uniform(10, width / 1.5), rng.uniform(10, height / 2)
    wide = min(wide, 15 * tall)
    tall = min(tall, 3 * wide)
    turn = rng.uniform(-np.pi, np.pi)
    box = np.array([[-wide, -tall], [wide, -tall], [wide, tall], [-wide, tall]]) / 2
    box += rng.uniform(-0.08, 0.08, (4, 2)) * min(wide, tall)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    (a, b), (c, d), (e, f), (g, h) = (box @ rotation.T + rng.uniform((0, 0), (width, height))).tolist()
    return (a, b), (c, d), (e, f), (g, h)


@pytest.mark.parametrize("seed", range(25))
def test_outside_the_feather_not_a_bit_changes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    picture = _noise(300, 420, seed)
    canvas = canvas_of(picture, _line(_random_corners(rng, 420, 300)))
    out = paste(picture, 255 - canvas.image, canvas)
    mask = feather_mask(picture.shape, canvas)
    assert np.array_equal(out[mask == 0], picture[mask == 0])
    assert np.array_equal(paste(picture, canvas.image, canvas), picture)
    # An independent account of where the mask is: OpenCV's fill of the corners.
    corners = np.rint(np.array(canvas.line.corners) * 16 - 8).astype(np.int32)
    filled = cv2.fillConvexPoly(np.zeros(mask.shape, np.uint8), corners, 1, shift=4)
    assert (mask[cv2.erode(filled, np.ones((3, 3)), borderType=cv2.BORDER_CONSTANT, borderValue=0) > 0] == 1).all()


@pytest.mark.parametrize("scale", [2, 4, 8])
def test_in_a_large_picture_the_old_letters_leave_no_ghost_and_the_grain_stays(scale: int) -> None:
    rng = np.random.default_rng(0)
    plain = np.clip(rng.normal(150, 6, (110 * scale, 240 * scale, 3)), 0, 255).astype(np.uint8)
    old, new = plain.copy(), plain.copy()
    old[45 * scale : 65 * scale, 60 * scale : 90 * scale] = 20
    new[45 * scale : 65 * scale, 120 * scale : 150 * scale] = 20
    line = _line(_box(40 * scale, 33 * scale, 160 * scale, 44 * scale))
    canvas = canvas_of(old, line)
    out = paste(old, canvas_of(new, line).image, canvas).astype(float)
    # Round the old block's place: no outline stands out of the grain.
    place = out[35 * scale : 75 * scale, 50 * scale : 100 * scale]
    assert np.abs(place - 150).max() < 6 * 6
    assert np.abs(place.mean(axis=(1, 2)) - 150).max() < 2
    assert np.abs(place.mean(axis=(0, 2)) - 150).max() < 2
    # Where nothing was written the grain is the picture's own.
    away = np.s_[40 * scale : 70 * scale, 165 * scale : 195 * scale]
    assert np.corrcoef(out[away].ravel(), plain[away].ravel())[0, 1] > 0.99


def test_neighbouring_rows_that_were_cut_together_do_not_undo_each_other() -> None:
    picture = np.full((140, 300, 3), 128, np.uint8)
    upper, lower = (canvas_of(picture, _line(_box(60, y, 100, 44))) for y in (20, 64))
    white = upper.image.copy()
    white[10:54, 14:114] = 255
    out = paste(paste(picture, white, upper), lower.image, lower)
    assert (out[20:64, 60:160] == 255).all()


def test_a_picture_narrower_than_the_canvas_takes_the_average_of_it() -> None:
    # The region is 11 px high, a quarter of the canvas: a checkerboard of the canvas's pixels is grey there.
    picture = np.full((60, 120, 3), 90, np.uint8)
    canvas = canvas_of(picture, _line(_box(20, 20, 40, 11)))
    edited = np.repeat(((np.indices(canvas.position.shape).sum(axis=0) % 2) * 255).astype(np.uint8)[..., None], 3, 2)
    out = paste(picture, edited, canvas)
    assert np.abs(out[21:30, 22:58].astype(int) - 127.5).max() < 12
