"""The desk: the map of heads, the features of the chosen head, and the feature that is looked at."""

from collections.abc import Sequence
from typing import Any

import gradio as gr
from gradio.components import Component

from backends.attention_rules import shelf
from backends.attention_rules.shelf import FeatureKey
from backends.errors import AtelierError
from explorers.attention_rules import pictures
from explorers.attention_rules.lead import lead
from explorers.attention_rules.rules_table import rules_table
from explorers.attention_rules.words import MARKS, plain_name
from explorers.guard import guarded
from explorers.views.events import head_of, id_of
from explorers.views.head_map import HeadMap, Measure, map_value
from explorers.views.live import JsonValue
from explorers.views.numbers import number
from explorers.views.ranked_list import Choice, RankedList, list_value
from explorers.views.svg import escape, tag

MEASURES = (
    Measure("first", "On the first token", "Share of attention on the first token: a sink, it says nothing.", 0, 1),
    Measure("second", "On a second sink", "Share on one more column that collects attention.", 0, 0.5),
    Measure("previous", "On the token before", "Share of attention on the previous token.", 0, 1),
    Measure("itself", "On the token itself", "Share of attention on the query's own token.", 0, 1),
    Measure("same", "On earlier copies", "On repeated random tokens: share on the earlier copy of the token.", 0, 1),
    Measure("induction", "Induction", "On repeated random tokens: share on the token after the earlier copy.", 0, 1),
    Measure("entropy", "Spread (entropy)", "Entropy of a row of attention in nats: how many tokens share it.", 0, 4),
    Measure("distance", "Mean distance", "How many tokens back it looks on average, without the first token.", 0, 24),
    Measure("dimension", "Variety of output", "Effective dimension of the head's output, up to 64.", 1, 40),
)  # fmt: skip
TOP_RULES = 4
_FEATURES = tag(
    "section",
    tag("h3", escape("All features of this head "), tag("small", escape("best foretold by their rules first"))),
    class_="atelier-section",
)


class DeskPanel:
    """The map and the list at the left, one feature at the right. `key` holds which feature that is."""

    def __init__(self, key: FeatureKey) -> None:
        """Lays out the desk with the feature `key`; imports no torch."""
        row = shelf.feature(key)
        with gr.Row():
            with gr.Column(elem_classes="atelier-inputs"):
                self.map = HeadMap(self._map(key), label="Map of heads")
            with gr.Column(elem_classes="atelier-stage"):
                self.lead = gr.HTML(lead(key, row))
                self.evidence = gr.HTML(pictures.evidence(row).html)
                self.rules = gr.HTML(rules_table(row["rules"][:TOP_RULES], "Best rules"))
                with gr.Row(elem_classes="atelier-actions"):
                    self.some = gr.Button("Some other feature", size="sm")
                    self.actions = gr.Row(elem_classes="atelier-actions")
                gr.HTML(_FEATURES)
                self.features = RankedList(features_value(key), label="Features of the head")
        self.key = gr.Textbox(str(key), visible="hidden", label="Feature")
        quick: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        self.map.select(guarded(self._head), None, [self.key, self.map], **quick)
        self.features.select(guarded(id_of_feature), None, self.key, **quick)
        self.some.click(guarded(self._random), self.key, self.key, **quick)
        self.key.change(guarded(self._show), self.key, self.outputs, **quick)

    @property
    def fields(self) -> dict[str, Component]:
        """What a link to this desk carries."""
        return {"feature": self.key}

    @property
    def outputs(self) -> list[Component]:
        """What changes with the feature."""
        return [self.map, self.features, self.lead, self.evidence, self.rules]

    def _show(self, text: str) -> Sequence[Any]:
        key = FeatureKey.parse(text)
        row = shelf.feature(key)
        best = rules_table(row["rules"][:TOP_RULES], "Best rules")
        return self._map(key), features_value(key), lead(key, row), pictures.evidence(row).html, best

    def _head(self, event: gr.EventData) -> tuple[str, JsonValue]:
        layer, head = head_of(event)
        index = shelf.rules_index()
        extracted = [row for row in index.heads() if (row["layer"], row["head"]) == (layer, head)]
        if not extracted:
            raise AtelierError(
                f"No rules were extracted from layer {layer}, head {head}. Heads with rules have a dot on the map."
            )
        seed = extracted[0]["seed"]
        best = index.features(layer, head, seed)
        verified = [row for row in best if row["verdict"] == "verified"] or best
        key = FeatureKey(layer, head, seed, verified[0]["feature"])
        return str(key), self._map(key)

    @staticmethod
    def _map(key: FeatureKey) -> JsonValue:
        marked = [(row["layer"], row["head"]) for row in shelf.rules_index().heads()]
        return map_value(
            shelf.head_map()["heads"], MEASURES, marked=marked, selected=(key.layer, key.head), shown="previous"
        )

    @staticmethod
    def _random(text: str) -> str:
        seeds = sum(map(ord, text)) * 7919 + FeatureKey.parse(text).feature
        found = FeatureKey.of(shelf.rules_index().random(seeds))
        return str(found)


def id_of_feature(event: gr.EventData) -> str:
    """The feature that a row of a list names, checked."""
    return str(FeatureKey.parse(id_of(event)))


def features_value(key: FeatureKey) -> JsonValue:
    """The features of the head of `key`, best foretold first, `key` itself always among them."""
    rows = shelf.rules_index().features(key.layer, key.head, key.seed)
    shown = [row for at, row in enumerate(rows) if at < shelf.SHOWN or row["feature"] == key.feature]
    choices = [
        Choice(
            str(key._replace(feature=row["feature"])),
            plain_name(row["name"]),
            f"F1 {number(row['f1'], 2)} {row['verdict']}",
            row["f1"],
            MARKS[row["verdict"]],
        )
        for row in shown
    ]
    return list_value(choices, selected=str(key), empty="This head has no features.")
