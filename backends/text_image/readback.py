"""What a judge reads in an edited line, beside what it reads in the clean glyph and in the picture before."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from backends.text_image.canvas import Canvas
from backends.text_image.judges import Reading, available, judge_of, read_lines
from backends.text_image.lettering import family
from backends.text_image.requests import Picture, Written
from backends.text_image.scores import ned


def read_back(canvases: Sequence[Canvas], edited: Sequence[Picture]) -> tuple[Written, ...]:
    """One report a line; `edited`: its canvas after the edit. Where no judge is installed, what it would say is None.

    An emptied line is read too: its score is 1 if the judge reads nothing in it.
    """
    return tuple(_report(canvas, after) for canvas, after in zip(canvases, edited, strict=True))


def _report(canvas: Canvas, after: Picture) -> Written:
    line = canvas.line
    face = family(line.face)
    if not available(line.script, vertical=line.vertical):
        return Written(line.text, line.script, face, None, judge_of(line.script), None, None, None)
    clean = np.repeat(255 - canvas.glyph[..., None], 3, axis=2)
    crops = [_cut(canvas, picture) for picture in (after, clean, canvas.image)]
    after_read, clean_read, before_read = read_lines(crops, [line.script] * 3, vertical=[line.vertical] * 3)

    def score(reading: Reading) -> float:
        return ned(reading.text, line.text, line.script)

    return Written(
        text=line.text,
        script=line.script,
        font=face,
        read=after_read.text,
        judge=after_read.judge,
        ned=score(after_read),
        ceiling=score(clean_read),
        floor=score(before_read),
    )


def _cut(canvas: Canvas, picture: Picture) -> Picture:
    """The line's box with a few pixels around it; a column is stood up again."""
    left, top, width, height = canvas.box
    cut = picture[max(0, top - 3) : top + height + 3, max(0, left - 3) : left + width + 3]
    return np.ascontiguousarray(np.rot90(cut, -1) if canvas.line.vertical else cut)
