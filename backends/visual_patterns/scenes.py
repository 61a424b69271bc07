"""Emoji scenes: one sprite at a random place, size, tilt and light on a textured ground, with its mask known.

1. A crop of a photograph or texture, 64 px a side, tinted, is the ground.
2. Up to two distractors (plain discs, bars and triangles, which belong to no class) lie on it.
3. A sprite, flipped or not, tilted by up to 25 degrees, 26 to 48 px large, is laid over, lighter or darker.
4. Its opacity, at least a half, is the mask of the foreground.

Everything follows from the seed, and scene i of a split is the same however many scenes are made.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from backends.visual_patterns import sprites
from backends.visual_patterns.picture_sheet import Pixels
from backends.visual_patterns.sprites import CLASSES as CLASSES
from backends.visual_patterns.sprites import Sprites

SIDE = 64
"""Width and height of a scene in px."""

SMALLEST, LARGEST = 26, 48
"""Size of a sprite in px."""

TILT = 25.0
"""Degrees at most."""

N_TRAIN, N_TEST = 12_000, 1_000
_SPLITS = {"train": (11, N_TRAIN), "test": (12, N_TEST), "unseen": (13, N_TEST)}

Float = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Scenes:
    """Scenes, and all that is known of them.

    Attributes:
        pictures: (n, 64, 64, 3) uint8, RGB.
        masks: (n, 64, 64) bool, where the sprite is.
        labels: (n,) int64, positions in `CLASSES`.
        sprite: (n,) int64, which sprite of the sheet it is.
    """

    pictures: Pixels
    masks: NDArray[np.bool_]
    labels: NDArray[np.int64]
    sprite: NDArray[np.int64]


def make(split: str, count: int | None = None) -> Scenes:
    """The scenes of `train` (12,000), `test` (1,000 new ones of the same sprites) or `unseen` (1,000 of others).

    `count` makes only the first so many. Classes are equally frequent in expectation.
    """
    seed, number = _SPLITS[split]
    return draw(sprites.load(), seed, number if count is None else count, unseen=split == "unseen")


def draw(sheet: Sprites, seed: int, count: int, *, unseen: bool) -> Scenes:
    """`count` scenes of the sprites in `sheet` that are held out (`unseen`) or of those that are not."""
    allowed = sheet.held_out if unseen else ~sheet.held_out
    of_class = [np.flatnonzero(allowed & (sheet.labels == label)) for label in range(len(CLASSES))]
    pictures = np.empty((count, SIDE, SIDE, 3), np.uint8)
    masks = np.empty((count, SIDE, SIDE), np.bool_)
    chosen = np.empty(count, np.int64)
    for i in range(count):
        rng = np.random.default_rng((seed, i))
        label = int(rng.integers(len(CLASSES)))
        chosen[i] = rng.choice(of_class[label])
        picture = _ground(sheet.grounds, rng)
        for _ in range(rng.integers(3)):
            _distract(picture, rng)
        pictures[i], masks[i] = _place(picture, sheet.pictures[chosen[i]], rng)
    return Scenes(pictures, masks, sheet.labels[chosen], chosen)


def _ground(grounds: Pixels, rng: np.random.Generator) -> Float:
    """A square part of a ground, 64 to 192 px of it, scaled to the scene and tinted: (64, 64, 3), 0 to 255."""
    tile = grounds[rng.integers(len(grounds))]
    side = int(rng.integers(SIDE, tile.shape[0] + 1))
    x, y = rng.integers(0, tile.shape[0] - side + 1, 2)
    part = cv2.resize(tile[y : y + side, x : x + side], (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    if rng.random() < 0.5:
        part = part[:, ::-1]
    tint = rng.uniform(0.55, 1.15, 3).astype(np.float32)
    return np.ascontiguousarray(part * tint)


def _distract(picture: Float, rng: np.random.Generator) -> None:
    """Draws a disc, a bar or a triangle of one colour, half transparent, into `picture`."""
    shape = np.zeros((SIDE, SIDE), np.uint8)
    x, y = (int(v) for v in rng.integers(4, SIDE - 4, 2))
    size = int(rng.integers(4, 10))
    kind = rng.integers(3)
    if kind == 0:
        cv2.circle(shape, (x, y), size, 255, -1, cv2.LINE_AA)
    elif kind == 1:
        turn = float(rng.uniform(0, np.pi))
        end = (int(x + 2 * size * np.cos(turn)), int(y + 2 * size * np.sin(turn)))
        cv2.line(shape, (x, y), end, 255, 3, cv2.LINE_AA)
    else:
        corners = np.array([[x, y - size], [x - size, y + size], [x + size, y + size]], np.int32)
        cv2.fillConvexPoly(shape, corners, 255, cv2.LINE_AA)
    colour = rng.uniform(20, 235, 3).astype(np.float32)
    picture += shape[..., None].astype(np.float32) / 255 * 0.8 * (colour - picture)


def _place(picture: Float, sprite: Pixels, rng: np.random.Generator) -> tuple[Pixels, NDArray[np.bool_]]:
    """Lays `sprite` on `picture`; the scene as uint8 and the sprite's mask."""
    size = float(rng.uniform(SMALLEST, LARGEST))
    colours = sprite[:, ::-1] if rng.random() < 0.5 else sprite
    # Colour is carried times opacity, so that edges do not darken when it is resampled.
    flat: Float = colours.astype(np.float32) / np.float32(255)
    flat[..., :3] *= flat[..., 3:]
    middle = (sprites.SPRITE / 2, sprites.SPRITE / 2)
    turn = np.asarray(cv2.getRotationMatrix2D(middle, float(rng.uniform(-TILT, TILT)), 1.0), np.float64)
    scaled: NDArray[np.float64] = turn * np.float64(size / sprites.SPRITE)
    centre = rng.uniform(0.42 * size, SIDE - 0.42 * size, 2)
    scaled[:, 2] += centre - size / 2
    if size < 0.75 * sprites.SPRITE:
        # Else small sprites flicker with aliasing.
        flat = np.asarray(cv2.GaussianBlur(flat, (0, 0), 0.35 * sprites.SPRITE / size), np.float32)
    laid = np.asarray(cv2.warpAffine(flat, scaled, (SIDE, SIDE), flags=cv2.INTER_LINEAR), np.float32)
    light = float(rng.uniform(0.7, 1.2))
    opacity = laid[..., 3:]
    noise = rng.normal(0, 3, picture.shape)
    whole = picture * (1 - opacity) + laid[..., :3] * 255 * light + noise
    return np.clip(whole, 0, 255).astype(np.uint8), opacity[..., 0] >= 0.5
