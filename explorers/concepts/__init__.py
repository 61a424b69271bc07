"""The explorer of concept sidechannel models: overrule a concept and see whether the model listens."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from types import MappingProxyType
from typing import Any, ClassVar

import gradio as gr

from backends.concepts.opening import read_opening
from explorers.concepts import pictures
from explorers.concepts.curves import CurvesPanel
from explorers.concepts.desk import DeskPanel
from explorers.concepts.endpoints import publish
from explorers.concepts.practice import PracticePanel
from explorers.concepts.reasons import ReasonsPanel
from explorers.concepts.state import Desk
from explorers.concepts.tradeoff import TradeoffPanel, shown_results, tradeoff_picture
from explorers.explorer import Explorer, Paper
from explorers.guard import guarded
from explorers.links import copy_link_button
from explorers.views.concept_table import concepts_csv
from explorers.views.export import export_file
from explorers.views.picture import Table


class ConceptsExplorer(Explorer):
    """A *concept-based model* first says which human concepts it sees, then answers from them: you can overrule a
    concept and the answer should follow. Most such models also have a **sidechannel**, an embedding that carries
    whatever the concepts miss. It makes them accurate, and it lets them ignore you.

    Each model here is run twice: *with its sidechannel* (default mode), and on the *concepts alone* (bottleneck mode:
    the sidechannel is replaced by a value that does not depend on the input). The **Sidechannel Independence Score**
    (SIS) is the share of inputs on which both give the same answer. β makes training pay for disagreement.

    What to look for:

    * a model with low SIS that keeps its answer when all concepts are corrected;
    * a regularised model (β > 0) that follows at no loss of accuracy, where the concepts are sufficient;
    * a linear head (LRM) on XOR, which can only *look* independent by shrinking its confidence: compare SIS with the
      soft SIS and the surprise (NLL) beside it;
    * tasks with something hidden from the concepts, where accuracy and independence cannot both be had.

    All models were trained by this project on scikit-learn's handwritten digits and on procedural data; every number
    is measured on a test split. Nothing shown here is taken from the paper's figures.
    """

    id = "concepts"
    title = "Concepts"
    paper = Paper(
        "Quantifying the Accuracy-Interpretability Trade-Off in Concept-Based Sidechannel Models",
        "David Debot and Giuseppe Marra",
        2025,
        "https://arxiv.org/abs/2510.05670",
    )
    backend = "backends.concepts.comparison"
    showcase: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "task": "digits-addition",
            "model": "crm",
            "beta": "0",
            "other": "crm",
            "other_beta": "0.1",
            "sample": "22",
            "edits": '{"left digit": "left is 9", "right digit": "right is 8"}',
        }
    )

    def build(self) -> None:
        """Lays out the desk and the panels below it, and publishes the endpoints."""
        opening = read_opening()
        self._desk = DeskPanel(opening)
        mine = gr.State(())
        with gr.Row(elem_classes="atelier-actions"):
            copy_link_button(self.id, self._desk.fields)
            export = gr.Button("Export edits, metrics, seed", size="sm")
        files = gr.Files(label="JSON, CSV, SVG", visible=False, interactive=False)
        with gr.Tabs():
            with gr.Tab("Why", id="why"):
                ReasonsPanel(opening, self._desk.state)
            with gr.Tab("Accuracy and SIS", id="tradeoff") as tradeoff:
                TradeoffPanel(self._desk, mine, tradeoff)
            with gr.Tab("Interventions", id="curves") as curves:
                CurvesPanel(opening, self._desk, curves)
            with gr.Tab("Train it yourself", id="train"):
                PracticePanel(self._desk, mine)
        export.click(
            guarded(self._export), [self._desk.state, mine], files, api_visibility="private", show_progress="hidden"
        )
        self.restored = self._desk.outputs
        publish()

    def restore(self, query: Mapping[str, str]) -> Sequence[Any]:
        """The desk that a link describes; nothing changes where it is not valid."""
        updates = self._desk.restore(query)
        return [updates.get(component, gr.skip()) for component in self.restored]

    def _export(self, desk: Desk, mine: tuple[Any, ...]) -> gr.Files:
        """What is on the desk as JSON, its concepts and the task's results as CSV, the trade-off as SVG."""
        from backends.concepts.comparison import compare

        compared = compare(desk.left, desk.right, desk.sample, desk.edits, desk.prior, desk.output)
        found = asdict(compared)
        del found["picture"]
        text = json.dumps({"edits": desk.edits, "prior": desk.prior or "as trained", **found}, indent=2)
        rows = [{"task": r.model.task, "key": r.model.key, **asdict(r)} for r in shown_results(desk.left.task, mine)]
        columns = tuple(name for name in rows[0] if name != "model") if rows else ("task",)
        table = Table(columns, tuple(tuple(row[name] for name in columns) for row in rows))
        plot = tradeoff_picture((desk.left, desk.right), mine)
        paths = [
            export_file(text, "concepts-desk", "json"),
            export_file(concepts_csv(pictures.concept_rows(desk, compared)), "concepts-table", "csv"),
            export_file(table.csv(), "concepts-results", "csv"),
            *([export_file(plot.svg, "concepts-tradeoff", "svg")] if plot else []),
        ]
        return gr.Files(paths, visible=True)
