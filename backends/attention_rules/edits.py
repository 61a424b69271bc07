"""Many edits of texts at once: what a head does at the end of each, with the unchanged beginning computed only once.

An edit keeps the first tokens of a text and puts others behind them. Only those are run through the model; they look
at the keys and values of the text that they continue. With a source next to its query that is a tenth of the work.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from backends.attention_rules.models import Head, HeadModel, weigh

TEXTS = 32
"""Texts whose keys and values are held at once."""

LENGTHS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
"""Ends are filled up to one of these lengths with what stands before them, so that few different lengths run."""


@dataclass(frozen=True, slots=True)
class Ending:
    """The first `kept` tokens of text number `row`, then the tokens `end`, of which the last is looked at."""

    row: int
    kept: int
    end: tuple[int, ...]


class Ends(NamedTuple):
    """What a head does at the last token of each edit: `z` (E, D), and `share` (E), its attention to `end[0]`."""

    z: Tensor
    share: Tensor


@torch.no_grad()
def run_edits(model: HeadModel, head: Head, texts: Tensor, edits: Sequence[Ending]) -> Ends:
    """Runs edits of `texts` (N, T) up to the layer of `head`; the results are in the order of `edits`."""
    found = Ends(torch.zeros(len(edits), model.shape.head_dim), torch.zeros(len(edits)))
    by_chunk: dict[int, list[int]] = defaultdict(list)
    rows = sorted({edit.row for edit in edits})
    chunk_of = {row: number // TEXTS for number, row in enumerate(rows)}
    for number, edit in enumerate(edits):
        by_chunk[chunk_of[edit.row]].append(number)
    for chunk, numbers in by_chunk.items():
        own = rows[chunk * TEXTS : (chunk + 1) * TEXTS]
        place = {row: at for at, row in enumerate(own)}
        groups: dict[int, list[int]] = defaultdict(list)
        for number in numbers:
            groups[_length(edits[number])].append(number)
        together = [
            _Group.of(model, texts, [edits[n] for n in chosen], length, place) for length, chosen in groups.items()
        ]
        longest = max(max(edits[n].kept for n in numbers), 1)
        _run(model, head, texts[own][:, :longest], together)
        for group, chosen in zip(together, groups.values(), strict=True):
            found.z[chosen], found.share[chosen] = group.z, group.share
    return found


def _length(edit: Ending) -> int:
    """How many tokens of it are run: its end, filled up with what it keeps."""
    wanted = next((n for n in LENGTHS if n >= len(edit.end)), len(edit.end))
    return min(wanted, edit.kept + len(edit.end))


class _Group:
    """Edits of which equally many last tokens are run, layer by layer."""

    def __init__(self, x: Tensor, kept: Tensor, rows: Tensor, first: Tensor) -> None:
        self.x, self.kept, self.rows, self.first = x, kept, rows, first
        self.z = self.share = torch.zeros(0)

    @classmethod
    def of(cls, model: HeadModel, texts: Tensor, edits: Sequence[Ending], length: int, place: dict[int, int]) -> _Group:
        whole = max(edit.kept + len(edit.end) for edit in edits)
        ids = torch.zeros(len(edits), whole, dtype=torch.long)
        for at, edit in enumerate(edits):
            ids[at, : edit.kept] = texts[edit.row, : edit.kept]
            ids[at, edit.kept : edit.kept + len(edit.end)] = torch.tensor(edit.end)
        kept = torch.tensor([edit.kept + len(edit.end) - length for edit in edits])
        first = torch.tensor([length - len(edit.end) for edit in edits])  # where the end begins in what is run
        at_ids = kept[:, None] + torch.arange(length)
        embedded = torch.cat(
            [model.embed(some).gather(1, at[..., None].expand(-1, -1, model.shape.width))
             for some, at in zip(ids.split(64), at_ids.split(64), strict=True)]
        )  # fmt: skip
        return cls(embedded, kept, torch.tensor([place[edit.row] for edit in edits]), first)

    def step(self, model: HeadModel, layer: int, k: Tensor, v: Tensor, last: int | None) -> None:
        """One layer, given the turned keys and the values (R, H, T, D) of the texts; at the last, head `last`."""
        parts, ends, shares = [], [], []
        visible = torch.arange(k.shape[2])
        for start in range(0, len(self.x), 64):
            some = slice(start, start + 64)
            x, kept, rows = self.x[some], self.kept[some], self.rows[some]
            length = x.shape[1]
            positions = kept[:, None, None] + torch.arange(length)  # (E, 1, n): the same for all heads
            q, own_k, own_v = (part.float() for part in model.project(layer, x))
            q, own_k = model.turn(q, positions), model.turn(own_k, positions)
            keys, values = k[rows], v[rows]
            if last is not None:
                q, own_k, own_v = (part[:, last : last + 1] for part in (q[:, :, -1:], own_k, own_v))
                keys, values = keys[:, last : last + 1], values[:, last : last + 1]
            hidden = (visible >= kept[:, None])[:, None, None].expand(-1, 1, q.shape[2], -1)
            future = torch.ones(length, length, dtype=torch.bool).triu(1)[-q.shape[2] :].expand(len(x), 1, -1, -1)
            found = weigh(
                q, torch.cat([keys, own_k], 2), torch.cat([values, own_v], 2), torch.cat([hidden, future], -1)
            )
            if last is None:
                parts.append(model.finish(layer, x, found.z))
            else:
                ends.append(found.z[:, 0, -1])
                at = k.shape[2] + self.first[some]
                shares.append(found.pattern[:, 0, -1].gather(1, at[:, None])[:, 0])
        if last is None:
            self.x = torch.cat(parts)
        else:
            self.z, self.share = torch.cat(ends), torch.cat(shares)


def _run(model: HeadModel, head: Head, texts: Tensor, groups: Sequence[_Group]) -> None:
    layer, number = head
    x = model.embed(texts)
    positions = torch.arange(texts.shape[1])
    future = torch.ones(len(positions), len(positions), dtype=torch.bool).triu(1)
    for at in range(layer + 1):
        q, k, v = (part.float() for part in model.project(at, x))
        k = model.turn(k, positions)
        for group in groups:
            group.step(model, at, k, v, number if at == layer else None)
        if at < layer:
            x = model.finish(at, x, weigh(model.turn(q, positions), k, v, future).z)
