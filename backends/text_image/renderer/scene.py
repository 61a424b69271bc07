"""One training pair: a scene with a text, with another text, and what a model is told of it."""

from __future__ import annotations

import random
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from backends.text_image.lettering import FACES, STACKS, fitted, font, ink
from backends.text_image.renderer.effects import lit, paint, photographed
from backends.text_image.renderer.ground import ground
from backends.text_image.renderer.material import Material, Picture
from backends.text_image.renderer.style import Style, sample_style

Float = NDArray[np.float32]
Mask = NDArray[np.uint8]

HEIGHT = 64
"""Height of the canvas in pixels; its width is a multiple of 32."""

SCRIPTS: dict[str, float] = {
    "latin": 4,
    "latin_ext": 1.5,
    "cyrillic": 1.5,
    "greek": 1,
    "hans": 4,
    "hant": 1.5,
    "japanese": 2,
    "korean": 2.5,
    "arabic": 1.8,
    "hebrew": 1,
    "devanagari": 2,
    "bengali": 1.4,
    "tamil": 1.2,
    "telugu": 1.2,
    "thai": 2.2,
}
"""How often each script is drawn: often English and Chinese, judged on more edits, and what is learnt more slowly."""

# In these a letter's shape or place depends on its neighbours, so a line is drawn whole; elsewhere letter by letter.
_WHOLE = frozenset({"arabic", "hebrew", "devanagari", "bengali", "tamil", "telugu", "thai"})
_STRINGS = 0.12  # share of texts that are no words
_EMPTY = 0.08  # share of scenes from which the text is removed


@dataclass(frozen=True, slots=True)
class Scene:
    """A rendered pair; pictures are (h, w, 3) uint8, masks (h, w) uint8 with 255 inside.

    `image`: the scene with `text`. `old`: the same scene, same style, with another text or none. `clean`: no text.
    `glyph`: `text` in the standard font, fitted to the region. `position`: the region.
    """

    image: Picture
    old: Picture
    clean: Picture
    glyph: Mask
    position: Mask
    text: str
    script: str
    vertical: bool
    caption: str

    def region(self, picture: Picture) -> Picture:
        """The part of a picture of this scene that holds the text, for a judge; a column stands upright."""
        ys, xs = np.nonzero(self.position > 127)
        cut = picture[max(0, ys.min() - 3) : ys.max() + 4, max(0, xs.min() - 3) : xs.max() + 4]
        return np.ascontiguousarray(np.rot90(cut, -1) if self.vertical else cut)


def _text(material: Material, script: str, room: float, rng: random.Random, strings: float) -> str:
    """Words, or in a share `strings` of cases a random string, about `room` ems long."""
    per_letter = 1.0 if script in STACKS else 0.56  # ems, about
    most = max(1, int(room / per_letter))
    if rng.random() < strings:
        letters = "".join(material.word(script, rng) for _ in range(4)).replace(" ", "")
        if script in _WHOLE:  # a scrambled syllable is no text in these
            return letters[:most].rstrip("\u200d\u0e40\u0e41\u0e42\u0e43\u0e44")
        pool = letters + ("0123456789" if rng.random() < 0.5 else "")
        return "".join(rng.choice(pool) for _ in range(rng.randint(1, min(most, 9))))
    text = ""
    for _ in range(6):
        word = material.word(script, rng)
        joined = f"{text} {word}".strip() if script not in {"hans", "hant", "japanese", "thai"} else text + word
        if len(joined) > most:
            if text:
                break
            continue
        text = joined
        if rng.random() < 0.45:
            break
    case = rng.random()
    return text.upper() if case < 0.25 else text.title() if case < 0.5 and script in {"latin", "latin_ext"} else text


def _letters(text: str, face: Path, size: int, anchor: Path, width: int, height: int) -> Mask | None:
    """`text` in `face`, each letter in the middle of its place in the `anchor` font of `size`, on the same line."""
    fixed, free = font(anchor, size), font(face, size)
    whole = free.getlength(text)
    if not whole:
        return None
    scale = min(1.3, max(0.7, fixed.getlength(text) / whole))
    free = font(face, max(5, round(size * scale)))
    pen = np.zeros((height * 2, width + 2 * size), np.uint8)
    base = int(height * 1.3)
    for index, letter in enumerate(text):
        if letter == " ":
            continue
        middle = (fixed.getlength(text[:index]) + fixed.getlength(text[: index + 1])) / 2
        mask, (x, y) = free.getmask2(letter, mode="L", anchor="ms")
        drawn = np.asarray(mask, np.uint8).reshape(mask.size[1], mask.size[0])
        left, top = max(0, round(size / 2 + middle) + int(x)), max(0, base + int(y))
        part = pen[top : top + drawn.shape[0], left : left + drawn.shape[1]]
        np.maximum(part, drawn[: part.shape[0], : part.shape[1]], out=part)
    return pen


def _scene_mask(text: str, face: Path, script: str, glyph: Mask, *, vertical: bool) -> Mask | None:
    """The text in the scene's own font, over the ink of the glyph; None if the font draws nothing."""
    ys, xs = np.nonzero(glyph > 64)
    if not len(xs):
        return np.zeros_like(glyph)
    top, bottom, left, right = ys.min(), ys.max() + 1, xs.min(), xs.max() + 1
    h, w = int(bottom - top), int(right - left)
    plain = not any(unicodedata.combining(c) for c in text)
    if vertical or script in _WHOLE or not plain or len(text) == 1:
        drawn = ink(text, face, max(h, 16) if not vertical else max(w, 16), vertical=vertical)
    else:
        size = 48
        pen = _letters(text, face, size, FACES[script], int(font(FACES[script], size).getlength(text)), size)
        drawn = np.zeros((0, 0), np.uint8) if pen is None else _cut(pen)
    if not drawn.size:
        return None
    # Nearly the same box: fonts differ in how wide they are, and in little else that a region decides.
    out = np.zeros_like(glyph)
    shrunk = cv2.resize(drawn, (w, h), interpolation=cv2.INTER_AREA if drawn.shape[0] > h else cv2.INTER_LINEAR)
    out[top:bottom, left:right] = shrunk
    return out


def _cut(mask: Mask) -> Mask:
    ys, xs = np.nonzero(mask)
    return mask[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1] if len(xs) else mask[:0, :0]


class SceneMaker:
    """Draws scenes from one split of the material; the same seed and width give the same scene."""

    def __init__(self, material: Material, *, scripts: dict[str, float] | None = None) -> None:
        """`scripts`: script -> how often it is drawn."""
        self._material = material
        self._scripts = {s: often for s, often in (scripts or SCRIPTS).items() if material.families.get(s)}

    def scene(self, seed: int, width: int = 256, *, words_only: bool = False) -> Scene:
        """The scene of `seed` on a canvas of 64 x `width` pixels; `words_only`: no random strings and no removal."""
        rng = random.Random(seed * 1000 + width)
        while True:
            found = self._try(rng, width, words_only=words_only)
            if found is not None:
                return found

    def _try(self, rng: random.Random, width: int, *, words_only: bool) -> Scene | None:
        material = self._material
        script = rng.choices(list(self._scripts), list(self._scripts.values()))[0]
        vertical = script in STACKS and script != "korean" and rng.random() < 0.06
        tall = rng.randint(32, 56)
        across = rng.randint(int(width * rng.choice([0.4, 0.7, 0.7])), width - 8)
        room = across / (tall * 0.8)
        strings = 0.0 if words_only else _STRINGS
        text, other = (_text(material, script, room, rng, strings) for _ in range(2))
        face = material.face(script, text + other, rng)
        if not text or not other or face is None:
            return None
        style = sample_style(rng, upright=vertical)
        left, top = rng.randint(2, width - across - 2), rng.randint(2, HEIGHT - tall - 2)
        corners = _corners(left, top, across, tall)
        quad = _tilted(corners, style)
        removed = not words_only and rng.random() < _EMPTY
        masks = []
        for line in (text, other):
            # A vertical line is drawn in an upright box and laid on its side, as the canvas is.
            box = (tall, across) if vertical else (across, tall)
            glyph = fitted(line, FACES[script], *box, vertical=vertical)
            drawn = _scene_mask(line, face.path, script, glyph, vertical=vertical)
            if drawn is None or not glyph.any():
                return None
            masks.append(tuple(np.rot90(m) if vertical else m for m in (glyph, drawn)))
        warp = cv2.getPerspectiveTransform(_corners(0, 0, across, tall), quad)

        def placed(mask: Mask) -> Mask:
            out = cv2.warpPerspective(np.ascontiguousarray(mask), warp, (width, HEIGHT), flags=cv2.INTER_LINEAR)
            return _bent(np.asarray(out, np.uint8), style.bend)

        position = placed(np.full((tall, across), 255, np.uint8))
        glyph = placed(masks[0][0])
        clean = lit(ground(material.photos, style, quad, rng, width, HEIGHT), style)
        grain = np.random.default_rng(rng.getrandbits(32)).standard_normal((HEIGHT, width, 3), np.float32)
        letters = [placed(drawn).astype(np.float32) / np.float32(255) for _, drawn in masks]
        images = [clean] + [paint(clean, mask, style) for mask in letters]
        plain, new, old = (photographed(image, style, grain) for image in images)
        if rng.random() < 0.15:
            old = plain
        if removed:
            new, glyph, text = plain, np.zeros_like(glyph), ""
        return Scene(new, old, plain, glyph, position, text, script, vertical, style.caption(script, face.kind))


def _corners(left: int, top: int, width: int, height: int) -> Float:
    right, bottom = left + width, top + height
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


def _tilted(corners: Float, style: Style) -> Float:
    middle = corners.mean(axis=0)
    turn = np.deg2rad(style.tilt)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    moved = (corners - middle) @ rotation.T + middle + np.reshape(style.corners, (4, 2))
    return moved.astype(np.float32)


def _bent(mask: Mask, bend: float) -> Mask:
    """The mask with its middle `bend` pixels above its ends."""
    if not bend:
        return mask
    x = np.linspace(-1, 1, mask.shape[1], dtype=np.float32)
    ys = np.arange(mask.shape[0], dtype=np.float32)[:, None] + bend * (1 - x**2)[None, :] - bend / 2
    xs = np.broadcast_to(np.arange(mask.shape[1], dtype=np.float32)[None, :], ys.shape)
    return np.asarray(cv2.remap(mask, np.ascontiguousarray(xs), ys.astype(np.float32), cv2.INTER_LINEAR), np.uint8)
