"""The heads of the model: their names in links, what was measured of each, and the map of them all."""

import re
from typing import NamedTuple

from backends.attention_rules import shelf
from backends.attention_rules.shelf import FeatureKey
from backends.errors import InputError, quoted
from explorers.attention_rules.words import Row
from explorers.views.head_map import Measure, map_value
from explorers.views.live import JsonValue

NEARLY_CONSTANT = 0.1
"""`CONSTANT` of the backend's measures, which needs torch: what varies less writes nearly one vector."""

MEASURES = (
    Measure("dimension", "Variety of output", "Effective dimension of what it writes, up to 64.", 1, 40),
    Measure("pca1", "Output on one direction", "Share of its output's variance in one direction (PCA).", 0, 0.5),
    Measure("pca8", "Output on eight directions", "Share of its output's variance in eight directions.", 0.3, 0.8),
    Measure("first", "On the first token", "Share of attention on the first token: a sink, it says nothing.", 0, 1),
    Measure("second", "On a second sink", "Share on one more column that collects attention.", 0, 0.4),
    Measure("previous", "On the token before", "Share of attention on the previous token.", 0, 0.5),
    Measure("itself", "On the token itself", "Share of attention on the query's own token.", 0, 0.5),
    Measure("same", "On earlier copies", "On repeated random tokens: share on the earlier copy of the token.", 0, 0.3),
    Measure("induction", "Induction", "On repeated random tokens: share on the token after the earlier copy.", 0, 0.5),
    Measure(
        "entropy", "Spread (entropy)", "Entropy of a row of attention in nats: how many tokens share it.", 0, 3.2,
        masked="entropy_masked",
    ),
    Measure("distance", "Mean distance", "How many tokens back it looks on average, without the first token.", 0, 24),
)  # fmt: skip

_KEY = re.compile(r"L(\d{1,3})H(\d{1,3})")


class HeadKey(NamedTuple):
    """Which head: it travels as text such as `L12H3`."""

    layer: int
    head: int

    @classmethod
    def parse(cls, text: str) -> "HeadKey":
        """The head that `text` spells; InputError for anything else."""
        found = _KEY.fullmatch(text)
        if found is None:
            raise InputError(f"{quoted(text)} names no head; an example is L12H3.")
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def of(cls, key: FeatureKey) -> "HeadKey":
        """The head of a feature."""
        return cls(key.layer, key.head)

    def __str__(self) -> str:
        return f"L{self.layer:02d}H{self.head}"

    @property
    def words(self) -> str:
        """Its name in a sentence."""
        return f"layer {self.layer}, head {self.head}"


def measured(head: HeadKey) -> Row:
    """What was measured of `head`; InputError if the model has none such."""
    rows = shelf.head_map()["heads"]
    for row in rows:
        if (row["layer"], row["head"]) == head:
            return dict(row)
    layers, heads = (max(row[name] for row in rows) for name in HeadKey._fields)
    raise InputError(f"The model has no {head.words}: its layers are 0 to {layers}, its heads 0 to {heads}.")


def nearly_constant(row: Row) -> bool:
    """Whether a measured head writes nearly the same vector everywhere."""
    return bool(row["varying"] < NEARLY_CONSTANT)


def extracted(head: HeadKey) -> Row | None:
    """What the index says of the extraction of `head` and of its autoencoder; None without rules."""
    return next((row for row in shelf.rules_index().heads() if (row["layer"], row["head"]) == head), None)


def best_feature(head: HeadKey) -> FeatureKey | None:
    """The verified feature of `head` that its rules foretell best, or else the best of any; None without rules."""
    row = extracted(head)
    features = shelf.rules_index().features(*head, row["seed"]) if row else []
    if row is None or not features:
        return None
    best = next((one for one in features if one["verdict"] == "verified"), features[0])
    return FeatureKey(*head, row["seed"], best["feature"])


def heads_value(selected: HeadKey) -> JsonValue:
    """The map's value: all heads, those with rules ringed, those that write one vector hatched."""
    rows = shelf.head_map()["heads"]
    return map_value(
        rows,
        MEASURES,
        marked=[(row["layer"], row["head"]) for row in shelf.rules_index().heads()],
        constant=[(row["layer"], row["head"]) for row in rows if nearly_constant(row)],
        selected=selected,
    )
