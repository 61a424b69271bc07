"""Long work as a generator: it yields `Progress` and returns its result, so it can be shown, previewed and stopped."""

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TypeVar

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a piece of work has come.

    Attributes:
        fraction: the part that is done, from 0 to 1.
        message: what is being done, in plain words.
        eta_s: seconds that are left, where they can be told.
        preview: an unfinished result in the same form as the finished one, where there is one.

    Raises:
        ValueError: if `fraction` is outside 0..1 or `eta_s` is negative (NaN is both).
    """

    fraction: float
    message: str
    eta_s: float | None = None
    preview: object | None = None

    def __post_init__(self) -> None:
        if not 0.0 <= self.fraction <= 1.0:
            raise ValueError(f"fraction must be within 0..1, got {self.fraction}")
        if self.eta_s is not None and not self.eta_s >= 0.0:
            raise ValueError(f"eta_s must not be negative, got {self.eta_s}")


def finish(work: Generator[Progress, None, R]) -> R:
    """Run long work to its end, ignoring its progress, and return its result."""
    while True:
        try:
            next(work)
        except StopIteration as stop:
            result: R = stop.value
            return result


def part_of(work: Generator[Progress, None, R], index: int, of: int, name: str = "") -> Generator[Progress, None, R]:
    """Run work as part number `index`, from 0, of `of` equal parts of a longer one, and return its result.

    `name` is put before its messages. How long it will take says nothing of the whole, so that is left out.
    """
    with closing(work):
        while True:
            try:
                step = next(work)
            except StopIteration as stop:
                result: R = stop.value
                return result
            message = f"{name}: {step.message}" if name else step.message
            yield replace(step, fraction=(index + step.fraction) / of, message=message, eta_s=None)
