"""What came of putting a feature's rules to the test in text: replaced sources, inserted words, counted words."""

from collections.abc import Sequence

from backends.attention_rules.names import LEAST, MARGIN
from explorers.attention_rules.pictures import count_grids
from explorers.attention_rules.words import VERDICTS, Row, visible
from explorers.views.badge import badge
from explorers.views.bar import Bar, bar_chart
from explorers.views.numbers import number
from explorers.views.svg import Markup, escape, tag


def causal_page(feature: Row) -> str:
    """The replacement of the main source, then the tests of absence and counting, each with its controls."""
    parts = [_replacement(feature), *(_test(one) for one in feature["tests"])]
    return tag("div", *parts, class_="atelier-columns")


def _replacement(feature: Row) -> Markup:
    said = (
        "In held-out text the source that gives most is replaced by a random token, and the model is run again; the "
        f"control replaces another token as near ({feature['cases']} cases, the strongest)."
    )
    bars = (Bar("the main source", feature["effect"]), Bar("another token", feature["control"]))
    return _section("Replacement", feature, said, "Share of the value lost by replacing", bars)


def _test(row: Row) -> Markup:
    return _absence(row) if row["kind"] == "absence" else _counting(row)


def _absence(row: Row) -> Markup:
    token = visible(row["token"] or "")
    times = f"in {row['natural']:,} sequences" if row["natural"] else "nowhere"
    said = (
        f"“{token}” is put in before the query ({row['cases']} cases). In the held-out text it stands there by itself "
        f"{times}; {_percent(row['specificity'])} of random tokens do less than half as much."
    )
    bars = (
        Bar(f"“{token.strip()}”", row["effect"]),
        Bar("tokens that draw as much attention", row["control"]),
        Bar("random tokens", row["random"]),
    )
    return _section(f"Absence: unless “{token.strip()}”", row, said, "Share of the value lost by putting in", bars)


def _section(title: str, row: Row, said: str, picture: str, bars: Sequence[Bar]) -> Markup:
    difference = Bar("difference", row["effect"] - row["control"], row["low"], row["high"], baseline=MARGIN)
    shown = bar_chart(
        [*bars, difference] if row["cases"] >= LEAST else bars,
        title=picture,
        axis_title=f"share; the mark, {MARGIN}, must lie outside the interval",
        limits=_limits(row),
    )
    return tag(
        "section",
        tag("h3", escape(f"{title} "), verdict_badge(row)),
        tag("p", escape(said)),
        Markup(shown.html),
        class_="atelier-section",
    )


def _limits(row: Row) -> tuple[float, float]:
    lowest = min(row["effect"], row["control"], row["low"] if row["cases"] >= LEAST else 0.0, 0.0)
    return (-1.0, 1.05) if lowest < -0.05 else (-0.05, 1.05)


def verdict_badge(row: Row, what: str = "") -> Markup:
    """The verdict, on `what`; of a test with too few cases, that they are too few."""
    if row["cases"] < LEAST:
        return badge(f"{what}undecided: {row['cases']} cases only")
    label, status = VERDICTS[row["verdict"]]
    return badge(what + label, status)


def _percent(share: float | None) -> str:
    return number(None if share is None else share * 100, 2) + " %"


def _counting(row: Row) -> Markup:
    token, against = visible(row["token"] or ""), visible(row["against"] or "")
    said = (
        f"Copies of “{token}” and of “{against}” are put in before “{visible(row['query'] or '')}”, in {row['cases']} "
        f"texts. The closed form is on the right side of 0 in {_percent(row['effect'])} of the cells; the commoner "
        f"side alone would be in {_percent(row['control'])} (difference {number(row['low'])} to {number(row['high'])})."
    )
    return tag(
        "section",
        tag("h3", escape("Counting "), verdict_badge(row)),
        tag("p", escape(said)),
        _grids(row["predicted"], row["measured"], token, against),
        class_="atelier-section",
    )


def _grids(predicted: Sequence[float] | None, measured: Sequence[float] | None, token: str, against: str) -> Markup:
    if not predicted or not measured:
        return tag("p", escape("No grid was measured."), class_="atelier-note")
    side = round(len(measured) ** 0.5)
    measured_rows, predicted_rows = (
        [values[n * side : (n + 1) * side] for n in range(side)] for values in (measured, predicted)
    )
    return count_grids(measured_rows, predicted_rows, token, against)
