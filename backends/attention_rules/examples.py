"""Examples of a feature in text: where it is strongest, typical, and where the rules are wrong about it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

BEFORE, AFTER = 24, 6
"""Tokens shown before and after the position of an example."""

COUNTS = {"false alarm": 4, "missed": 4, "top": 4, "quantile": 4, "random": 3}
"""How many of each kind there are; where rules and feature disagree comes first."""

LOOKED_AT = 40
"""Places of one kind that are looked at, of which the first in different sequences are shown."""


def examples_of(ids: Tensor, active: Tensor, strong: float, foretold: Tensor) -> list[dict[str, Any]]:
    """Rows of the table of examples: their kind, a window of tokens, activations in it, and the position in it.

    Args:
        ids: text (N, T).
        active: the feature's activations (N, T) on it.
        strong: above what an activation is strong.
        foretold: where the rules say that it is (N, T).
    """
    rng = torch.Generator().manual_seed(0)
    flat = active.flatten()
    is_strong = flat > strong
    positive = torch.nonzero(flat > 0)[:, 0]
    ranked = positive[flat[positive].argsort(descending=True, stable=True)]
    missed = ranked[is_strong[ranked] & ~foretold.flatten()[ranked]]
    kinds = {
        "false alarm": _some(torch.nonzero(foretold.flatten() & (flat <= 0))[:, 0], rng),
        "missed": missed[:LOOKED_AT].tolist(),
        "top": ranked[:LOOKED_AT].tolist(),
        "quantile": [int(ranked[int(q * (len(ranked) - 1))]) for q in (0.1, 0.3, 0.5, 0.8)] if len(ranked) else [],
        "random": _some(torch.arange(len(flat)), rng),
    }
    rows = []
    for kind, most in COUNTS.items():
        seen: set[int] = set()  # one example a sequence
        for at in kinds[kind]:
            row, position = divmod(at, ids.shape[1])
            if row in seen or position == 0:
                continue
            seen.add(row)
            rows.append({"kind": kind, **_window(ids[row], active[row], position)})
            if len(seen) == most:
                break
    return rows


def _some(places: Tensor, rng: torch.Generator) -> list[int]:
    found: list[int] = places[torch.randperm(len(places), generator=rng)[:LOOKED_AT]].tolist()
    return found


def _window(ids: Tensor, active: Tensor, position: int) -> dict[str, Any]:
    start = max(position - BEFORE, 0)
    part = slice(start, position + AFTER + 1)
    return {
        "ids": ids[part].tolist(),
        "active": [round(value, 2) for value in active[part].tolist()],
        "at": position - start,
    }
