"""Reads lines with the `tesseract` command, for the scripts that no packaged recogniser knows.

Tesseract was made for scanned pages, so how a crop is prepared decides what it reads. Measured with Debian's Tesseract
5.3 on 24 words in each of ten scripts, twice: black on white at 40 px, and coloured letters on photographs at 48 px,
once in tight boxes and once in boxes that leave 5 to 75 % of the letters' height free on each side. Exact readings on
photographs (in brackets: black on white):

    prepared how                                           tight         loose
    grey, as it comes, --psm 7                             .57  (.90)
    grey, 64 px, border in its mean colour                 .52  (.90)
    grey, 64 px, white border                              .35  (.90)
    binarised (Otsu), 64 px, border                        .51  (.90)
    grey along the axis of colour, 64 px, border           .57  (.89)
    the same, 48 px, no border                             .62  (.90)
    the same, blurred by 1 px                              .68  (.94)    .58  (.97)
    the same, --psm 13                                     .68  (.96)    .35  (.55)
    the same, the surer of --psm 7 and 13                  .70  (.98)    .59  (.96)
    the same, both of them on a binarised one too          .73  (.98)    .60  (.98)

From the sixth row on the letters that look alike count as such, which is worth .03 to the black on white. A border
draws an edge round a photograph that is then read as letters. Mode 7 looks for the line first and now and then finds
none (5 of 24 Arabic words); mode 13 takes the crop as it is, and reads noise where the box is loose: so both are asked,
and the surer is believed. Binarising gains little more and takes twice the time.
"""

from __future__ import annotations

import csv
import io
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from backends.errors import AtelierError

Picture = NDArray[np.uint8]
Grey = NDArray[np.uint8]

PROCESSES = 2
"""Most `tesseract` processes at a time, each on one thread, however many visitors ask."""

_HEIGHT = 48
_MODES = ("7", "13")
_SECONDS = 60
_BATCH = 64
_FAINT = 16  # grey levels: a crop of one colour holds no text, and Tesseract reads letters even in white paper


class Read(NamedTuple):
    """What was read in a line, in reading order, and how sure it is: 0 to 1, the mean over its letters."""

    text: str
    confidence: float


class TesseractError(AtelierError):
    """The `tesseract` command failed or took too long."""

    title = "The text could not be read"


def languages() -> frozenset[str]:
    """The languages that the installed `tesseract` reads, by Tesseract's names; none where it is not installed."""
    program = shutil.which("tesseract")
    return _languages(program) if program else frozenset()


@cache
def _languages(program: str) -> frozenset[str]:
    listed = subprocess.run([program, "--list-langs"], capture_output=True, text=True, timeout=_SECONDS, check=False)
    return frozenset(listed.stdout.splitlines()[1:])


def read(crops: Sequence[Picture], language: str) -> list[Read]:
    """What stands in each (H, W, 3) uint8 crop of one line.

    Crops of one call share a process, which spares loading the language for each.

    Raises:
        TesseractError: the command fails, or takes more than a minute for 64 crops.
    """
    pages = {index: prepared(crop) for index, crop in enumerate(crops) if _contrast(crop) >= _FAINT}
    lines = list(pages.values())
    jobs = [
        [_pool().submit(_run, lines[first : first + _BATCH], language, mode) for mode in _MODES]
        for first in range(0, len(lines), _BATCH)
    ]
    surest = [
        max(readings, key=lambda reading: reading.confidence)
        for batch in jobs
        for readings in zip(*(job.result() for job in batch), strict=True)
    ]
    found = dict(zip(pages, surest, strict=True))
    return [found.get(index, Read("", 0.0)) for index in range(len(crops))]


def prepared(crop: Picture) -> Grey:
    """A crop as Tesseract reads it best: grey, 48 px high, dark letters on light, slightly blurred."""
    scale = _HEIGHT / crop.shape[0]
    width = max(1, round(crop.shape[1] * scale))
    small = cv2.resize(crop, (width, _HEIGHT), interpolation=cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA)
    grey = _along_colours(np.asarray(small, np.uint8))
    level, _ = cv2.threshold(grey, 0, 255, cv2.THRESH_OTSU)
    rim = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    dark = 255 - grey if np.mean(rim > level) < 0.5 else grey
    return np.asarray(cv2.GaussianBlur(dark, (0, 0), 1.0), np.uint8)


def _contrast(crop: Picture) -> int:
    return int(np.ptp(crop, axis=(0, 1)).max())


def _along_colours(crop: Picture) -> Grey:
    """The crop along the axis on which its colours differ most: red on green stays apart, as in grey it may not."""
    colours = crop.reshape(-1, 3).astype(np.float64)
    colours -= colours.mean(axis=0)
    axis = np.linalg.eigh(colours.T @ colours)[1][:, -1]
    along = colours @ axis
    low, high = np.percentile(along, [1, 99])
    level = (along - low) * 255 / max(high - low, 1)
    return level.clip(0, 255).astype(np.uint8).reshape(crop.shape[:2])


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(PROCESSES, thread_name_prefix="tesseract")


def _run(pages: Sequence[Grey], language: str, mode: str) -> list[Read]:
    """One process over the pages of a TIFF file, for their text and, letter by letter, how sure it is."""
    with tempfile.TemporaryDirectory(prefix="atelier-") as folder:
        base = Path(folder, "read")
        command = ["tesseract", "stdin", str(base), "-l", language, "--psm", mode, "txt", "tsv"]
        try:
            subprocess.run(
                command,
                input=_tiff(pages),
                capture_output=True,
                timeout=_SECONDS,
                check=True,
                env=os.environ | {"OMP_THREAD_LIMIT": "1"},
            )
        except subprocess.TimeoutExpired as error:
            raise TesseractError(f"Tesseract took more than {_SECONDS} s. Read fewer lines at once.") from error
        except (OSError, subprocess.CalledProcessError) as error:
            said = getattr(error, "stderr", None) or str(error).encode()
            raise TesseractError(
                f"Tesseract failed for language {language!r}: {said.decode(errors='replace').strip()[-200:]}. "
                "Install its Debian packages again."
            ) from error
        texts = base.with_suffix(".txt").read_text(encoding="utf-8").split("\f")
        sureness = _sureness(base.with_suffix(".tsv").read_text(encoding="utf-8"), len(pages))
    return [Read(" ".join(text.split()), sure) for text, sure in zip(texts, sureness, strict=True)]


def _tiff(pages: Sequence[Grey]) -> bytes:
    content = io.BytesIO()
    first, *others = map(Image.fromarray, pages)
    # Without a resolution Tesseract guesses one and says so.
    first.save(content, "TIFF", save_all=True, append_images=others, dpi=(300, 300))
    return content.getvalue()


def _sureness(table: str, pages: int) -> list[float]:
    """The mean confidence of each page's words, weighed by their letters, from Tesseract's table."""
    total, letters = np.zeros(pages), np.zeros(pages)
    for row in csv.DictReader(io.StringIO(table), delimiter="\t", quoting=csv.QUOTE_NONE):
        if row["level"] == "5":
            page, length = int(row["page_num"]) - 1, len(row["text"])
            total[page] += float(row["conf"]) * length
            letters[page] += length
    return [float(sure) for sure in np.clip(total / np.maximum(letters, 1) / 100, 0, 1)]
