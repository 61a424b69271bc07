"""The method bench: what not to believe, with planted rules, real features and a rule of two hops as its parts."""

from dataclasses import replace
from typing import Any

import gradio as gr

from backends.attention_rules import shelf
from explorers.attention_rules.hops import hops_html
from explorers.attention_rules.planted_rules import PlantedPanel, absences, precisions
from explorers.attention_rules.real_features import headline, real_features_html
from explorers.views.evidence import Evidence, evidence_strip
from explorers.views.svg import Markup, tag

LESSON = (
    "**Putting a token in and looking at the model settles what weights only suggest.** On rules that we planted, what "
    "the weights put first is right often, not always; the weight criterion for absence flags a feature *more* often "
    "when its values are shuffled over tokens, so a flag says nothing by itself."
)


class BenchPanel:
    """The lesson and its figures on the first screen, then the parts, one at a time."""

    def __init__(self) -> None:
        """Lays out the panel from what is stored; nothing is computed."""
        planted, real = shelf.method_bench(), shelf.real_bench()
        gr.Markdown(LESSON, elem_classes="atelier-hint")
        gr.HTML(evidence_strip(first_figures(planted, real)).html)
        with gr.Tabs():
            with gr.Tab("Planted rules"):
                PlantedPanel(planted)
            with gr.Tab("Real features"):
                gr.HTML(_section(real_features_html(real)))
            with gr.Tab("Two hops"):
                gr.HTML(_section(hops_html(shelf.two_hops())))


def first_figures(planted: dict[str, Any], real: dict[str, Any]) -> list[Evidence]:
    """The figures that the lesson stands on: insertion and weights on planted rules, then rules and pairs on text."""
    seeds = list(planted["seeds"].values())
    found = {one.label: one for one in (*precisions(seeds, len(planted["rules"])), *absences(seeds))}
    names = {
        "Insertion": "Planted keys, by insertion",
        "The paper's": "Planted keys, by weights",
        "Flagged by weights": "Absence flagged by weights",
    }
    return [*(replace(found[old], label=new) for old, new in names.items()), *headline(real["heads"])]


def _section(html: str) -> Markup:
    return tag("section", Markup(html), class_="atelier-section")
