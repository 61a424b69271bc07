"""Ways to rank pairs (query token, key token) as rules of one direction, under one interface.

Every ranking turns a `Target` and lists of query and key tokens into scores (queries, keys), higher for what it takes
to be a better rule. A is the score before the softmax averaged over distances, S = v . u of a key, b the offset:

- `paper`: exp(A) S, of the paper; raw S, no normaliser, so a few rare queries lead every list;
- `contrast`: the same along the direction less what the query does by default;
- `normalised`: p(q) p(k) exp(A - log Z(q)) (S + b), with token frequencies p and Z(q) = sum over k of p(k) exp(A);
- `unigram`: S + b of the key, whatever the query;
- `gradient`: |d pre / d m| summed over text, for a factor m = 1 on the pair's scores;
- `data`: the true contributions of the pair, summed over text;
- `causal`: what putting the key into a text before the query changes in the direction's true value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from backends.attention_rules.contributions import TokenTables
from backends.attention_rules.models import Attention, HeadModel, attention_at
from backends.errors import InputError, quoted

DISTANCES = 32
"""How many distances scores are averaged over."""

CONTEXTS = 24
"""Texts that a key is put into by the causal ranking."""


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """One direction of the heads of a layer, and what rankings may look at.

    Attributes:
        directions: u (D) for each head that takes part.
        contrast: the same less the query's default; `directions` again where there is none.
        offset: b, once for all heads.
        tables: queries, keys and values of every token, by head: exact at layer 0, corpus means above.
        text: sequences (N, T) of token ids.
        read: the direction's true value (B) at the last token of sequences (B, T).
        seen: parts of the text with the attention of the layer in them, where many directions share one run of it.
    """

    model: HeadModel
    layer: int
    directions: Mapping[int, Tensor]
    contrast: Mapping[int, Tensor]
    offset: float
    tables: Mapping[int, TokenTables]
    text: Tensor
    read: Callable[[Tensor], Tensor]
    seen: Sequence[tuple[Tensor, Attention]] = ()

    def attentions(self) -> Iterator[tuple[Tensor, Attention]]:
        """Parts (B, T) of the text with the attention of the layer in them."""
        yield from self.seen or ((ids, attention_at(self.model, ids, self.layer)) for ids in self.text.split(64))

    def frequencies(self) -> Tensor:
        """p of every token in the text, with half a count for those that do not occur."""
        counts = torch.bincount(self.text.flatten(), minlength=len(next(iter(self.tables.values())).keys)) + 0.5
        return counts / counts.sum()


Ranking = Callable[[Target, Tensor, Tensor], Tensor]


def paper(target: Target, queries: Tensor, keys: Tensor) -> Tensor:
    """exp(A) S, summed over heads."""
    return _exp_times(target, target.directions, queries, keys)


def contrast(target: Target, queries: Tensor, keys: Tensor) -> Tensor:
    """exp(A) S along the contrast direction, summed over heads."""
    return _exp_times(target, target.contrast, queries, keys)


def _exp_times(target: Target, directions: Mapping[int, Tensor], queries: Tensor, keys: Tensor) -> Tensor:
    total = torch.zeros(len(queries), len(keys))
    for head, direction in directions.items():
        tables = target.tables[head]
        total += tables.mean_scores(queries, keys, DISTANCES).exp() * (tables.values[keys] @ direction)
    return total


def normalised(target: Target, queries: Tensor, keys: Tensor) -> Tensor:
    """The pair's expected contribution, were tokens drawn by their frequencies."""
    p = target.frequencies()
    total = torch.zeros(len(queries), len(keys))
    everything = torch.arange(len(p))
    for head, direction in target.directions.items():
        tables = target.tables[head]
        whole = torch.cat(
            [(tables.mean_scores(part, everything, DISTANCES) + p.log()).logsumexp(1) for part in queries.split(256)]
        )  # log Z(q), a block of queries at a time: all of them at once would be gigabytes
        share = (tables.mean_scores(queries, keys, DISTANCES) - whole[:, None]).exp()
        total += p[queries, None] * p[keys] * share * (tables.values[keys] @ direction)
        total += p[queries, None] * p[keys] * share * target.offset / len(target.directions)
    return total


def unigram(target: Target, queries: Tensor, keys: Tensor) -> Tensor:
    """S + b of the keys, summed over heads; the same for every query."""
    total = torch.full((len(keys),), target.offset)
    for head, direction in target.directions.items():
        total += target.tables[head].values[keys] @ direction
    return total.expand(len(queries), -1)


@torch.no_grad()
def gradient(target: Target, queries: Tensor, keys: Tensor) -> Tensor:
    """|sum over text of d pre / d m|, for a factor m = 1 on the scores of the pair.

    As pre = sum_i softmax(m s)_i S_i, that derivative is s_i pattern_i (S_i - pre), which needs no backward pass.
    """

    def parts(scores: Tensor, pattern: Tensor, promoted: Tensor) -> Tensor:
        pre = (pattern * promoted[:, None]).sum(-1, keepdim=True)
        return scores * pattern * (promoted[:, None] - pre)

    return _summed(target, queries, keys, parts).abs()


@torch.no_grad()
def data(target: Target, queries: Tensor, keys: Tensor) -> Tensor:
    """True contributions pattern (S + b) of the pair, summed over text and heads."""
    share = target.offset / len(target.directions)
    return _summed(target, queries, keys, lambda _, pattern, promoted: pattern * (promoted + share)[:, None])


def _summed(target: Target, queries: Tensor, keys: Tensor, parts: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Tensor:
    """`parts` of scores and pattern (B, T, T) and of S (B, T), summed by the tokens of query and source."""
    size = int(max(target.text.max(), queries.max(), keys.max())) + 1
    row = torch.full((size,), -1).scatter(0, queries, torch.arange(len(queries)))
    column = torch.full((size,), -1).scatter(0, keys, torch.arange(len(keys)))
    total = torch.zeros(len(queries) * len(keys))
    for ids, found in target.attentions():
        at, source = row[ids][:, :, None], column[ids][:, None, :]
        wanted = ((at >= 0) & (source >= 0)).tril()
        cell = (at * len(keys) + source)[wanted]
        for head, direction in target.directions.items():
            values = parts(found.scores[:, head], found.pattern[:, head], found.values[:, head] @ direction)
            total.index_add_(0, cell, values[wanted])
    return total.view(len(queries), len(keys))


@torch.no_grad()
def causal(target: Target, queries: Tensor, keys: Tensor) -> Tensor:
    """The mean change of the true value at the query when the key takes a random place before it, over texts."""
    texts, places = contexts(target.text)
    found = torch.zeros(len(queries), len(keys))
    for row, query in enumerate(queries):
        texts[:, -1] = query
        base = target.read(texts)
        for start in range(0, len(keys), 64):
            some = keys[start : start + 64]
            changed = texts.repeat(len(some), 1)  # key by key, each with all texts
            changed[torch.arange(len(changed)), places.repeat(len(some))] = some.repeat_interleave(CONTEXTS)
            values = target.read(changed).view(len(some), CONTEXTS)
            found[row, start : start + len(some)] = (values - base).mean(1)
    return found


def contexts(text: Tensor) -> tuple[Tensor, Tensor]:
    """Texts (CONTEXTS, T) drawn from `text` (N, T), and the place in each, before its last token, that a key takes."""
    rng = torch.Generator().manual_seed(0)
    texts = text[torch.randint(len(text), (CONTEXTS,), generator=rng)].clone()
    return texts, torch.randint(1, text.shape[1] - 1, (CONTEXTS,), generator=rng)


RANKINGS: dict[str, Ranking] = {
    "paper": paper,
    "contrast": contrast,
    "normalised": normalised,
    "unigram": unigram,
    "gradient": gradient,
    "data": data,
    "causal": causal,
}


@dataclass(frozen=True, slots=True)
class RankedPair:
    """A pair of tokens and its score under one ranking."""

    query: int
    key: int
    score: float


def top_pairs(name: str, target: Target, queries: Tensor, keys: Tensor, count: int) -> list[RankedPair]:
    """The `count` best pairs under the ranking `name`, best first; looks at 256 queries at a time.

    Raises:
        InputError: if there is no such ranking.
    """
    if name not in RANKINGS:
        raise InputError(f"There is no ranking {quoted(name)}; choose from {', '.join(RANKINGS)}.")
    best: list[RankedPair] = []
    for part in queries.split(256):
        scores = RANKINGS[name](target, part, keys).contiguous()
        values, cells = scores.flatten().topk(min(count, scores.numel()))
        rows, columns = cells // len(keys), cells % len(keys)
        pairs = zip(part[rows].tolist(), keys[columns].tolist(), values.tolist(), strict=True)
        best = sorted([*best, *(RankedPair(*pair) for pair in pairs)], key=lambda pair: -pair.score)[:count]
    return best


def exact_tables(model: HeadModel, heads: list[int]) -> dict[int, TokenTables]:
    """Tables of the whole vocabulary for heads of layer 0."""
    everything = torch.arange(model.vocabulary.size)
    return {head: TokenTables.of(model, head, everything) for head in heads}


@torch.no_grad()
def mean_tables(model: HeadModel, layer: int, heads: list[int], text: Tensor) -> dict[int, TokenTables]:
    """Tables of a layer above 0: for every token, the mean over `text` (N, T) of its queries, keys and values.

    Tokens that do not occur have zeros. They describe a token on average, not in a given context.
    """
    size, dim = model.vocabulary.size, model.shape.head_dim
    sums = {head: torch.zeros(3, size, dim) for head in heads}
    counts = torch.bincount(text.flatten(), minlength=size).clamp_min(1)
    for ids in text.split(64):
        x = model.embed(ids)
        for below in range(layer):
            x = model.finish(below, x, model.attend(below, x).z)
        parts = model.project(layer, x)
        for head in heads:
            for total, part in zip(sums[head], parts, strict=True):
                total.index_add_(0, ids.flatten(), part[:, head].float().flatten(0, 1))
    return {head: TokenTables(model, *(total / counts[:, None])) for head, total in sums.items()}
