"""Independent jobs on all cores of this machine, or on a Dask cluster, by joblib."""

import time
import traceback
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from joblib import Parallel, delayed, parallel_config
from threadpoolctl import threadpool_limits

from backends.errors import InputError
from backends.progress import Progress

Job = TypeVar("Job")
Result = TypeVar("Result")
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Failure:
    """What a job raised: its error's type and message in one line, and the whole traceback."""

    error: str
    traceback: str


def run_jobs(
    function: Callable[[Job], Result],
    jobs: Sequence[Job],
    *,
    engine: Literal["local", "dask"] = "local",
    workers: int,
) -> Generator[tuple[Job, Result | Failure], None, None]:
    """Run `function` on each job and yield (job, result) as they finish, in any order.

    A job that raises is yielded with a `Failure`, and the others go on. Each job computes on one thread, so that
    workers do not fight for cores. Closing the generator abandons the jobs that are not finished.

    Args:
        function: a module-level function, because workers import it.
        jobs: what to run it on; jobs and results must be picklable (they travel between our own processes only).
        engine: `local` for processes on this machine; `dask` for the cluster that `DASK_SCHEDULER_ADDRESS` names,
            or one started on this machine if it names none.
        workers: how many jobs at once (`local` only; a cluster has its own number), at least 1.

    Raises:
        InputError: if `workers` is below 1, the engine is unknown, or Dask is not installed.
    """
    if workers < 1:
        raise InputError(f"workers must be at least 1, got {workers}.")
    tasks = (delayed(_attempt)(function, job) for job in jobs)
    if engine == "local":
        yield from Parallel(n_jobs=workers, return_as="generator_unordered")(tasks)
    elif engine == "dask":
        with _dask_client() as client:
            with parallel_config(backend="dask", client=client):
                cluster = Parallel(n_jobs=-1, return_as="generator_unordered")
            yield from cluster(tasks)
    else:
        raise InputError(f"Unknown engine {engine!r}: use local or dask.")


def with_eta(results: Iterable[Item], total: int, noun: str = "jobs") -> Generator[Progress, None, list[Item]]:
    """Turn `results`, of which `total` will come, into progress with the seconds that are left; return them all."""
    started = time.monotonic()
    finished: list[Item] = []
    yield Progress(0.0, f"0 of {total} {noun}")
    for item in results:
        finished.append(item)
        done = len(finished)
        left = (time.monotonic() - started) / done * (total - done)
        yield Progress(done / total, f"{done} of {total} {noun}", eta_s=left)
    return finished


def _attempt(function: Callable[[Job], Result], job: Job) -> tuple[Job, Result | Failure]:
    try:
        with threadpool_limits(limits=1):
            return job, function(job)
    except Exception as error:
        return job, Failure(f"{type(error).__name__}: {error}", traceback.format_exc())


def _dask_client() -> Any:
    try:
        from distributed import Client
    except ImportError:
        raise InputError("The dask engine needs Dask: pip install '.[cluster]'.") from None
    return Client()
