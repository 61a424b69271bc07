"""Train it yourself: live curves, a stop button, and the new model on the desk and in the plot."""

from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import Any, cast

import gradio as gr
from gradio.components import Component

from backends.concepts.answers import Epoch
from backends.concepts.catalog import MODEL_INFO
from backends.concepts.requests import ModelRequest, Regulariser
from backends.concepts.results import Result, result_of
from backends.progress import Progress
from explorers.concepts.desk import DeskPanel
from explorers.concepts.pictures import model_name
from explorers.concepts.state import Desk
from explorers.concepts.tradeoff import Results
from explorers.progress import paced, progress_line
from explorers.stopping import Run, StopButton
from explorers.views.line_curve import Series, line_curve
from explorers.views.svg import escape

REGULARISERS: list[tuple[str, Regulariser]] = [
    ("symmetric KL", "kl"),
    ("total variation", "tv"),
    ("sidechannel dropout (β is its probability)", "dropout"),
]
MOST_OWN = 50
IDLE = "Choose a model and a β. Training takes 2 to 30 seconds on two CPU cores; the curves are drawn as it learns."


class PracticePanel:
    """Trains one model on the desk's task."""

    def __init__(self, desk: DeskPanel, mine: gr.State) -> None:
        """`mine` collects the results of this visitor's trainings."""
        self._desk, self._mine = desk, mine
        names = [(info.title, key) for key, info in MODEL_INFO.items()]
        with gr.Row():
            self.model = gr.Dropdown(names, value="crm", label="Model", min_width=160)
            self.beta = gr.Number(0.05, label="β", minimum=0, maximum=100, min_width=96)
            self.seed = gr.Number(4, label="Seed", precision=0, minimum=0, min_width=96)
            self.kind = gr.Dropdown(REGULARISERS, value="kl", label="Regulariser", min_width=160)
        with gr.Row():
            self.go = gr.Button("Train", variant="primary", size="sm")
            stop = StopButton()
        self.status = gr.HTML(IDLE, elem_classes="atelier-note")
        self.picture = gr.HTML("")
        stop.ends(
            self.go,
            self._train,
            [desk.state, mine, self.model, self.beta, self.seed, self.kind],
            [self.status, self.picture, mine, *desk.outputs],
            self.status,
            concurrency_id="train",
            concurrency_limit=1,
        )

    def _report(self, step: Progress) -> dict[Component, Any]:
        history = cast(Sequence[Epoch], step.preview)
        return {self.status: progress_line(step), self.picture: history_picture(history)}

    def _train(
        self, run: Run, desk: Desk, mine: Results, model: str, beta: float | None, seed: float | None, kind: Regulariser
    ) -> Generator[dict[Component, Any], None, None]:
        from backends.concepts.checkpoints import remember
        from backends.concepts.training import train

        request = ModelRequest(desk.left.task, model, beta or 0.0, int(seed or 0), kind)
        trained = yield from paced(run.until_stopped(train(request)), self._report)
        remember(trained)
        found: Result = result_of(request, trained.metrics)
        said = (
            f"{model_name(request)}: accuracy {found.accuracy:.3f}, concepts alone {found.accuracy_bottleneck:.3f}, "
            f"SIS {found.sis:.3f} on {found.n} test samples, {trained.seconds:.1f} s. It is model A now."
        )
        yield {
            self.status: escape(said),
            self.picture: history_picture(trained.history),
            self._mine: (*mine, found)[-MOST_OWN:],
            **self._desk.show_models(replace(desk, left=request)),
        }


def history_picture(history: Sequence[Epoch]) -> str:
    """How both modes and their agreement moved over the epochs, on the validation split."""
    epochs = [one.epoch for one in history]
    return line_curve(
        [
            Series("accuracy, with sidechannel", epochs, [one.accuracy for one in history], role="ours"),
            Series("accuracy, concepts alone", epochs, [one.accuracy_bottleneck for one in history], dashed=True),
            Series("modes agree (SIS)", epochs, [one.sis for one in history], role="baseline"),
        ],
        title="Validation split, epoch by epoch",
        x_title="epoch",
        y_title="share",
        y_limits=(0, 1),
        whole_x=True,
    ).html
