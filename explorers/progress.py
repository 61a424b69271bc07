"""Long work as a page shows it: updates a few times a second, and a line that says how far it is."""

import time
from collections.abc import Callable, Generator
from contextlib import closing
from typing import TypeVar

from backends.progress import Progress
from explorers.views.svg import Markup, escape, tag

R = TypeVar("R")
Shown = TypeVar("Shown")

_PACE_S = 0.25  # every update travels to the browser; more of them only queue up


def paced(work: Generator[Progress, None, R], show: Callable[[Progress], Shown]) -> Generator[Shown, None, R]:
    """Run `work` to its end and return its result, yielding what `show` makes of its progress four times a second.

    `work` is closed in any case, also where nobody asks for more.
    """
    shown = -_PACE_S
    with closing(work):
        while True:
            try:
                step = next(work)
            except StopIteration as stop:
                result: R = stop.value
                return result
            if time.monotonic() - shown >= _PACE_S:
                shown = time.monotonic()
                yield show(step)


def progress_line(step: Progress) -> Markup:
    """What is being done, how much of it is done, and the seconds that are left."""
    left = "" if step.eta_s is None else f", {step.eta_s:.0f} s left"
    bar = tag("progress", value=step.fraction, max=1, aria_label="progress")
    return tag("div", bar, tag("span", escape(f"{step.message}{left}")), class_="atelier-progress", role="status")
