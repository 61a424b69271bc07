"""A real explorer with a stop button: one button counts for ever, the other to three, and only one counts at a time."""

import time
from collections.abc import Generator
from typing import Any

import gradio as gr
from gradio.components import Component

from backends.progress import Progress
from backends.settings import settings
from explorers.explorer import Explorer, Paper
from explorers.progress import paced, progress_line
from explorers.shell import build_page, launch
from explorers.stopping import Run, StopButton

Updates = Generator[dict[Component, Any], None, None]


def count(last: int | None) -> Generator[Progress, None, int]:
    """Count to `last`, or for ever, and return the last number."""
    number = 0
    while number != last:
        number += 1
        yield Progress(0.0, f"at number {number}")
        time.sleep(0.02)
    return number


class CountingExplorer(Explorer):
    """Numbers, one after the other."""

    id = "counting"
    title = "Counting"
    paper = Paper("On Counting", "D. Author", 2026, "https://example.org/counting")
    backend = "backends.progress"

    def build(self) -> None:
        """Two buttons that start, one that stops, and what they have to say."""
        for_ever, to_three = gr.Button("Count for ever"), gr.Button("Count to three")
        stop = StopButton()
        self._status = gr.HTML("Nothing is counted.")
        one: dict[str, Any] = {"concurrency_id": "count", "concurrency_limit": 1}
        stop.ends(for_ever, self._for_ever, [], [self._status], self._status, **one)
        stop.ends(to_three, self._to_three, [], [self._status], self._status, **one)

    def _for_ever(self, run: Run) -> Updates:
        return self._count(run, None)

    def _to_three(self, run: Run) -> Updates:
        return self._count(run, 3)

    def _count(self, run: Run, last: int | None) -> Updates:
        found = yield from paced(run.until_stopped(count(last)), self._report)
        yield {self._status: f"Counted to {found}."}

    def _report(self, step: Progress) -> dict[Component, Any]:
        return {self._status: progress_line(step)}


def main() -> None:
    """Serve a page of this explorer."""
    page = build_page(settings(), (CountingExplorer,))
    launch(page, settings())
    page.block_thread()


if __name__ == "__main__":
    main()
