"""Why: the explanation that fits each of the two models on the desk."""

from dataclasses import replace
from typing import Any

import gradio as gr

from backends.concepts.opening import Opening
from backends.concepts.tasks import find_task
from explorers.concepts import pictures
from explorers.concepts.state import Desk
from explorers.guard import guarded
from explorers.when_seen import waiting_line

TRUE_ANSWER = "the true answer"


class ReasonsPanel:
    """Explanations of both models' answers; follows the desk."""

    def __init__(self, opening: Opening, state: gr.State) -> None:
        """Lays out the panel; the opening's explanations travel when it is first on the screen."""
        self._opening, self._first = opening, state.value
        task = opening.comparison.left.model.task
        with gr.Row(elem_classes="atelier-pair"):
            self.output = gr.Dropdown(_choices(task), value=TRUE_ANSWER, label="Explain", min_width=240, scale=0)
        self.picture = waiting_line()
        quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "trigger_mode": "always_last"}
        self.output.input(guarded(self._choose), [state, self.output], [state], **quiet)
        self.picture.seen(guarded(self._open), state, self.picture, **quiet)
        state.change(guarded(self._explain), state, [self.picture, self.output], **quiet)

    def _open(self, desk: Desk) -> Any:
        """The stored explanations; any change since the opening has drawn its own."""
        return pictures.explanations(self._opening.comparison) if desk == self._first else gr.skip()

    def _choose(self, desk: Desk, output: str) -> Desk:
        return replace(desk, output=None if output == TRUE_ANSWER else output)

    def _explain(self, desk: Desk) -> tuple[str, gr.Dropdown]:
        from backends.concepts.comparison import compare

        result = compare(desk.left, desk.right, desk.sample, desk.edits, desk.prior, desk.output)
        choice = gr.Dropdown(_choices(desk.left.task), value=desk.output or TRUE_ANSWER)
        return pictures.explanations(result), choice


def _choices(task: str) -> list[str]:
    return [TRUE_ANSWER, *find_task(task).outputs]
