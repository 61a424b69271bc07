"""What the explorer of visual patterns must show: networks trained afresh, three seeds each, on new pictures.

Figures are means over the seeds; the spread follows as `.sd`. Nothing is read from the shipped results; what was
trained and built stays in the cache folder, so that a run that was stopped goes on. All projections see the same
features of the same pictures at the last checkpoint, and uncertainty at the same T.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import mean, pstdev

from backends.jobs import Failure, run_jobs
from backends.progress import finish
from backends.visual_patterns import seeds
from backends.visual_patterns.build import Plan
from backends.visual_patterns.results import Results
from backends.visual_patterns.train import Request
from tests.benchmarks.figure import Figure

SEEDS = (1, 2, 3)
NETWORKS = {"emoji": "resnet", "fashion": "vgg"}
ACCURACY = {"emoji": 0.95, "fashion": 0.91}
CORRELATION = {1.0: -0.8, 4.0: -0.9}  # by T, at most
AGREEMENT, FOREGROUND = 0.9, 2.0
IMAGES = 300
MEASURES = ("correlation", "agreement", "kl")


@dataclass(frozen=True)
class Row:
    """What one network scored; lists go over layers, at the last checkpoint.

    Attributes:
        accuracy: by split.
        correlation, agreement, kl: by projection and T.
        trust: by projection, its trustworthiness.
        total, share, control: knowledge points a picture, the reliable share, and that of random maps.
        early: the reliable share halfway through the checkpoints.
        foreground: the reliable points' share of foreground over its base rate, where masks are known.
        residual: mean over the checkpoints after the first.
    """

    accuracy: Mapping[str, float]
    correlation: Mapping[tuple[str, float], float]
    agreement: Mapping[tuple[str, float], float]
    kl: Mapping[tuple[str, float], float]
    trust: Mapping[str, float]
    total: list[float]
    share: list[float]
    control: list[float]
    early: list[float]
    foreground: list[float]
    residual: float


def measure(plan: Plan) -> Row:
    """Trains one network, builds its frames and reads them, unless that was done before; runs in a worker process."""
    return row_of(Results(finish(seeds.built(plan))))


def row_of(found: Results) -> Row:
    """The scores of a build."""
    compared = found.projections
    keys = list(zip(compared.method.tolist(), compared.temperature.tolist(), strict=True))
    by_method = {name: dict(zip(keys, compared[name].tolist(), strict=True)) for name in MEASURES}
    last = len(found.index.steps) - 1
    frames = found.figures.loc[last]
    steps = found.figures.xs(0, level="layer").residual[1:]
    return Row(
        found.index.accuracy,
        by_method["correlation"],
        by_method["agreement"],
        by_method["kl"],
        dict(zip(compared.method.tolist(), compared.trustworthiness.tolist(), strict=True)),  # at the last T
        frames.total.tolist(),
        frames.share.tolist(),
        frames.control.tolist(),
        found.figures.loc[last // 2].share.tolist(),
        (frames.foreground / frames.base).tolist(),
        float(steps.mean()),
    )


def run() -> Iterator[Figure]:
    """Emoji scenes with the residual network, Fashion-MNIST with the plain one."""
    plans = [Plan(Request(data, network, seed), IMAGES) for data, network in NETWORKS.items() for seed in SEEDS]
    rows: dict[str, list[Row]] = {data: [] for data in NETWORKS}
    for plan, row in run_jobs(measure, plans, workers=os.cpu_count() or 1):
        if isinstance(row, Failure):
            raise RuntimeError(f"{plan.name}: {row.error}")
        rows[plan.request.data].append(row)
    for data, found in rows.items():
        yield from figures(data, found)


def figures(data: str, rows: Sequence[Row]) -> Iterator[Figure]:
    """All figures of one data set from the rows of its seeds."""
    name = f"visual_patterns.{data}"
    for split in rows[0].accuracy:
        goal = ACCURACY[data] if split == "test" else None
        yield from _spread(f"{name}.accuracy.{split}", [r.accuracy[split] for r in rows], goal, lowest=True)
    for method, temperature in rows[0].correlation:
        key, end = (method, temperature), f"{method}.T{temperature:g}"
        goal = CORRELATION[temperature] if method == "ours" else None
        yield from _spread(f"{name}.correlation.{end}", [r.correlation[key] for r in rows], goal)
        yield Figure(f"{name}.kl.{end}", mean(r.kl[key] for r in rows), "nats")
        goal = AGREEMENT if key == ("ours", 1.0) else None
        yield from _spread(f"{name}.agreement.{end}", [r.agreement[key] for r in rows], goal, lowest=True)
    for method in rows[0].trust:
        yield Figure(f"{name}.trustworthiness.{method}", mean(r.trust[method] for r in rows), "")
    yield Figure(f"{name}.correlation.ours_above_best_other.T1", mean(_lead(r) for r in rows), "", 0)
    for layer in range(len(rows[0].share)):
        end = f"stage{layer + 1}"
        yield from _spread(f"{name}.total.{end}", [r.total[layer] for r in rows])
        yield from _spread(f"{name}.reliable.{end}", [r.share[layer] for r in rows])
        yield from _spread(f"{name}.reliable_random_map.{end}", [r.control[layer] for r in rows])
        yield from _spread(f"{name}.reliable_halfway.{end}", [r.early[layer] for r in rows])
    rises = [min(b - a for a, b in pairwise(r.share[-3:])) for r in rows]
    yield Figure(f"{name}.reliable.least_rise_of_last_three_stages", min(rises), "", 0, lowest=True)
    above = [min(a - b for a, b in zip(r.share[-3:], r.control[-3:], strict=True)) for r in rows]
    yield Figure(f"{name}.reliable.least_above_random_map", min(above), "", 0, lowest=True)
    if data == "emoji":
        last = [r.foreground[-1] for r in rows]
        yield from _spread(f"{name}.foreground_over_base.stage4", last, FOREGROUND, lowest=True)
    yield from _spread(f"{name}.residual", [r.residual for r in rows])


def _lead(row: Row) -> float:
    """Our correlation less the most negative one of the others, at T = 1."""
    others = [value for (method, t), value in row.correlation.items() if method != "ours" and t == 1.0]
    return row.correlation["ours", 1.0] - min(others)


def _spread(name: str, values: Sequence[float], goal: float | None = None, *, lowest: bool = False) -> Iterator[Figure]:
    yield Figure(name, mean(values), "", goal, lowest)
    yield Figure(f"{name}.sd", pstdev(values), "")
