"""A visitor's own sentence: a feature's true values on it beside what its rules foretell, before and after an edit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch

from backends.attention_rules.catalog import load_model
from backends.attention_rules.counting import CountGrid, count_grid
from backends.attention_rules.explain import Edit, EditKind, Explanation, edited, explain, moved
from backends.attention_rules.features import Feature
from backends.attention_rules.index import Row
from backends.attention_rules.models import HeadModel
from backends.attention_rules.names import RELATIONS
from backends.attention_rules.relations import relations
from backends.attention_rules.shelf import FeatureKey, feature
from backends.attention_rules.shipped import load_feature
from backends.attention_rules.toggling import Toggle, smallest_toggle
from backends.errors import InputError, quoted

MODEL = "smollm2"
MOST_COPIES = 4
"""Copies of a word that a count grid goes up to."""


class Now(NamedTuple):
    """A sentence as it is after an edit, and the position that is looked at."""

    ids: tuple[int, ...]
    query: int


@dataclass(frozen=True, slots=True)
class Played:
    """A feature on a sentence.

    Attributes:
        found: its values and the sources of one of them.
        holding: for each position the ranks of the rules that hold there, best first; of its first `k` rules only,
            which foretell it best.
        k: how many these are.
        strong: above what an activation is strong.
    """

    found: Explanation
    holding: tuple[tuple[int, ...], ...]
    k: int
    strong: float

    @property
    def active(self) -> float:
        """The feature's true activation at the query, 0 where it is silent."""
        return self.found.active[self.found.query]

    @property
    def total(self) -> float:
        """What the sources of the query sum to."""
        return self.found.values[self.found.query]


def play(key: FeatureKey, ids: Sequence[int], query: int | None = None) -> Played:
    """The feature `key` on token ids, explained at `query` or where it is most active.

    Raises what `explain` and `load_model` raise, and InputError if there is no such feature.
    """
    row = feature(key)
    found = explain(load_model(MODEL), _feature(key), ids, query)
    return Played(found, holding(row["rules"][: row["k"]], found.ids, found.tokens), row["k"], row["strong"])


def read(text: str) -> list[int]:
    """The ids of a sentence behind the opening token; InputError where it cannot be read."""
    return load_model(MODEL).vocabulary.read(text)


def change(ids: Sequence[int], query: int, edit: EditKind, position: int, word: str = "", to: int | None = None) -> Now:
    """The ids after an edit and where the token at `query` then stands; what moves or repeats goes right before it.

    Args:
        edit: `delete`, `move`, `repeat`, or `replace` by, `insert` before it, the one token that `word` is.
        to: where it is moved or repeated to instead.

    Raises InputError for an edit that is not one, and for a word of several tokens.
    """
    gone = edit == "move" and position < query
    token = one_token(load_model(MODEL), word) if edit in ("replace", "insert") else 0
    done = Edit(edit, position, query - gone if to is None else to, token)
    changed = edited(ids, done)
    return Now(tuple(changed), min(max(moved(query, done), 0), len(changed) - 1))


def one_token(model: HeadModel, word: object) -> int:
    """The id of a word of one token, with a blank before it unless it brings its own; InputError for others."""
    if not isinstance(word, str) or not word.strip() or len(word) > 100:
        raise InputError("Type the word that shall stand there instead.")
    for spelling in (word if word != word.strip() else " " + word, word.strip()):
        cut = model.vocabulary.cut(spelling)
        if len(cut) == 1:
            return int(cut[0])
    raise InputError(f"{quoted(word)} is more than one token for this model; choose a shorter word.")


def toggled(key: FeatureKey, ids: Sequence[int], query: int) -> Toggle | None:
    """The smallest edit found that turns the feature off at `query`, or on where it is not strong."""
    row = feature(key)
    return smallest_toggle(load_model(MODEL), _feature(key), ids, query, row["rules"], row["strong"])


@dataclass(frozen=True, slots=True)
class Counted:
    """A count grid in a visitor's sentence: `plus`, the word whose copies promote, and `minus`, that suppresses."""

    grid: CountGrid
    plus: str
    minus: str


def count(key: FeatureKey, ids: Sequence[int], query: int, plus: str = "", minus: str = "") -> Counted:
    """The value at `query` for 0 to 4 copies each of two words, strewn into what stands before it in place of its own.

    Args:
        plus, minus: words of one token; where one is empty, the source before the query that promotes or suppresses
            most with all the attention.

    Raises InputError for a word of several tokens, two words that are the same, and a query with nothing before it.
    """
    model, own = load_model(MODEL), _feature(key)
    sources = sorted(explain(model, own, ids, query).sources[1:query], key=lambda one: one.promotion)
    if len({ids[one.position] for one in sources}) < 2:
        raise InputError("Two different words must stand before the explained token, to be counted.")
    up = one_token(model, plus) if plus else ids[sources[-1].position]
    down = one_token(model, minus) if minus else ids[next(s for s in sources if ids[s.position] != up).position]
    if up == down:
        raise InputError("The word that promotes and the word that suppresses are the same; choose two.")
    rest = [one for one in ids[:query] if one not in (up, down)]
    found = count_grid(model, own, torch.tensor([rest]), ids[query], up, down, MOST_COPIES)
    return Counted(found, model.vocabulary.token(up), model.vocabulary.token(down))


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
