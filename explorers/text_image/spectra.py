"""The spectrum: which frequencies skips, control and base bring to the decoder, step by step and size by size."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
import numpy as np
from gradio.components import Component
from numpy.typing import NDArray

from backends.progress import Progress
from backends.text_image.opening import OPENING, Curves
from explorers.guard import guarded
from explorers.progress import paced, progress_line
from explorers.stopping import Run, StopButton
from explorers.text_image.form import Form
from explorers.text_image.pictures import figure, frames
from explorers.views.heat_photo import heat_photo
from explorers.views.line_curve import Role, Series, line_curve

PARTS: list[tuple[str, str, Role]] = [
    ("skip", "skips S", "other"),
    ("control", "control C", "ours"),
    ("base", "base F", "baseline"),
    ("fused", "fused", "other"),
]
NOTE = (
    "Each curve is the mean log amplitude of a spectrum, relative to its constant part: high at the right is "
    "fine detail. The paper's figure 5 asks the control to bring the strokes, and the base the scene."
)
NOT_MEASURED = "Nothing is measured yet of this picture."
Updates = dict[Component, Any]


@dataclass(frozen=True, eq=False)
class Spectra:
    """A spectrum to look at: part -> (steps, levels, bins), level -> (h, w)."""

    steps: Sequence[float]
    levels: Sequence[str]
    frequencies: Sequence[float]
    curves: dict[str, NDArray[Any]]
    maps: dict[str, NDArray[Any]]

    @classmethod
    def of_stored(cls, stored: Curves) -> "Spectra":
        """The one that the page opens with."""
        curves = {part: np.asarray(values) for part, values in stored.curves.items()}
        maps = {level: np.asarray(rows, np.uint8) for level, rows in stored.maps.items()}
        return cls(stored.steps, stored.levels, stored.frequencies, curves, maps)


class SpectrumPanel:
    """Measures the spectrum of one line of the form's edit, and shows it."""

    def __init__(self, form: Form, opening: Curves | None) -> None:
        """Lays out the panel, with the opening's spectrum where there is one."""
        self._form, self._opening = form, opening
        spectra = Spectra.of_stored(opening) if opening else None
        self._spectra = gr.State(spectra)
        gr.HTML(NOTE, elem_classes="atelier-note")
        with gr.Row():
            self._line = gr.Number(1, label="Line", precision=0, minimum=1, min_width=80, scale=0, interactive=True)
            self._go = gr.Button("Measure the present settings", size="sm", min_width=160)
            self._stop = StopButton()
        self._status = gr.HTML("" if spectra else NOT_MEASURED, elem_classes="atelier-note")
        with gr.Row():
            steps = len(spectra.steps) if spectra else 2
            levels = list(spectra.levels) if spectra else []
            self._step = gr.Slider(1, steps, (steps + 1) // 2, step=1, label="Step", min_width=160, interactive=True)
            self._level = gr.Radio(
                levels, value=levels[-1] if levels else None, label="Decoder size", min_width=160, interactive=True
            )
        shown = _shown(spectra, (steps + 1) // 2, levels[-1] if levels else None)
        self._picture = gr.HTML(shown[0])
        self._maps = gr.HTML(shown[1])

    def wire(self) -> None:
        """Wires the panel."""
        chosen = [self._spectra, self._step, self._level]
        for control in (self._step.input, self._level.input):
            control(
                guarded(_shown),
                chosen,
                [self._picture, self._maps],
                api_visibility="private",
                show_progress="hidden",
                trigger_mode="always_last",
            )
        gr.on(
            [self._form.example.change, self._form.picture.upload],
            guarded(self._other),
            self._form.example,
            [*chosen, self._picture, self._maps, self._status],
            api_visibility="private",
            show_progress="hidden",
        )
        self._stop.ends(
            self._go,
            self._measure,
            [self._line, *self._form.values],
            [*chosen, self._picture, self._maps, self._status],
            self._status,
            concurrency_id="text_image",
            concurrency_limit=1,
        )

    def _other(self, named: str) -> Updates:
        """Another picture: its line is not measured yet, but for the one that the page opens with."""
        spectra = Spectra.of_stored(self._opening) if self._opening and named == OPENING else None
        return self._changed(spectra) | {self._status: "" if spectra else NOT_MEASURED}

    def _changed(self, spectra: Spectra | None) -> Updates:
        if spectra is None:
            return {self._spectra: None, self._picture: "", self._maps: ""}
        middle = (len(spectra.steps) + 1) // 2
        picture, maps = _shown(spectra, middle, spectra.levels[-1])
        return {
            self._spectra: spectra,
            self._step: gr.Slider(1, max(2, len(spectra.steps)), middle, step=1),
            self._level: gr.Radio(list(spectra.levels), value=spectra.levels[-1]),
            self._picture: picture,
            self._maps: maps,
        }

    def _measure(self, run: Run, line: float | None, *values: Any) -> Generator[Updates, None, None]:
        from backends.text_image.spectrum import spectrum

        request, _ = self._form.request(*values)
        yield {self._status: progress_line(Progress(0.0, "getting ready"))}
        work = spectrum(request, int(line or 1) - 1)

        def report(step: Progress) -> Updates:
            return {self._status: progress_line(step)}

        found = yield from paced(run.until_stopped(work), report)
        spectra = Spectra(found.steps, found.levels, found.frequencies, found.curves, found.maps)
        yield self._changed(spectra) | {self._status: ""}


def opening_spectrum(stored: Curves) -> str:
    """The curves of a stored edit at its largest decoder size, in the middle of its steps."""
    return _shown(Spectra.of_stored(stored), (len(stored.steps) + 1) // 2, stored.levels[-1])[0]


def _shown(spectra: Spectra | None, step: float, level: str | None) -> tuple[str, str]:
    """Curves and maps at a step, counted from 1, and a level."""
    if spectra is None or level is None or level not in spectra.levels:
        return "", ""
    at, size = min(max(int(step), 1), len(spectra.steps)) - 1, list(spectra.levels).index(level)
    series = [
        Series(name, spectra.frequencies, [float(value) for value in spectra.curves[part][at, size]], role=role)
        for part, name, role in PARTS
    ]
    picture = line_curve(
        series,
        title=f"Spectrum at time {spectra.steps[at]:.2f}, decoder size {level}",
        x_title="frequency, as a share of π",
        y_title="log amplitude, relative to the constant",
    )
    maps = [
        figure(_enlarged(heat_photo(values)), f"{name} features", alt=f"Size of the control at decoder size {name}")
        for name, values in spectra.maps.items()
    ]
    return picture.html, frames(maps, "What the control brings, at its last step") if maps else ""


def _enlarged(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Whole pixels, large enough to be seen."""
    times = max(1, 256 // pixels.shape[1])
    return np.repeat(np.repeat(pixels, times, axis=0), times, axis=1)
