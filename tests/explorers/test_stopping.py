"""Runs that end between two steps: which of them a stop reaches, and that nothing is left running."""

from collections.abc import Generator
from copy import deepcopy

import pytest

from backends.progress import Progress, finish
from explorers.progress import paced
from explorers.stopping import Clicks, Run, Stopped

pytestmark = pytest.mark.unit


class Steps:
    """Work of a number of steps that remembers what was done and whether it was closed."""

    def __init__(self, number: int) -> None:
        self.number, self.done, self.closed = number, 0, False

    def run(self) -> Generator[Progress, None, str]:
        """Yields after every step; the result comes after one more piece of work, as an evaluation does."""
        try:
            for _ in range(self.number):
                self.done += 1
                yield Progress(self.done / self.number, f"step {self.done}")
            return "finished"
        finally:
            self.closed = True


def test_what_nobody_stops_runs_to_its_end() -> None:
    steps = Steps(3)
    assert finish(Run(Clicks(), 1).until_stopped(steps.run())) == "finished"
    assert (steps.done, steps.closed) == (3, True)


def test_a_stop_ends_the_work_before_its_next_step_and_closes_it() -> None:
    steps, clicks = Steps(9), Clicks()
    work = Run(clicks, 1).until_stopped(steps.run())
    assert [next(work).message, next(work).message] == ["step 1", "step 2"]
    clicks.stop(2)
    with pytest.raises(Stopped):
        next(work)
    assert (steps.done, steps.closed) == (2, True)


def test_a_stop_during_the_last_step_keeps_the_result_away() -> None:
    clicks = Clicks()

    def work() -> Generator[Progress, None, str]:
        yield Progress(1.0, "the only step")
        clicks.stop(2)
        return "finished"

    with pytest.raises(Stopped):
        finish(Run(clicks, 1).until_stopped(work()))


def test_a_stop_that_arrives_before_its_run_ends_it_before_its_first_step() -> None:
    steps, clicks = Steps(3), Clicks()
    clicks.stop(2)
    with pytest.raises(Stopped):
        finish(Run(clicks, 1).until_stopped(steps.run()))
    assert steps.done == 0


def test_what_is_started_after_a_stop_runs_whichever_message_arrives_first() -> None:
    clicks = Clicks()
    later = Run(clicks, 3).until_stopped(Steps(2).run())
    next(later)
    clicks.stop(2)  # clicked before the start of `later`, and here after it
    assert finish(later) == "finished"


def test_stops_may_arrive_in_any_order() -> None:
    clicks = Clicks()
    clicks.stop(4)
    clicks.stop(2)
    assert [clicks.is_stopped(click) for click in (1, 3, 5)] == [True, True, False]


def test_a_run_is_the_newest_until_a_later_one_gets_its_turn() -> None:
    clicks = Clicks()
    clicks.start(3)
    clicks.start(1)
    assert [clicks.is_newest(click) for click in (1, 3, 5)] == [False, True, True]


def test_every_visitor_has_clicks_of_their_own() -> None:
    first = Clicks()
    first.stop(9)
    second = deepcopy(first)
    assert not second.is_stopped(1)
    second.stop(20)
    assert not first.is_stopped(10)


def test_a_run_that_nobody_listens_to_any_more_closes_its_work() -> None:
    steps = Steps(9)
    shown = paced(Run(Clicks(), 1).until_stopped(steps.run()), lambda step: step.message)
    assert next(shown) == "step 1"
    shown.close()
    assert (steps.done, steps.closed) == (1, True)


def test_an_error_of_the_work_passes_through() -> None:
    def broken() -> Generator[Progress, None, None]:
        yield Progress(0.0, "so far, so good")
        raise ValueError("then not")

    with pytest.raises(ValueError, match="then not"):
        finish(Run(Clicks(), 1).until_stopped(broken()))
