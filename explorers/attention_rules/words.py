"""Rules and tokens in plain words."""

import re
from collections.abc import Mapping
from typing import Any

from backends.attention_rules.names import visible as visible  # the page's modules find it here, beside the other words
from explorers.views.badge import Status
from explorers.views.svg import Markup, escape, tag

Row = Mapping[str, Any]

RELATION_WORDS = {
    "at 0": "at the token itself",
    "at 1": "one token before",
    "at 2": "two tokens before",
    "at 3": "three tokens before",
    "at 4": "four tokens before",
    "same": "an earlier copy of the token",
    "after same": "the token after an earlier copy",
    "before": "anywhere before",
}
KIND_WORDS = {"relation": "relation", "skip-gram": "skip-gram", "absence": "absence", "counting": "counting"}
VERDICTS: dict[str, tuple[str, Status]] = {
    "verified": ("verified", "correct"),
    "refuted": ("refuted", "wrong"),
    "undecided": ("undecided", "neutral"),
}
MARKS = {"verified": "✓", "refuted": "✕", "undecided": "·"}


def plain_name(name: str) -> str:
    """The name of a feature or pattern, each word once however it is spelt; how many more there are is left out."""
    head, colon, words = name.rpartition(": ")
    if not colon or not head.replace(" ", "").replace("-", "").isalpha():
        head, words = "", name
    kept = {
        part.strip().lower() or part: visible(part).strip()
        for part in reversed(words.split(" · "))
        if not re.fullmatch(r"\+\d+", part)
    }
    joined = " · ".join(reversed(list(kept.values())))
    return f"{head}: {joined}" if head else joined or visible(name)


def relation_words(row: Row) -> str:
    """Where a rule's key stands, with its conditions."""
    said: str = RELATION_WORDS.get(row["relation"], str(row["relation"]))
    if row["more_than"]:
        said += f", more than {row['more_than']} times"
    return said


TOLD = ((0.5, "Active where"), (0.2, "Partly told by its rules, first of all: active where"))
"""From what F1 on the best rule speaks for a feature, and in what words."""
HARDLY = "Hardly told by its rules. The best of them says: active where"


def sentence(feature: Row) -> str:
    """What the best rule of a feature says, as a sentence that claims no more than its rules foretell."""
    rules = feature["rules"]
    if not rules:
        return "No rule was found for this feature."
    first = rules[0]
    where = relation_words(first)
    verb = "is" if first["relation"] in ("same", "after same") else "stands"
    claim = next((words for least, words in TOLD if feature["f1"] >= least), HARDLY)
    said = f"{claim} {_quoted(first['name'])} {verb} {where}"
    if first["queries"]:
        said += " and the token is " + ", ".join(visible(one).strip() for one in first["queries"][:3])
    if first["unless"]:
        said += ", unless " + ", ".join(visible(one).strip() for one in first["unless"][:3]) + " stands between"
    return said + "."


def _quoted(name: str) -> str:
    """A pattern within a sentence: “what” (of the wh-words), “be” or “being”."""
    group, colon, words = plain_name(name).rpartition(": ")
    named = " or ".join(f"“{word}”" for word in words.split(" · "))
    return f"{named} (of the {group})" if colon and group else named


def tokens(found: list[str], most: int = 8) -> Markup:
    """Tokens as small chips, the rest counted and folded."""
    chips = [tag("code", escape(visible(one)), class_="atelier-token") for one in found[:most]]
    rest = found[most:]
    if not rest:
        return Markup(" ".join(chips))
    more = [tag("code", escape(visible(one)), class_="atelier-token") for one in rest]
    folded = tag("details", tag("summary", escape(f"+{len(rest)} more")), Markup(" ".join(more)))
    return Markup(" ".join(chips) + folded)
