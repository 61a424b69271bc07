"""The rows of one feature in the tables of the index: its rules, how well they foretell it, and examples of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from backends.attention_rules import evaluate
from backends.attention_rules.classes import name_of
from backends.attention_rules.examples import examples_of
from backends.attention_rules.features import Feature, HeadSample, strong_from
from backends.attention_rules.models import Head, HeadModel
from backends.attention_rules.paper_pairs import PaperPairs
from backends.attention_rules.relations import Places
from backends.attention_rules.rules import Rule, mine
from backends.attention_rules.sae import HeadSae
from backends.attention_rules.verdicts import Verdict

RULES = 64
PAIRS = 256
LOOKED_AT = 400
"""Strong activations from which the baseline of pairs is read."""

TUNED = 512
"""Sequences on which the thresholds of the ceilings are set."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class HeadText:
    """A head on one text with all that depends on no feature; `active` (F, N, T) in half precision."""

    sample: HeadSample
    places: Places
    active: Tensor

    @classmethod
    def of(cls, sample: HeadSample, sae: HeadSae, size: int) -> HeadText:
        """Encodes the sample's z by `sae`; `size` is that of the vocabulary."""
        z = sample.z
        active = torch.zeros(sae.features, *sample.ids.shape, dtype=torch.half)
        for start in range(0, len(z), 128):
            part = slice(start, start + 128)
            active[:, part] = sae.encode(z[part]).half().permute(2, 0, 1)
        active[:, :, 0] = 0  # the opening token says nothing
        return cls(sample, Places(sample.ids, size), active)


class FeatureRows:
    """Makes the rows of one feature after the other; rules are found on one text and tested on another."""

    def __init__(
        self,
        model: HeadModel,
        head: Head,
        sae: HeadSae,
        found_on: HeadText,
        held_out: HeadText,
        tags: Mapping[str, str],
    ) -> None:
        """Prepares what all features share; `tags` name classes of words, see `classes.name_of`."""
        self.model, self.head, self.sae, self.tags = model, head, sae, tags
        self.found_on, self.held_out = found_on, held_out
        self.size = model.vocabulary.size
        self.strong = [float(strong_from(one.float().flatten()[:, None])[0]) for one in found_on.active]
        embedding = model.embedding().float()
        self.embedding = embedding - embedding.mean(0)
        written = sae.decoder @ model.write(*head).float()  # what each feature adds to the stream
        self.outputs = (written @ embedding.T).topk(8, dim=1).indices
        near = torch.nn.functional.normalize(sae.decoder, dim=1)
        self.similar = (near @ near.T).topk(min(7, sae.features), dim=1).indices[:, 1:]
        self.paper = PaperPairs.of(model, head, found_on.sample)
        pairs = evaluate.random_pairs(found_on.sample.ids, PAIRS)
        self.by_chance = evaluate.pair_matches(*pairs, held_out.places)

    def live(self) -> list[int]:
        """The features that are strong somewhere in both texts."""
        there = (text.active.amax((1, 2)).float() for text in (self.found_on, self.held_out))
        strong = torch.tensor(self.strong)
        first, second = (most > strong for most in there)
        return torch.nonzero(first & second)[:, 0].tolist()

    def feature(self, number: int) -> Feature:
        """Direction and offset of feature `number`."""
        return Feature.of(self.sae, *self.head, number)

    def words(self, ids: Sequence[int]) -> list[str]:
        """Tokens as they stand in text."""
        return [self.model.vocabulary.token(number) for number in ids]

    def rules(self, number: int) -> list[Rule]:
        """The rules of feature `number`."""
        own = self.feature(number)
        active = self.found_on.active[number].float()
        return mine(
            self.found_on.sample, self.found_on.places, active, self.strong[number], own.direction, own.offset,
            self.embedding, RULES,
        )  # fmt: skip

    def of(self, number: int, rules: Sequence[Rule], verdict: Verdict) -> dict[str, list[Row]]:
        """The rows of feature `number`, whose main source has that verdict, in every table."""
        tested, strong = self.held_out.active[number].float(), self.strong[number]
        first = evaluate.rule_matches(rules, self.held_out.places)
        row = self._feature_row(number, rules, first, tested, verdict)
        rule_rows = [self.rule_row(rank, rule, row["f1"], verdict.verdict) for rank, rule in enumerate(rules)]
        foretold = first < min(_best_k(row["curve"]), len(rules))
        return {
            "features": [row],
            "rules": rule_rows,
            "mentions": mentions_of(rule_rows),
            "examples": examples_of(self.held_out.sample.ids, tested, strong, foretold),
        }

    def rule_row(self, rank: int, rule: Rule, f1: float, verdict: str) -> Row:
        """The row of one rule of a feature with that F1."""
        lists = {column: self.words(getattr(rule, column)) for column in ("keys", "queries", "unless")}
        plain = {c: getattr(rule, c) for c in ("relation", "kind", "more_than", "support")}
        # Rounded, as nobody reads more digits, and the index is half the size.
        plain |= {"weight": float(f"{rule.weight:.3g}"), "precision": round(rule.precision, 3)}
        shown = {"rank": rank, "name": self._name(rule), "verdict": verdict, "f1": f1}
        return lists | plain | shown | {"profile": [round(share, 2) for share in rule.profile]}

    def _name(self, rule: Rule) -> str:
        return name_of(self.words(rule.keys), self.tags)

    def _feature_row(self, number: int, rules: Sequence[Rule], first: Tensor, tested: Tensor, verdict: Verdict) -> Row:
        places, strong, feature = self.held_out.places, self.strong[number], self.feature(number)
        own = evaluate.evaluate(first, len(rules), tested, strong)
        keys, pairs = self._baselines(number)
        unigram = evaluate.evaluate(evaluate.unigram_matches(keys, places), len(keys), tested, strong)
        by_pairs = evaluate.evaluate(evaluate.pair_matches(*pairs, places), len(pairs[0]), tested, strong)
        by_paper = self.paper_f1(number)
        by_chance = evaluate.evaluate(self.by_chance, PAIRS, tested, strong)
        true = tested > strong
        tops = evaluate.ceilings(
            self.found_on.sample.part(slice(0, TUNED)),
            self.found_on.active[number, :TUNED].float() > strong,
            self.held_out.sample,
            true,
            feature.direction,
            feature.offset,
        )
        weights = torch.tensor([rule.weight for rule in rules])
        return {
            "name": self._name(rules[0]) if rules else "",
            "density": float((tested > 0).float().mean()),
            "strong": strong,
            "verdict": verdict.verdict,
            "cases": verdict.n,
            "f1": own.natural.best.f1,
            "f1_unigram": unigram.natural.best.f1,
            "f1_pairs": by_pairs.natural.best.f1,
            "f1_paper": by_paper,
            "f1_random": by_chance.natural.best.f1,
            "f1_always": evaluate.always(true).f1,
            "f1_exact": tops.exact.f1,
            "f1_single": tops.single.f1,
            "precision": own.natural.best.precision,
            "recall": own.natural.best.recall,
            "spearman": evaluate.rank_correlation(first, weights, tested),
            "top_f1": own.top.best.f1,
            "top_f1_unigram": unigram.top.best.f1,
            **{name: getattr(verdict, name) for name in ("effect", "control", "low", "high")},
            "curve": [s.f1 for s in own.natural.scores],
            "curve_unigram": [s.f1 for s in unigram.natural.scores],
            "curve_pairs": [s.f1 for s in by_pairs.natural.scores],
            "top_curve": [s.f1 for s in own.top.scores],
            "top_curve_unigram": [s.f1 for s in unigram.top.scores],
            "histogram": torch.histc(tested[tested > 0], 20, 0, float(tested.max())).int().tolist(),
            "outputs": self.words(self.outputs[number].tolist()),
            "similar": self.similar[number].tolist(),
        }

    def paper_f1(self, number: int) -> float:
        """The natural-rate F1 of the paper's pairs, at the best number of them."""
        pairs = self.paper.of_direction(self.feature(number).direction, PAIRS)
        first = evaluate.pair_matches(*pairs, self.held_out.places)
        tested = self.held_out.active[number].float()
        return evaluate.evaluate(first, len(pairs[0]), tested, self.strong[number]).natural.best.f1

    def _baselines(self, number: int) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Key tokens by their mean S + b, and pairs by what they contributed where the feature is strong."""
        sample, feature = self.found_on.sample, self.feature(number)
        promoted = sample.promotions(feature.direction, feature.offset)
        flat = sample.ids[:, 1:].flatten()
        counts = torch.bincount(flat, minlength=self.size)
        means = torch.zeros(self.size).index_add_(0, flat, promoted[:, 1:].flatten()) / counts.clamp_min(1)
        means[counts < 3] = -torch.inf
        keys = means.topk(min(evaluate.KS[-1], int((means > 0).sum()) or 1)).indices
        rows, at = torch.nonzero(self.found_on.active[number].float() > self.strong[number], as_tuple=True)
        rows, at = rows[:LOOKED_AT], at[:LOOKED_AT]
        shares = sample.pattern[rows, at].float() * promoted[rows]
        shares[:, 0] = 0
        codes = (sample.ids[rows, at][:, None] * self.size + sample.ids[rows]).flatten()
        pairs, where = codes.unique(return_inverse=True)
        total = torch.zeros(len(pairs)).index_add_(0, where, shares.flatten().clamp_min(0))
        best = pairs[total.topk(min(PAIRS, len(pairs))).indices]
        return keys, (best // self.size, best % self.size)


def mentions_of(rules: Sequence[Row]) -> list[Row]:
    """The tokens that rows of rules mention, each once a rule and side."""
    sides = (("key", "keys"), ("query", "queries"), ("unless", "unless"))
    return [
        {"token": token, "side": side, "rank": one["rank"]}
        for one in rules
        for side, column in sides
        for token in dict.fromkeys(one[column])
    ]


def _best_k(scores: Sequence[float]) -> int:
    return evaluate.KS[max(range(len(scores)), key=lambda i: scores[i])]
