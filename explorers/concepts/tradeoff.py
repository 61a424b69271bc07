"""Accuracy against SIS for everything that was trained on the task; a click puts a model on the desk."""

from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import Any

import gradio as gr

from backends.concepts.requests import ModelRequest
from backends.concepts.results import Result, pareto_front, result_of, results_of
from backends.errors import InputError
from explorers.concepts.desk import DeskPanel, Models, Updates
from explorers.concepts.pictures import model_name
from explorers.concepts.state import Desk
from explorers.guard import guarded
from explorers.views.events import id_of
from explorers.views.live import JsonValue
from explorers.views.picture import Picture
from explorers.views.scatter import Axis, Front, Point, Scatter, scatter_picture, scatter_value

X, Y = Axis("modes agree (SIS)", (-0.03, 1.03)), Axis("accuracy with sidechannel", (-0.03, 1.03))
NOTE = (
    "Each mark is one trained model on its test split: seeds 1 to 3, several β. A cross had no regulariser (β 0). "
    "The line joins the models that no other beats in both; a model that always gives the same answer is left off "
    "it. Click a mark to put it on the desk as model A."
)
TITLE = "Accuracy against SIS"
Results = tuple[Result, ...]


class TradeoffPanel:
    """The scatter of a task's models, with those that the visitor trained."""

    def __init__(self, desk: DeskPanel, mine: gr.State, tab: gr.Tab) -> None:
        """`mine` holds the results of the visitor's own trainings; the points travel when `tab` is opened."""
        self._desk = desk
        gr.HTML(NOTE, elem_classes="atelier-note")
        self.scatter = Scatter(label=TITLE)
        quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        tab.select(guarded(tradeoff_value), [desk.models, mine], self.scatter, **quiet)
        gr.on(
            [desk.models.change, mine.change],
            guarded(self._redraw),
            [desk.models, mine],
            self.scatter,
            trigger_mode="always_last",
            **quiet,
        )
        self.scatter.select(
            guarded(self._choose),
            [desk.state, mine],
            desk.outputs,
            concurrency_id="train",
            concurrency_limit=1,
            **quiet,
        )

    def _redraw(self, models: Models, mine: Results) -> JsonValue | None:
        """The plot with the models on the desk in it, whoever trained them."""
        from backends.concepts.service import scores

        on_desk = tuple(result_of(model, scores(model).metrics) for model in models)
        return tradeoff_value(models, (*mine, *on_desk))

    def _choose(self, desk: Desk, mine: Results, event: gr.EventData) -> Generator[Updates, None, None]:
        models = [desk.left, desk.right, *(result.model for result in shown_results(desk.left.task, mine))]
        wanted = id_of(event)
        chosen = next((model for model in models if model.key == wanted), None)
        if chosen is None:
            raise InputError("That model is not in this plot any more; click another mark.")
        yield from self._desk.put(replace(desk, left=chosen))


def shown_results(task: str, mine: Sequence[Result]) -> list[Result]:
    """The sweep's results and the visitor's own on a task; own ones of the same key count once."""
    known = {result.model.key: result for result in results_of(task)}
    known |= {result.model.key: result for result in mine if result.model.task == task}
    return list(known.values())


def tradeoff_value(models: Models, mine: Results) -> JsonValue | None:
    """The scatter of the task of `models`, both of them ringed; None where nothing was trained yet."""
    points, front = _plotted(models, mine)
    return scatter_value(points, x=X, y=Y, fronts=[front]) if points else None


def tradeoff_picture(models: Models, mine: Results) -> Picture | None:
    """The same as a still picture."""
    points, front = _plotted(models, mine)
    return scatter_picture(points, title=TITLE, x=X, y=Y, fronts=[front]) if points else None


def _plotted(models: Models, mine: Results) -> tuple[list[Point], Front]:
    results = shown_results(models[0].task, mine)
    front = Front("best trade-off", [(one.sis, one.accuracy) for one in pareto_front(results)])
    keys = [model.key for model in models]
    return [_point(result, keys) for result in results], front


def _point(result: Result, on_desk: Sequence[str]) -> Point:
    model: ModelRequest = result.model
    notes = [
        f"SIS {result.sis:.3f}, soft {result.soft_sis:.3f}",
        f"accuracy {result.accuracy:.3f}, concepts alone {result.accuracy_bottleneck:.3f}",
        f"NLL {result.nll:.3f}, mean |p − 0.5| {result.confidence:.2f}, n {result.n}",
        *(["constant answer"] if result.constant else []),
    ]
    return Point(
        id=model.key,
        x=result.sis,
        y=result.accuracy,
        label=model_name(model),
        series=model.info.family,
        marker="cross" if model.beta == 0 else None,
        emphasised=model.key in on_desk,
        note=" · ".join(notes),
    )
