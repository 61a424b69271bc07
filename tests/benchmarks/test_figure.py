"""Figures are judged by their goals, and printed as JSON."""

import json
import math

import pytest

from tests.benchmarks import BENCHMARKS, load
from tests.benchmarks.figure import Figure, quantile


@pytest.mark.parametrize(
    ("value", "goal", "lowest", "ok"),
    [(1, 2, False, True), (2, 2, False, True), (3, 2, False, False), (0.9, 0.95, True, False), (1, None, False, None)],
)
def test_a_figure_is_judged_by_its_goal(value: float, goal: float | None, lowest: bool, ok: bool | None) -> None:
    assert Figure("x", value, "s", goal, lowest).ok is ok


def test_a_figure_that_could_not_be_measured_misses_its_goal() -> None:
    figure = Figure("x", math.nan, "s", 2)
    assert json.loads(figure.line()) == {"name": "x", "value": None, "unit": "s", "goal": "<= 2", "ok": False}


def test_the_quantile_is_one_of_the_values() -> None:
    values = [float(i) for i in range(1, 201)]
    assert (quantile(values, 0.99), quantile(values, 1.0), quantile(values, 0.5)) == (198.0, 200.0, 100.0)


@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_benchmark_can_be_run(name: str) -> None:
    assert callable(load(name).run)


def test_an_unknown_benchmark_is_refused_with_those_there_are() -> None:
    with pytest.raises(KeyError, match="page"):
        load("no-such")
