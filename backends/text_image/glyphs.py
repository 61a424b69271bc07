"""The control images of a request, as the networks will see them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from backends.text_image.edit import canvases_of
from backends.text_image.requests import EditRequest, Options, Picture, Region, checked
from backends.text_image.signals import SIGNALS, signal_images


def control_pictures(image: Picture, regions: Sequence[Region], options: Options) -> tuple[Picture, ...]:
    """One picture a line, (64, w, 3) uint8: the weighted signals, brightest wins, and the region's outline dimmed.

    Raises:
        InputError: for regions, texts or options that cannot be used.
    """
    options = checked(options)
    pictures = []
    for canvas in canvases_of(EditRequest(image, tuple(regions), options)):
        weights = np.array([options.signals.get(name, 0.0) for name in SIGNALS], np.float32)[:, None, None]
        signals = np.clip(signal_images(canvas.glyph, canvas.image) * weights, 0, 255).max(axis=0)
        shown = np.maximum(signals, canvas.position * 0.2).astype(np.uint8)
        pictures.append(np.repeat(shown[..., None], 3, axis=2))
    return tuple(pictures)
