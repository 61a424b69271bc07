"""Opens pictures that visitors send, whatever they are: checked before they are decoded, then made plain 8-bit RGB."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from backends.errors import InputError, quoted

Picture = NDArray[np.uint8]
Source = bytes | Path | Image.Image | NDArray[np.generic]

MOST_PIXELS = 4096
"""Longest side in pixels."""

FEWEST_PIXELS = 16
"""Shortest side in pixels."""

MOST_BYTES = 32 * 1024 * 1024
"""Largest file in bytes."""

_FORMATS = ("PNG", "JPEG", "WEBP")
_SIXTEEN_BITS = ("I;16", "I;16L", "I;16B", "I;16N")
_PALE_MODES = ("I", "F")  # 32 bits a pixel, of which nobody says what is white
_NOT_OURS = "Send a PNG, JPEG or WebP picture."


def open_picture(source: Source) -> Picture:
    """The picture as (H, W, 3) uint8 RGB, upright, an array of its own.

    `source`: the content of a PNG, JPEG or WebP file, its path, a Pillow image, or an array of uint8 or uint16 with
    shape (H, W), (H, W, 3) or (H, W, 4). Turned as its EXIF says; transparency is laid on white; 16 bits are scaled to
    8; CMYK, palettes and greys become RGB.

    Raises:
        InputError: too large or too small, in pixels or bytes (found out before anything is decoded); another format;
            a damaged or cut file; more than one frame; numbers that are not colours. The message says what to do.
    """
    if isinstance(source, np.ndarray):
        return _plain(_from_array(source))
    if isinstance(source, Image.Image):
        return _decode(source)
    content = _content(source)
    try:
        image = Image.open(io.BytesIO(content), formats=_FORMATS)
    except Image.DecompressionBombError as error:
        raise InputError(_too_large("The picture")) from error
    except UnidentifiedImageError as error:
        raise InputError(f"This is no picture that can be opened, or its beginning is damaged. {_NOT_OURS}") from error
    except Exception as error:  # a decoder stumbles over a hostile header in whatever way it happens to
        raise InputError(_damaged(error)) from error
    with image:
        return _decode(image)


def _content(source: bytes | Path) -> bytes:
    content = source if isinstance(source, bytes) else _head(source)
    if not content:
        raise InputError(f"The file is empty. {_NOT_OURS}")
    if len(content) > MOST_BYTES:
        raise InputError(f"The file is larger than {MOST_BYTES >> 20} MiB. Save it as JPEG, or smaller.")
    return content


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"The picture {quoted(path.name)} cannot be read: {error.strerror}.") from error


def _decode(image: Image.Image) -> Picture:
    _check_size(*image.size)
    if image.mode in _PALE_MODES:
        raise InputError(f"Pixels of mode {image.mode!r} have no known white. Convert the picture to 8 or 16 bits.")
    try:
        frames = getattr(image, "n_frames", 1)
        # Phones put a preview or a depth map behind a JPEG as a second picture ("MPO"); its first is the photograph.
        if frames == 1 or image.format == "MPO":
            image.load()
            return _plain(ImageOps.exif_transpose(image))
    except Exception as error:
        raise InputError(_damaged(error)) from error
    raise InputError(f"The picture is animated: it has {frames} frames. Send one of them, as PNG, JPEG or WebP.")


def _plain(image: Image.Image) -> Picture:
    if image.mode in _SIXTEEN_BITS:
        # Pillow would cut at 255 instead of scaling.
        image = Image.fromarray(_to_8_bits(np.asarray(image)))
    if image.has_transparency_data:
        colours = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", colours.size, "white"), colours)
    return np.array(image.convert("RGB"))


def _from_array(array: NDArray[np.generic]) -> Image.Image:
    if array.dtype not in (np.uint8, np.uint16):
        raise InputError(
            f"An array of {array.dtype} is no picture: nobody says which number is white, or whether all are finite. "
            "Send uint8 from 0 to 255."
        )
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)):
        raise InputError(f"An array of shape {array.shape} is no picture. Send (height, width, 3).")
    _check_size(array.shape[1], array.shape[0])
    return Image.fromarray(np.ascontiguousarray(_to_8_bits(array) if array.dtype == np.uint16 else array))


def _to_8_bits(array: NDArray[np.generic]) -> NDArray[np.uint8]:
    return ((array.astype(np.uint32) + 128) // 257).astype(np.uint8)  # 65,535 is 255 * 257


def _check_size(width: int, height: int) -> None:
    if max(width, height) > MOST_PIXELS:
        raise InputError(_too_large(f"The picture has {width:,} x {height:,} pixels and"))
    if min(width, height) < FEWEST_PIXELS:
        raise InputError(
            f"The picture has {width} x {height} pixels and is too small. "
            f"Send one of at least {FEWEST_PIXELS} pixels a side."
        )


def _too_large(subject: str) -> str:
    return f"{subject} is too large. Scale it down to at most {MOST_PIXELS:,} pixels a side."


def _damaged(error: Exception) -> str:
    return (
        f"The picture is damaged or cut off ({quoted(str(error) or type(error).__name__, 80)}). Save or send it again."
    )
