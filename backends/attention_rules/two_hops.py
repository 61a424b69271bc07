"""A rule of two hops, taken apart: how a head comes to look at "the token after an earlier copy".

On <first> R R, with random tokens in R, nothing but the earlier copy tells what comes next. A head that looks behind
that copy needs keys which say what stood before them, and only a head of a lower layer can have written that. So each
of those is taken out of what this head's keys, or its queries, are made from: its z replaced by its mean, on the direct
path alone. The attention behind the earlier copy is measured again.

`python -m backends.attention_rules.two_hops` measures heads of SmolLM2 and of our two-layer model, whose rule can be
read off its weights too, and writes what the page shows.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date

import torch
from torch import Tensor

from backends.attention_rules import composition
from backends.attention_rules.catalog import load_model
from backends.attention_rules.decoder import Decoder
from backends.attention_rules.heads import copy_measures
from backends.attention_rules.models import Head, HeadModel, attention_at, weigh
from backends.attention_rules.shelf import INDEX, TWO_HOPS
from backends.attention_rules.twolayer import HALF, said_twice

MODEL, OURS = "smollm2", "two-layer"
HEADS: tuple[Head, ...] = ((18, 6), (17, 5))
"""The heads of SmolLM2 that look most behind an earlier copy."""

SEEDS = (0, 1, 2)
KEPT = 6
"""Lower heads that are stored: those without which the keys lose most."""


@dataclass(frozen=True, slots=True)
class FirstHop:
    """A lower head, and what the upper one does without it.

    Attributes:
        previous: its share of attention on the token before.
        keys, queries: attention behind the earlier copy where this head is taken out of one side of the score.
    """

    layer: int
    head: int
    previous: float
    keys: float
    queries: float


@dataclass(frozen=True, slots=True)
class TwoHops:
    """What one head does on repeated random tokens.

    Attributes:
        induction: its attention behind the earlier copy, of 1.
        by_chance: the same, were its attention spread evenly.
        first: all heads of lower layers, those first without which the keys lose most.
    """

    induction: float
    by_chance: float
    first: tuple[FirstHop, ...]


@torch.no_grad()
def two_hops(model: HeadModel, upper: Head, seed: int = 0) -> TwoHops:
    """Takes the attention of the head `upper` apart, on 64 sequences of random tokens, each said twice.

    Raises InputError if there is no such head.
    """
    layer, head = upper
    model.check_head(layer, head)
    ids = said_twice(model, seed)
    x = model.embed(ids)
    parts: list[tuple[int, int, float, Tensor]] = []
    for below in range(layer):
        found = model.attend(below, x)
        previous = found.pattern.diagonal(-1, -2, -1).mean((0, 2))
        for number in range(model.shape.heads):
            z = found.z[:, number]
            written = (z - z.mean((0, 1))) @ model.write(below, number)
            parts.append((below, number, float(previous[number]), written))
        x = model.finish(below, x, found.z)
    first = [
        FirstHop(below, number, previous, _behind(model, upper, x, x - written), _behind(model, upper, x - written, x))
        for below, number, previous, written in parts
    ]
    chance = (1 / torch.arange(HALF + 2, 2 * HALF + 2)).mean()  # a query has itself and all before it to look at
    return TwoHops(_behind(model, upper, x, x), float(chance), tuple(sorted(first, key=lambda one: one.keys)))


def _behind(model: HeadModel, upper: Head, queries_from: Tensor, keys_from: Tensor) -> float:
    """Attention of a head to the token after the earlier copy, its scores made from two streams (B, T, width)."""
    layer, head = upper
    positions = torch.arange(queries_from.shape[1])
    q = model.project(layer, queries_from)[0][:, head : head + 1].float()
    k = model.project(layer, keys_from)[1][:, head : head + 1].float()
    future = torch.ones(len(positions), len(positions), dtype=torch.bool).triu(1)
    found = weigh(model.turn(q, positions), model.turn(k, positions), k, future)
    return float(copy_measures(found.pattern, HALF)["induction"][0])


def strongest(model: HeadModel, layer: int) -> Head:
    """The head of `layer` that looks most behind an earlier copy."""
    pattern = attention_at(model, said_twice(model), layer).pattern
    return layer, int(copy_measures(pattern, HALF)["induction"].argmax())


def measured(model: HeadModel, upper: Head, seeds: Sequence[int] = SEEDS) -> dict[str, object]:
    """What the page shows of one head, over several draws of tokens."""
    runs = [_kept(two_hops(model, upper, seed)) for seed in seeds]
    return {"layer": upper[0], "head": upper[1], "runs": runs}


def by_weights(model: Decoder, upper: Head) -> dict[str, object]:
    """What the page shows of the rule in the weights, with the lower head without which the keys lose most."""
    told = two_hops(model, upper).first[0]
    found = composition.token_rule(model, (told.layer, told.head), upper)
    return {**asdict(found), "distances": composition.DISTANCES}


def stored(heads: Sequence[dict[str, object]], seeds: Sequence[int] = SEEDS) -> str:
    """The file that the page reads, with these rows."""
    about = {
        "command": "python -m backends.attention_rules.two_hops",
        "date": date.today().isoformat(),
        "seeds": list(seeds),
        "tokens": HALF,
        "heads": list(heads),
    }
    return json.dumps(json.loads(json.dumps(about), parse_float=lambda text: round(float(text), 4)), indent=1) + "\n"


def _kept(found: TwoHops) -> dict[str, object]:
    """The first of the lower heads, and what the others leave, as a mean."""
    rest = [one.keys for one in found.first[KEPT:]]
    return {
        "induction": found.induction,
        "by_chance": found.by_chance,
        "first": [asdict(one) for one in found.first[:KEPT]],
        "others": sum(rest) / len(rest) if rest else None,
        "count": len(found.first),
    }


def main() -> None:
    """Measures and writes the file."""
    large, small = load_model(MODEL), load_model(OURS)
    assert isinstance(small, Decoder)
    upper = strongest(small, 1)
    rows = [{"model": MODEL, **measured(large, head)} for head in HEADS]
    ours = {"model": OURS, **measured(small, upper), "by_weights": by_weights(small, upper)}
    (INDEX / TWO_HOPS).write_text(stored([ours, *rows]), encoding="utf-8")


if __name__ == "__main__":
    main()
