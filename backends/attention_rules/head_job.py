"""The second stage of an extraction: one head from its z to finished rows of the index, in a worker of its own."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
import torch

from backends.attention_rules import collect, shipped
from backends.attention_rules.catalog import load_model
from backends.attention_rules.causal import Cases, replacement, strongest
from backends.attention_rules.feature_rows import FeatureRows
from backends.attention_rules.head_tests import tests_of
from backends.attention_rules.head_text import HeadText
from backends.attention_rules.in_place import Clean, autoencoder_in_place
from backends.attention_rules.index import Row
from backends.attention_rules.models import Head
from backends.attention_rules.rules import Rule
from backends.attention_rules.sae import HeadSae
from backends.attention_rules.sae_training import SaeRequest, measure_sae, train_sae
from backends.attention_rules.tables import write_part
from backends.attention_rules.verdicts import Verdict
from backends.progress import finish

CASES = 12
"""Texts in which a source is replaced, a feature."""

TEXTS = 512
"""Held-out sequences in which cases are looked for: the model runs once on each."""

IN_PLACE = 16
"""Held-out sequences on which the loss is measured with the autoencoder in place."""


@dataclass(frozen=True, slots=True)
class HeadJob:
    """One head and seed: where the blocks lie, how many, and how to train."""

    model: str
    head: Head
    sae: SaeRequest
    blocks: int
    folder: str

    @property
    def part(self) -> Path:
        """The folder of its finished rows; that it exists means that the job is done."""
        return Path(self.folder) / "parts" / f"{collect.head_name(self.head)}-s{self.sae.seed}"

    @property
    def weights(self) -> Path:
        """The file of its autoencoder."""
        return Path(self.folder) / "saes" / f"{self.part.name}.safetensors"


@torch.no_grad()
def run_head(job: HeadJob) -> str:
    """Trains, mines, tests and writes one head; returns its name and what took how long. Runs in a worker process."""
    started = time.monotonic()
    folder = Path(job.folder)
    model = load_model(job.model)
    sae, tokens = _trained(job)
    trained = time.monotonic()
    found_on, held_out = (
        HeadText.of(collect.sample_of(folder, job.head, job.blocks, held_out=out), sae, model.vocabulary.size)
        for out in (False, True)
    )
    tags_file = folder / "tags.json"
    tags = json.loads(tags_file.read_text(encoding="utf-8")) if tags_file.is_file() else {}
    features = FeatureRows(model, job.head, sae, found_on, held_out, tags)
    cases, verdicts = _replaced(features)
    replaced = time.monotonic()
    tables, rules = _rows(features, verdicts)
    mined = time.monotonic()
    _tested(features, tables, rules, cases, verdicts)
    figures = measure_sae(sae, held_out.sample.z[:, 1:].flatten(0, 1))
    text = held_out.sample.part(slice(0, IN_PLACE))
    told = autoencoder_in_place(Clean(model, text.ids), *job.head, sae, text.z)
    head_row = {
        "explained": figures.explained,
        "l0": figures.l0,
        "dead": figures.dead,
        "recovered": told.recovered,
        "seconds": time.monotonic() - started,
        "pca": list(figures.pca.values()),
        "features": len(tables["features"]),
        "tokens": tokens,
    }
    where = {"layer": job.head[0], "head": job.head[1], "seed": job.sae.seed}
    write_part(job.part, {name: [where | row for row in new] for name, new in {**tables, "heads": [head_row]}.items()})
    stages = {"trained": trained - started, "replaced": replaced - trained, "mined": mined - replaced}
    stages["tested"] = time.monotonic() - mined
    return f"{job.part.name} " + ", ".join(f"{name} in {seconds:.0f} s" for name, seconds in stages.items())


def _trained(job: HeadJob) -> tuple[HeadSae, int]:
    """The head's autoencoder as it ships, and how many tokens it was trained on; one that is there is kept."""
    rows = collect.training_rows(Path(job.folder), job.head, job.blocks)
    if not job.weights.is_file():
        with torch.enable_grad():
            shipped.save_sae(finish(train_sae(rows, job.sae)), job.weights)
    return HeadSae.from_state(safetensors.torch.load_file(job.weights)), len(rows)


def _replaced(features: FeatureRows) -> tuple[dict[int, Cases], dict[int, Verdict]]:
    """Of every live feature, cases in the held-out text and whether its main source is necessary there."""
    sample = features.held_out.sample.part(slice(0, TEXTS))
    live = features.live()
    cases = {}
    for number in live:
        active = features.held_out.active[number][:TEXTS]
        cases[number] = strongest(sample, active, features.feature(number), CASES)
    own = [features.feature(number) for number in live]
    verdicts = replacement(features.model, own, list(cases.values()), sample.ids)
    return cases, dict(zip(live, verdicts, strict=True))


def _rows(features: FeatureRows, verdicts: dict[int, Verdict]) -> tuple[dict[str, list[Row]], dict[int, list[Rule]]]:
    tables: dict[str, list[Row]] = {name: [] for name in ("features", "rules", "examples", "tests")}
    rules = {}
    for number, verdict in verdicts.items():
        rules[number] = features.rules(number)
        for name, new in features.of(number, rules[number], verdict).items():
            tables[name] += [{"feature": number} | row for row in new]
    return tables, rules


def _tested(
    features: FeatureRows,
    tables: dict[str, list[Row]],
    rules: dict[int, list[Rule]],
    cases: dict[int, Cases],
    verdicts: dict[int, Verdict],
) -> None:
    """Adds tests of absence and counting, and the rules that they are about, to the tables."""
    f1 = {row["feature"]: row["f1"] for row in tables["features"]}
    able = [n for n, verdict in verdicts.items() if verdict.verdict == "verified" and rules[n]]
    ranks: dict[int, int] = {number: len(own) for number, own in rules.items()}
    for found in tests_of(features, sorted(able, key=lambda n: -f1[n]), rules, cases):
        where: dict[str, Any] = {"feature": found.feature}
        tables["tests"].append(where | found.row)
        if found.rule is not None:
            row = features.rule_row(ranks[found.feature], found.rule, f1[found.feature], found.verdict)
            ranks[found.feature] += 1
            tables["rules"].append(where | row)
