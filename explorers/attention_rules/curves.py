"""How well the first k rules of a feature foretell it, on both sets, beside other lists and what is best possible."""

from collections.abc import Sequence

from backends.attention_rules.names import KS
from explorers.attention_rules.words import Row
from explorers.views.line_curve import Series, line_curve
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
    values = [*((name, feature[f"{score}_{ending}"]) for name, ending in FLAT), *flat]
    series = [
        Series("our rules", *_until(feature, feature[column]), role="ours"),
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


def detail_curve(feature: Row, column: str = "curve") -> Picture:
    """Precision, recall and rank correlation of the first k rules: on natural text; as `top_curve`, on the paper's."""
    lines = (("precision", "precision"), ("recall", "recall"), ("rank correlation", "spearman"))
    series = [Series(name, *_until(feature, feature[f"{column}_{ending}"])) for name, ending in lines]
    where = "at the natural rate" if column == "curve" else "on the paper's set"
    return line_curve(
        series, title=f"Precision, recall and rank correlation of our rules {where}",
        x_title="number of rules k", y_title="held-out text", x_ticks=[(at, f"{k:,}") for at, k in enumerate(KS)],
    )  # fmt: skip


def _until(feature: Row, values: Sequence[float]) -> tuple[Sequence[int], Sequence[float]]:
    """Places in `KS` and values up to that k at which the feature's rules come to their end."""
    count = len(feature["rules"])
    last = next((at for at, k in enumerate(KS) if k >= count), len(KS) - 1)
    return range(last + 1), values[: last + 1]
