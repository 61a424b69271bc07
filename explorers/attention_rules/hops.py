"""A rule of two hops: what makes "the token after an earlier copy" possible, in our two-layer model and in SmolLM2."""

from statistics import mean
from typing import Any

from explorers.attention_rules.words import Row
from explorers.views.evidence import Evidence, evidence_strip
from explorers.views.picture import Table
from explorers.views.svg import Markup, escape, join, tag

LESSON = (
    "“The token after an earlier copy” is no rule over two tokens: a source cannot know what stands before it unless a "
    "head of a lower layer has told it. Here random tokens are said twice, and each lower head in turn is taken out of "
    "what the upper head's keys, or its queries, are made from: its output replaced by its mean, on the direct path."
)
MODELS = {"two-layer": "our model of two layers of attention", "smollm2": "SmolLM2-135M"}
BY_WEIGHTS = (
    "This model has no norms and no feed-forward layers, so the rule can be read off its weights, over all its tokens: "
    "whether a query of a token scores highest, of all tokens, at the key that was told “the same token stood before "
    "you”; and whether the head, where it looks at a token, raises that token most. It was taught by passages that are "
    "said again 16 tokens later or more, and knows little of nearer copies."
)
_NEAREST = 16


def hops_html(found: dict[str, Any]) -> str:
    """What `shelf.two_hops` holds: for every upper head a strip over draws of tokens, and a table of lower heads."""
    note = (
        f"Precomputed by {found['command']} on {found['date']}: 64 texts of {found['tokens']} tokens said twice, "
        f"draws {', '.join(map(str, found['seeds']))}. Bars show the mean, intervals the lowest and highest draw; the "
        "tables are the first draw's."
    )
    return join(
        (
            tag("h3", escape("A rule of two hops "), tag("small", escape("attention behind the earlier copy"))),
            tag("p", escape(LESSON)),
            *(tag("section", *_head(row), class_="atelier-section") for row in found["heads"]),
            tag("p", escape(note), class_="atelier-note"),
        )
    )


def _head(row: Row) -> tuple[Markup, ...]:
    first = row["runs"][0]
    rows = tuple((name_of(one), one["previous"], one["keys"], one["queries"]) for one in first["first"])
    whole = ("none", None, first["induction"], first["induction"])
    more = first["count"] - len(rows)
    rest = ((f"any of the {more} others, mean", None, first["others"], None),) if more else ()
    headings = ("taken out", "its attention to the token before", "left without it in the keys", "in the queries")
    return (
        tag("h3", escape(f"Layer {row['layer']}, head {row['head']} "), tag("small", escape(MODELS[row["model"]]))),
        Markup(evidence_strip(evidence(row["runs"])).html),
        tag("div", Table(headings, (whole, *rows, *rest)).html(), class_="atelier-rules"),
        *(_weights(row["by_weights"]) if "by_weights" in row else ()),
    )


def _weights(found: Row) -> tuple[Markup, ...]:
    chance = found["by_chance"]
    strip = [
        Evidence(
            f"Finds its copy, {far} tokens back",
            share,
            0,
            1,
            baseline=chance,
            meaning="Share of tokens; mark: by chance.",
        )
        for far, share in zip(found["distances"], found["matched"], strict=True)
        if far >= _NEAREST
    ]
    strip.append(
        Evidence(
            "Raises what it looks at",
            found["copied"],
            0,
            1,
            baseline=chance,
            meaning="Share of tokens; mark: by chance.",
        )
    )
    table = Table(
        ("tokens back", "share of tokens that find their copy"),
        tuple(zip(found["distances"], found["matched"], strict=True)),
    )
    return (
        tag("p", escape(BY_WEIGHTS)),
        Markup(evidence_strip(strip).html),
        tag("div", table.html(), class_="atelier-rules"),
    )


def name_of(one: Row) -> str:
    """A lower head, in words."""
    return f"layer {one['layer']}, head {one['head']}"


def evidence(runs: list[Row]) -> list[Evidence]:
    """The attention behind the earlier copy: whole, and without lower heads in the keys or in the queries."""
    first = runs[0]["first"]
    told = name_of(first[0])
    chance = mean(run["by_chance"] for run in runs)
    parts = [
        ("Whole", [run["induction"] for run in runs], "Share of the head's attention; mark: spread evenly."),
        (
            f"Keys without {told}",
            [run["first"][0]["keys"] for run in runs],
            "The lower head without which the keys lose most: the first hop.",
        ),
        (
            "Queries without it",
            [run["first"][0]["queries"] for run in runs],
            "The same head, taken out of the queries alone.",
        ),
        ("Keys without another", [_another(run) for run in runs], "The mean over lower heads that matter less."),
    ]
    return [
        Evidence(label, mean(values), 0, 1, low=min(values), high=max(values), baseline=chance, meaning=meaning)
        for label, values, meaning in parts
    ]


def _another(run: Row) -> float:
    """What the keys are left with without a lower head that matters less: of those in the table, where it has all."""
    return float(run["others"]) if run["others"] is not None else mean(one["keys"] for one in run["first"][1:])
