"""What rules are worth inside the model: they stand in for the features of a head."""

from statistics import median
from typing import Any

from backends.attention_rules.shelf import FeatureKey
from explorers.attention_rules.words import Row
from explorers.views.evidence import Evidence, evidence_strip
from explorers.views.numbers import fixed
from explorers.views.picture import Table
from explorers.views.svg import NOTHING, Markup, escape, tag

LESSON = (
    "The head's output is put together from what its rules foretell, in the model's forward pass, and the model's next "
    "tokens move. 1: they stay where they were; 0: they move as far as with the head's mean in its place, which tells "
    "nothing. Foretelling when a feature is active is not yet foretelling how much."
)


def stand_in_html(key: FeatureKey, found: dict[str, Any]) -> Markup:
    """What `shelf.stand_in` holds of the head of `key`; nothing where it holds nothing of it."""
    row = next((one for one in found["heads"] if (one["layer"], one["head"]) == (key.layer, key.head)), None)
    if row is None:
        return NOTHING
    told = f"layer {key.layer}, head {key.head}, seed {row['seed']}; held-out text"
    loss = row["loss"]
    losses = (
        f"Next-token loss: {fixed(loss['clean'], 4)} nats with the head as it is; with its mean in its place "
        f"{fixed(loss['ablated'], 4)}, with its rules {fixed(loss['rules'], 4)}, with the autoencoder "
        f"{fixed(loss['autoencoder'], 4)}. One of 270 heads changes it so little that the divergence tells more."
    )
    note = (
        f"Precomputed by {found['command']} on {found['date']}: {found['texts']} sequences; single features on the "
        f"{found['strongest']} on which each is strongest."
    )
    headings = ("feature replaced alone", "F1 of its rules", "moved by its mean, nats", "kept by its rules")
    rows = tuple((f"{one['feature']}", one["f1"], one["ablated"], one["rules"]) for one in row["features"])
    return tag(
        "section",
        tag("h3", escape("Rules in the place of its head "), tag("small", escape(told))),
        tag("p", escape(LESSON)),
        Markup(evidence_strip(evidence(row)).html),
        tag("p", escape(losses), class_="atelier-note"),
        tag("div", Table(headings, rows).html(), class_="atelier-rules"),
        tag("p", escape(note), class_="atelier-note"),
        class_="atelier-section",
    )


def evidence(row: Row) -> list[Evidence]:
    """How much the rules, the autoencoder and single features' rules keep, with 0 as the baseline of the mean."""
    alone = [one["rules"] for one in row["features"] if one["rules"] is not None]
    moved = f"Its mean moves the model by {fixed(row['ablated'], 4)} nats (KL divergence)."
    found = [
        _kept("Rules for all features", row["rules"], f"Every feature as its rules foretell it. {moved}"),
        _kept("The autoencoder", row["autoencoder"], "What the true features keep: rules cannot do much better."),
        _kept("Variance told by rules", row["explained"], "Of the head's output z, beside its mean."),
    ]
    if alone:
        meaning = "One feature by its rules, all else as it is; the interval reaches from the worst to the best."
        found.append(_kept("One feature, median", median(alone), meaning, min(alone), max(alone), len(alone)))
    return found


def _kept(
    label: str, value: float, meaning: str, low: float | None = None, high: float | None = None, n: int | None = None
) -> Evidence:
    floor = min(0.0, value, low if low is not None else 0.0)
    return Evidence(label, value, floor, 1, 0.0, low, high, n, meaning=meaning)
