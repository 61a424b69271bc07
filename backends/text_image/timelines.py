"""Timelines with names: both stages, a stage alone, or control dropped where the paper found it to matter or not."""

from __future__ import annotations

from collections.abc import Sequence

from backends.errors import InputError, quoted
from backends.text_image.requests import Control, Segment

NAMES = (
    "both stages (paper)",
    "drop last 20 %",
    "drop last 50 %",
    "drop last 80 %",
    "drop first 10 %",
    "drop first 20 %",
    "global only",
    "detail only",
)
"""Timelines that `named` knows; the shares are of the denoising, which begins at the noise that an edit starts from."""

SPLIT = 0.5
"""The time at which the paper's stages change."""

Marks = tuple[float, float, float]
"""Times at which control begins, the global stage hands over, and control ends."""


def named(name: str, noise: float) -> Marks:
    """The marks of the timeline called `name`, for a denoising that begins at time `noise`.

    Raises:
        InputError: there is none of that name.
    """
    if name not in NAMES:
        raise InputError(f"No timeline is called {quoted(name)}. Use one of: {', '.join(NAMES)}.")
    if name == "global only":
        return 1.0, 0.0, 0.0
    if name == "detail only":
        return 1.0, 1.0, 0.0
    if name == NAMES[0]:
        return 1.0, SPLIT, 0.0
    share = float(name.split()[2]) / 100
    if name.startswith("drop last"):
        return 1.0, SPLIT, round(noise * share, 4)
    return round(noise * (1 - share), 4), SPLIT, 0.0


def timeline(begins: float, split: float, ends: float) -> tuple[Segment, ...]:
    """No control above time `begins`, global control down to `split`, detail control down to `ends`, then none.

    Raises:
        InputError: for times outside 0 to 1, or an end after the beginning.
    """
    for name, value in (("beginning", begins), ("split", split), ("end", ends)):
        if not 0 <= value <= 1:
            raise InputError(f"The {name} of the control is {value:g}; it must be a time from 0 to 1.")
    if ends > begins:
        raise InputError(f"Control ends at {ends:g} before it begins at {begins:g}: time runs from 1 down to 0.")
    if begins == ends:
        return (Segment(1.0, 0.0, "off"),)
    middle = min(max(split, ends), begins)
    pieces: Sequence[tuple[float, float, Control]] = (
        (1.0, begins, "off"),
        (begins, middle, "global"),
        (middle, ends, "detail"),
        (ends, 0.0, "off"),
    )
    return tuple(Segment(start, end, control) for start, end, control in pieces if start > end)


def step_times(noise: float, steps: int) -> tuple[float, ...]:
    """The times of the steps of a denoising that begins at `noise`, as `pipeline.schedule` has them but unrounded."""
    return tuple(noise * (1 - step / steps) for step in range(steps))


def marks_of(segments: Sequence[Segment]) -> Marks | None:
    """The marks of a timeline of that form; None where it has another order of segments."""
    held = [segment for segment in segments if segment.control != "off"]
    if not held:
        return 0.0, 0.0, 0.0
    begins, ends = held[0].start, held[-1].end
    late = [segment.start for segment in held if segment.control == "detail"]
    marks = begins, (late[0] if late else ends), ends
    return marks if timeline(*marks) == tuple(segments) else None
