"""A callback turned into a generator: order, pauses, stopping, errors."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

import pytest

from backends.text_image.engines.stepping import stepped


def test_items_come_in_order_and_the_result_at_the_end() -> None:
    def run(show: Callable[[int], None]) -> str:
        for item in range(3):
            show(item)
        return "done"

    work = stepped(run, nullcontext)
    assert [next(work), next(work), next(work)] == [0, 1, 2]
    with pytest.raises(StopIteration) as stop:
        next(work)
    assert stop.value.value == "done"


def test_nothing_is_computed_and_nothing_is_held_between_items() -> None:
    log: list[str] = []

    @contextmanager
    def inside() -> Iterator[None]:
        log.append("enter")
        yield
        log.append("leave")

    def run(show: Callable[[str], None]) -> None:
        for name in "ab":
            log.append(f"compute {name}")
            show(name)

    work = stepped(run, inside)
    assert log == []
    next(work)
    assert log == ["enter", "compute a", "leave"]
    next(work)
    assert log == ["enter", "compute a", "leave", "enter", "compute b", "leave"]
    assert list(work) == []
    assert log[6:] == ["enter", "leave"]


def test_closing_ends_the_run_where_it_is() -> None:
    log: list[str] = []

    def run(show: Callable[[int], None]) -> None:
        try:
            for item in range(10):
                log.append(str(item))
                show(item)
        finally:
            log.append("cleaned up")

    work = stepped(run, nullcontext)
    next(work)
    next(work)
    work.close()
    assert log == ["0", "1", "cleaned up"]
    assert not [thread for thread in threading.enumerate() if thread.name == "engine"]


def test_a_generator_that_was_never_begun_starts_nothing() -> None:
    began: list[int] = []

    def run(show: Callable[[int], None]) -> None:
        began.append(1)

    work = stepped(run, nullcontext)
    work.close()
    assert began == []


def test_an_error_of_the_run_is_raised_where_the_next_item_was_asked_for() -> None:
    def run(show: Callable[[int], None]) -> None:
        show(1)
        raise ValueError("the second step failed")

    work = stepped(run, nullcontext)
    assert next(work) == 1
    with pytest.raises(ValueError, match="second step"):
        next(work)
