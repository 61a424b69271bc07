"""How well the first k rules of a feature foretell it, on both sets, beside other lists and what is best possible."""

from collections.abc import Sequence

from backends.attention_rules.names import KS
from explorers.attention_rules.words import Row
from explorers.views.line_curve import Role, Series, line_curve
from explorers.views.picture import Picture

K_TICKS = [(at, f"{k:,}") for at, k in enumerate(KS) if at % 2 == 0]
ALWAYS_ON_TOP = 2 / 3
"""F1 of saying "always" where half of the examples are active."""

FLAT = (
    ("true sum", "exact"),
    ("best single source", "single"),
    ("paper's pairs, best k", "paper"),
    ("random pairs, best k", "random"),
)
"""What is drawn as one value for all k, and the ending of its column."""

DETAILS = (("precision", "precision"), ("recall", "recall"), ("rank correlation", "spearman"))
SETS: tuple[tuple[str, str, Role], ...] = (("curve", "", "other"), ("top_curve", ", paper's set", "baseline"))
"""The sets of text: the column of F1 over k, what is said of it, and how it is drawn."""


def natural_curve(feature: Row) -> Picture:
    """F1 over the number of rules on natural text, with every baseline, and what the true contributions foretell."""
    return _curve(
        feature, "curve", "f1",
        (("always active", feature["f1_always"]),),
        (("pairs by true contribution", feature["curve_pairs"]),),
        title="At the natural rate: how much of the feature do the first k rules foretell?",
        y_title="F1, held-out text",
    )  # fmt: skip


def top_curve(feature: Row) -> Picture:
    """F1 over the number of rules on the paper's set, where the trivial guess is already high."""
    return _curve(
        feature, "top_curve", "top_f1",
        (("always active", ALWAYS_ON_TOP), ("pairs by true contribution, best k", feature["top_f1_pairs"])),
        (),
        title="The paper's set, strongest against silent sequences: nearly everything looks good",
        y_title="F1",
    )  # fmt: skip


def _curve(
    feature: Row,
    column: str,
    score: str,
    flat: Sequence[tuple[str, float]],
    other: Sequence[tuple[str, Sequence[float]]],
    *,
    title: str,
    y_title: str,
) -> Picture:
    places = _places(feature)
    values = [*((name, feature[f"{score}_{ending}"]) for name, ending in FLAT), *flat]
    series = [
        Series("our rules", places, _cut(feature[column], places), role="ours"),
        *(Series(name, range(len(KS)), values) for name, values in other),
        Series("single words (unigram)", range(len(KS)), feature[f"{column}_unigram"], role="baseline"),
        *(
            Series(name, (0, len(KS) - 1), (value, value), role="baseline", dashed=True)
            for name, value in values
            if value is not None
        ),
    ]
    return line_curve(
        series, title=title, x_title="number of rules k", y_title=y_title, y_limits=(0, 1), x_ticks=K_TICKS
    )


def detail_curve(feature: Row) -> Picture:
    """Precision, recall and rank correlation of the first k rules, on natural text and, in grey, on the paper's set."""
    places = _places(feature)
    series = [
        Series(name + suffix, places, _cut(feature[f"{column}_{ending}"], places), role=role, dashed=role == "baseline")
        for column, suffix, role in SETS
        for name, ending in DETAILS
    ]
    return line_curve(
        series, title="Precision, recall and rank correlation of our first k rules",
        x_title="number of rules k", y_title="held-out text", x_ticks=[(at, f"{KS[at]:,}") for at in places],
    )  # fmt: skip


def _places(feature: Row) -> range:
    """Places in `KS` up to that k at which the feature's rules come to their end."""
    count = len(feature["rules"])
    return range(next((at for at, k in enumerate(KS) if k >= count), len(KS) - 1) + 1)


def _cut(values: Sequence[float], places: range) -> Sequence[float]:
    return values[: len(places)]
