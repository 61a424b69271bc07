"""The page of one feature: what it says, and behind it all its rules, examples, scores and causal tests."""

from collections.abc import Sequence
from typing import Any

import gradio as gr

from backends.attention_rules import shelf
from backends.attention_rules.shelf import FeatureKey
from explorers.attention_rules import curves, pictures
from explorers.attention_rules.causal_page import causal_page
from explorers.attention_rules.desk import DeskPanel, feature_choice, id_of_feature
from explorers.attention_rules.examples import examples_page
from explorers.attention_rules.rules_table import rules_table
from explorers.attention_rules.seeds import seeds_html
from explorers.attention_rules.stand_in import stand_in_html
from explorers.attention_rules.words import Row
from explorers.guard import guarded
from explorers.views.live import JsonValue
from explorers.views.ranked_list import RankedList, list_value
from explorers.views.svg import Markup, join, tag


class DetailPanel:
    """The rest of the feature's page: all rules, examples, how good they are, and its causal tests."""

    def __init__(self, desk: DeskPanel, key: FeatureKey, rule: int | None) -> None:
        """Lays out the tabs, with the rule of rank `rule` marked; must be called inside `gr.Tabs`."""
        row = shelf.feature(key)
        with gr.Tab("All rules", id="rules"):
            self.rules = gr.HTML(rules_table(row["rules"], chosen=rule, telling=row["k"]))
        with gr.Tab("Examples", id="examples"):
            self.examples = gr.HTML(examples_page(row))
        with gr.Tab("How good are they?", id="scores"):
            self.scores = gr.HTML(scores_page(key, row))
        with gr.Tab("Causal tests", id="tests"):
            self.tests = gr.HTML(causal_page(row))
        with gr.Tab("Similar", id="similar"):
            gr.Markdown(
                "Features of the same head that write in nearly the same direction.", elem_classes="atelier-hint"
            )
            self.similar = RankedList(similar_value(key, row), label="Similar features")
        outputs = [self.rules, self.examples, self.scores, self.tests, self.similar]
        desk.key.change(guarded(self._show), desk.key, outputs, api_visibility="private", show_progress="hidden")
        self.similar.select(guarded(id_of_feature), None, desk.key, api_visibility="private", show_progress="hidden")

    @staticmethod
    def _show(text: str) -> Sequence[Any]:
        key = FeatureKey.parse(text)
        row = shelf.feature(key)
        parts = rules_table(row["rules"], telling=row["k"]), examples_page(row), scores_page(key, row), causal_page(row)
        return *parts, similar_value(key, row)


def scores_page(key: FeatureKey, row: Row) -> str:
    """How well its rules do on both sets, how activations are spread; what its head's rules are worth, and by seeds."""
    # Two to a row, so that there is room to name lines at their ends.
    pairs = (
        (curves.natural_curve(row), curves.top_curve(row)),
        (curves.detail_curve(row), pictures.activations(row)),
    )
    shown = [tag("div", *(Markup(one.html) for one in pair), class_="atelier-columns") for pair in pairs]
    head = stand_in_html(key, shelf.stand_in()), seeds_html(key, shelf.spread()["rows"])
    return join((pictures.in_figures(row), *shown, *head))


def similar_value(key: FeatureKey, row: Row) -> JsonValue:
    """The features most alike in what they write, those that the index has."""
    own = {one["feature"]: one for one in shelf.rules_index().features(key.layer, key.head, key.seed)}
    choices = [feature_choice(key._replace(feature=one), own[one]) for one in row["similar"] if one in own]
    return list_value(choices, empty="The index has none.")
