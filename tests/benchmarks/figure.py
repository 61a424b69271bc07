"""One measured figure, as the benchmarks print it."""

import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Figure:
    """A measurement with its goal.

    Attributes:
        name: what was measured, as `benchmark.thing`.
        value: the measurement; NaN where it could not be taken, which misses any goal.
        unit: its unit; empty for a pure number.
        goal: the value not to exceed, or not to fall below; None where the figure is only shown.
        lowest: whether `goal` is the lowest value that will do instead of the highest.
    """

    name: str
    value: float
    unit: str
    goal: float | None = None
    lowest: bool = False

    @property
    def ok(self) -> bool | None:
        """Whether the goal is met; None without one."""
        if self.goal is None:
            return None
        return self.value >= self.goal if self.lowest else self.value <= self.goal

    def line(self) -> str:
        """The figure as one JSON object: name, value, unit, goal and ok."""
        goal = None if self.goal is None else f"{'>=' if self.lowest else '<='} {self.goal:g}"
        value = float(f"{self.value:.4g}") if math.isfinite(self.value) else None
        return json.dumps({"name": self.name, "value": value, "unit": self.unit, "goal": goal, "ok": self.ok})


def median_seconds(action: Callable[[], object], times: int = 5) -> float:
    """The median duration of `times` calls of `action`, in seconds."""
    durations = []
    for _ in range(times):
        started = time.perf_counter()
        action()
        durations.append(time.perf_counter() - started)
    return median(durations)


def quantile(values: list[float], q: float) -> float:
    """The smallest of `values` that at least the part `q` of them does not exceed."""
    return sorted(values)[math.ceil(q * len(values)) - 1]
