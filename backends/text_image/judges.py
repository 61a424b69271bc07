"""The judges: OCR engines that say what stands in a picture, whatever was meant to stand there.

RapidOCR (a package; PP-OCRv6, recognition only) reads Latin, Chinese and Japanese. Its model lacks the letters of the
other scripts; Tesseract (a system package, optional) reads those. A judge reads the crop at the known place of one
line, as the benchmarks of text rendering do, and is never told what to expect.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from backends.errors import AtelierError, InputError, quoted
from backends.text_image import tesseract

if TYPE_CHECKING:
    from rapidocr import RapidOCR

Picture = NDArray[np.uint8]

RAPIDOCR = "RapidOCR"
TESSERACT = "Tesseract"

RAPIDOCR_SCRIPTS = ("latin", "latin_ext", "hans", "hant", "japanese")
LANGUAGES: dict[str, tuple[str, ...]] = {
    "cyrillic": ("rus", "ukr"),  # read together: alone, "rus" turns Ukrainian letters into Russian ones
    "greek": ("ell",),
    "korean": ("kor",),
    "arabic": ("ara",),
    "hebrew": ("heb",),
    "devanagari": ("hin",),
    "bengali": ("ben",),
    "tamil": ("tam",),
    "telugu": ("tel",),
    "thai": ("tha",),
}
"""Tesseract's languages for each script that it judges."""

SCRIPTS = (*RAPIDOCR_SCRIPTS, *LANGUAGES)
"""Every script that a judge reads."""

VERTICAL = ("hans", "hant", "japanese", "korean")
"""Scripts that are read from top to bottom too."""

LONGEST = 100
"""How many times longer than high a line may be: beyond it the recogniser would take hundreds of megabytes."""

_COLUMNS = {"korean": ("kor_vert",)}


@dataclass(frozen=True, slots=True)
class Reading:
    """`text`: what was read, empty where nothing was. `judge`: by which engine. `confidence`: its own, 0 to 1."""

    text: str
    judge: str
    confidence: float


class MissingJudgeError(AtelierError):
    """The engine that reads a script is not installed; the message names its packages."""

    title = "Nothing here reads this script"


def judge_of(script: str) -> str:
    """The name of the engine that judges a script, installed or not.

    Raises:
        InputError: there is no such script.
    """
    if script not in SCRIPTS:
        raise InputError(f"There is no script called {quoted(script)}. There are: {', '.join(SCRIPTS)}.")
    return RAPIDOCR if script in RAPIDOCR_SCRIPTS else TESSERACT


def available(script: str, *, vertical: bool = False) -> bool:
    """Whether the judge of a script is installed. Raises InputError for a script that is unknown."""
    if judge_of(script) == RAPIDOCR:
        return all(importlib.util.find_spec(name) for name in ("rapidocr", "onnxruntime"))
    return tesseract.languages().issuperset(_languages(script, vertical=vertical))


def missing_note(script: str, *, vertical: bool = False) -> str:
    """What to install so that a script is read, as a sentence. Raises InputError for a script that is unknown."""
    if judge_of(script) == RAPIDOCR:
        return f"To read {script} text back, install the Python packages rapidocr and onnxruntime and start again."
    names = [f"tesseract-ocr-{name.replace('_', '-')}" for name in _languages(script, vertical=vertical)]
    return (
        f"To read {script} text back, install the Debian packages {' and '.join(['tesseract-ocr', *names])} "
        "(apt-get install) and start again."
    )


def read_line(crop: Picture, script: str, *, vertical: bool = False) -> Reading:
    """What stands in a crop that holds one line, or one column of letters with `vertical`.

    `crop`: (H, W, 3) uint8, RGB, at least 4 pixels a side, with little around the letters.

    Raises:
        InputError: a crop of another form, an unknown script, a column in a script that has none.
        MissingJudgeError: the judge of the script is not installed.
        TesseractError: Tesseract failed.
    """
    return read_lines([crop], [script], vertical=[vertical])[0]


def read_lines(
    crops: Sequence[Picture], scripts: Sequence[str], *, vertical: Sequence[bool] | None = None
) -> list[Reading]:
    """`read_line` of many crops, each with its script and, if any is a column, whether it is; in their order.

    Tesseract reads the lines of a script in one process: 20 lines take 0.3 s, where one takes 0.1 s. RapidOCR reads
    one line after another, 30 ms each: its own batches pad lines to the longest and took 1.5 times as long.
    """
    upright = [False] * len(crops) if vertical is None else vertical
    if not len(crops) == len(scripts) == len(upright):
        raise InputError(f"Each crop needs a script: got {len(crops)} crops and {len(scripts)} scripts.")
    groups: dict[tuple[str, bool], list[int]] = {}
    for index, (crop, script, column) in enumerate(zip(crops, scripts, upright, strict=True)):
        _check(crop, script, column)
        groups.setdefault((script, column), []).append(index)
    readings: dict[int, Reading] = {}
    for (script, column), indices in groups.items():
        # Both engines learned columns lying on their left side: 71 of 72 Chinese and Japanese words and 27 of 27 Korean
        # ones were read exactly that way, so no letter has to be found and turned.
        lines = [np.rot90(crops[index]) if column else crops[index] for index in indices]
        if judge_of(script) == RAPIDOCR:
            found = [_read_with_rapidocr(line) for line in lines]
        else:
            found = _read_with_tesseract(lines, script, column=column)
        readings |= zip(indices, found, strict=True)
    return [readings[index] for index in range(len(crops))]


def _languages(script: str, *, vertical: bool) -> tuple[str, ...]:
    return _COLUMNS[script] if vertical and script in _COLUMNS else LANGUAGES[script]


def _check(crop: Picture, script: str, vertical: bool) -> None:
    if crop.dtype != np.uint8 or crop.ndim != 3 or crop.shape[2] != 3:
        raise InputError(f"A crop must be uint8 (height, width, 3), got {crop.dtype} {crop.shape}.")
    height, width = crop.shape[:2]
    if min(height, width) < 4 or max(height, width) > LONGEST * min(height, width):
        raise InputError(
            f"A crop of {width} x {height} pixels cannot be read. Give at least 4 pixels a side, and a line at most "
            f"{LONGEST} times longer than high."
        )
    judge_of(script)
    if vertical and script not in VERTICAL:
        raise InputError(f"Only {', '.join(VERTICAL)} are read from top to bottom. Read {script} as a line.")
    if not available(script, vertical=vertical):
        raise MissingJudgeError(missing_note(script, vertical=vertical))


@cache
def _rapidocr() -> RapidOCR:
    # Loaded on first use: a second and 100 MB. One thread: more would take the cores from the drawing.
    from rapidocr import RapidOCR

    return RapidOCR(
        params={
            "Global.log_level": "error",
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )


def _read_with_rapidocr(line: Picture) -> Reading:
    read = _rapidocr().recognize_txt([np.ascontiguousarray(line[:, :, ::-1])])
    text = read.txts[0] if read.txts else ""
    return Reading(text, RAPIDOCR, float(read.scores[0]))


def _read_with_tesseract(lines: Sequence[Picture], script: str, *, column: bool) -> list[Reading]:
    read = tesseract.read(lines, "+".join(_languages(script, vertical=column)))
    # In a column it sets a space after nearly every letter, so there no space can be believed.
    return [Reading(text.replace(" ", "") if column else text, TESSERACT, confidence) for text, confidence in read]
