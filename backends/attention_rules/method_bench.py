"""What each method finds of rules that are known: rankings, distractors, counts and controls on planted models.

A rule of the language is read at the logits: its direction is the output's, and the contrast direction the output's
less that of the query's default answer, or of the answer to the opposite count.

`python -m backends.attention_rules.method_bench` trains a model for each seed and writes what the page shows.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from statistics import mean

import torch
from torch import Tensor

from backends.attention_rules import planted_model, shelf
from backends.attention_rules.absence import absence, weight_criterion
from backends.attention_rules.causal import Cases
from backends.attention_rules.counting import count_grid
from backends.attention_rules.features import Feature
from backends.attention_rules.models import HeadModel, attention_at
from backends.attention_rules.planted import Language, PlantedRule, language, sample
from backends.attention_rules.rankings import CONTEXTS, RANKINGS, Target, exact_tables
from backends.progress import finish

TEXTS, LENGTH, CONTROLS, TOP = 400, 16, 4, 3
CORPUS = 4096
"""Texts of the language in which it is counted how often a distractor stands between key and query by itself."""

SEEDS = (1, 2, 3)


@dataclass(frozen=True, slots=True)
class MethodBench:
    """Shares of what was planted that is found.

    Attributes:
        firsts: of each ranking, the first three keys of every skip-gram rule, in the order of the language.
        precision: the share of them that was planted.
        distractors_causal, distractors_weights: queries whose distractor comes first of all tokens by an insertion
            sweep, and by the paper's weight criterion.
        distractors: how many queries have one.
        flagged, null: share of queries that the weight criterion flags, and with S shuffled over tokens.
        verified: share of the planted distractors whose absence test is verified.
        refuted: share of control words whose absence test is refuted.
        counts_within_one: share of count thresholds that the closed form foretells within one.
    """

    firsts: Mapping[str, tuple[tuple[int, ...], ...]]
    precision: Mapping[str, float]
    distractors_causal: int
    distractors_weights: int
    distractors: int
    flagged: float
    null: float
    verified: float
    refuted: float
    counts_within_one: float


@torch.no_grad()
def method_bench(model: HeadModel, lang: Language, *, seed: int = 0) -> MethodBench:
    """Measures all on a model of `lang` with one layer."""
    bench = _Bench(model, lang, seed)
    pairs = [(rule, bench.target(rule)) for rule in lang.rules if rule.kind == "skip-gram"]
    found = {name: tuple(bench.first_keys(name, rule, target) for rule, target in pairs) for name in RANKINGS}
    firsts = [rule for rule in lang.rules if rule.kind == "absence"][:: len(pairs) // len(lang.defaults)]
    weights = [bench.by_weights(rule) for rule in firsts]
    tests = [bench.absences(rule) for rule in firsts]
    counts = [bench.counts(rule) for rule in lang.rules if rule.kind == "counting"]
    return MethodBench(
        firsts=found,
        precision={
            name: mean(len({*keys} & {*rule.keys}) / TOP for keys, (rule, _) in zip(lists, pairs, strict=True))
            for name, lists in found.items()
        },
        distractors_causal=sum(bench.causal_first(rule) == rule.against[0] for rule in firsts),
        distractors_weights=sum(
            distractor == rule.against[0] for rule, (_, _, distractor) in zip(firsts, weights, strict=True)
        ),
        distractors=len(firsts),
        flagged=mean(flag for flag, _, _ in weights),
        null=mean(null for _, null, _ in weights),
        verified=mean(found[0] == "verified" for found in tests),
        refuted=mean(verdict == "refuted" for found in tests for verdict in found[1:]),
        counts_within_one=mean(counts),
    )


class _Bench:
    def __init__(self, model: HeadModel, lang: Language, seed: int) -> None:
        self.model, self.lang = model, lang
        self.rng = torch.Generator().manual_seed(seed)
        self.text = sample(lang, TEXTS, self.rng)[0]
        self.corpus = sample(lang, CORPUS, torch.Generator().manual_seed(seed))[0]
        fillers = lang.fillers()
        self.plain = fillers[torch.randint(len(fillers), (TEXTS, LENGTH), generator=self.rng)]
        self.plain[:, 0] = 0
        self.tables = exact_tables(model, list(range(model.shape.heads)))
        self.keys = torch.arange(1, model.vocabulary.size)
        self.unembedding = model.embedding()

    def _other(self, rule: PlantedRule) -> int:
        """The answer that stands against the rule's output."""
        if rule.kind != "counting":
            return self.lang.defaults[rule.query]
        return next(r.output for r in self.lang.by_query[rule.query] if r.output != rule.output)

    def _directions(self, logits: Tensor) -> dict[int, Tensor]:
        return {head: self.model.write(0, head) @ logits for head in range(self.model.shape.heads)}

    def _contrast(self, rule: PlantedRule) -> Tensor:
        return self.unembedding[rule.output] - self.unembedding[self._other(rule)]

    def read(self, rule: PlantedRule, ids: Tensor) -> Tensor:
        """The logit of the rule's output less that of what stands against it, at the end of sequences (B, T)."""
        x = self.model.embed(ids)
        last: Tensor = self.model.finish(0, x, attention_at(self.model, ids, 0).z)[:, -1]
        return last @ self._contrast(rule)

    def target(self, rule: PlantedRule) -> Target:
        """The rule's direction for rankings."""
        plain, contrast = self._directions(self.unembedding[rule.output]), self._directions(self._contrast(rule))
        return Target(
            self.model, 0, plain, contrast, 0.0, self.tables, self.text, lambda ids: self.read(rule, ids)
        )  # fmt: skip

    def first_keys(self, name: str, rule: PlantedRule, target: Target) -> tuple[int, ...]:
        """The keys that one ranking puts first, as many as were planted; the causal one edits plain text."""
        if name == "causal":
            target = replace(target, text=self.plain)
        scores = RANKINGS[name](target, torch.tensor([rule.query]), self.keys)[0]
        return tuple(self.keys[scores.topk(TOP).indices].tolist())

    def _contexts(self, words: Sequence[int], query: int, count: int = CONTEXTS) -> tuple[Tensor, Tensor]:
        """Plain texts that hold `words` at random places, then the query at their end; and where the first word is."""
        ids = self.plain[:count].clone()
        ids[:, -1] = query
        # Two places are always left free: the opening token's, and one for what is put in before the query.
        order = torch.rand(count, LENGTH - 3, generator=self.rng).argsort(1) + 1
        for at, word in enumerate(words):
            ids[torch.arange(count), order[:, at]] = word
        return ids, order[:, 0]

    def causal_first(self, rule: PlantedRule) -> int:
        """The token that takes most from the output when it is put before the query, a key being there."""
        ids, _ = self._contexts(rule.keys[:1], rule.query)
        values = []
        for some in self.keys.split(64):
            changed = ids.repeat(len(some), 1)
            changed[:, -2] = some.repeat_interleave(len(ids))
            values.append(self.read(rule, changed).view(len(some), -1).mean(1))
        return int(self.keys[torch.cat(values).argmin()])

    def feature(self, rule: PlantedRule, ids: Tensor) -> Feature:
        """The head that says most about the rule on `ids`, with what all others add on average as its offset."""
        found = attention_at(self.model, ids, 0)
        directions = self._directions(self._contrast(rule))
        parts = {head: found.z[:, head, -1] @ direction for head, direction in directions.items()}
        head = max(parts, key=lambda h: float(parts[h].mean()))
        offset = float((self.read(rule, ids) - parts[head]).mean())
        return Feature(0, head, directions[head], offset)

    def by_weights(self, rule: PlantedRule) -> tuple[bool, float, int]:
        """Whether the paper's criterion flags the rule's head, its null, and the distractor that it names."""
        ids, _ = self._contexts(rule.keys[:1], rule.query)
        feature = self.feature(rule, ids)
        tables = self.tables[feature.head]
        scores = tables.mean_scores(self.keys, self.keys, LENGTH)
        found = weight_criterion(scores, tables.values[self.keys] @ feature.direction)
        return found.flagged, found.null, int(self.keys[found.distractor])

    def absences(self, rule: PlantedRule) -> list[str]:
        """Verdicts on the planted distractor, then on words that no rule mentions."""
        ids, sources = self._contexts(rule.keys[:1], rule.query)
        cases = Cases(torch.arange(len(ids)), torch.full((len(ids),), LENGTH - 1), sources)
        feature, fillers = self.feature(rule, ids), self.lang.fillers()
        drawn = fillers[torch.randint(len(fillers), (CONTROLS,), generator=self.rng)].tolist()
        words = (rule.against[0], *drawn)
        return [absence(self.model, feature, cases, word, ids, corpus=self.corpus).verdict for word in words]

    def counts(self, rule: PlantedRule) -> float:
        """Share of the thresholds of a counting rule that the closed form foretells within one count."""
        ids, _ = self._contexts([*rule.keys, *rule.keys, *rule.against], rule.query)
        feature = self.feature(rule, ids)
        background = self.plain[:8, :12]
        return count_grid(self.model, feature, background, rule.query, rule.keys[0], rule.against[0]).within_one


def measured(seed: int) -> MethodBench:
    """A model trained afresh with `seed`, measured with the same."""
    lang = language()
    return method_bench(finish(planted_model.train(lang, seed=seed)), lang, seed=seed)


def write(rows: Mapping[int, MethodBench], day: str) -> None:
    """Writes the results by seed for the page, and the planted pair rules with the first keys of the first seed."""
    lang = language()
    words = lang.vocabulary.words
    pairs = [rule for rule in lang.rules if rule.kind == "skip-gram"]
    first = next(iter(rows.values())).firsts
    rules = [
        {
            "query": words[rule.query],
            "output": words[rule.output],
            "keys": [words[key] for key in rule.keys],
            "first": {name: [words[key] for key in lists[at]] for name, lists in first.items()},
        }
        for at, rule in enumerate(pairs)
    ]
    seeds = {str(seed): {k: v for k, v in asdict(row).items() if k != "firsts"} for seed, row in rows.items()}
    about = {
        "command": "python -m backends.attention_rules.method_bench",
        "date": day,
        "steps": planted_model.STEPS,
        "seeds": seeds,
        "rules": rules,
    }
    text = json.dumps(about, ensure_ascii=False, indent=1) + "\n"
    (shelf.INDEX / shelf.BENCH).write_text(text, encoding="utf-8")


def main() -> None:
    """Trains and measures every seed; some ten minutes each on one core."""
    argparse.ArgumentParser(prog="python -m backends.attention_rules.method_bench", description=__doc__).parse_args()
    write({seed: measured(seed) for seed in SEEDS}, date.today().isoformat())


if __name__ == "__main__":
    main()
