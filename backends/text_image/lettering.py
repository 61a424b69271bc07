"""Lettering: one line of text in any script as a mask, shaped by HarfBuzz and read by nobody yet."""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from fontTools.ttLib import TTFont
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont, features

from backends.errors import InputError, quoted
from backends.text_image.materials.subset import FONTS

Mask = NDArray[np.uint8]
Direction = Literal["ltr", "rtl", "ttb"]

_OF_LATIN = ("latin", "latin_ext", "cyrillic", "greek")
FACES: dict[str, Path] = {
    **dict.fromkeys(_OF_LATIN, FONTS / "latin.ttf"),
    **{
        name: FONTS / f"{name}.ttf"
        for name in (
            *("hans", "hant", "japanese", "korean", "arabic", "hebrew"),
            *("devanagari", "bengali", "tamil", "telugu", "thai"),
        )
    },
}
"""The shipped font that the control image of each script is drawn with."""

STACKS = frozenset({"hans", "hant", "japanese", "korean"})
"""Scripts that can run from top to bottom."""

MOST_CHARACTERS = 80
_REORDERING = {chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}  # and hide what is written
_MOST_MARKS = 4  # on one letter; a real letter of any script has fewer

# Unicode names of characters begin with the name of their script.
_NAMED = {
    "CYRILLIC": "cyrillic",
    "GREEK": "greek",
    "HIRAGANA": "japanese",
    "KATAKANA": "japanese",
    "HANGUL": "korean",
    "ARABIC": "arabic",
    "HEBREW": "hebrew",
    "DEVANAGARI": "devanagari",
    "BENGALI": "bengali",
    "TAMIL": "tamil",
    "TELUGU": "telugu",
    "THAI": "thai",
    "CJK": "hans",
    "LATIN": "latin",
}


def script_of(text: str) -> str:
    """The script of a line, by its letters: Japanese where there are kana, else the first that is not Latin, or Latin.

    Han characters count as simplified Chinese, or as of the script beside them. Where the font of that script lacks a
    character, it is the next script of the line, or of all, whose font can write the whole line: traditional Chinese
    for a character that the simplified font lacks, Chinese for Cyrillic beside Chinese.
    """
    named = dict.fromkeys(_NAMED.get(unicodedata.name(letter, "?").split()[0].split("-")[0], "") for letter in text)
    han = ["hans", "hant"] if "hans" in named else []
    others = sorted(
        named.keys() - {"", "latin", "hans"}, key=lambda name: (name != "japanese", list(named).index(name))
    )
    likely = [*others, *han, "latin" if text.isascii() else "latin_ext"]
    return next((name for name in (*likely, *FACES) if not missing(text, FACES[name])), likely[0])


@lru_cache(maxsize=4096)
def characters_of(face: Path) -> frozenset[int]:
    """The code points that a font file has a glyph for."""
    with TTFont(face, lazy=True, fontNumber=0) as font:
        return frozenset(font.getBestCmap())


def missing(text: str, face: Path) -> str:
    """The characters of `text` for which `face` has no glyph, each once, in order."""
    known = characters_of(face)
    return "".join(dict.fromkeys(c for c in text if ord(c) not in known and not _invisible(c)))


def _invisible(character: str) -> bool:
    return unicodedata.category(character) in {"Cf", "Zs"}


def checked_line(text: str, face: Path) -> str:
    """`text` in NFC, if it can be drawn; empty where it is blank.

    Raises:
        InputError: for more than `MOST_CHARACTERS`, control characters, heaped combining marks, nothing but invisible
            characters, or a character that the font lacks; the message names it.
    """
    line = unicodedata.normalize("NFC", text).strip()
    if len(line) > MOST_CHARACTERS:
        raise InputError(
            f"A line of {len(line)} characters is too long. Use at most {MOST_CHARACTERS}, or several lines."
        )
    marks = 0
    for character in line:
        category = unicodedata.category(character)
        if category in {"Cc", "Cs", "Co", "Cn"} or character in _REORDERING:
            raise InputError(f"The text holds U+{ord(character):04X}, which cannot be drawn. Take it out.")
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        if marks > _MOST_MARKS:
            raise InputError(f"More than {_MOST_MARKS} combining marks stand on one letter. Take some out.")
    if line and all(_invisible(character) for character in line):
        raise InputError(
            "The text has no visible character. Write some, or leave it empty to remove what stands there."
        )
    lacking = missing(line, face)
    if lacking:
        named = ", ".join(f"{c} (U+{ord(c):04X} {unicodedata.name(c, 'unnamed').lower()})" for c in lacking[:5])
        raise InputError(f"No font here has a glyph for {named}. Replace it, or write {quoted(line)} another way.")
    return line


@cache
def _shapes() -> bool:
    # Pillow brings Raqm and HarfBuzz, takes FriBidi from the system, and without it silently draws letter by letter.
    return bool(features.check("raqm"))


def _must_be_shaped(character: str) -> bool:
    return 0x590 <= ord(character) < 0x1100 or unicodedata.combining(character) > 0


@lru_cache(maxsize=512)
def font(face: Path, size: int) -> ImageFont.FreeTypeFont:
    """The font at `size` pixels an em, shaped by Raqm."""
    return ImageFont.truetype(str(face), size, layout_engine=ImageFont.Layout.RAQM)


def family(face: Path) -> str:
    """The name of a font, as its makers gave it."""
    return font(face, 16).getname()[0] or face.stem


def ink(text: str, face: Path, size: int, *, vertical: bool = False) -> Mask:
    """The line drawn at `size` pixels an em and cut to its ink; (height, width) uint8, 255 where the letters are.

    An empty array where nothing is drawn.

    Raises:
        InputError: for a text that must be shaped, or runs from top to bottom, on a machine that cannot do that.
    """
    if not _shapes() and (vertical or any(_must_be_shaped(character) for character in text)):
        raise InputError("This machine cannot join and order the letters of this text. Install FriBidi (libfribidi0).")
    direction: Direction | None = "ttb" if vertical else None
    pen = font(face, size)
    left, top, right, bottom = pen.getbbox(text, direction=direction)
    canvas = Image.new("L", (max(1, int(right - left)) + 4, max(1, int(bottom - top)) + 4))
    ImageDraw.Draw(canvas).text((2 - left, 2 - top), text, fill=255, font=pen, direction=direction)
    box = canvas.getbbox()
    return np.asarray(canvas.crop(box)) if box else np.zeros((0, 0), np.uint8)


def fitted(text: str, face: Path, width: int, height: int, *, vertical: bool = False, fill: float = 0.9) -> Mask:
    """The line as large as fits into `fill` of a box, in its middle; (height, width) uint8.

    The box keeps the place of ascenders and descenders, so that words of one size look like one size.
    """
    box = np.zeros((height, width), np.uint8)
    if not text:
        return box
    em = 64
    shape = ink(text, face, em, vertical=vertical)
    if not shape.size:
        return box
    across = em * 0.95 if vertical else shape.shape[1]
    tall = shape.shape[0] if vertical else max(shape.shape[0], em * 0.86)
    size = max(5, int(em * min(fill * width / across, fill * height / tall)))
    drawn = ink(text, face, size, vertical=vertical)
    limit = min(1.0, width / drawn.shape[1], height / drawn.shape[0])
    if limit < 1:
        # A long line in a narrow box would shrink to less than a pixel.
        wide, high = (max(1, round(limit * side)) for side in drawn.shape[::-1])
        shrunk = cv2.resize(drawn, (wide, high), interpolation=cv2.INTER_AREA)
        drawn = np.asarray(shrunk[:height, :width], np.uint8)
    top, left = (height - drawn.shape[0]) // 2, (width - drawn.shape[1]) // 2
    box[top : top + drawn.shape[0], left : left + drawn.shape[1]] = drawn
    return box
