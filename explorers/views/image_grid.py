"""Pictures as thumbnails to choose from, and single ones; all travel as `data:` URIs, so no file is served.

Event of the grid: `select` with `{"id": id}`, read by `events.id_of`.
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
from explorers.views.badge import SYMBOLS, Status
from explorers.views.live import JsonValue, LiveView
from explorers.views.svg import Markup, tag

_PIXELATED_BELOW: Final = 96
_LARGEST_SIDE: Final = 2048

Pixels = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """One picture: `pixels` is uint8, HxW (grey) or HxWx3 (RGB); `badges` are pairs of label and status."""

    id: str
    pixels: Pixels
    caption: str = ""
    badges: tuple[tuple[str, Status], ...] = ()


class ImageGrid(LiveView):
    """The grid of thumbnails; give it `grid_value(...)` as its value."""

    script_name = "image_grid.js"


def grid_value(thumbnails: Sequence[Thumbnail], *, selected: str | None = None, size: int = 72) -> JsonValue:
    """The grid's value: `size` is the side of a thumbnail in px, `selected` the id that is marked.

    Raises InputError for an id given twice and for pixels of another shape or type.
    """
    if len({one.id for one in thumbnails}) != len(thumbnails):
        raise InputError("Two pictures of a grid have the same id.")
    items = [
        {
            "id": one.id,
            "source": data_uri(one.pixels),
            "caption": one.caption,
            "pixelated": _small(one.pixels),
            "badges": [{"label": label, "status": status, "symbol": SYMBOLS[status]} for label, status in one.badges],
        }
        for one in thumbnails
    ]
    return {"items": items, "selected": selected, "size": size}


def image_tag(pixels: Pixels, alt: str, size: int) -> Markup:
    """One picture as an `<img>` of at most `size` px, small ones with sharp pixels. Raises as `grid_value` does."""
    sharp = " atelier-pixelated" if _small(pixels) else ""
    return tag("img", src=data_uri(pixels), alt=alt, width=size, class_=f"atelier-image{sharp}")


def data_uri(pixels: Pixels) -> str:
    """The pixels as a PNG in a `data:` URI. Raises InputError unless they are uint8, HxW or HxWx3, 1 to 2048 a side."""
    if pixels.dtype != np.uint8 or pixels.ndim not in (2, 3) or (pixels.ndim == 3 and pixels.shape[2] != 3):
        raise InputError(f"A picture is uint8 of shape HxW or HxWx3, got {pixels.dtype} of shape {pixels.shape}.")
    if not 0 < min(pixels.shape[:2]) <= max(pixels.shape[:2]) <= _LARGEST_SIDE:
        raise InputError(f"A picture has 1 to {_LARGEST_SIDE} pixels a side, got {pixels.shape[:2]}.")
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def _small(pixels: Pixels) -> bool:
    return bool(max(pixels.shape[:2]) < _PIXELATED_BELOW)
