"""A stop button: it ends a visitor's long work between two steps, and the work itself has the last word.

Gradio's `cancels` shows the answer of the stop button first and ends the work only then, so an update of the work that
is under way in between overwrites the answer. Here the button leaves a note on the server, the work finds it after its
present step, and says so through its own stream, behind all it has said before. Runs and stops are numbered by the
browser in the order of the clicks: a stop ends what was started before it, even what still waits for its turn, and
nothing that is started after it, whichever message arrives first. Without a browser that listens, as when its tab is
closed, Gradio closes the work by itself.
"""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from threading import Lock
from typing import Any, Concatenate, TypeVar

import gradio as gr
from gradio.components import Component

from backends.progress import Progress
from explorers.guard import guarded

R = TypeVar("R")
Updates = Generator[dict[Component, Any], None, None]

STOPPED = "Stopped; nothing was kept."

_NUMBERED = "(_, ...rest) => [window.atelierClicks = (window.atelierClicks ?? 0) + 1, ...rest]"


class Stopped(Exception):  # noqa: N818 (no failure: somebody wished it)
    """Ends a run whose visitor clicked on the stop button."""


class Clicks:
    """What one visitor has started and stopped, by the numbers of the clicks."""

    def __init__(self) -> None:
        """Nothing is started yet, and nothing stopped."""
        self._started = self._stopped = 0
        self._lock = Lock()

    def __deepcopy__(self, memo: dict[int, Any]) -> "Clicks":
        """A fresh one: Gradio copies the first value of a state for every visitor."""
        return Clicks()

    def start(self, click: int) -> None:
        """Note that what `click` started has got its turn."""
        with self._lock:
            self._started = max(self._started, click)

    def stop(self, click: int) -> None:
        """Stop all that was started by a click with a smaller number than `click`."""
        with self._lock:
            self._stopped = max(self._stopped, click)

    def is_stopped(self, click: int) -> bool:
        """Whether what `click` started is stopped."""
        return click < self._stopped

    def is_newest(self, click: int) -> bool:
        """Whether nothing that was started by a later click has got its turn."""
        return click >= self._started


@dataclass(frozen=True, slots=True)
class Run:
    """One piece of work that a visitor started: by which click, among which others."""

    clicks: Clicks
    click: int

    def until_stopped(self, work: Generator[Progress, None, R]) -> Generator[Progress, None, R]:
        """Pass on the progress of `work` and return its result; `work` is closed in any case.

        Raises:
            Stopped: before the next step, or in place of the result, once the visitor has stopped this run.
        """
        with closing(work):
            while True:
                self._check()
                try:
                    step = next(work)
                except StopIteration as end:
                    self._check()
                    result: R = end.value
                    return result
                yield step

    def _check(self) -> None:
        if self.clicks.is_stopped(self.click):
            raise Stopped


class StopButton:
    """A button that stops what other buttons have started."""

    def __init__(self) -> None:
        """Lays out the button where it is made."""
        self.button = gr.Button("Stop", size="sm")
        self._clicks = gr.State(Clicks())
        self._click = gr.Number(precision=0, visible=False)
        self.button.click(
            guarded(_stop),
            [self._click, self._clicks],
            None,
            js=_NUMBERED,
            queue=False,  # it must not wait for what it is to stop
            trigger_mode="multiple",
            api_visibility="private",
            show_progress="hidden",
        )

    def ends(
        self,
        start: gr.Button,
        handler: Callable[Concatenate[Run, ...], Updates],
        inputs: Sequence[Component],
        outputs: Sequence[Component],
        status: Component,
        **event: Any,
    ) -> None:
        """Let a click on `start` call `handler`, and this button end it.

        Args:
            start: the button that starts the work.
            handler: is given its `Run`, then the values of `inputs`, and sends its long work through
                `Run.until_stopped`. It may yield anything of `outputs`.
            inputs: what the handler reads.
            outputs: what the handler may change.
            status: the one of `outputs` that says so when the work was stopped.
            event: further settings of the event, as Gradio knows them.
        """

        def run(click: int, clicks: Clicks, *values: Any) -> Updates:
            clicks.start(click)
            try:
                yield from handler(Run(clicks, click), *values)
            except Stopped:  # of two runs the later may get its turn first, and what it has said is to stay
                yield {status: STOPPED if clicks.is_newest(click) else gr.skip()}

        start.click(
            guarded(run),
            [self._click, self._clicks, *inputs],
            list(outputs),
            js=_NUMBERED,
            trigger_mode="multiple",  # the default drops a click until the run before it has taken notice of its stop
            api_visibility="private",
            show_progress="hidden",
            **event,
        )


def _stop(click: int, clicks: Clicks) -> None:
    clicks.stop(click)
