"""Progress is validated, and `finish` returns what the generator returned."""

import math
from collections.abc import Generator

import pytest

from backends.progress import Progress, finish


@pytest.mark.parametrize("fraction", [-0.01, 1.01, math.nan])
def test_a_fraction_outside_0_to_1_is_refused(fraction: float) -> None:
    with pytest.raises(ValueError, match="within 0..1"):
        Progress(fraction, "impossible")


@pytest.mark.parametrize("eta", [-1.0, math.nan])
def test_a_negative_time_left_is_refused(eta: float) -> None:
    with pytest.raises(ValueError, match="eta_s"):
        Progress(0.5, "impossible", eta_s=eta)


def test_finish_runs_to_the_end_and_returns_the_result() -> None:
    seen: list[float] = []

    def work() -> Generator[Progress, None, str]:
        for fraction in (0.0, 0.5, 1.0):
            seen.append(fraction)
            yield Progress(fraction, "working")
        return "done"

    assert finish(work()) == "done"
    assert seen == [0.0, 0.5, 1.0]


def test_finish_lets_errors_through() -> None:
    def work() -> Generator[Progress, None, None]:
        yield Progress(0.0, "working")
        raise ArithmeticError("broken")

    with pytest.raises(ArithmeticError, match="broken"):
        finish(work())
