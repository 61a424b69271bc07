"""The head of a feature's page: which it is, what it says, and where it is strongest."""

from backends.attention_rules import shelf
from backends.attention_rules.shelf import FeatureKey
from explorers.attention_rules.causal_page import verdict_badge
from explorers.attention_rules.examples import striking
from explorers.attention_rules.pictures import writes_towards
from explorers.attention_rules.words import Row, sentence
from explorers.views.svg import NOTHING, escape, tag

CHOSEN = (
    "Chosen to open with: of all verified features, the one that its rules tell best beyond what words and pairs tell. "
    "“Some other feature” shows ordinary ones."
)


def lead(key: FeatureKey, row: Row) -> str:
    """The head of the page: which feature, what it says, and where it is strongest."""
    where = f"Layer {key.layer}, head {key.head} · feature {key.feature} · seed {key.seed} "
    return tag(
        "section",
        tag("p", escape(where), verdict_badge(row, "source "), class_="atelier-note"),
        tag("h2", escape(sentence(row)), class_="atelier-claim"),
        striking(row),
        writes_towards(row),
        tag("p", escape(CHOSEN), class_="atelier-note") if key == shelf.opening() else NOTHING,
        class_="atelier-section atelier-feature",
        data_picture="feature",
        aria_label="The chosen feature",
    )
