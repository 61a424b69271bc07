"""The smallest edit of a sentence that turns a feature off, or on: tried one by one, and judged by the model.

Off: without one of the sources that give most; then with a common word in the place of one; then without two or three.
On: a rule of the feature is obeyed, best first: one of its words is put where its relation wants it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from backends.attention_rules import edits
from backends.attention_rules.explain import Edit, Explanation, edited, explain, moved
from backends.attention_rules.features import Feature
from backends.attention_rules.index import Row
from backends.attention_rules.models import HeadModel
from backends.attention_rules.names import NEAR
from backends.errors import InputError

SOURCES = 12
"""So many sources of a value, the strongest, are candidates for an edit."""

MOST_DELETED = 3
CANDIDATES = 48
COMMON = (" the", ",")


@dataclass(frozen=True, slots=True)
class Toggle:
    """Edits, in their order, and what they lead to: the sentence's ids, the query's place in it, and its activation."""

    edits: tuple[Edit, ...]
    ids: tuple[int, ...]
    query: int
    active: float


def smallest_toggle(
    model: HeadModel, feature: Feature, ids: Sequence[int], query: int, rules: Sequence[Row], strong: float
) -> Toggle | None:
    """The smallest edit found that silences a strong activation at `query`, or lifts any other above `strong`.

    Args:
        ids: of the sentence, the opening token first; what stands behind the query stays.
        rules: of the feature, best first, as the index holds them.

    Returns:
        None where nothing that was tried is enough.

    Raises:
        InputError: as `explain` does.
    """
    found = explain(model, feature, ids, query)
    if found.active[query] > strong:
        return _off(model, feature, found)
    return _on(model, feature, found, rules, strong)


def _off(model: HeadModel, feature: Feature, found: Explanation) -> Toggle | None:
    done: tuple[Edit, ...] = ()
    for _ in range(MOST_DELETED):
        sources = _strongest(found)
        if not sources:
            return None
        deleted = _best(model, feature, found, [Edit("delete", at) for at in sources], lowest=True)
        if not deleted.active:
            return _after(deleted, done)
        if not done:
            common = [token for word in COMMON if (token := _one_token(model, word)) is not None]
            changes = [Edit("replace", at, token=token) for at in sources for token in common][:CANDIDATES]
            if changes and not (replaced := _best(model, feature, found, changes, lowest=True)).active:
                return replaced
        done = (*done, *deleted.edits)
        found = explain(model, feature, deleted.ids, deleted.query)
    return None


def _on(model: HeadModel, feature: Feature, found: Explanation, rules: Sequence[Row], strong: float) -> Toggle | None:
    wanted = [edit for rule in rules for edit in _obeying(model, found, rule)][:CANDIDATES]
    if not wanted:
        return None
    best = _best(model, feature, found, wanted, lowest=False)
    return best if best.active > strong else None


def _strongest(found: Explanation) -> list[int]:
    """The sources before the query that contribute most, the opening token aside."""
    own = sorted(found.sources[1 : found.query], key=lambda one: -one.contribution)
    return [one.position for one in own[:SOURCES]]


def _obeying(model: HeadModel, found: Explanation, rule: Row) -> Iterator[Edit]:
    """Edits of one token after which the rule holds at the query; none for a rule that wants more than one."""
    query = found.query
    if rule["more_than"] or (rule["queries"] and found.tokens[query] not in rule["queries"]):
        return
    for word in rule["keys"][:2]:
        token = _one_token(model, word)
        place = _place(found, rule["relation"], word)
        if token is not None and place is not None:
            yield Edit("replace" if place == query and rule["relation"] == "at 0" else "insert", place, token=token)


def _place(found: Explanation, relation: str, word: str) -> int | None:
    """Where `word` must be put so that it stands in this relation to the query; None where that cannot be."""
    query, far = found.query, found.query - NEAR
    if relation == "at 0":
        return query
    if relation.startswith("at "):
        place = query - int(relation[3:]) + 1
        return place if place >= 1 else None
    if relation == "after same":
        copies = [at for at in range(1, query) if found.tokens[at] == found.tokens[query]]
        return copies[-1] + 1 if copies else None
    if relation == "same" and word != found.tokens[query]:
        return None
    return far if far >= 1 else None


def _one_token(model: HeadModel, word: str) -> int | None:
    try:
        cut = model.vocabulary.cut(word)
    except InputError:
        return None
    return int(cut[0]) if len(cut) == 1 else None


def _best(model: HeadModel, feature: Feature, found: Explanation, tried: Sequence[Edit], *, lowest: bool) -> Toggle:
    """The one of `tried` with the lowest or the highest activation; of equal ones that with such a sum."""
    after = [(tuple(edited(found.ids, one)), moved(found.query, one)) for one in tried]
    ends = [
        edits.Ending(0, min(one.position, query), ids[min(one.position, query) : query + 1])
        for one, (ids, query) in zip(tried, after, strict=True)
    ]
    z = edits.run_edits(model, (feature.layer, feature.head), torch.tensor([found.ids]), ends).z
    active, sums = feature.active(z).tolist(), feature.total(z).tolist()
    at = (min if lowest else max)(range(len(tried)), key=lambda one: (active[one], sums[one]))
    return Toggle((tried[at],), *after[at], active[at])


def _after(last: Toggle, before: tuple[Edit, ...]) -> Toggle:
    return Toggle((*before, *last.edits), last.ids, last.query, last.active)
