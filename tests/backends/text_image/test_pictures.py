"""Pictures of every kind that visitors send, good and bad; what they should look like is worked out by hand."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from backends.errors import InputError
from backends.text_image.pictures import MOST_BYTES, open_picture

pytestmark = pytest.mark.unit

RED, BLUE = (200, 40, 60), (10, 60, 220)


def halves(width: int = 32, height: int = 20) -> NDArray[np.uint8]:
    """Red at the left, blue at the right."""
    picture = np.full((height, width, 3), RED, np.uint8)
    picture[:, width // 2 :] = BLUE
    return picture


def encoded(image: Image.Image | NDArray[np.uint8], format: str = "PNG", **options: Any) -> bytes:
    content = io.BytesIO()
    (Image.fromarray(image) if isinstance(image, np.ndarray) else image).save(content, format, **options)
    return content.getvalue()


def png_header(width: int, height: int) -> bytes:
    """A PNG that promises a size and holds no more than a few bytes."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


def test_every_way_in_gives_the_same_picture(tmp_path: Path) -> None:
    expected = halves()
    path = tmp_path / "picture.png"
    path.write_bytes(encoded(expected))
    for source in (path, path.read_bytes(), Image.fromarray(expected), Image.open(path), expected):
        opened = open_picture(source)
        assert opened.dtype == np.uint8
        assert np.array_equal(opened, expected)
        opened[0, 0] = 0  # it is a copy, to be written into
    assert np.array_equal(expected, halves())


@pytest.mark.parametrize(("format", "options"), [("JPEG", {"quality": 95}), ("WEBP", {"lossless": True})])
def test_other_formats(format: str, options: dict[str, Any]) -> None:
    opened = open_picture(encoded(halves(), format, **options))
    assert np.abs(opened[:, [4, -5]].astype(int) - halves()[:, [4, -5]]).max() <= 4


def test_the_largest_and_the_smallest_are_taken() -> None:
    assert open_picture(encoded(Image.new("L", (4096, 16)))).shape == (16, 4096, 3)
    assert open_picture(np.zeros((16, 4096), np.uint8)).shape == (16, 4096, 3)


@pytest.mark.parametrize("size", [(4097, 20), (20, 4097), (30_000, 30_000), (30_000, 16), (12_000, 12_000)])
def test_too_many_pixels_are_refused_before_they_are_decoded(size: tuple[int, int]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        # Decoding would fail in another way: the file holds no pixels.
        with pytest.raises(InputError, match=r"too large\. Scale it down to at most 4,096 pixels a side"):
            open_picture(png_header(*size))


def test_large_arrays_and_images_are_refused_alike() -> None:
    for source in (np.zeros((4097, 16, 3), np.uint8), Image.new("RGB", (16, 4097))):
        with pytest.raises(InputError, match="4,096"):
            open_picture(source)


@pytest.mark.parametrize("size", [(15, 40), (40, 15), (1, 1)])
def test_too_few_pixels(size: tuple[int, int]) -> None:
    for source in (Image.new("RGB", size), encoded(Image.new("RGB", size)), np.zeros((*size, 3), np.uint8)):
        with pytest.raises(InputError, match="at least 16 pixels a side"):
            open_picture(source)
    with pytest.raises(InputError, match="at least 16"):
        open_picture(np.zeros((0, 20, 3), np.uint8))


def test_too_many_bytes(tmp_path: Path) -> None:
    large = encoded(halves()) + bytes(MOST_BYTES)
    path = tmp_path / "large.png"
    path.write_bytes(large)
    for source in (large, path):
        with pytest.raises(InputError, match="larger than 32 MiB"):
            open_picture(source)


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_a_truncated_file_is_refused(format: str, share: float) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    content = encoded(noise, format)
    with pytest.raises(InputError, match="damaged"):
        open_picture(content[: int(len(content) * share)])


def test_hostile_bytes_are_refused() -> None:
    good = {format: encoded(halves(64, 64), format) for format in ("PNG", "JPEG", "WEBP")}
    random = np.random.default_rng(1)
    for content in good.values():
        for _ in range(60):
            bad = bytearray(content)
            for place in random.integers(0, len(bad), 4):
                bad[place] = random.integers(0, 256)
            try:
                opened = open_picture(bytes(bad))
            except InputError:
                continue
            assert opened.dtype == np.uint8
            assert opened.ndim == 3


@pytest.mark.parametrize(
    "content",
    [b"", b"hello", b"\x89PNG\r\n\x1a\n", encoded(halves(), "GIF"), encoded(halves(), "BMP"), b"<svg/>", b"%PDF-1.7"],
)
def test_what_is_no_picture_of_a_known_format(content: bytes) -> None:
    with pytest.raises(InputError, match="PNG, JPEG or WebP"):
        open_picture(content)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    for path in (tmp_path / "none.png", tmp_path):
        with pytest.raises(InputError, match="cannot be read"):
            open_picture(path)


@pytest.mark.parametrize("format", ["PNG", "WEBP"])
def test_an_animation_is_refused(format: str) -> None:
    first, second = Image.fromarray(halves()), Image.fromarray(halves()[:, ::-1].copy())
    content = encoded(first, format, save_all=True, append_images=[second])
    with pytest.raises(InputError, match="2 frames"):
        open_picture(content)


def test_a_phones_photograph_with_a_second_picture_is_no_animation() -> None:
    first, second = Image.fromarray(halves(64, 64)), Image.new("RGB", (64, 64))
    content = encoded(first, "MPO", save_all=True, append_images=[second], quality=95)
    assert np.abs(open_picture(content)[:, 5].astype(int) - RED).max() <= 4


def test_cmyk() -> None:
    flat = Image.new("CMYK", (32, 32), (0, 255, 255, 0))
    assert open_picture(flat)[0, 0].tolist() == [255, 0, 0]
    red, green, blue = open_picture(encoded(flat, "JPEG", quality=95))[16, 16].tolist()
    assert red > 240
    assert green < 15
    assert blue < 15


def test_sixteen_bits_of_grey_are_scaled_and_not_cut() -> None:
    ramp = np.linspace(0, 65535, 256).round().astype(np.uint16)  # multiples of 257
    grey = np.repeat(ramp[None], 16, axis=0)
    written = cv2.imencode(".png", grey)[1].tobytes()
    for source in (written, grey, Image.open(io.BytesIO(written))):
        opened = open_picture(source)
        assert np.array_equal(opened, np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 16, 0).repeat(3, 2))


def test_sixteen_bits_of_colour_are_scaled() -> None:
    colours = np.zeros((16, 16, 3), np.uint16)
    colours[:] = (65535, 32896, 257)
    written = cv2.imencode(".png", colours[..., ::-1])[1].tobytes()
    for source in (written, colours):
        assert open_picture(source)[3, 3].tolist() == [255, 128, 1]


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(
    ("orientation", "corner"), [(1, "left"), (3, "right"), (6, "top"), (8, "bottom"), (2, "right")]
)
def test_a_picture_is_turned_as_its_exif_says(format: str, orientation: int, corner: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    opened = open_picture(encoded(halves(48, 32), format, exif=exif.tobytes(), quality=95))
    turned = corner in ("top", "bottom")
    assert opened.shape == ((48, 32, 3) if turned else (32, 48, 3))
    strip = {"left": opened[:, :4], "right": opened[:, -4:], "top": opened[:4], "bottom": opened[-4:]}[corner]
    assert np.abs(strip.reshape(-1, 3).mean(0) - RED).max() < 8


def test_transparency_is_laid_on_white() -> None:
    clear = np.full((16, 16, 4), (255, 0, 0, 0), np.uint8)
    clear[:8, :, 3] = 255
    clear[8:12, :, 3] = 51  # a fifth
    grey = Image.fromarray(clear).convert("LA")
    palette = Image.new("P", (16, 16), 1)
    palette.putpalette([0, 0, 0, 9, 9, 9])
    for source in (clear, encoded(clear), encoded(clear, "WEBP", lossless=True)):
        assert open_picture(source)[[0, 9, 15], 0].tolist() == [[255, 0, 0], [255, 204, 204], [255, 255, 255]]
    assert open_picture(encoded(grey))[15, 0].tolist() == [255] * 3
    assert open_picture(encoded(palette, transparency=1))[0, 0].tolist() == [255] * 3
    assert open_picture(encoded(palette))[0, 0].tolist() == [9] * 3


@pytest.mark.parametrize("mode", ["1", "L", "P", "YCbCr", "HSV", "RGBX"])
def test_every_mode_becomes_rgb(mode: str) -> None:
    white = Image.new("RGB", (30, 20), "white").convert(mode)
    assert np.array_equal(open_picture(white), np.full((20, 30, 3), 255, np.uint8))


@pytest.mark.parametrize(
    "array",
    [
        np.full((20, 20, 3), np.nan),
        np.full((20, 20, 3), np.inf, np.float32),
        np.zeros((20, 20, 3), np.int64),
        np.zeros((20, 20, 3), bool),
        np.zeros((20, 20, 2), np.uint8),
        np.zeros((20, 20, 5), np.uint8),
        np.zeros((1, 20, 20, 3), np.uint8),
        np.zeros(20, np.uint8),
    ],
)
def test_arrays_that_are_no_picture(array: NDArray[np.generic]) -> None:
    with pytest.raises(InputError, match="is no picture"):
        open_picture(array)


@pytest.mark.parametrize("mode", ["F", "I"])
def test_images_without_a_white(mode: str) -> None:
    with pytest.raises(InputError, match="8 or 16 bits"):
        open_picture(Image.new(mode, (20, 20)))
