"""Control signals: what a ControlNet may be told about the text, as images of one channel."""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Signal = Literal["glyph", "glyph_canny", "image_canny", "depth"]
SIGNALS: tuple[Signal, ...] = ("glyph", "glyph_canny", "image_canny", "depth")
"""In the order of the hint's channels. No signal at all leaves the position alone."""

Mask = NDArray[np.uint8]
_CANNY = (100, 200)
_RELIEF_PX = 6.0


def signal_images(glyph: Mask, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """All signals of one canvas, (4, h, w) uint8, in the order of `SIGNALS`.

    The depth-like signal is a relief: the distance to the letter's edge, up to 6 pixels, as if letters were raised.
    """
    relief = cv2.distanceTransform((glyph > 127).astype(np.uint8), cv2.DIST_L2, 3)
    return np.stack(
        [
            glyph,
            cv2.Canny(glyph, *_CANNY),
            cv2.Canny(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), *_CANNY),
            (np.minimum(relief / _RELIEF_PX, 1) * 255).astype(np.uint8),
        ]
    )
