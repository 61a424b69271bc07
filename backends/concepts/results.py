"""What the sweep measured, read from the table that ships; torch is not needed for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

import pandas as pd

from backends.concepts.answers import Metrics
from backends.concepts.requests import ModelRequest
from backends.concepts.tasks import find_task
from backends.errors import MissingFileError

SWEEP_FILE = Path(__file__).parents[2] / "assets" / "precomputed" / "concepts" / "sweep.parquet"


@dataclass(frozen=True, slots=True)
class Result:
    """One trained model's place between accuracy and SIS on the test split."""

    model: ModelRequest
    n: int
    sis: float
    accuracy: float
    accuracy_bottleneck: float
    soft_sis: float
    concept_accuracy: float
    nll: float
    confidence: float
    constant: bool


@cache
def sweep_table() -> pd.DataFrame:
    """One row for each trained model: request, test metrics, intervention curve.

    Raises MissingFileError if the table is not there.
    """
    try:
        return pd.read_parquet(SWEEP_FILE)
    except FileNotFoundError:
        raise MissingFileError(f"{SWEEP_FILE.name} is missing; `python -m backends.concepts.sweep` makes it.") from None


def results_of(task: str) -> list[Result]:
    """Everything that the sweep trained on a task; empty for tasks that it did not include."""
    find_task(task)
    table = sweep_table()
    measured = [field.name for field in fields(Result)[1:]]
    return [
        Result(
            ModelRequest(row["task"], row["model"], row["beta"], row["seed"], row["regulariser"]),
            **{name: row[name] for name in measured},
        )
        for row in table[table.task == task].to_dict("records")
    ]


def result_of(model: ModelRequest, m: Metrics) -> Result:
    """A model measured just now, as the table would hold it."""
    return Result(
        model,
        m.n,
        m.sis,
        m.accuracy,
        m.accuracy_bottleneck,
        m.soft_sis,
        m.concept_accuracy,
        m.nll,
        m.confidence,
        m.constant,
    )


def pareto_front(results: Sequence[Result]) -> list[Result]:
    """The results that no other beats in both SIS and accuracy, by rising SIS.

    A constant prediction (SIS 1 by doing nothing) is no candidate.
    """
    front: list[Result] = []
    best = -1.0
    for result in sorted(results, key=lambda r: (-r.sis, -r.accuracy)):
        if not result.constant and result.accuracy > best:
            front.append(result)
            best = result.accuracy
    return front[::-1]
