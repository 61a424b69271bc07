"""The second stage of an extraction: one head from its z to finished rows of the index, in a worker of its own."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor

from backends.attention_rules import collect, evaluate
from backends.attention_rules.catalog import load_model
from backends.attention_rules.causal import replacement, strongest
from backends.attention_rules.classes import name_of
from backends.attention_rules.examples import examples_of
from backends.attention_rules.features import Feature, HeadSample, strong_from
from backends.attention_rules.in_place import autoencoder_in_place
from backends.attention_rules.models import Head, HeadModel
from backends.attention_rules.relations import Places
from backends.attention_rules.rules import Rule, mine
from backends.attention_rules.sae import HeadSae
from backends.attention_rules.sae_training import SaeRequest, measure_sae, train_sae
from backends.attention_rules.tables import write_part
from backends.attention_rules.verdicts import Verdict
from backends.progress import finish

RULES = 64
CASES = 8
PAIRS = 256


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


@dataclass(frozen=True, slots=True, eq=False)
class _Texts:
    """A head on one text with all that depends on no feature."""

    sample: HeadSample
    places: Places
    active: Tensor

    @classmethod
    def of(cls, sample: HeadSample, sae: HeadSae, size: int) -> _Texts:
        active = torch.cat([sae.encode(part) for part in sample.z.split(256)])
        active[:, 0] = 0  # the opening token says nothing
        return cls(sample, Places(sample.ids, size), active)


@torch.no_grad()
def run_head(job: HeadJob) -> str:
    """Trains, mines, tests and writes one head; returns its name. Runs in a worker process."""
    started = time.monotonic()
    folder = Path(job.folder)
    model = load_model(job.model)
    rows = collect.training_rows(folder, job.head, job.blocks)
    with torch.enable_grad():
        sae = finish(train_sae(rows, job.sae))
    job.weights.parent.mkdir(parents=True, exist_ok=True)
    safetensors.torch.save_file({name: t.contiguous() for name, t in sae.state().items()}, job.weights)
    found_on, held_out = (
        _Texts.of(collect.sample_of(folder, job.head, job.blocks, held_out=out), sae, model.vocabulary.size)
        for out in (False, True)
    )
    tags_file = folder / "tags.json"
    tags = json.loads(tags_file.read_text(encoding="utf-8")) if tags_file.is_file() else {}
    tables: dict[str, list[dict[str, Any]]] = {name: [] for name in ("features", "rules", "mentions", "examples")}
    where = {"layer": job.head[0], "head": job.head[1], "seed": job.sae.seed}
    worker = _Worker(model, job.head, sae, found_on, held_out, tags)
    for number in range(sae.features):
        for name, new in worker.rows_of(number).items():
            tables[name] += [where | {"feature": number} | row for row in new]
    figures = measure_sae(sae, held_out.sample.z[:, 1:].flatten(0, 1))
    told = autoencoder_in_place(model, *job.head, sae, held_out.sample.ids[:64])
    head_row = where | {
        "explained": figures.explained,
        "l0": figures.l0,
        "dead": figures.dead,
        "recovered": told.recovered,
        "seconds": time.monotonic() - started,
        "pca": list(figures.pca.values()),
        "features": len(tables["features"]),
        "tokens": len(rows),
    }
    write_part(job.part, {**tables, "heads": [head_row]})
    return job.part.name


class _Worker:
    """Everything about one feature after the other."""

    def __init__(
        self,
        model: HeadModel,
        head: Head,
        sae: HeadSae,
        found_on: _Texts,
        held_out: _Texts,
        tags: Mapping[str, str],
    ) -> None:
        self.model, self.head, self.sae, self.tags = model, head, sae, tags
        self.found_on, self.held_out = found_on, held_out
        self.size = model.vocabulary.size
        self.strong = strong_from(found_on.active.flatten(0, 1))
        embedding = model.embedding().float()
        self.embedding = embedding - embedding.mean(0)
        written = sae.decoder @ model.write(*head).float()  # what each feature adds to the stream
        self.outputs = (written @ embedding.T).topk(8, dim=1).indices
        near = torch.nn.functional.normalize(sae.decoder, dim=1)
        self.similar = (near @ near.T).topk(min(7, sae.features), dim=1).indices[:, 1:]
        self.random = evaluate.random_pairs(found_on.sample.ids, PAIRS)

    def _words(self, ids: Sequence[int]) -> list[str]:
        return [self.model.vocabulary.token(number) for number in ids]

    def rows_of(self, number: int) -> dict[str, list[dict[str, Any]]]:
        """The rows of one feature in every table; none if it is never active on the text or is silent when tested."""
        active, tested = self.found_on.active[..., number], self.held_out.active[..., number]
        strong = float(self.strong[number])
        if not bool((active > strong).any()) or not bool((tested > strong).any()):
            return {}
        direction, offset = self.sae.direction(number), self.sae.offset(number)
        rules = mine(
            self.found_on.sample, self.found_on.places, active, strong, direction, offset,
            self.embedding, RULES,
        )  # fmt: skip
        first = evaluate.rule_matches(rules, self.held_out.places)
        feature = Feature(*self.head, direction, offset)
        cases = strongest(tested, self.held_out.sample.ids, CASES)
        verdict = replacement(self.model, feature, cases, self.held_out.sample.ids)
        row = self._feature_row(number, rules, first, strong, verdict)
        rule_rows = [self._rule_row(rank, rule, row, verdict) for rank, rule in enumerate(rules)]
        mentions = [
            {"token": token, "side": side, "rank": one["rank"]}
            for one in rule_rows
            for side, column in (("key", "keys"), ("query", "queries"))
            for token in dict.fromkeys(one[column])
        ]
        foretold = first < min(_best_k(row["curve"]), len(rules))
        return {
            "features": [row],
            "rules": rule_rows,
            "mentions": mentions,
            "examples": examples_of(self.held_out.sample.ids, tested, strong, foretold),
        }

    def _feature_row(
        self, number: int, rules: Sequence[Rule], first: Tensor, strong: float, verdict: Verdict
    ) -> dict[str, Any]:
        tested, places = self.held_out.active[..., number], self.held_out.places
        direction, offset = self.sae.direction(number), self.sae.offset(number)
        weights = torch.tensor([rule.weight for rule in rules]) if rules else torch.zeros(0)
        own = evaluate.evaluate(first, len(rules), weights, tested, strong)
        keys, values, pairs = self._baselines(number, strong)
        unigram = evaluate.evaluate(evaluate.unigram_matches(keys, places), len(keys), values, tested, strong)
        falling = torch.arange(PAIRS, 0, -1).float()
        by_pairs, by_chance = (
            evaluate.evaluate(
                evaluate.pair_matches(*some, places),
                len(some[0]),
                falling[: len(some[0])],
                tested,
                strong,
            )
            for some in (pairs, self.random)
        )
        true = tested > strong
        tops = evaluate.ceilings(
            self.found_on.sample,
            self.found_on.active[..., number] > strong,
            self.held_out.sample,
            true,
            direction,
            offset,
        )
        return {
            "name": self._name(rules[0]) if rules else "",
            "density": float((tested > 0).float().mean()),
            "strong": strong,
            "verdict": verdict.verdict,
            "cases": verdict.n,
            "f1": own.natural.best.f1,
            "f1_unigram": unigram.natural.best.f1,
            "f1_pairs": by_pairs.natural.best.f1,
            "f1_random": by_chance.natural.best.f1,
            "f1_always": evaluate.always(true).f1,
            "f1_exact": tops.exact.f1,
            "f1_single": tops.single.f1,
            "precision": own.natural.best.precision,
            "recall": own.natural.best.recall,
            "spearman": own.natural.spearman,
            "top_f1": own.top.best.f1,
            "top_f1_unigram": unigram.top.best.f1,
            **{name: getattr(verdict, name) for name in ("effect", "control", "low", "high")},
            "curve": [s.f1 for s in own.natural.scores],
            "curve_unigram": [s.f1 for s in unigram.natural.scores],
            "curve_pairs": [s.f1 for s in by_pairs.natural.scores],
            "top_curve": [s.f1 for s in own.top.scores],
            "top_curve_unigram": [s.f1 for s in unigram.top.scores],
            "histogram": torch.histc(tested[tested > 0], 20, 0, float(tested.max())).int().tolist(),
            "outputs": self._words(self.outputs[number].tolist()),
            "similar": self.similar[number].tolist(),
        }

    def _baselines(self, number: int, strong: float) -> tuple[Tensor, Tensor, tuple[Tensor, Tensor]]:
        """Key tokens by their mean S + b with those means, and pairs by what they contributed where it is strong."""
        sample = self.found_on.sample
        direction, offset = self.sae.direction(number), self.sae.offset(number)
        promoted, flat = sample.promotions(direction, offset)[:, 1:].flatten(), sample.ids[:, 1:].flatten()
        counts = torch.bincount(flat, minlength=self.size)
        means = torch.zeros(self.size).index_add_(0, flat, promoted) / counts.clamp_min(1)
        means[counts < 3] = -torch.inf
        values, keys = means.topk(min(evaluate.KS[-1], int((means > 0).sum()) or 1))
        rows, at = torch.nonzero(self.found_on.active[..., number] > strong, as_tuple=True)
        rows, at = rows[:2000], at[:2000]
        shares = sample.pattern[rows, at].float() * (sample.values[rows].float() @ direction + offset)
        shares[:, 0] = 0
        codes = (sample.ids[rows, at][:, None] * self.size + sample.ids[rows]).flatten()
        pairs, where = codes.unique(return_inverse=True)
        total = torch.zeros(len(pairs)).index_add_(0, where, shares.flatten().clamp_min(0))
        best = pairs[total.topk(min(PAIRS, len(pairs))).indices]
        return keys, values, (best // self.size, best % self.size)

    def _name(self, rule: Rule) -> str:
        return name_of(self._words(rule.keys), self.tags)

    def _rule_row(self, rank: int, rule: Rule, feature: Mapping[str, Any], verdict: Verdict) -> dict[str, Any]:
        lists = {column: self._words(getattr(rule, column)) for column in ("keys", "queries", "unless")}
        plain = {c: getattr(rule, c) for c in ("relation", "kind", "more_than", "weight", "support", "precision")}
        shown = {"rank": rank, "name": self._name(rule), "verdict": verdict.verdict, "f1": feature["f1"]}
        return lists | plain | shown | {"profile": list(rule.profile)}


def _best_k(scores: Sequence[float]) -> int:
    return evaluate.KS[max(range(len(scores)), key=lambda i: scores[i])]
