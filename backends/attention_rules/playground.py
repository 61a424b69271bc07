"""A visitor's own sentence: a feature's true values on it beside what its rules foretell, before and after an edit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from backends.attention_rules.catalog import load_model
from backends.attention_rules.explain import Edit, EditKind, Explanation, edited, explain, toggling_edit
from backends.attention_rules.features import Feature
from backends.attention_rules.index import Row
from backends.attention_rules.models import HeadModel
from backends.attention_rules.names import RELATIONS
from backends.attention_rules.relations import relations
from backends.attention_rules.shelf import FeatureKey, feature
from backends.attention_rules.shipped import load_feature
from backends.errors import InputError, quoted

MODEL = "smollm2"


@dataclass(frozen=True, slots=True)
class Played:
    """A feature on a sentence.

    Attributes:
        found: its values and the sources of one of them.
        holding: for each position the ranks of the rules that hold there, best first.
        strong: above what a value is strong.
    """

    found: Explanation
    holding: tuple[tuple[int, ...], ...]
    strong: float

    @property
    def value(self) -> float:
        """The feature's true value at the query, 0 where it is silent."""
        return max(self.found.values[self.found.query], 0.0)


def play(key: FeatureKey, ids: Sequence[int], query: int | None = None) -> Played:
    """The feature `key` on token ids, explained at `query` or where it is highest.

    Raises what `explain` and `load_model` raise, and InputError if there is no such feature.
    """
    row = feature(key)
    found = explain(load_model(MODEL), _feature(key), ids, query)
    return Played(found, holding(row["rules"], found.ids, found.tokens), row["strong"])


def read(text: str) -> list[int]:
    """The ids of a sentence behind the opening token; InputError where it cannot be read."""
    return load_model(MODEL).vocabulary.read(text)


def change(ids: Sequence[int], kind: str, position: int, to: int = 0, word: str = "") -> list[int]:
    """The ids after an edit: `delete`, `move`, `repeat`, or `replace` by the one token that `word` is.

    Raises InputError for an edit that is not one, and for a word of several tokens.
    """
    token = one_token(load_model(MODEL), word) if kind == "replace" else 0
    kinds: Any = kind  # `Edit` checks it
    return edited(ids, Edit(kinds, position, to, token))


def one_token(model: HeadModel, word: object) -> int:
    """The id of a word of one token, with a blank before it unless it brings its own; InputError for others."""
    if not isinstance(word, str) or not word.strip() or len(word) > 100:
        raise InputError("Type the word that shall stand there instead.")
    for spelling in (word if word != word.strip() else " " + word, word.strip()):
        cut = model.vocabulary.cut(spelling)
        if len(cut) == 1:
            return int(cut[0])
    raise InputError(f"{quoted(word)} is more than one token for this model; choose a shorter word.")


def silencing(key: FeatureKey, ids: Sequence[int], query: int) -> Edit | None:
    """The single deletion that turns the feature off at `query`; None where none does."""
    return toggling_edit(load_model(MODEL), _feature(key), ids, query)


def _feature(key: FeatureKey) -> Feature:
    return load_feature(key.layer, key.head, key.seed, key.feature)


def holding(rules: Sequence[Row], ids: Sequence[int], tokens: Sequence[str]) -> tuple[tuple[int, ...], ...]:
    """For each position the ranks of the rules that hold there; rules and tokens are compared as text."""
    codes = relations(torch.tensor([list(ids)]))[0].tolist()
    return tuple(
        tuple(rule["rank"] for rule in rules if _holds(rule, at, codes[at], tokens)) for at in range(len(tokens))
    )


def _holds(rule: Row, at: int, codes: Sequence[int], tokens: Sequence[str]) -> bool:
    if rule["queries"] and tokens[at] not in rule["queries"]:
        return False
    code, keys, unless = RELATIONS.index(rule["relation"]), set(rule["keys"]), set(rule["unless"])
    places = [source for source in range(at + 1) if codes[source] == code and tokens[source] in keys]
    if len(places) <= rule["more_than"]:
        return False
    if rule["more_than"]:
        places = places[-1:]  # as in the evaluation: nothing may stand behind the last of them
    return any(not unless.intersection(tokens[source + 1 : at + 1]) for source in places)


EDITS: tuple[EditKind, ...] = ("delete", "move", "repeat", "replace")
