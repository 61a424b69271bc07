"""A program that reports its steps by a callback, as a generator that can be paused and stopped between them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future
from contextlib import AbstractContextManager, ExitStack
from queue import SimpleQueue
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


class _Stopped(BaseException):
    """Unwinds a run that nobody listens to; no `except Exception` on the way may catch it."""


def stepped(
    run: Callable[[Callable[[T], None]], R], inside: Callable[[], AbstractContextManager[object]]
) -> Generator[T, None, R]:
    """Yield what `run(show)` shows, and return its result. `run` computes only while the next item is waited for.

    It computes inside `inside()`, which is left before each item is handed over and entered again after. Closing the
    generator ends the run where it is, at a call of `show`, and waits until it has ended.
    """
    go = threading.Semaphore(0)
    shown: SimpleQueue[tuple[T] | None] = SimpleQueue()  # None: the run has ended
    result: Future[R] = Future()
    held = ExitStack()
    stopping = False

    def show(item: T) -> None:
        held.close()
        shown.put((item,))
        go.acquire()
        if stopping:
            raise _Stopped
        held.enter_context(inside())

    def work() -> None:
        try:
            with held:
                held.enter_context(inside())
                answer = run(show)
            result.set_result(answer)
        except BaseException as error:  # it is raised again where the result is asked for
            result.set_exception(error)
        finally:
            shown.put(None)

    # A daemon, so that a run which somebody paused and forgot does not keep the process alive.
    worker = threading.Thread(target=work, name="engine", daemon=True)
    worker.start()
    try:
        while (item := shown.get()) is not None:
            yield item[0]
            go.release()
        return result.result()
    finally:
        stopping = True
        go.release()
        worker.join()
