"""Jobs: all of them come back, a failing one beside the others, on one thread each."""

import math
import os

import pytest

from backends.errors import InputError
from backends.jobs import Failure, run_jobs, with_eta
from backends.progress import Progress, finish


def _root(value: float) -> float:
    return math.sqrt(value)


def _threads(_: int) -> int:
    import torch

    return torch.get_num_threads()


def _process(_: int) -> int:
    return os.getpid()


@pytest.mark.parametrize("engine", ["local", "dask"])
def test_every_job_comes_back_and_a_failure_stops_nobody(engine: str) -> None:
    results = dict(run_jobs(_root, [4.0, -1.0, 9.0], engine=engine, workers=2))  # type: ignore[arg-type]
    assert (results[4.0], results[9.0]) == (2.0, 3.0)
    failure = results[-1.0]
    assert isinstance(failure, Failure)
    assert failure.error.startswith("ValueError: ")
    assert "_root" in failure.traceback


def test_no_jobs_give_no_results() -> None:
    assert list(run_jobs(_root, [], workers=2)) == []


def test_jobs_run_in_other_processes_on_one_thread_each() -> None:
    assert os.getpid() not in dict(run_jobs(_process, [1, 2], workers=2)).values()
    assert set(dict(run_jobs(_threads, [1, 2, 3], workers=2)).values()) == {1}


def test_what_cannot_run_is_refused() -> None:
    with pytest.raises(InputError, match="at least 1"):
        list(run_jobs(_root, [1.0], workers=0))
    with pytest.raises(InputError, match="local or dask"):
        list(run_jobs(_root, [1.0], engine="slurm", workers=1))  # type: ignore[arg-type]


def test_completion_becomes_progress_with_the_time_left() -> None:
    steps = list(with_eta(iter("abcd"), 4, "letters"))
    assert [step.fraction for step in steps] == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert [step.message for step in steps][-1] == "4 of 4 letters"
    assert steps[0] == Progress(0.0, "0 of 4 letters")
    assert steps[-1].eta_s == 0.0
    assert finish(with_eta(iter("abcd"), 4)) == list("abcd")
