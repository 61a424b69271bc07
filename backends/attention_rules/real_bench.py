"""What the ways to rank pairs of tokens are worth on features of a real model.

`python -m backends.attention_rules.real_bench WORK` reads the index that ships and the folder that its extraction
worked in, and writes the few numbers that the page shows. Every ranking orders the same pairs of a feature: its queries
and keys are the tokens that stand where it is strong more often than elsewhere, and frequent ones. The best few pairs
of each foretell the feature on held-out text, as rules "this key anywhere before this query".

`contrast` is not among them: a feature has no default that it could be held against.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import mean, quantiles
from typing import Any

import torch
from torch import Tensor

from backends.attention_rules import collect
from backends.attention_rules.absence import weight_criterion
from backends.attention_rules.catalog import load_model
from backends.attention_rules.contributions import TokenTables
from backends.attention_rules.edits import Ending, run_edits
from backends.attention_rules.evaluate import pair_matches, score
from backends.attention_rules.features import Feature, strong_from
from backends.attention_rules.head_text import HeadText
from backends.attention_rules.index import Row, RuleIndex
from backends.attention_rules.models import Attention, Head, HeadModel, attention_at
from backends.attention_rules.names import KS
from backends.attention_rules.rankings import CONTEXTS, DISTANCES, RANKINGS, Target, contexts, exact_tables, mean_tables
from backends.attention_rules.sae import HeadSae
from backends.attention_rules.shelf import INDEX, REAL_BENCH
from backends.attention_rules.shipped import load_sae, manifest
from backends.attention_rules.stand_in import evenly
from backends.errors import AtelierError, InputError

HEADS: tuple[Head, ...] = ((0, 3), (1, 1))
"""One whose tables are exact, and one above it, whose tables are means over text."""

FEATURES = 20
"""Verified features of a head, evenly from best to worst foretold by their rules."""

QUERIES, KEYS = (12, 16), (48, 64)
"""Candidates of a feature: tokens of the places at which it is strong, filled up to so many by frequent ones."""

NEAR = 8
"""Candidate keys stand at most so far before a strong place, or at it."""

TOP = (4, 16, 64)
"""How many pairs of a ranking foretell the feature."""

ALIKE = 16
"""First pairs of a ranking that are compared with the first ones by insertion."""

LENGTH = 16
"""Tokens of a text, opening token and query included, that a key is put into: most sources stand nearer than that."""

TOKENS, OFTEN = 2_000, 3
"""Tokens over which the weight criterion is taken, each often enough in the text where tables are means over it."""

BY_TABLES_AND_TEXT = ("paper", "normalised", "unigram", "gradient", "data")
SEED = 0

Found = dict[str, Tensor]
"""Scores (queries, keys) of every ranking."""


@dataclass(frozen=True, slots=True, eq=False)
class HeadBench:
    """One head with all that its features share; in `seen` it is the only head, and so number 0 of `tables`."""

    model: HeadModel
    head: Head
    sae: HeadSae
    found_on: HeadText
    held_out: HeadText
    tables: dict[int, TokenTables]
    seen: Sequence[tuple[Tensor, Attention]]

    @classmethod
    def read(cls, model: HeadModel, work: Path, head: Head, sae: HeadSae) -> HeadBench:
        """Reads the head's text from the folder that the extraction worked in."""
        blocks, size = collect.block_count(work), model.vocabulary.size
        texts = (HeadText.of(collect.sample_of(work, head, blocks, held_out=out), sae, size) for out in (False, True))
        return cls.of(model, head, sae, *texts)

    @classmethod
    @torch.no_grad()
    def of(cls, model: HeadModel, head: Head, sae: HeadSae, found_on: HeadText, held_out: HeadText) -> HeadBench:
        """Runs the model on the text of `found_on`."""
        layer, number = head
        text = found_on.sample.ids
        tables = exact_tables(model, [number]) if layer == 0 else mean_tables(model, layer, [number], text)
        seen = [
            (ids, Attention(*(part[:, number : number + 1].clone() for part in attention_at(model, ids, layer))))
            for ids in text.split(64)
        ]
        return cls(model, head, sae, found_on, held_out, {0: tables[number]}, seen)

    def feature(self, number: int) -> tuple[dict[str, list[float]], dict[str, float]]:
        """F1 of the best `TOP` pairs of every ranking, and which part of its first pairs are insertion's too."""
        active = self.found_on.active[number]
        strong = float(strong_from(active.flatten()[:, None])[0])
        queries, keys = candidates(self.found_on.sample.ids, active > strong, self.model.vocabulary.size)
        true = self.held_out.active[number] > strong
        orders = {
            name: scores.flatten().argsort(descending=True, stable=True)
            for name, scores in self._scores(number, queries, keys, active > strong).items()
        }
        first = set(orders["causal"][:ALIKE].tolist())
        f1, alike = {}, {}
        for name, order in orders.items():
            best = order[: TOP[-1]]
            rank = pair_matches(queries[best // len(keys)], keys[best % len(keys)], self.held_out.places)
            f1[name] = [score(rank < min(count, len(best)), true).f1 for count in TOP]
            alike[name] = len(first.intersection(order[:ALIKE].tolist())) / len(first)
        return f1, alike

    def _scores(self, number: int, queries: Tensor, keys: Tensor, strong: Tensor) -> Found:
        own, text = Feature.of(self.sae, *self.head, number), self.found_on.sample.ids
        directions = {0: own.direction}
        target = Target(
            self.model, own.layer, directions, directions, own.offset, self.tables, text,
            lambda ids: own.pre(self.model, ids)[:, -1], self.seen,
        )  # fmt: skip
        found = {name: RANKINGS[name](target, queries, keys) for name in BY_TABLES_AND_TEXT}
        found["causal"] = insertion(self.model, own, text[:, :LENGTH], queries, keys)
        found["chosen"] = f1_of_pairs(text, strong, queries, keys)
        rng = torch.Generator().manual_seed(SEED)
        found["chance"] = torch.rand(len(queries), len(keys), generator=rng)
        return found

    def criterion(self, features: Sequence[int]) -> Row:
        """Which share of features the weight criterion flags, and with S shuffled over tokens."""
        counts = torch.bincount(self.found_on.sample.ids.flatten(), minlength=self.model.vocabulary.size)
        known = torch.nonzero(counts >= (0 if self.head[0] == 0 else OFTEN))[:, 0]
        drawn = known[torch.randperm(len(known), generator=torch.Generator().manual_seed(SEED))[:TOKENS]]
        tables = self.tables[0]
        scores, values = tables.mean_scores(drawn, drawn, DISTANCES), tables.values[drawn]
        found = [weight_criterion(scores, values @ self.sae.direction(number)) for number in features]
        return {
            "flagged": mean(one.flagged for one in found),
            "null": mean(one.null for one in found),
            "features": len(found),
            "tokens": len(drawn),
        }


def candidates(ids: Tensor, strong: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Queries and keys (tokens) of a feature that is `strong` (N, T) at places of text `ids` (N, T).

    First those that stand there oftener than their frequency in the text foretells, most so first; then frequent ones.
    """
    near = strong.clone()
    for apart in range(1, NEAR + 1):
        near[:, :-apart] |= strong[:, apart:]
    near[:, 0] = False  # the opening token is no key
    counts = torch.bincount(ids[:, 1:].flatten(), minlength=size).float()
    return _overly(ids[strong], counts, *QUERIES), _overly(ids[near], counts, *KEYS)


def _overly(tokens: Tensor, counts: Tensor, own: int, most: int) -> Tensor:
    there = torch.bincount(tokens, minlength=len(counts)).float()
    beyond = there - counts * len(tokens) / counts.sum()
    first = beyond.topk(min(own, int((beyond > 0).sum()))).indices
    others = counts.index_fill(0, first, 0)
    return torch.cat([first, others.topk(min(most - len(first), int((others > 0).sum()))).indices])


@torch.no_grad()
def insertion(model: HeadModel, feature: Feature, text: Tensor, queries: Tensor, keys: Tensor) -> Tensor:
    """What `rankings.causal` gives (queries, keys) for a feature on `text` (N, T).

    What stands before the query is computed once for all queries, which is a tenth of the work.
    """
    texts, places = contexts(text)
    before = texts[:, :-1]
    changed = before.repeat(len(keys), 1)  # key by key, each in all texts
    changed[torch.arange(len(changed)), places.repeat(len(keys))] = keys.repeat_interleave(CONTEXTS)
    every = torch.cat([before, changed])
    kept = every.shape[1]
    edits = [Ending(row, kept, (query,)) for row in range(len(every)) for query in queries.tolist()]
    z = run_edits(model, (feature.layer, feature.head), every, edits).z
    values = (z @ feature.direction).view(1 + len(keys), CONTEXTS, len(queries))
    return (values[1:] - values[:1]).mean(1).T


def f1_of_pairs(ids: Tensor, strong: Tensor, queries: Tensor, keys: Tensor) -> Tensor:
    """How well each pair alone foretells on `ids` (N, T) where the feature is `strong`: F1 (queries, keys).

    Lists of pairs chosen so tell about how much pairs of this form can foretell; no ceiling, as pairs overlap.
    """
    size = int(max(ids.max(), queries.max(), keys.max())) + 1
    column = torch.full((size,), len(keys)).scatter(0, keys, torch.arange(len(keys)))[ids]
    column[:, 0] = len(keys)
    there = torch.nn.functional.one_hot(column, len(keys) + 1)[..., :-1].bool().cummax(1).values
    found = torch.zeros(len(queries), len(keys))
    for row, query in enumerate(queries):
        at = ids == query
        said, hits = there[at].sum(0), there[at & strong].sum(0)
        found[row] = 2 * hits / (said + strong.sum()).clamp_min(1)
    return found


def real_bench(bench: HeadBench, index: RuleIndex, seed: int) -> Row:
    """A row for one head: quartiles of F1 over features, what rankings share with insertion, and the weight criterion.

    Raises:
        InputError: if fewer than two of its features are verified.
    """
    where = *bench.head, seed
    features = index.features(*where)
    chosen = evenly([row for row in features if row["verdict"] == "verified"], FEATURES)
    if len(chosen) < 2:
        raise InputError(f"Layer {where[0]}, head {where[1]} has fewer than two verified features; take another head.")
    scores: dict[str, list[list[float]]] = {}
    shares: dict[str, list[float]] = {}
    for row in chosen:
        started = time.monotonic()
        f1, alike = bench.feature(row["feature"])
        curve = index.feature(*where, row["feature"])["curve"]
        f1["rules"] = [curve[KS.index(count)] for count in TOP]
        for name, values in f1.items():
            scores.setdefault(name, []).append(values)
        for name, value in alike.items():
            shares.setdefault(name, []).append(value)
        print(f"{bench.head} {row['feature']} in {time.monotonic() - started:.0f} s", flush=True)
    return {
        **dict(zip(("layer", "head", "seed"), where, strict=True)),
        "n": len(chosen),
        "features": [row["feature"] for row in chosen],
        "rankings": {name: _summary(values, shares.get(name)) for name, values in scores.items()},
        "criterion": bench.criterion([row["feature"] for row in features]),
    }


def _summary(scores: Sequence[Sequence[float]], alike: Sequence[float] | None) -> Mapping[str, Any]:
    """Quartiles of F1 for each of `TOP`, and the mean of the shares."""
    return {
        "f1": [quantiles(column, n=4, method="inclusive") for column in zip(*scores, strict=True)],
        "alike": None if alike is None else mean(alike),
    }


def stored(rows: Sequence[Row], found_on: int, held_out: int) -> str:
    """The file that the page reads, with these rows, measured on so many sequences."""
    about = {
        "command": "python -m backends.attention_rules.real_bench",
        "date": date.today().isoformat(),
        "seed": SEED,
        "found_on": found_on,
        "held_out": held_out,
        "queries": QUERIES,
        "keys": KEYS,
        "near": NEAR,
        "top": TOP,
        "alike": ALIKE,
        "texts": CONTEXTS,
        "length": LENGTH,
        "heads": list(rows),
    }
    return json.dumps(json.loads(json.dumps(about), parse_float=lambda text: round(float(text), 4)), indent=1) + "\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures both heads and writes the file."""
    parser = argparse.ArgumentParser(prog="python -m backends.attention_rules.real_bench", description=__doc__)
    parser.add_argument("work", type=Path, help="the folder that backends.attention_rules.extract worked in")
    parser.add_argument("--out", type=Path, default=INDEX, help="the folder that the file is written to")
    options = parser.parse_args(arguments)
    model, index = load_model(manifest()["model"]), RuleIndex(INDEX)
    try:
        rows = []
        for head in HEADS:
            bench = HeadBench.read(model, options.work, head, load_sae(*head, SEED))
            rows.append(real_bench(bench, index, SEED))
    except AtelierError as error:
        sys.exit(str(error))
    texts = [len(text.sample.ids) for text in (bench.found_on, bench.held_out)]
    (options.out / REAL_BENCH).write_text(stored(rows, *texts), encoding="utf-8")


if __name__ == "__main__":
    main()
