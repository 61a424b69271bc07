"""A sentence under the lens: where a feature's value comes from, and what an edit would make of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from backends.attention_rules.contributions import contributions, promotions
from backends.attention_rules.features import Feature
from backends.attention_rules.models import HeadModel, attention_at
from backends.errors import InputError, quoted

EditKind = Literal["delete", "move", "repeat", "replace", "insert"]


@dataclass(frozen=True, slots=True)
class Source:
    """One source of a feature's value at a query.

    Attributes:
        position, token: where it stands and what it is.
        attention: its share of the softmax.
        promotion: S + b, what it would give with all the attention.
        contribution: attention x promotion.
        running: the sum of contributions up to here.
    """

    position: int
    token: str
    attention: float
    promotion: float
    contribution: float
    running: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """A feature on a sentence.

    Attributes:
        ids, tokens: of the sentence, the opening token first.
        values: pre-activations at all positions: what the sources sum to.
        active: the feature's activations there: 0 too where other features of its head are larger.
        query: the position that is explained.
        sources: all sources of the query, in their order; their contributions sum to its value.
    """

    ids: tuple[int, ...]
    tokens: tuple[str, ...]
    values: tuple[float, ...]
    active: tuple[float, ...]
    query: int
    sources: tuple[Source, ...]


@torch.no_grad()
def explain(model: HeadModel, feature: Feature, ids: Sequence[int], query: int | None = None) -> Explanation:
    """Explains `feature` at position `query` of token ids, or where it is most active behind the opening token.

    Raises:
        InputError: if the ids are none, too many or unknown, or the sentence has no such position.
    """
    known = model.vocabulary.check(ids)
    model.check_head(feature.layer, feature.head)
    batch = torch.tensor([known])
    found = attention_at(model, batch, feature.layer)
    parts = contributions(found, feature.head, feature.direction, feature.offset)[0]
    promoted = promotions(found, feature.head, feature.direction, feature.offset)[0]
    values, active = parts.sum(-1), feature.active(found.z[0, feature.head])
    if query is None:
        query = _highest(active, values)
    _check_position(query, len(known))
    tokens = tuple(model.vocabulary.token(number) for number in known)
    running = parts[query].cumsum(0).tolist()
    pattern = found.pattern[0, feature.head, query].tolist()
    sources = tuple(
        Source(at, tokens[at], pattern[at], float(promoted[at]), float(parts[query, at]), running[at])
        for at in range(query + 1)
    )
    return Explanation(tuple(known), tokens, tuple(values.tolist()), tuple(active.tolist()), query, sources)


def _highest(active: Tensor, values: Tensor) -> int:
    """The position (T) with the highest activation behind the opening token; where it is silent, the highest sum."""
    if len(active) < 2:
        return 0
    return int((active if bool(active[1:].any()) else values)[1:].argmax()) + 1


@dataclass(frozen=True, slots=True)
class Edit:
    """One change of a sentence.

    Attributes:
        kind: `delete` the token at `position`, `move` it to the position `to`, `repeat` it there, `replace` it, or
            `insert` another before it.
        token: the id that replaces it or comes before it.

    Raises InputError for an unknown kind.
    """

    kind: EditKind
    position: int
    to: int = 0
    token: int = 0

    def __post_init__(self) -> None:
        if self.kind not in get_args(EditKind):
            raise InputError(f"There is no edit {quoted(self.kind)}; choose from {', '.join(get_args(EditKind))}.")


def edited(ids: Sequence[int], edit: Edit) -> list[int]:
    """The sentence after an edit; the opening token stays where it is.

    Raises:
        InputError: if a position lies outside the sentence, or is the opening token's.
    """
    _check_position(edit.position, len(ids), first=1)
    words = list(ids)
    if edit.kind == "insert":
        words.insert(edit.position, edit.token)
        return words
    if edit.kind == "replace":
        words[edit.position] = edit.token
        return words
    token = words[edit.position]
    if edit.kind != "repeat":
        del words[edit.position]
    if edit.kind != "delete":
        _check_position(edit.to, len(words) + 1, first=1)
        words.insert(edit.to, token)
    return words


def moved(query: int, edit: Edit) -> int:
    """Where the token at `query` stands after an edit that leaves it in the sentence."""
    if edit.kind == "insert":
        return query + (edit.position <= query)
    gone = edit.kind in ("delete", "move") and edit.position < query
    come = edit.kind in ("repeat", "move") and edit.to <= query - gone
    return query - gone + come


def _check_position(position: object, length: int, first: int = 0) -> None:
    whole = isinstance(position, int) and not isinstance(position, bool)
    if not (whole and isinstance(position, int) and first <= position < length):
        raise InputError(f"There is no position {quoted(position)}: choose from {first} to {length - 1}.")
