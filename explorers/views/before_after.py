"""Before and after: two pictures of one place, and an edge between them that mouse, touch and arrow keys move.

There may be several pictures after; buttons below choose among them.
"""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from backends.errors import InputError
from explorers.views.live import JsonValue, LiveView

_LONGEST_SIDE: Final = 1280

Pixels = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: `pixels` is uint8, HxWx3; `label` stands on it in a word, `alt` says what it shows."""

    pixels: Pixels
    label: str
    alt: str


class BeforeAfter(LiveView):
    """The two pictures; give it `before_after_value(...)` as its value."""

    script_name = "before_after.js"


def before_after_value(before: Shot, after: Sequence[Shot], *, caption: str = "", quality: int = 88) -> JsonValue:
    """The view's value; raises InputError for no picture after, or for pixels that `photo_uri` refuses."""
    if not after:
        raise InputError("There is no picture to compare with.")
    height, width = before.pixels.shape[:2]
    return {
        "before": _shot(before, quality),
        "items": [_shot(one, quality) for one in after],
        "width": width,
        "height": height,
        "caption": caption,
    }


def _shot(shot: Shot, quality: int) -> dict[str, str]:
    return {"source": photo_uri(shot.pixels, quality=quality), "label": shot.label, "alt": shot.alt}


def photo_uri(pixels: Pixels, *, longest: int = _LONGEST_SIDE, quality: int = 88) -> str:
    """The pixels, uint8 of HxWx3, as a JPEG in a `data:` URI, scaled down to `longest` px a side; for looking at only.

    Raises InputError for pixels of another shape or type.
    """
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or 0 in pixels.shape:
        raise InputError(f"A photograph is uint8 of shape HxWx3, got {pixels.dtype} of shape {pixels.shape}.")
    image = Image.fromarray(np.ascontiguousarray(pixels))
    image.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, format="JPEG", quality=quality)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
