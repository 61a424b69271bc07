"""Lets an OCR reader look: at pictures, which must hold no text of their own, and at fonts, which must be legible."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from difflib import SequenceMatcher
from functools import cache
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

SURE = 0.8
"""Confidence from which a reading of two letters or digits or more counts as text."""

LEGIBLE = 0.6
"""Similarity of what is read to what was written, from which a font is called legible."""

_LINES = ("Hamburg", "Quick Wizard", "Joyful 1984")


@cache
def _reader() -> Any:
    # Loaded on first use: the package brings its models and takes a moment. It remembers which of its stages the last
    # call asked for, so every call says.
    from rapidocr import RapidOCR

    reader = RapidOCR(params={"EngineConfig.onnxruntime.intra_op_num_threads": 1})
    logging.getLogger("RapidOCR").setLevel(logging.ERROR)
    return reader


def shows_text(image: Image.Image) -> bool:
    """Whether RapidOCR reads something in the RGB `image`, looked at with at most 512 px on the long side."""
    small = image.copy()
    small.thumbnail((512, 512))
    if max(small.size) < 512:  # the detector overlooks letters in very small pictures
        scale = 512 / max(small.size)
        small = small.resize((round(small.width * scale), round(small.height * scale)))
    read = _reader()(np.asarray(small)[:, :, ::-1], use_det=True, use_cls=False, use_rec=True)
    return any(
        score >= SURE and sum(map(str.isalnum, text)) >= 2
        for text, score in zip(read.txts or (), read.scores or (), strict=True)
    )


def legible(font: ImageFont.FreeTypeFont) -> bool:
    """Whether RapidOCR reads plain Latin words in `font`, whatever their case: dingbats and runes fail, scripts pass.

    The bar is low on purpose: it is to find fonts whose letters are no letters, not to choose those a judge likes.
    """
    lines = [_line(text, font) for text in _LINES]
    read = [_reader()(np.asarray(line), use_det=False, use_cls=False, use_rec=True).txts or ("",) for line in lines]
    return _similarity((text for (text, *_) in read), _LINES) >= LEGIBLE


def _line(text: str, font: ImageFont.FreeTypeFont) -> Image.Image:
    left, top, right, bottom = font.getbbox(text)
    canvas = Image.new("RGB", (int(right - left) + 32, int(bottom - top) + 32), "white")
    ImageDraw.Draw(canvas).text((16 - left, 16 - top), text, fill="black", font=font)
    return canvas


def _similarity(read: Iterable[str], written: Iterable[str]) -> float:
    """The mean similarity of the two better lines: capitals may be ornaments in a font that is fine otherwise."""
    ratios = [
        SequenceMatcher(None, a.replace(" ", "").casefold(), b.replace(" ", "").casefold()).ratio()
        for a, b in zip(read, written, strict=True)
    ]
    return sum(sorted(ratios)[1:]) / (len(ratios) - 1)
