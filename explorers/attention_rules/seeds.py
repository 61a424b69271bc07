"""How the figures of a head vary with the seed of its autoencoder."""

from collections.abc import Sequence

from backends.attention_rules.shelf import FeatureKey
from explorers.attention_rules.words import Row
from explorers.views.picture import Table
from explorers.views.svg import NOTHING, Markup, escape, tag

_ROWS = (
    ("live features", "features"),
    ("F1 of our rules, natural rate", "f1"),
    ("F1 of single words", "f1_unigram"),
    ("F1 of the paper's pairs", "f1_paper"),
    ("F1 of the true sum (ceiling)", "f1_exact"),
    ("ours over the better of words and pairs", "times"),
    ("value lost without the main source", "effect"),
    ("value lost without another source", "control"),
    ("share of features verified", "verified"),
    ("variance explained by the autoencoder", "explained"),
)


def seeds_html(key: FeatureKey, rows: Sequence[Row]) -> Markup:
    """A table of the head of `key`, a column a seed; nothing where fewer than two are known."""
    own = [row for row in rows if (row["layer"], row["head"]) == (key.layer, key.head)]
    if len(own) < 2:
        return NOTHING
    headings = ("median over features", *(f"seed {row['seed']}" for row in own))
    table = Table(headings, tuple((words, *(row[name] for row in own)) for words, name in _ROWS))
    told = f"layer {key.layer}, head {key.head}; each seed trains an autoencoder of its own, with other features"
    return tag(
        "section",
        tag("h3", escape("Its head over seeds "), tag("small", escape(told))),
        tag("div", table.html(), class_="atelier-rules"),
        class_="atelier-section",
    )
