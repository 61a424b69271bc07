"""Train it yourself: a network learns while you watch its loss, and its frames take the place of those on show."""

from collections.abc import Generator
from typing import Any

import gradio as gr
from gradio.components import Component

from backends.progress import Progress
from backends.visual_patterns import shelf
from explorers.progress import paced, progress_line
from explorers.stopping import Run, StopButton
from explorers.views.line_curve import Series, line_curve
from explorers.views.svg import escape
from explorers.visual_patterns.desk import DeskPanel

IDLE = (
    "Trains a small network and builds its frames over 60 test pictures: one to three minutes on two CPU cores. "
    "It then takes its place in the list of networks."
)
DATA = [("Handwritten digits", "digits"), ("Emoji scenes", "emoji"), ("Fashion-MNIST", "fashion")]
NETWORKS = [("VGG-like", "vgg"), ("ResNet", "resnet")]


class PracticePanel:
    """Trains one network and puts it on the desk."""

    def __init__(self, desk: DeskPanel) -> None:
        """Lays out the panel; nothing is computed."""
        self._desk = desk
        with gr.Row():
            self.data = gr.Dropdown(DATA, value="digits", label="Pictures", interactive=True, min_width=160)
            self.kind = gr.Dropdown(NETWORKS, value="vgg", label="Network", interactive=True, min_width=160)
            self.seed = gr.Number(7, label="Seed", precision=0, minimum=0, interactive=True, min_width=96)
            self.epochs = gr.Slider(1, 10, 3, step=1, label="Epochs", interactive=True, min_width=160)
        with gr.Row():
            self.go = gr.Button("Train", variant="primary", size="sm")
            stop = StopButton()
        self.status = gr.HTML(IDLE, elem_classes="atelier-note")
        self.picture = gr.HTML("")
        stop.ends(
            self.go,
            self._train,
            [self.data, self.kind, self.seed, self.epochs],
            [self.status, self.picture, desk.network, desk.view, desk.picked, desk.at],
            self.status,
            concurrency_id="train",
            concurrency_limit=1,
        )

    def _train(
        self, run: Run, data: str, kind: str, seed: float | None, epochs: float
    ) -> Generator[dict[Component, Any], None, None]:
        from backends.visual_patterns.live import prepare
        from backends.visual_patterns.train import Checkpoint

        losses: list[tuple[int, float]] = []

        def report(step: Progress) -> dict[Component, Any]:
            found: dict[Component, Any] = {self.status: progress_line(step)}
            if isinstance(step.preview, Checkpoint):
                losses.append((step.preview.step, step.preview.loss))
                found[self.picture] = loss_picture(losses)
            return found

        name = yield from paced(run.until_stopped(prepare(data, kind, int(seed or 0), int(epochs))), report)
        view, picked, at = self._desk.opened(name)
        about = shelf.index(name)
        accuracy = ", ".join(f"{split} {value:.1%}" for split, value in about["accuracy"].items())
        yield {
            self.status: escape(f"{about['title']}: {accuracy}. It is on show above; press play."),
            self._desk.network: gr.Dropdown(self._desk.choices(), value=name),
            self._desk.view: view,
            self._desk.picked: picked,
            self._desk.at: at,
        }


def loss_picture(losses: list[tuple[int, float]]) -> str:
    """The mean loss between checkpoints, as far as training has come."""
    known = [(step, loss) for step, loss in losses if loss == loss]
    if len(known) < 2:
        return ""
    series = Series("training loss", [step for step, _ in known], [loss for _, loss in known], role="ours")
    return line_curve(
        [series], title="Loss, checkpoint by checkpoint", x_title="step", y_title="nats", whole_x=True
    ).html
