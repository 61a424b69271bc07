"""A feature's evidence, its curves and its tests as pictures."""

from collections.abc import Sequence

from explorers.attention_rules.words import VERDICTS, Row, visible
from explorers.views.badge import badge
from explorers.views.evidence import Evidence, evidence_strip
from explorers.views.heat_map import heat_map
from explorers.views.histogram import histogram
from explorers.views.line_curve import Series, line_curve
from explorers.views.numbers import number
from explorers.views.picture import Picture
from explorers.views.svg import Markup, escape, join, tag

KS = (4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096)
K_TICKS = [(at, f"{k:,}") for at, k in enumerate(KS) if at % 2 == 0]
ALWAYS_ON_TOP = 2 / 3
"""F1 of saying "always" where half of the examples are active."""


def evidence(feature: Row) -> Picture:
    """The strip: what the rules foretell, what the true sum does, what happens without the source."""
    verdict = feature["verdict"]
    return evidence_strip(
        (
            Evidence(
                "Rules foretell it", feature["f1"], 0, 1, feature["f1_unigram"], symbol="F1",
                meaning="F1 of the rules for strong activations on held-out text at their natural rate. The baseline "
                "is the best list of single words anywhere before (unigram).",
            ),
            Evidence(
                "The true sum foretells it", feature["f1_exact"], 0, 1, feature["f1_single"], symbol="F1",
                meaning="F1 of the true sum of all contributions above a threshold that was set on other text: what a "
                "rule list may hope for, though now and then it passes it. The baseline is the best single source.",
            ),
            Evidence(
                "Lost without the source", feature["effect"], 0, 1, feature["control"], n=feature["cases"],
                meaning=f"Mean share of the feature's value that is lost when its main source token is replaced; the "
                f"baseline replaces another earlier token. The difference lies between {number(feature['low'])} and "
                f"{number(feature['high'])} (95 %): {verdict}.",
            ),
            Evidence(
                "On hand-picked examples", feature["top_f1"], 0, 1, ALWAYS_ON_TOP, symbol="F1",
                meaning="The paper's set: strongest against silent sequences. Saying “always” scores 0.667 there and a "
                f"list of words {number(feature['top_f1_unigram'])}: do not be impressed by this one.",
            ),
        )
    )  # fmt: skip


def natural_curve(feature: Row) -> Picture:
    """F1 over the number of rules on natural text, with every baseline, and what the true contributions foretell."""
    flat = (
        ("true sum", feature["f1_exact"]),
        ("best single source", feature["f1_single"]),
        ("paper's pairs, best k", feature["f1_paper"]),
        ("random pairs, best k", feature["f1_random"]),
        ("always active", feature["f1_always"]),
    )
    series = [
        Series("our rules", range(len(KS)), feature["curve"], role="ours"),
        Series("pairs by true contribution", range(len(KS)), feature["curve_pairs"]),
        Series("single words (unigram)", range(len(KS)), feature["curve_unigram"], role="baseline"),
        *(
            Series(name, (0, len(KS) - 1), (value, value), role="baseline", dashed=True)
            for name, value in flat
            if value is not None
        ),
    ]
    return line_curve(
        series, title="At the natural rate: how much of the feature do the first k rules foretell?",
        x_title="number of rules k", y_title="F1, held-out text", y_limits=(0, 1), x_ticks=K_TICKS,
    )  # fmt: skip


def top_curve(feature: Row) -> Picture:
    """F1 over the number of rules on the paper's set, where the trivial guess is already high."""
    spread = range(len(KS))
    return line_curve(
        [
            Series("our rules", spread, feature["top_curve"], role="ours"),
            Series("single words (unigram)", spread, feature["top_curve_unigram"], role="baseline"),
            Series("always active", (0, len(KS) - 1), (ALWAYS_ON_TOP, ALWAYS_ON_TOP), role="baseline", dashed=True),
        ],
        title="The paper's set: strongest against silent sequences",
        x_title="number of rules k", y_title="F1", y_limits=(0, 1), x_ticks=K_TICKS,
    )  # fmt: skip


def activations(feature: Row) -> Picture:
    """How its activations are spread on held-out text, and from where on they count as strong."""
    highest = max((max(one["active"]) for one in feature["examples"] if one["active"]), default=feature["strong"] * 3)
    return histogram(
        feature["histogram"], high=max(highest, feature["strong"]), mark=feature["strong"],
        mark_name="strong from here", title="Activations where it is not silent", x_title="activation",
    )  # fmt: skip


def facts(feature: Row) -> str:
    """How often it is active, and what it writes towards."""
    words = join(tag("code", escape(visible(one)), class_="atelier-token") for one in feature["outputs"])
    rate = f"Active at {feature['density'] * 100:.2g} % of tokens. Precision {number(feature['precision'], 2)}, recall "
    said = f"{rate}{number(feature['recall'], 2)}, rank correlation {number(feature['spearman'], 2)} on held-out text."
    return tag(
        "section",
        tag("h3", escape("Writes towards "), tag("small", escape("tokens that its output direction raises most"))),
        tag("p", words),
        tag("p", escape(said), class_="atelier-note"),
        class_="atelier-section",
    )


def tests(feature: Row) -> str:
    """What came out of the tests of absence and counting, each with its controls."""
    parts = [_causal(feature), *(_test(one) for one in feature["tests"])]
    return tag("div", *parts, class_="atelier-columns")


def _causal(feature: Row) -> Markup:
    label, status = VERDICTS[feature["verdict"]]
    lost = (
        f"Replacing the main source takes {_percent(feature['effect'])} of the value; replacing another "
        f"earlier token takes {_percent(feature['control'])} ({feature['cases']} cases; difference "
        f"{number(feature['low'])} to {number(feature['high'])})."
    )
    return tag(
        "section",
        tag("h3", escape("Replacement "), badge(label, status)),
        tag("p", escape(lost)),
        class_="atelier-section",
    )


def _percent(share: float | None) -> str:
    return number(None if share is None else share * 100, 2) + " %"


def _test(row: Row) -> Markup:
    label, status = VERDICTS[row["verdict"]]
    token = visible(row["token"] or "")
    if row["kind"] == "absence":
        said = (
            f"Putting “{token}” before the query takes {_percent(row['effect'])} of the value. Tokens that draw as "
            f"much attention take {_percent(row['control'])}, random ones {_percent(row['random'])} "
            f"({row['cases']} cases). It stands there in {row['natural']} places of the text by itself."
        )
        return tag(
            "section", tag("h3", escape(f"Absence: unless “{token.strip()}” "), badge(label, status)),
            tag("p", escape(said)), class_="atelier-section",
        )  # fmt: skip
    against = visible(row["against"] or "")
    said = f"“{token}” against “{against}” before “{visible(row['query'] or '')}”: copies of each were put in."
    grids = _grids(row["predicted"], row["measured"], token, against)
    return tag(
        "section", tag("h3", escape("Counting "), badge(label, status)), tag("p", escape(said)), grids,
        class_="atelier-section",
    )  # fmt: skip


def _grids(predicted: Sequence[float] | None, measured: Sequence[float] | None, token: str, against: str) -> Markup:
    if not predicted or not measured:
        return tag("p", escape("No grid was measured."), class_="atelier-note")
    side = round(len(measured) ** 0.5)
    measured_rows, predicted_rows = (
        [values[n * side : (n + 1) * side] for n in range(side)] for values in (measured, predicted)
    )
    return count_grids(measured_rows, predicted_rows, token, against)


def count_grids(
    measured: Sequence[Sequence[float]], predicted: Sequence[Sequence[float]], token: str, against: str
) -> Markup:
    """The value for n copies of one token (rows) and m of another (columns), measured and in closed form."""
    steps = [str(n) for n in range(len(measured))]
    reach = max(abs(value) for grid in (measured, predicted) for row in grid for value in row) or 1.0
    pictures = (
        heat_map(
            values, rows=[f"{n} × “{token.strip()}”" for n in steps], columns=steps, title=title,
            column_title=f"copies of “{against.strip()}”", scale="diverging", limits=(-reach, reach),
        )
        for title, values in (("Measured", measured), ("Closed form", predicted))
    )  # fmt: skip
    return Markup("".join(picture.html for picture in pictures))
