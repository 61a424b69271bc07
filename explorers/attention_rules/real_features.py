"""Rankings of pairs on features of SmolLM2 beside our rules, and the weight criterion for absence on those heads."""

from typing import Any

from explorers.attention_rules.planted_rules import RANKINGS
from explorers.attention_rules.words import Row
from explorers.views.evidence import Evidence, evidence_strip
from explorers.views.numbers import fixed
from explorers.views.svg import Markup, escape, join, tag

LESSON = (
    "On ordinary text the order of pairs matters less than their form. “This key anywhere before this query” foretells "
    "little in any order: even pairs that were each chosen by their own score on other text stay far behind rules that "
    "say where the key stands. Insertion, which finds what was planted, tells what a word can do in a text, not what "
    "usually happens; and a list by weights shares few of its first pairs."
)
CRITERION = (
    "A feature is flagged where a suppressing key draws more attention than its best promoting key. Nearly every one "
    "is, and with values shuffled over tokens even more: among thousands of keys some always do. Layer 0, where the "
    "tables are exact, is no exception. What withstood insertion stands on its feature's page, under “Causal tests”."
)

NAMES = {
    "rules": "Our rules",
    **{name: label for name, (label, _) in RANKINGS.items() if name != "contrast"},
    "chosen": "Each pair's own F1 on other text",
    "chance": "At random",
}
"""Lists in the order shown."""


def real_features_html(found: dict[str, Any]) -> str:
    """What `shelf.real_bench` holds: a table of rankings a head, then the weight criterion of all heads."""
    own_queries, queries = found["queries"]
    own_keys, keys = found["keys"]
    note = (
        f"Precomputed by {found['command']} on {found['date']}, seed {found['seed']}: {found['held_out']:,} held-out "
        f"sequences of 64 tokens, natural rate, strong activations. Every ranking orders the same {queries} × {keys} "
        f"pairs of a feature: the {own_queries} queries and {own_keys} keys that stand where it is strong (keys up to "
        f"{found['near']} tokens before) most above their frequency in other text, and frequent tokens. Insertion: "
        f"{found['texts']} texts of {found['length']} tokens. Medians over features, small print the quartiles. "
        "Contrast is left out: a feature has no default to hold it against."
    )
    return join(
        (
            tag("h3", escape("Rankings on real features "), tag("small", escape("F1 on held-out text"))),
            tag("p", escape(LESSON)),
            *(tag("section", *_head(row, found), class_="atelier-section") for row in found["heads"]),
            tag("p", escape(note), class_="atelier-note"),
            tag(
                "section",
                tag("h3", escape("The weight criterion flags everything "), tag("small", escape("absence"))),
                tag("p", escape(CRITERION)),
                Markup(evidence_strip(criteria(found["heads"])).html),
                class_="atelier-section",
            ),
        )
    )


def _head(row: Row, found: Row) -> tuple[Markup, ...]:
    small = f"{row['n']} verified features, evenly from best to worst told by our rules"
    headings = (
        "list",
        *(f"best {count}" for count in found["top"]),
        f"of insertion's first {found['alike']}",
    )
    table = tag(
        "table",
        tag("thead", tag("tr", *(tag("th", escape(one), scope="col") for one in headings))),
        tag("tbody", *(_line(name, row["rankings"][name]) for name in NAMES)),
    )
    return (
        tag("h3", escape(f"Layer {row['layer']}, head {row['head']} "), tag("small", escape(small))),
        tag(
            "div", table, class_="atelier-rules", tabindex=0, role="region",
            aria_label=f"F1 of rankings, layer {row['layer']}, head {row['head']}", data_picture="real-features",
        ),
    )  # fmt: skip


def _line(name: str, row: Row) -> Markup:
    cells = (
        tag("td", escape(f"{fixed(median, 2)} "), tag("small", escape(f"{fixed(low, 2)} to {fixed(high, 2)}")))
        for low, median, high in row["f1"]
    )
    alike = "" if row["alike"] is None or name == "causal" else f"{row['alike']:.0%}"
    current = {"aria_current": "true"} if name == "rules" else {}
    return tag("tr", tag("th", escape(NAMES[name]), scope="row"), *cells, tag("td", escape(alike)), **current)


def criteria(heads: list[Row]) -> list[Evidence]:
    """For every head the share of features that the weight criterion flags, its null as the mark."""
    return [
        Evidence(
            f"Flagged, layer {row['layer']}, head {row['head']}",
            row["criterion"]["flagged"],
            0,
            1,
            row["criterion"]["null"],
            n=row["criterion"]["features"],
            meaning=f"Over {row['criterion']['tokens']:,} tokens. Mark: with values shuffled over tokens.",
            peer=True,
        )
        for row in heads
    ]


def headline(heads: list[Row]) -> list[Evidence]:
    """Of the last head: F1 of the best 16 of our rules, and of the paper's pairs."""
    row = heads[-1]["rankings"]
    return [
        Evidence(label, row[name]["f1"][1][1], 0, 1, n=heads[-1]["n"], peer=name != "rules", meaning=meaning)
        for label, name, meaning in (
            ("SmolLM2, our best 16 rules", "rules", "Median F1 over features on held-out text."),
            ("SmolLM2, the paper's best 16", "paper", "Median F1 over the same features, pairs by exp(A) S."),
        )
    ]
