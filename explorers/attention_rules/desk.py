"""The desk: the map of heads, the features of the chosen head, and the feature that is looked at."""

import secrets
from collections.abc import Sequence
from typing import Any

import gradio as gr
from gradio.components import Component

from backends.attention_rules import shelf
from backends.attention_rules.shelf import FeatureKey
from explorers.attention_rules import pictures
from explorers.attention_rules.head_card import head_card
from explorers.attention_rules.heads import HeadKey, best_feature, heads_value, measured
from explorers.attention_rules.lead import lead
from explorers.attention_rules.rules_table import rules_table
from explorers.attention_rules.words import MARKS, Row, plain_name
from explorers.guard import guarded
from explorers.views.events import head_of, id_of
from explorers.views.head_map import HeadMap
from explorers.views.live import JsonValue
from explorers.views.numbers import number
from explorers.views.ranked_list import Choice, RankedList, list_value
from explorers.views.svg import Markup, escape, tag

TOP_RULES = 4
DRAWS = 8
"""Tries at a feature other than the one that is shown."""


class DeskPanel:
    """The map, the chosen head and its features at the left, one feature at the right.

    `key` holds which feature that is; `head` the chosen head where it has no rules, and nothing where it is the
    feature's own.
    """

    def __init__(self, key: FeatureKey, bare: HeadKey | None = None) -> None:
        """Lays out the desk with the feature `key` and, if told, a chosen head without rules; imports no torch."""
        row = shelf.feature(key)
        with gr.Row():
            with gr.Column(elem_classes="atelier-inputs atelier-desk-left"):
                self.map = HeadMap(heads_value(bare or HeadKey.of(key)), label="Map of heads")
                self.card = gr.HTML(head_card(bare or HeadKey.of(key), key))
                self.heading = gr.HTML(_heading(key))
                self.features = RankedList(
                    features_value(key), label="Features of the head", elem_classes=["atelier-desk-features"]
                )
            with gr.Column(elem_classes="atelier-stage"):
                self.lead = gr.HTML(lead(key, row))
                self.evidence = gr.HTML(pictures.evidence(row).html)
                self.rules = gr.HTML(rules_table(row["rules"][:TOP_RULES], "Best rules"))
                with gr.Row(elem_classes="atelier-actions"):
                    self.some = gr.Button("Some other feature", size="sm")
                    self.actions = gr.Row(elem_classes="atelier-actions")
        self.key = gr.Textbox(str(key), visible="hidden", label="Feature")
        self.head = gr.Textbox(str(bare or ""), visible="hidden", label="Head without rules")
        quick: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        self.map.select(guarded(_choose_head), self.key, [self.key, self.head, self.map, self.card], **quick)
        self.features.select(guarded(id_of_feature), None, self.key, **quick)
        self.some.click(guarded(_some_other), self.key, self.key, **quick)
        self.key.change(guarded(self._show), self.key, self.outputs, **quick)

    @property
    def fields(self) -> dict[str, Component]:
        """What a link to this desk carries."""
        return {"feature": self.key, "head": self.head}

    @property
    def outputs(self) -> list[Component]:
        """What changes with the feature."""
        left = [self.head, self.map, self.card, self.heading, self.features]
        return [*left, self.lead, self.evidence, self.rules]

    @staticmethod
    def _show(text: str) -> Sequence[Any]:
        key = FeatureKey.parse(text)
        row = shelf.feature(key)
        own = HeadKey.of(key)
        left = "", heads_value(own), head_card(own, key), _heading(key), features_value(key)
        best = rules_table(row["rules"][:TOP_RULES], "Best rules")
        return *left, lead(key, row), pictures.evidence(row).html, best


def _choose_head(text: str, event: gr.EventData) -> tuple[str, str, JsonValue, str]:
    """The feature, the head without rules, the map and the card once a head is chosen on the map."""
    key, head = FeatureKey.parse(text), HeadKey(*head_of(event))
    measured(head)
    best = key if head == HeadKey.of(key) else best_feature(head)
    return str(best or key), "" if best else str(head), heads_value(head), head_card(head, best or key)


def _some_other(text: str) -> str:
    """Some feature of the index, drawn at random, never the one that is shown, if there is another."""
    key = FeatureKey.parse(text)
    draws = (FeatureKey.of(shelf.rules_index().random(secrets.randbits(31))) for _ in range(DRAWS))
    return str(next((drawn for drawn in draws if drawn != key), key))


def _heading(key: FeatureKey) -> Markup:
    title = f"Features of {HeadKey.of(key).words} "
    return tag(
        "section",
        tag("h3", escape(title), tag("small", escape("best foretold by their rules first"))),
        class_="atelier-section",
    )


def id_of_feature(event: gr.EventData) -> str:
    """The feature that a row of a list names, checked."""
    return str(FeatureKey.parse(id_of(event)))


def features_value(key: FeatureKey) -> JsonValue:
    """The features of the head of `key`, best foretold first, `key` itself always among them."""
    rows = shelf.rules_index().features(key.layer, key.head, key.seed)
    shown = [row for at, row in enumerate(rows) if at < shelf.SHOWN or row["feature"] == key.feature]
    choices = [feature_choice(key._replace(feature=row["feature"]), row) for row in shown]
    return list_value(choices, selected=str(key), empty="This head has no features.")


def feature_choice(key: FeatureKey, row: Row) -> Choice:
    """A feature in a list: what it is called, how well its rules foretell it, and its verdict."""
    return Choice(
        str(key),
        plain_name(row["name"]),
        f"F1 {number(row['f1'], 2)} {row['verdict']}",
        row["f1"],
        MARKS[row["verdict"]],
    )
