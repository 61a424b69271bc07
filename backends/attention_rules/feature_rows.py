"""The rows of one feature in the tables of the index: its rules, how well they foretell it, and examples of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from backends.attention_rules import evaluate
from backends.attention_rules.class_names import class_name, group_of
from backends.attention_rules.examples import examples_of
from backends.attention_rules.features import Feature, strong_from
from backends.attention_rules.head_text import HeadText
from backends.attention_rules.index import Row
from backends.attention_rules.models import Head, HeadModel
from backends.attention_rules.names import KS
from backends.attention_rules.paper_pairs import PaperPairs
from backends.attention_rules.rules import Rule, mine
from backends.attention_rules.sae import HeadSae
from backends.attention_rules.verdicts import Verdict

RULES = 64
PAIRS = 256
LOOKED_AT = 400
"""Strong activations from which the baseline of pairs is read."""

TUNED = 512
"""Sequences on which the thresholds of the ceilings are set."""


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
        """Prepares what all features share; `tags` name classes of words, see `class_names.group_of`."""
        self.model, self.head, self.sae, self.tags = model, head, sae, tags
        self.found_on, self.held_out = found_on, held_out
        self.size = model.vocabulary.size
        self.strong = [
            float(strong_from(found_on.active[number].flatten()[:, None])[0]) for number in range(sae.features)
        ]
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
        texts = self.found_on, self.held_out
        return [n for n, strong in enumerate(self.strong) if all((text.active[n] > strong).any() for text in texts)]

    def feature(self, number: int) -> Feature:
        """Direction and offset of feature `number`."""
        return Feature.of(self.sae, *self.head, number)

    def words(self, ids: Sequence[int]) -> list[str]:
        """Tokens as they stand in text."""
        return [self.model.vocabulary.token(number) for number in ids]

    def rules(self, number: int) -> list[Rule]:
        """The rules of feature `number`."""
        own = self.feature(number)
        active = self.found_on.active[number]
        return mine(
            self.found_on.sample, self.found_on.places, active, self.strong[number], own.direction, own.offset,
            self.embedding, RULES,
        )  # fmt: skip

    def of(self, number: int, rules: Sequence[Rule], verdict: Verdict) -> dict[str, list[Row]]:
        """The rows of feature `number`, whose main source has that verdict, in the tables that it has rows in."""
        active = self.held_out.active[number]
        first = evaluate.rule_matches(rules, self.held_out.places)
        row = self._feature_row(number, rules, first, active, verdict)
        return {
            "features": [row],
            "rules": [self.rule_row(rank, rule, row["f1"], verdict.verdict) for rank, rule in enumerate(rules)],
            "examples": examples_of(self.held_out.sample.ids, active, self.strong[number], first < row["k"]),
        }

    def rule_row(self, rank: int, rule: Rule, f1: float, verdict: str) -> Row:
        """The row of one rule of a feature with that F1."""
        lists = {column: self.words(getattr(rule, column)) for column in ("keys", "queries", "unless")}
        plain = {c: getattr(rule, c) for c in ("relation", "kind", "more_than", "support")}
        plain |= {"weight": float(f"{rule.weight:.3g}"), "precision": round(rule.precision, 3)}
        shown = {"rank": rank, "group": group_of(lists["keys"], self.tags), "verdict": verdict, "f1": f1}
        return lists | plain | shown | {"profile": [round(share, 2) for share in rule.profile]}

    def _name(self, rule: Rule) -> str:
        words = self.words(rule.keys)
        return class_name(words, group_of(words, self.tags))

    def _feature_row(self, number: int, rules: Sequence[Rule], first: Tensor, active: Tensor, verdict: Verdict) -> Row:
        strong = self.strong[number]
        found = {name: getattr(verdict, name) for name in ("effect", "control", "low", "high")}
        return {
            "name": self._name(rules[0]) if rules else "",
            "density": float((active > 0).float().mean()),
            "strong": strong,
            "verdict": verdict.verdict,
            "cases": verdict.n,
            **_rounded(found | self._scores(number, rules, first, active)),
            "histogram": torch.histc(active[active > 0], 20, 0, float(active.max())).int().tolist(),
            "outputs": self.words(self.outputs[number].tolist()),
            "similar": self.similar[number].tolist(),
        }

    def _scores(self, number: int, rules: Sequence[Rule], first: Tensor, active: Tensor) -> Row:
        """How well its rules foretell it on held-out text, beside every baseline and ceiling, on both sets."""
        true, chosen = active > self.strong[number], evaluate.top_set(active)
        on_top = chosen.rows, chosen.positions
        own = evaluate.evaluate(first, len(rules), true, chosen)
        others = {
            name: evaluate.evaluate(matches, count, true, chosen)
            for name, (matches, count) in self._peers(number).items()
        }
        ceilings = self._ceilings(number)
        weights = torch.tensor([rule.weight for rule in rules])
        ranks = evaluate.rank_correlations(first, weights, active)
        return {
            "k": min(KS[own.natural.best], len(rules)),
            "f1": own.natural.chosen.f1,
            **{f"f1_{name}": found.natural.chosen.f1 for name, found in others.items()},
            "f1_always": evaluate.always(true).f1,
            "f1_exact": evaluate.score(ceilings.exact, true).f1,
            "f1_single": evaluate.score(ceilings.single, true).f1,
            "precision": own.natural.chosen.precision,
            "recall": own.natural.chosen.recall,
            "spearman": ranks[own.natural.best],
            "top_f1": own.top.chosen.f1,
            **{f"top_f1_{name}": found.top.chosen.f1 for name, found in others.items()},
            "top_f1_exact": evaluate.score(ceilings.exact[on_top], chosen.true).f1,
            "top_f1_single": evaluate.score(ceilings.single[on_top], chosen.true).f1,
            **_curves("curve", own.natural, ranks),
            **_curves("top_curve", own.top, evaluate.rank_correlations(first[on_top], weights, active[on_top])),
            "curve_unigram": [score.f1 for score in others["unigram"].natural.scores],
            "curve_pairs": [score.f1 for score in others["pairs"].natural.scores],
            "top_curve_unigram": [score.f1 for score in others["unigram"].top.scores],
        }

    def _peers(self, number: int) -> dict[str, tuple[Tensor, int]]:
        """What other lists there are: their first match (N, T) on held-out text, and how long they are."""
        places = self.held_out.places
        keys, pairs = self._baselines(number)
        papers = self.paper.of_direction(self.feature(number).direction, PAIRS)
        return {
            "unigram": (evaluate.unigram_matches(keys, places), len(keys)),
            "pairs": (evaluate.pair_matches(*pairs, places), len(pairs[0])),
            "paper": (evaluate.pair_matches(*papers, places), len(papers[0])),
            "random": (self.by_chance, PAIRS),
        }

    def _ceilings(self, number: int) -> evaluate.Ceilings:
        feature, tuned = self.feature(number), slice(0, TUNED)
        return evaluate.ceilings(
            self.found_on.sample.part(tuned),
            self.found_on.active[number][tuned] > self.strong[number],
            self.held_out.sample,
            feature.direction,
            feature.offset,
        )

    def _baselines(self, number: int) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Key tokens by their mean S + b, and pairs by what they contributed where the feature is strong."""
        sample, feature = self.found_on.sample, self.feature(number)
        promoted = sample.promotions(feature.direction, feature.offset)
        flat = sample.ids[:, 1:].flatten()
        counts = torch.bincount(flat, minlength=self.size)
        means = torch.zeros(self.size).index_add_(0, flat, promoted[:, 1:].flatten()) / counts.clamp_min(1)
        means[counts < 3] = -torch.inf
        keys = means.topk(min(KS[-1], int((means > 0).sum()) or 1)).indices
        rows, at = torch.nonzero(self.found_on.active[number] > self.strong[number], as_tuple=True)
        rows, at = rows[:LOOKED_AT], at[:LOOKED_AT]
        shares = sample.pattern[rows, at].float() * promoted[rows]
        shares[:, 0] = 0
        codes = (sample.ids[rows, at][:, None] * self.size + sample.ids[rows]).flatten()
        pairs, where = codes.unique(return_inverse=True)
        total = torch.zeros(len(pairs)).index_add_(0, where, shares.flatten().clamp_min(0))
        best = pairs[total.topk(min(PAIRS, len(pairs))).indices]
        return keys, (best // self.size, best % self.size)


def _curves(name: str, found: evaluate.Curve, ranks: Sequence[float]) -> Row:
    """A list's scores over k, a column each."""
    return {
        name: [score.f1 for score in found.scores],
        f"{name}_precision": [score.precision for score in found.scores],
        f"{name}_recall": [score.recall for score in found.scores],
        f"{name}_spearman": list(ranks),
    }


def _rounded(row: Row) -> Row:
    """Three digits of every number, as nobody reads more, and the index is half the size."""
    return {
        name: [round(one, 3) for one in value] if isinstance(value, list) else round(value, 3)
        for name, value in row.items()
    }
