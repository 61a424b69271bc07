"""The explorer of visual patterns: watch a classifier's regions come to speak for classes, layer by layer."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

import gradio as gr

from explorers.explorer import Explorer, Paper
from explorers.guard import guarded
from explorers.links import copy_link_button
from explorers.views.emergence import Place
from explorers.visual_patterns.compare import ComparePanel
from explorers.visual_patterns.desk import DeskPanel
from explorers.visual_patterns.endpoints import publish
from explorers.visual_patterns.exports import files
from explorers.visual_patterns.honesty import HonestyPanel
from explorers.visual_patterns.own import OwnPanel
from explorers.visual_patterns.place import of_link, place_of
from explorers.visual_patterns.practice import PracticePanel
from explorers.visual_patterns.region import RegionPanel
from explorers.when_seen import lay_out_when_seen


class PatternsExplorer(Explorer):
    """A trained image classifier, looked at **region by region**. Every picture is cut into 8 × 8 regions; the feature
    that a layer gives to each becomes a point in one *radial* space, which all layers and all training steps share:

    * **Direction** says what a region speaks for. Each class has a ray; p(class) follows from the angle.
    * **Strength**, the distance from the middle, says how much it matters. It is given in mean strengths of its layer.
    * A region that speaks for some class with p > τ is a **knowledge point**: *reliable* (●) if that is its picture's
      true class, else *unreliable* (△).

    Move through training and through the layers: a tangle at first, then petals. Watch the share of reliable points;
    their total depends on the normalisation, and need not grow.

    What is ours: the paper's tables of κ(l), by which strength sharpens the distribution, were never published. Here
    κ(l) = s·l, with features centred; the alignment loss weighs 1 and starts from a ridge regression, which is stable
    over seeds. τ = 0.4 is the threshold in the authors' code. Networks, pictures and figures are this project's own;
    nothing shown is taken from the paper's figures. Between two checkpoints points move in straight lines: only the
    checkpoints were measured.
    """

    id = "visual_patterns"
    title = "Patterns emerge"
    paper = Paper(
        "Visualizing the Emergence of Intermediate Visual Patterns in DNNs",
        "Mingjie Li, Shaobo Wang and Quanshi Zhang",
        2021,
        "https://arxiv.org/abs/2111.03505",
    )
    backend = "backends.visual_patterns.results"
    showcase: ClassVar[Mapping[str, str]] = MappingProxyType({})

    def build(self) -> None:
        """Lays out a line that is replaced by the tab's content once it is seen, and publishes the endpoints."""
        publish()
        lay_out_when_seen(self.id, lambda query: self._lay_out(*of_link(query)))

    def _lay_out(self, name: str, place: Place) -> None:
        desk = DeskPanel(name, place)
        with gr.Row(elem_classes="atelier-actions"):
            copy_link_button(self.id, desk.fields)
            export = gr.Button("Export CSV, NPZ, SVG, PNG, GIF", size="sm")
        exported = gr.Files(label="CSV, NPZ, SVG, PNG, GIF", visible=False, interactive=False)
        export.click(guarded(_export), [desk.network, desk.at], exported, api_visibility="private")
        with gr.Tabs():
            with gr.Tab("One region", id="region"):
                RegionPanel(desk)
            with gr.Tab("Compare", id="compare") as compare:
                ComparePanel(desk, compare)
            with gr.Tab("Your image", id="own"):
                OwnPanel(desk)
            with gr.Tab("How far to trust it", id="honesty") as honesty:
                HonestyPanel(desk, name, honesty)
            with gr.Tab("Train it yourself", id="train"):
                PracticePanel(desk)


def _export(name: str, at: dict[str, Any]) -> gr.Files:
    return gr.Files(files(name, place_of(name, at)), visible=True)
