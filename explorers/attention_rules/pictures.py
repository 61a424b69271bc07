"""A feature's evidence, its activations, what it writes, and grids of counts as pictures."""

from collections.abc import Sequence

from explorers.attention_rules.curves import ALWAYS_ON_TOP
from explorers.attention_rules.words import Row, tokens
from explorers.views.evidence import Evidence, evidence_strip
from explorers.views.heat_map import heat_map
from explorers.views.histogram import histogram
from explorers.views.numbers import number
from explorers.views.picture import Picture
from explorers.views.svg import Markup, escape, tag


def evidence(feature: Row) -> Picture:
    """The strip: what the rules foretell, what the true sum does, what happens without the source."""
    return evidence_strip(
        (
            Evidence(
                "Rules foretell it", feature["f1"], 0, 1, feature["f1_unigram"], symbol="F1",
                meaning=f"F1 of the rules for strong activations on held-out text at their natural rate. Its first "
                f"{feature['k']} of {len(feature['rules'])} rules do best; for the figure their number was chosen on "
                "other sequences. The baseline is a list of single words anywhere before (unigram).",
            ),
            Evidence(
                "Its sum alone foretells it", feature["f1_exact"], 0, 1, feature["f1_single"], symbol="F1",
                meaning="F1 of the true sum of all contributions above a threshold that was set on other text, without "
                "the competition among features: what a list of rules may hope for, though now and then it passes it. "
                "The baseline is the best single source.",
            ),
            Evidence(
                "Lost without the source", feature["effect"], 0, 1, feature["control"], n=feature["cases"],
                meaning=f"Mean share of the feature's value that is lost when its main source token is replaced; the "
                f"baseline replaces another earlier token. The difference lies between {number(feature['low'])} and "
                f"{number(feature['high'])} (95 %): {feature['verdict']}.",
            ),
            Evidence(
                "On hand-picked examples", feature["top_f1"], 0, 1, ALWAYS_ON_TOP, symbol="F1",
                meaning="The paper's set: strongest against silent sequences. Saying “always” scores 0.667 there and a "
                f"list of words {number(feature['top_f1_unigram'])}: do not be impressed by this one.",
            ),
        )
    )  # fmt: skip


def activations(feature: Row) -> Picture:
    """How its activations are spread on held-out text, and from where on they count as strong."""
    highest = max((max(one["active"]) for one in feature["examples"] if one["active"]), default=feature["strong"] * 3)
    return histogram(
        feature["histogram"], high=max(highest, feature["strong"]), mark=feature["strong"],
        mark_name="strong from here", title="Activations where it is not silent", x_title="activation",
    )  # fmt: skip


def writes_towards(feature: Row) -> Markup:
    """The tokens that its output direction raises most, in a line."""
    return tag("p", tag("small", escape("Writes towards "), title=_RAISED), tokens(feature["outputs"]))


_RAISED = "Tokens that its output direction raises most as next ones"


def in_figures(feature: Row) -> Markup:
    """How often it is active, and how its rules do, in a line."""
    said = (
        f"On held-out text active at {feature['density'] * 100:.2g} % of tokens. Its rules have precision "
        f"{number(feature['precision'], 2)} and recall {number(feature['recall'], 2)} with their number chosen on "
        f"other sequences; the first {feature['k']} have rank correlation {number(feature['spearman'], 2)}."
    )
    return tag("p", escape(said), class_="atelier-note")


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
