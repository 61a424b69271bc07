"""Train it yourself: a network learns while you watch its frames and loss; then all of it takes the desk."""

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import gradio as gr
from gradio.components import Component

from backends.progress import Progress
from backends.visual_patterns import shelf
from explorers.progress import paced, progress_line
from explorers.stopping import Run, StopButton
from explorers.views.line_curve import Series, line_curve
from explorers.views.point_panels import Panel, point_panels
from explorers.views.svg import escape
from explorers.visual_patterns.desk import DeskPanel

if TYPE_CHECKING:
    from backends.visual_patterns.live import Emerging, Learns

IDLE = (
    "Trains a small network and shows where 60 test pictures stand at each checkpoint as it comes; then builds all "
    "frames: one to three minutes on two CPU cores. The network then takes its place in the list above. A student "
    "watches what its teacher, the network that ships, watches: open Compare to see both in one frame."
)
DATA = [("Handwritten digits", "digits"), ("Emoji scenes", "emoji"), ("Fashion-MNIST", "fashion")]
NETWORKS = [("VGG-like", "vgg"), ("ResNet", "resnet")]
LEARNS = [("the labels", "labels"), ("a teacher's outputs", "outputs"), ("a teacher's features", "features")]
"""The teacher is the network that ships for these pictures; Compare then shows both in one frame."""


class PracticePanel:
    """Trains one network and puts it on the desk."""

    def __init__(self, desk: DeskPanel) -> None:
        """Lays out the panel; nothing is computed."""
        self._desk = desk
        with gr.Row():
            self.data = gr.Dropdown(DATA, value="digits", label="Pictures", interactive=True, min_width=160)
            self.kind = gr.Dropdown(NETWORKS, value="vgg", label="Network", interactive=True, min_width=160)
            self.learns = gr.Dropdown(LEARNS, value="labels", label="It learns from", interactive=True, min_width=160)
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
            [self.data, self.kind, self.learns, self.seed, self.epochs],
            [self.status, self.picture, desk.network, desk.view, desk.picked, desk.at],
            self.status,
            concurrency_id="train",
            concurrency_limit=1,
        )

    def _train(
        self, run: Run, data: str, kind: str, learns: "Learns", seed: float | None, epochs: float
    ) -> Generator[dict[Component, Any], None, None]:
        from backends.visual_patterns.live import Emerging, prepare

        shown = 0

        def report(step: Progress) -> dict[Component, Any]:
            nonlocal shown
            found: dict[Component, Any] = {self.status: progress_line(step)}
            if isinstance(step.preview, Emerging) and len(step.preview.frames) > shown:
                shown = len(step.preview.frames)
                found[self.picture] = emerging_picture(step.preview, data)
            return found

        name = yield from paced(run.until_stopped(prepare(data, kind, int(seed or 0), int(epochs), learns)), report)
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


def emerging_picture(seen: "Emerging", data: str) -> str:
    """The watched pictures at every checkpoint so far, and the loss."""
    from backends.visual_patterns.data import find

    panels = [
        Panel(f"step {frame.step:,}", f"agrees {frame.agreement:.0%}", [(p[0], p[1]) for p in frame.g.tolist()])
        for frame in seen.frames
    ]
    picture = point_panels(
        panels,
        seen.labels,
        find(data).classes,
        title=f"{len(seen.labels)} test pictures at each checkpoint so far, in one frame: two of its dimensions",
    )
    return picture.html + loss_picture([(frame.step, frame.loss) for frame in seen.frames])


def loss_picture(losses: list[tuple[int, float]]) -> str:
    """The mean loss between checkpoints, as far as training has come."""
    known = [(step, loss) for step, loss in losses if loss == loss]
    if len(known) < 2:
        return ""
    series = Series("training loss", [step for step, _ in known], [loss for _, loss in known], role="ours")
    return line_curve(
        [series], title="Loss, checkpoint by checkpoint", x_title="step", y_title="nats", whole_x=True
    ).html
