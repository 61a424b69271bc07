"""What the explorer of attention rules must show: methods against planted rules, and rules of a real model's heads.

Planted models are trained afresh, three seeds. Figures of SmolLM2's heads are medians over the features of the index
that ships, on text held out from finding its rules, at the natural rate; the decomposition is computed now.
"""

import os
from collections.abc import Iterator
from statistics import mean, median, pstdev

import pandas as pd
import torch

from backends.attention_rules.absence import weight_criterion
from backends.attention_rules.catalog import load_model
from backends.attention_rules.contributions import TokenTables, contributions, token_contributions
from backends.attention_rules.method_bench import SEEDS, MethodBench, measured
from backends.attention_rules.models import attention_at
from backends.attention_rules.rankings import DISTANCES
from backends.attention_rules.shelf import INDEX
from backends.attention_rules.shipped import load_sae
from backends.jobs import Failure, run_jobs
from tests.benchmarks.figure import Figure

PRECISION = {"causal": 0.97, "contrast": 0.75}
DISTRACTORS, COUNTS, REFUTED = 15 / 16, 0.9, 0.95
ERROR, TIMES_BETTER = 1e-5, 2.0
SENTENCES, FEATURES, TOKENS = 8, 16, 2_000
SCORES = ("f1", "f1_unigram", "f1_paper", "f1_pairs", "f1_random", "f1_always", "f1_single", "f1_exact", "top_f1")


def run() -> Iterator[Figure]:
    """The planted rules, then the index, then what is computed on the real model."""
    yield from _planted()
    features = pd.read_parquet(INDEX / "features.parquet")
    yield from _rules(features)
    yield from _causal(features, pd.read_parquet(INDEX / "tests.parquet"))
    yield from _decomposition(features)
    yield from _weight_criterion(features)


def _planted() -> Iterator[Figure]:
    rows: list[MethodBench] = []
    for seed, row in run_jobs(measured, SEEDS, workers=os.cpu_count() or 1):
        if isinstance(row, Failure):
            raise RuntimeError(f"seed {seed}: {row.error}")
        rows.append(row)
    for name in rows[0].precision:
        values = [row.precision[name] for row in rows]
        yield from _spread(f"planted.precision_at_3.{name}", values, PRECISION.get(name))
    for name, goal in (("causal", DISTRACTORS), ("weights", None)):
        values = [getattr(row, f"distractors_{name}") / row.distractors for row in rows]
        yield from _spread(f"planted.distractor_first.{name}", values, goal)
    for name, goal in (
        ("counts_within_one", COUNTS),
        ("refuted", REFUTED),
        ("verified", None),
        ("flagged", None),
        ("null", None),
    ):
        yield from _spread(f"planted.{name}", [getattr(row, name) for row in rows], goal)


def _rules(features: pd.DataFrame) -> Iterator[Figure]:
    """F1 by head, and how many times that of the better baseline it is."""
    times = []
    for where, rows in _by_head(features):
        medians = rows[list(SCORES)].median()
        for score in SCORES:
            yield Figure(f"{_name(where)}.{score}", float(medians[score]), "")
        times.append(float(medians.f1 / medians[["f1_unigram", "f1_paper"]].max()))
        yield Figure(f"{_name(where)}.times_the_better_baseline", times[-1], "")
    yield Figure("attention_rules.f1_over_better_baseline", median(times), "", TIMES_BETTER, lowest=True)


def _causal(features: pd.DataFrame, tests: pd.DataFrame) -> Iterator[Figure]:
    """Necessary sources with their control, and the verdicts of absence and counting."""
    for where, rows in _by_head(features):
        yield Figure(f"{_name(where)}.source_necessary", float((rows.verdict == "verified").mean()), "")
        yield Figure(f"{_name(where)}.lost_without_source", float(rows.effect.median()), "")
        yield Figure(f"{_name(where)}.lost_without_control", float(rows.control.median()), "")
    for kind, rows in tests.groupby("kind"):
        for verdict in ("verified", "refuted", "undecided"):
            yield Figure(f"attention_rules.{kind}.{verdict}", float((rows.verdict == verdict).sum()), "tests")


def _decomposition(features: pd.DataFrame) -> Iterator[Figure]:
    """What the sources' contributions leave over, in parts of the largest value; at layer 0 also from tokens alone."""
    model = load_model("smollm2")
    stored = pd.read_parquet(INDEX / "examples.parquet", columns=["ids"]).ids
    ids = torch.tensor([list(one) for one in stored[stored.map(len) == stored.map(len).max()][:SENTENCES]])
    worst, alone = 0.0, 0.0
    for (layer, head, seed), rows in _by_head(features):
        found, sae = attention_at(model, ids, layer), load_sae(layer, head, seed)
        for number in rows.feature[:FEATURES]:
            direction, offset = sae.direction(number), sae.offset(number)
            parts = contributions(found, head, direction, offset)
            true = found.z[:, head] @ direction + offset
            worst = max(worst, float((parts.sum(-1) - true).abs().max() / true.abs().max()))
            if layer == 0:
                told = token_contributions(model, head, ids[0], direction, offset)
                alone = max(alone, float((told - parts[0]).abs().max() / parts[0].abs().max()))
    yield Figure("attention_rules.decomposition.error", worst, "of the largest value", ERROR)
    yield Figure("attention_rules.decomposition.error_from_tokens_alone", alone, "of the largest value", ERROR)


def _weight_criterion(features: pd.DataFrame) -> Iterator[Figure]:
    """The paper's criterion for absence at layer 0, where weights are exact, and with S shuffled over tokens."""
    model = load_model("smollm2")
    drawn = torch.randperm(model.vocabulary.size, generator=torch.Generator().manual_seed(0))[:TOKENS]
    everything = torch.arange(TOKENS)
    for (_, head, seed), rows in _by_head(features[features.layer == 0]):
        tables, sae = TokenTables.of(model, head, drawn), load_sae(0, head, seed)
        scores = tables.mean_scores(everything, everything, DISTANCES)
        found = [weight_criterion(scores, tables.values @ sae.direction(number)) for number in rows.feature]
        name = f"attention_rules.L00H{head}-s{seed}.weight_criterion"
        yield Figure(f"{name}.flagged", mean(one.flagged for one in found), "")
        yield Figure(f"{name}.null", mean(one.null for one in found), "")


def _by_head(features: pd.DataFrame) -> Iterator[tuple[tuple[int, int, int], pd.DataFrame]]:
    """Layer, head and seed, and their rows."""
    for _, rows in features.groupby(["layer", "head", "seed"]):
        first = rows.iloc[0]
        yield (int(first.layer), int(first["head"]), int(first.seed)), rows


def _name(where: tuple[int, int, int]) -> str:
    layer, head, seed = where
    return f"attention_rules.L{layer:02d}H{head}-s{seed}"


def _spread(name: str, values: list[float], goal: float | None) -> Iterator[Figure]:
    yield Figure(f"attention_rules.{name}", mean(values), "", goal, lowest=goal is not None)
    yield Figure(f"attention_rules.{name}.sd", pstdev(values), "")
