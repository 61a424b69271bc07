"""What to call a class of tokens, where no torch is needed to read it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from backends.attention_rules.names import visible

TAG_NAMES = {
    "MD": "modal verbs",
    "AT": "articles",
    "DT": "determiners",
    "IN": "prepositions",
    "CC": "conjunctions",
    "CS": "subordinating words",
    "CD": "numbers",
    "JJ": "adjectives",
    "NN": "nouns",
    "NNS": "plural nouns",
    "NP": "names",
    "PPS": "pronouns, third person",
    "PPSS": "pronouns",
    "PP$": "possessives",
    "PPO": "object pronouns",
    "QL": "degree words",
    "RB": "adverbs",
    "VB": "verbs",
    "VBD": "verbs, past",
    "VBG": "verbs in -ing",
    "VBN": "participles",
    "VBZ": "verbs, third person",
    "WDT": "wh-words",
    "WPS": "wh-words",
    "WRB": "wh-words",
    "BE": "forms of be",
    "BED": "forms of be",
    "BEDZ": "forms of be",
    "BER": "forms of be",
    "BEZ": "forms of be",
    "HV": "forms of have",
    "HVD": "forms of have",
    "HVZ": "forms of have",
    ".": "ends of sentences",
    ",": "commas",
}
"""Plain names of the commonest tags of the Brown corpus."""


SHOWN = 3
"""Tokens of a class that its name tells."""


def group_of(tokens: Sequence[str], tags: Mapping[str, str]) -> str:
    """The kind of two or more tokens of which two thirds have the same tag; empty where there is none.

    `tags` gives the tag of a word in lower case, without blanks.
    """
    if len(tokens) < 2:
        return ""
    known = Counter(TAG_NAMES.get(tags.get(token.strip().lower(), ""), "") for token in tokens)
    name, times = known.most_common(1)[0]
    return name if times >= 2 / 3 * len(tokens) else ""


def class_name(tokens: Sequence[str], group: str) -> str:
    """What to call a class: its kind, if it has one, and its first tokens."""
    shown = " · ".join(visible(token.strip(" ") or token) for token in tokens[:SHOWN])
    if len(tokens) > SHOWN:
        shown += f" · +{len(tokens) - SHOWN}"
    return f"{group}: {shown}" if group else shown
