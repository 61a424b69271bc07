"""What text stands on: crops of photographs and textures, signs, paper, screens and plain surfaces."""

from __future__ import annotations

import random

import cv2
import numpy as np
from numpy.typing import NDArray

from backends.text_image.renderer.material import Picture
from backends.text_image.renderer.style import Style, luminance

Float = NDArray[np.float32]


def photo_crop(photos: list[Picture], width: int, height: int, rng: random.Random) -> Float:
    """A random part of a random photograph at a random scale, (height, width, 3), 0 to 255."""
    photo = rng.choice(photos)
    most = min(photo.shape[0] / height, photo.shape[1] / width)
    scale = rng.uniform(min(0.6, most), min(4.0, most))
    h, w = int(height * scale), int(width * scale)
    top, left = rng.randint(0, photo.shape[0] - h), rng.randint(0, photo.shape[1] - w)
    crop = cv2.resize(photo[top : top + h, left : left + w], (width, height), interpolation=cv2.INTER_AREA)
    if rng.random() < 0.5:
        crop = crop[:, ::-1]
    return crop.astype(np.float32)


def _shaded(colour: tuple[int, int, int], width: int, height: int, rng: random.Random) -> Float:
    """A surface of one colour, a little lighter on one side."""
    x, y = rng.uniform(-18, 18), rng.uniform(-18, 18)
    across = np.linspace(-x, x, width, dtype=np.float32)[None, :, None]
    down = np.linspace(-y, y, height, dtype=np.float32)[:, None, None]
    return np.asarray(colour, np.float32) + across + down


def ground(photos: list[Picture], style: Style, box: Float, rng: random.Random, width: int, height: int) -> Float:
    """The scene before any text; `box`: corners (4, 2) of the text, which a sign surrounds."""
    if style.ground == "photo":
        crop = photo_crop(photos, width, height, rng)
        # Letters must stand out from what is behind them, as a person who puts up a sign would see to.
        behind = float(crop.mean(axis=2)[box[:, 1].min().astype(int).clip(0) :].mean())
        gap = luminance(style.colour) - behind
        if abs(gap) < 80:
            crop = crop * 0.45 if luminance(style.colour) > 120 else 255 - (255 - crop) * 0.45
        return crop.astype(np.float32)
    surface = _shaded(style.ground_colour, width, height, rng)
    if style.ground == "sign":
        scene = photo_crop(photos, width, height, rng)
        low, high = box.min(axis=0), box.max(axis=0)
        reach = np.asarray([rng.uniform(3, 9), rng.uniform(2, 7)])
        corners = (int(low[0] - reach[0]), int(low[1] - reach[1])), (int(high[0] + reach[0]), int(high[1] + reach[1]))
        panel = np.zeros((height, width), np.uint8)
        cv2.rectangle(panel, *corners, 255, -1)
        scene = np.where(panel[..., None] > 0, surface, scene)
        if rng.random() < 0.5:
            frame = tuple(float(part) for part in style.colour)
            cv2.rectangle(scene, *corners, frame, 2)
        return np.ascontiguousarray(scene, np.float32)
    if style.ground == "paper":
        fibre = np.random.default_rng(rng.getrandbits(32)).normal(0, 7, (height // 2, width // 2)).astype(np.float32)
        return surface + cv2.resize(fibre, (width, height))[..., None]
    if style.ground == "screen":
        lines = np.where(np.arange(height) % 3 == 0, -14, 0).astype(np.float32)[:, None, None]
        return surface + lines
    return np.broadcast_to(surface, (height, width, 3)).astype(np.float32)
