"""Counting rules: when a feature toggles with how often words occur, in closed form and measured.

With n copies of a promoting word and m of a suppressing one before a fixed query, all under one softmax,

    pre(n, m) = (n o_+ P_+ + m o_- P_- + P_0) / (n o_+ + m o_- + 1),

where P are S + b and o the odds of a copy against everything else. Its zero is a line in (n, m): the feature is active
once n exceeds (-P_0 - m o_- P_-) / (o_+ P_+). Odds and P are read from one copy each; the grid is measured by putting
the words into text.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from backends.attention_rules.features import Feature
from backends.attention_rules.models import HeadModel, attention_at
from backends.attention_rules.verdicts import Verdict, judge

WITHIN = 0.8
"""Share of the columns whose thresholds must agree within one copy, for the closed form to be verified."""


@dataclass(frozen=True, slots=True)
class CountGrid:
    """Pre-activations for n (rows) promoting and m (columns) suppressing words: as predicted, and as measured.

    Attributes:
        thresholds: for each m, the smallest whole n at which the closed form is positive; None beyond the grid.
        measured_thresholds: the same of the measured grid.
        sides: how well the signs of the closed form are those of each single text's grid, against its commoner sign.
    """

    predicted: tuple[tuple[float, ...], ...]
    measured: tuple[tuple[float, ...], ...]
    thresholds: tuple[int | None, ...]
    measured_thresholds: tuple[int | None, ...]
    sides: Verdict

    @property
    def within_one(self) -> float:
        """Share of the columns in which both thresholds differ by at most one (both beyond the grid counts too)."""
        pairs = zip(self.thresholds, self.measured_thresholds, strict=True)
        size = len(self.predicted)
        near = [abs((size if a is None else a) - (size if b is None else b)) <= 1 for a, b in pairs]
        return sum(near) / len(near)

    @property
    def verdict(self) -> str:
        """That of `sides`, which tell texts apart; `undecided` where they agree and the thresholds do not."""
        missed = self.sides.verdict == "verified" and self.within_one < WITHIN
        return "undecided" if missed else self.sides.verdict


@torch.no_grad()
def count_grid(
    model: HeadModel, feature: Feature, background: Tensor, query: int, plus: int, minus: int, most: int = 6
) -> CountGrid:
    """The grid for 0 to `most` copies each of the tokens `plus` and `minus`, strewn into `background`, before `query`.

    Args:
        background: (N, T) sequences that open as every sequence does; the grid is their mean.
    """
    base = float(_read(model, feature, background, query, []).mean())
    promoting, suppressing = (_odds(model, feature, background, query, word) for word in (plus, minus))
    steps = range(most + 1)
    predicted = [tuple(_closed(base, promoting, suppressing, n, m) for m in steps) for n in steps]
    texts = torch.stack(
        [_read(model, feature, background, query, [plus] * n + [minus] * m) for n in steps for m in steps], dim=1
    )  # (N, cells)
    measured = [tuple(row) for row in texts.mean(0).view(most + 1, most + 1).tolist()]
    return CountGrid(
        tuple(predicted),
        tuple(measured),
        _thresholds(predicted),
        _thresholds(measured),
        _sides(torch.tensor(predicted).flatten() > 0, texts > 0),
    )


def _sides(predicted: Tensor, measured: Tensor) -> Verdict:
    """For each text the share of cells (N, cells) on the side of 0 that was foretold (cells), against its commoner."""
    positive = measured.float().mean(1)
    return judge((measured == predicted).float().mean(1), torch.maximum(positive, 1 - positive))


def _with(background: Tensor, words: list[int], query: int) -> tuple[Tensor, Tensor]:
    """Background with `words` strewn in evenly after its first token, then the query; and where the words stand."""
    length = background.shape[1]
    order = torch.tensor([1 + math.floor((i + 0.5) * (length - 1) / max(len(words), 1)) for i in range(len(words))])
    shuffled = torch.tensor(words, dtype=torch.long)[
        torch.randperm(len(words), generator=torch.Generator().manual_seed(0))
    ]
    places = (order + torch.arange(len(words))).long()
    total = length + len(words) + 1
    ids = torch.full((len(background), total), query)
    kept = torch.ones(total, dtype=torch.bool)
    kept[places] = False
    kept[-1] = False
    ids[:, kept] = background
    ids[:, places] = shuffled
    return ids, places


def _read(model: HeadModel, feature: Feature, background: Tensor, query: int, words: list[int]) -> Tensor:
    return feature.pre(model, _with(background, words, query)[0])[:, -1]


def _odds(model: HeadModel, feature: Feature, background: Tensor, query: int, word: int) -> tuple[float, float]:
    """Odds o of one copy of the word against everything else, and its S + b, each as a mean over the background."""
    ids, places = _with(background, [word], query)
    found = attention_at(model, ids, feature.layer)
    share = found.pattern[:, feature.head, -1, places[0]]
    promoted = found.values[:, feature.head, places[0]] @ feature.direction + feature.offset
    return float((share / (1 - share).clamp_min(1e-9)).mean()), float(promoted.mean())


def _closed(base: float, promoting: tuple[float, float], suppressing: tuple[float, float], n: int, m: int) -> float:
    (o_plus, p_plus), (o_minus, p_minus) = promoting, suppressing
    return (n * o_plus * p_plus + m * o_minus * p_minus + base) / (n * o_plus + m * o_minus + 1)


def _thresholds(grid: list[tuple[float, ...]]) -> tuple[int | None, ...]:
    """For each column, the first row from which on it is positive."""
    found: list[int | None] = []
    for column in zip(*grid, strict=True):
        last = max((n for n, value in enumerate(column) if value <= 0), default=-1)
        found.append(last + 1 if last + 1 < len(column) else None)
    return tuple(found)
