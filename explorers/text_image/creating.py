"""New pictures: a line of text on a scene made from noise."""

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from gradio.components import Component

from backends.errors import InputError
from backends.progress import Progress
from backends.text_image.recipe import read_recipe
from backends.text_image.requests import LONGEST_CAPTION, GenerateRequest, Options
from backends.text_image.wire import generate_recipe_json, generate_request_of_recipe, made_from_noise
from explorers.progress import paced, progress_line
from explorers.stopping import Run, StopButton
from explorers.text_image import pictures
from explorers.text_image.exports import export_png
from explorers.text_image.form import Form

NOTE = (
    "A strip 64 pixels high, made from pure noise: global control, then detail control. Timeline, frequency, signal, "
    "preset, seed and variants are those at the left."
)
Updates = dict[Component, Any]


class CreatePanel:
    """Makes a picture from noise."""

    def __init__(self, form: Form) -> None:
        """Lays out the panel; nothing is computed."""
        self._form = form
        gr.HTML(NOTE, elem_classes="atelier-note")
        with gr.Row():
            self._text = gr.Textbox("OPEN", label="Text", max_length=80, min_width=160, interactive=True)
            self._caption = gr.Textbox(
                "red text glowing like neon on a black sign",
                label="The scene in a few words",
                max_length=LONGEST_CAPTION,
                min_width=240,
                interactive=True,
            )
            self._width = gr.Slider(96, 512, 256, step=32, label="Width, px", min_width=160, interactive=True)
        with gr.Row():
            self._go = gr.Button("Make a picture", variant="primary", size="sm", min_width=120)
            self._stop = StopButton()
        self._status = gr.HTML("", elem_classes="atelier-note")
        self._picture = gr.HTML("")
        self._files = gr.Files(label="PNG with its recipe", visible=False, interactive=False)

    def wire(self) -> None:
        """Wires the panel."""
        self._stop.ends(
            self._go,
            self._create,
            [self._text, self._caption, self._width, *self._form.settings],
            [self._status, self._picture, self._files],
            self._status,
            concurrency_id="text_image",
            concurrency_limit=1,
        )
        self._form.picture.upload(
            self._restored,
            self._form.picture,
            [self._text, self._caption, self._width],
            api_visibility="private",
            show_progress="hidden",
        )

    def _restored(self, picture: str | None) -> Updates:
        """The panel's inputs as they were when the uploaded picture was made here."""
        try:
            found = read_recipe(Path(picture)) if picture else None
            request = generate_request_of_recipe(found) if found and made_from_noise(found) else None
        except InputError:
            return {}  # the form says what is wrong with the file
        if request is None:
            return {}
        return {self._text: request.text, self._caption: request.options.caption, self._width: request.width}

    def _create(
        self, run: Run, text: str, caption: str, width: float, *settings: Any
    ) -> Generator[Updates, None, None]:
        from backends.text_image.edit import generate

        options: Options = replace(self._form.options(*settings), caption=caption, noise=1.0, start="paper")
        request = GenerateRequest(text, int(width), None, options)
        yield {self._status: progress_line(Progress(0.0, "getting ready"))}

        def report(step: Progress) -> Updates:
            shown: Updates = {self._status: progress_line(step)}
            if step.preview is not None:
                so_far = pictures.figure(np.asarray(step.preview), "predicted so far")
                shown[self._picture] = pictures.frames([so_far], "From noise")
            return shown

        result = yield from paced(run.until_stopped(generate(request)), report)
        film = result.films[0]
        steps = [
            pictures.figure(frame, f"predicted at time {time:.2f}")
            for time, frame in zip(film.times, film.frames, strict=True)
        ]
        made = [pictures.figure(image, f"picture {index}") for index, image in enumerate(result.images, 1)]
        recipe = generate_recipe_json(request)
        yield {
            self._status: "",
            self._picture: pictures.frames(made, "From noise")
            + pictures.evidence(result)
            + pictures.read_back(result.lines)
            + pictures.frames(steps, "Step by step"),
            self._files: gr.Files(
                [export_png(image, recipe, "text-from-noise", generated=True) for image in result.images], visible=True
            ),
        }
