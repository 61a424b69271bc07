"""The explorer's public endpoints: what the page shows, for programs."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from gradio.events import api

from backends.attention_rules import shelf
from backends.attention_rules.index import Search
from backends.attention_rules.shelf import FeatureKey
from backends.errors import InputError, quoted
from explorers.guard import guarded

if TYPE_CHECKING:
    from backends.attention_rules.playground import Played

Json = dict[str, Any]


def rules_heads() -> Json:
    """All heads of the model with their measures, and those that rules were extracted from."""
    return {**shelf.head_map(), "extracted": shelf.rules_index().heads()}


def rules_search(
    token: str | None = None,
    side: str = "any",
    relation: str | None = None,
    kind: str | None = None,
    verdict: str | None = None,
    layer: int | None = None,
    head: int | None = None,
    least_f1: float = 0.0,
    sort: str = "f1",
    limit: int = 50,
    offset: int = 0,
    any_spelling: bool = False,
) -> list[Json]:
    """Rules, best first.

    Args:
        token: a token that they mention, as it stands in text (" what" with its blank), at most 100 characters; none
            for all rules.
        side: "key", "query", or "any", which also finds what must not stand between.
        relation: "at 0" to "at 4", "same", "after same" or "before".
        kind: "relation", "skip-gram", "absence" or "counting".
        verdict: "verified", "refuted" or "undecided": of the feature's main source, and of the rule itself for absence
            and counting.
        layer: of the head, from 0.
        head: its number, from 0.
        least_f1: of the feature on natural text, 0 to 1.
        sort: "f1", "weight", "precision" or "support".
        limit: rows at most, 1 to 200.
        offset: rows to skip; rows that score the same keep one order, so that pages never overlap.
        any_spelling: true to find the token in any case, with and without blanks around it, as the page does.
    """
    if side not in ("key", "query", "any"):
        raise InputError(f"There is no side {quoted(side)}; choose from key, query, any.")
    sides: Json = {"token" if side == "any" else side: token, "any_spelling": any_spelling}
    rest: Json = {"relation": relation, "kind": kind, "verdict": verdict, "layer": layer, "head": head}
    sizes: Json = {"least_f1": least_f1, "sort": sort, "limit": limit, "offset": offset}
    return shelf.rules_index().search(Search(**rest, **sizes, **sides))


def rules_feature(feature: str) -> Json:
    """One feature: scores and baselines, rules, causal tests, and examples with their texts.

    Args:
        feature: its name, such as "L01H1-s0-f157".
    """
    row = shelf.feature(FeatureKey.parse(feature))
    examples = [{**one, "tokens": shelf.texts(one["ids"])} for one in row["examples"]]
    return {**row, "examples": examples}


def rules_explain(text: str, feature: str, query: int | None = None) -> Json:
    """Where a feature's value in a text comes from: every source with attention, promotion and contribution.

    `values` are what the sources sum to, `active` the feature's activations: 0 too where other features of the head are
    larger. `rules_holding` are the ranks of its first `k` rules that hold, for each position.

    Args:
        text: the sentence, at most 256 tokens.
        feature: a feature's name.
        query: position of the token to explain, 0 being the opening token; none for where it is most active.
    """
    from backends.attention_rules.playground import play, read

    played = play(FeatureKey.parse(feature), read(text), query)
    return {**asdict(played.found), "rules_holding": played.holding, "k": played.k, "strong": played.strong}


def rules_intervene(
    text: str, feature: str, query: int, kind: str, position: int, to: int | None = None, word: str = ""
) -> Json:
    """What an edit of a text makes of a feature: the true activation, and what the rules foretell.

    Args:
        text: the sentence, at most 256 tokens.
        feature: a feature's name.
        query: position of the token that is looked at before the edit.
        kind: "delete", "move", "repeat", "replace", or "insert", which puts a word before it.
        position: of the token that is edited, from 1.
        to: where it is moved or repeated to; none for right before the token that is looked at.
        word: what replaces it or comes before it, one token.
    """
    from backends.attention_rules.playground import change, play, read

    key, ids = FeatureKey.parse(feature), read(text)
    before = play(key, ids, query)
    kinds: Any = kind  # `Edit` checks it
    after = play(key, *change(ids, query, kinds, position, word, to))
    return {
        "before": _at_query(before),
        "after": {**_at_query(after), "tokens": after.found.tokens},
        "query": after.found.query,
        "strong": after.strong,
    }


def _at_query(played: "Played") -> Json:
    """The feature's activation, what its sources sum to, and the ranks of the rules that hold."""
    return {"true": played.active, "sum": played.total, "rules": played.holding[played.found.query]}


def publish() -> None:
    """Makes the endpoints part of the page that is being built."""
    for endpoint in (rules_heads, rules_search, rules_feature, rules_explain, rules_intervene):
        api(guarded(endpoint), api_name=endpoint.__name__)
