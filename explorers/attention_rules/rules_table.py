"""The rules of a feature as a table: what, where, how strong, how often, and the test of those that have their own."""

from collections.abc import Sequence
from urllib.parse import urlencode

from backends.attention_rules.shelf import FeatureKey
from explorers.attention_rules.words import KIND_WORDS, VERDICTS, Row, plain_name, relation_words, tokens
from explorers.views.badge import badge
from explorers.views.numbers import number
from explorers.views.svg import NOTHING, Markup, escape, join, rect, tag

DISTANCES = ("0", "1", "2", "3", "4–5", "6–8", "9–16", "17–32", "33+")
TESTED = ("absence", "counting")
"""Kinds of rules that were tested one by one; the verdict of others is of their feature's main source."""

HEADINGS = {
    "#": "Link to the rule",
    "Pattern": "Tokens of which one must stand there",
    "Where it stands": "Seen from the token at which the feature is active",
    "Weight": "What such a source contributes on average, where the rule holds",
    "Precision": "Share of the rule's occurrences at which the feature is strong, on the text it was found on",
    "Found": "Strong activations of which such a source was the main one, on that text",
    "By distance": "Share of its contributions by distance in tokens",
}
BELOW = "With the rules below, the feature is foretold no better: they find little more, or raise more false alarms."


def rules_table(rules: Sequence[Row], name: str = "", chosen: int | None = None, telling: int | None = None) -> str:
    """The table, called `name`.

    Args:
        chosen: rank of the rule that is marked; the number of every rule is a link to it.
        telling: how many of the rules foretell the feature best; after them a line says so.
    """
    if not rules:
        return tag("p", escape("There are no such rules."), class_="atelier-note")
    headings = join(tag("th", escape(one), scope="col", title=told) for one, told in HEADINGS.items())
    rows = [_row(row, chosen=row["rank"] == chosen) for row in rules]
    if telling is not None and 0 < telling < len(rows):
        rows.insert(telling, tag("tr", tag("td", escape(BELOW), colspan=len(HEADINGS), class_="atelier-note")))
    table = tag("table", tag("thead", tag("tr", headings)), tag("tbody", *rows))
    return tag(
        "div",
        table,
        class_="atelier-rules",
        tabindex=0,
        role="region",
        aria_label=name or "Rules",
        data_picture="rules",
    )


def judged(row: Row) -> str:
    """What the verdict of a rule's row is about: the `rule`, if tested itself, or its `feature`'s main source."""
    return "rule" if row["kind"] in TESTED else "feature"


def _row(row: Row, *, chosen: bool) -> Markup:
    query = urlencode({"tab": "attention_rules", "feature": str(FeatureKey.of(row)), "rule": row["rank"]})
    link = tag("a", escape(str(row["rank"] + 1)), href=f"?{query}", title="Link to this rule")
    return tag(
        "tr",
        tag("td", link),
        tag("th", _pattern(row), scope="row"),
        tag("td", escape(relation_words(row)), _conditions(row)),
        tag("td", escape(number(row["weight"]))),
        tag("td", escape(number(row["precision"], 2))),
        tag("td", escape(f"{row['support']:,}×")),
        tag("td", _profile(row["profile"])),
        aria_current="true" if chosen else None,
    )


def _pattern(row: Row) -> Markup:
    kind = row["kind"]
    title = escape(plain_name(row["name"]))
    small = tag("small", escape(f" {KIND_WORDS[kind]} ")) if kind != "relation" else NOTHING
    if judged(row) == "rule":
        small = join((small, badge(*VERDICTS[row["verdict"]])))
    if len(row["keys"]) < 2:
        return join((title, small))
    return join(
        (title, small, tag("details", tag("summary", escape(f"{len(row['keys'])} tokens")), tokens(row["keys"], 200)))
    )


def _conditions(row: Row) -> Markup:
    parts = []
    if row["queries"]:
        parts.append(tag("div", tag("small", escape("at the token ")), tokens(row["queries"])))
    if row["unless"]:
        parts.append(tag("div", tag("small", escape("unless between ")), tokens(row["unless"])))
    return join(parts)


def _profile(shares: Sequence[float]) -> Markup:
    """The share of a rule's contributions by distance, as nine small bars."""
    top = max([*shares, 1e-9])
    bars = join(
        rect(index * 8, 20 - 18 * share / top, 6, 18 * share / top, fill="var(--atelier-accent)")
        for index, share in enumerate(shares)
        if share > 0
    )
    base = rect(0, 20, 72, 1, fill="var(--atelier-edge)")
    said = ", ".join(f"{at}: {share:.0%}" for at, share in zip(DISTANCES, shares, strict=False) if share >= 0.01)
    title = tag("title", escape(f"Share by distance in tokens. {said}"))
    return tag("svg", title, base, bars, role="img", viewBox="0 0 72 22", width=72, height=22)
