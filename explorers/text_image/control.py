"""“Take the control apart”: when the control acts, in which frequencies, by which signals, and from which start."""

from dataclasses import replace
from typing import Any

import gradio as gr
from gradio.components import Component

from backends.errors import InputError
from backends.settings import settings
from backends.text_image.requests import BANDS, EMBEDDED, PAPER_TIMELINE, Fourier, Options
from backends.text_image.signals import SIGNALS
from backends.text_image.timelines import NAMES, marks_of, named, step_times, timeline
from explorers.guard import guarded
from explorers.views.events import marks_of as marks_of_event
from explorers.views.live import JsonValue
from explorers.views.stage_bar import StageBar, stage_bar_value

OWN = "as set below"
SIGNAL_LABELS = {
    "glyph": "Glyph",
    "glyph_canny": "Edges of the glyph",
    "image_canny": "Edges of the picture",
    "depth": "Relief of the glyph",
}
BAND_LABELS = {"all": "all", "low": "low only", "high": "high only"}
STARTS = [("noised original (the paper's way)", "paper"), ("noised draft: the glyph painted on first", "draft")]
Updates = dict[Component, Any]


def engines() -> list[tuple[str, str]]:
    """What can draw here, as labels and ids: the networks that ship, and larger ones that the operator added."""
    own = ("this project's own", EMBEDDED)
    if settings().models_dir is None and not settings().hub:
        return [own]
    from backends.text_image.engines.table import offered

    return [own, *((engine.title, engine.id) for engine in offered())]


class ControlPanel:
    """The widgets, and the options they stand for."""

    def __init__(self, options: Options) -> None:
        """Lays out the panel with the options in it."""
        with gr.Accordion("Take the control apart", open=False), gr.Tabs(selected="timeline"):
            with gr.Tab("Timeline", id="timeline"):
                self._lay_out_timeline()
            with gr.Tab("Frequency", id="frequency"):
                self._lay_out_frequency()
            with gr.Tab("Signal", id="signal"):
                self._lay_out_signal()
            with gr.Tab("Start", id="start"):
                self._lay_out_start()
        for component, value in self.fill(options).items():
            component.value = value

    def _lay_out_timeline(self) -> None:
        self.bar = StageBar(None, label="Stages of control")
        self.preset = gr.Dropdown([*NAMES, OWN], value=NAMES[0], label="Timeline", interactive=True)
        self.begins = gr.Slider(0, 1, 1, step=0.01, label="Control begins at time", interactive=True)
        self.split = gr.Slider(0, 1, 0.5, step=0.01, label="Global hands over to detail at", interactive=True)
        self.ends = gr.Slider(0, 1, 0, step=0.01, label="Control ends at time", interactive=True)
        gr.HTML("Time runs from 1, pure noise, to 0, the picture.", elem_classes="atelier-note")

    def _lay_out_frequency(self) -> None:
        self.enhanced = gr.Checkbox(True, label="Fourier enhancement (IFE), with these values:", interactive=True)
        self.alpha = gr.Slider(0, 4, 1.4, step=0.05, label="Control, all of it: α", interactive=True)
        self.beta = gr.Slider(0, 4, 1.2, step=0.05, label="Base features: β", interactive=True)
        self.s = gr.Slider(0, 4, 0.2, step=0.05, label="Control, its low frequencies: s", interactive=True)
        self.radius = gr.Slider(
            0, 32, 1, step=0.5, label="Low means up to radius, in waves over the canvas", interactive=True
        )
        self.band = gr.Radio(
            [(BAND_LABELS[band], band) for band in BANDS], value="all", label="Control that is kept", interactive=True
        )

    def _lay_out_signal(self) -> None:
        self.weights = [
            gr.Slider(0, 2, float(name == "glyph"), step=0.05, label=SIGNAL_LABELS[name], interactive=True)
            for name in SIGNALS
        ]
        gr.HTML("All at 0 leaves the position alone.", elem_classes="atelier-note")
        self.fec = gr.Checkbox(True, label="Frequency branch of the control encoders (FEC)", interactive=True)
        self.masked = gr.Slider(
            0, 3, 2, step=1, label="Decoder sizes, of the largest, masked in the detail stage", interactive=True
        )

    def _lay_out_start(self) -> None:
        offered = engines()
        self._engines = [identity for _, identity in offered]
        self.engine = gr.Dropdown(
            offered, value=EMBEDDED, label="Networks that draw", visible=len(offered) > 1, interactive=True
        )
        self.start = gr.Radio(STARTS, value="paper", label="Denoising starts from", interactive=True)
        self.keep_colours = gr.Checkbox(
            True, label="Keep the old text's colours; make new text stand out (ours)", interactive=True
        )
        self.crisp_strokes = gr.Checkbox(True, label="Strokes as crisp as the glyph's (ours)", interactive=True)
        self.noise = gr.Slider(0.05, 1, 0.8, step=0.05, label="Noise at the start", interactive=True)
        self.guidance = gr.Slider(1, 10, 1, step=0.5, label="Guidance by the caption; 1 is none", interactive=True)

    def wire(self, steps: gr.Radio) -> None:
        """Lets bar, sliders and named timelines follow each other; `steps` holds how many steps there are."""
        quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "trigger_mode": "always_last"}
        marks = [self.begins, self.split, self.ends]
        when = [self.noise, steps]
        self.preset.input(guarded(_choose), [self.preset, *when], [*marks, self.bar], **quiet)
        self.bar.edit(guarded(_dragged), when, [*marks, self.bar, self.preset], **quiet)
        gr.on([mark.release for mark in marks], guarded(_moved), [*marks, *when], [self.bar, self.preset], **quiet)
        self.noise.release(guarded(_started), [self.preset, *marks, *when], [*marks, self.bar], **quiet)
        steps.input(guarded(_bar), [*marks, *when], self.bar, **quiet)

    @property
    def values(self) -> list[Component]:
        """What `options` reads, in its order."""
        frequency = [self.enhanced, self.alpha, self.beta, self.s, self.radius, self.band]
        return [
            *(self.begins, self.split, self.ends),
            *frequency,
            *(self.start, self.keep_colours, self.crisp_strokes, self.noise, self.guidance),
            *(self.fec, self.masked, self.engine),
            *self.weights,
        ]

    def options(self, usual: Options, *values: Any) -> Options:
        """`usual` with what the panel says. The backend checks it."""
        begins, split, ends, enhanced, alpha, beta, s, radius, band, start, *rest = values
        keep_colours, crisp_strokes, noise, guidance, fec, masked, engine, *weights = rest
        if any(value is None for value in values):
            raise InputError("A number is missing. Fill in every field.")
        return replace(
            usual,
            timeline=timeline(begins, split, ends),
            fourier=Fourier(alpha, beta, s, radius, band) if enhanced else None,
            start=start,
            keep_colours=keep_colours,
            crisp_strokes=crisp_strokes,
            noise=noise,
            guidance=guidance,
            fec=fec,
            masked_levels=int(masked),
            engine=engine,
            signals={name: weight for name, weight in zip(SIGNALS, weights, strict=True) if weight},
        )

    def fill(self, options: Options) -> Updates:
        """The panel with the options in it; a timeline of another order than the panel's is shown as the paper's."""
        marks = marks_of(options.timeline) or marks_of(PAPER_TIMELINE) or (1.0, 0.5, 0.0)
        held = timeline(*marks)
        known = next((name for name in NAMES if timeline(*named(name, options.noise)) == held), OWN)
        fourier = options.fourier or Fourier()
        return {
            self.bar: _bar(*marks, options.noise, options.steps),
            self.preset: known,
            **dict(zip((self.begins, self.split, self.ends), marks, strict=True)),
            self.enhanced: options.fourier is not None,
            self.alpha: fourier.alpha,
            self.beta: fourier.beta,
            self.s: fourier.s,
            self.radius: fourier.radius,
            self.band: fourier.band,
            self.start: options.start,
            self.keep_colours: options.keep_colours,
            self.crisp_strokes: options.crisp_strokes,
            self.noise: options.noise,
            self.guidance: options.guidance,
            self.fec: options.fec,
            self.masked: options.masked_levels,
            self.engine: options.engine if options.engine in self._engines else EMBEDDED,
            **{slider: options.signals.get(name, 0.0) for slider, name in zip(self.weights, SIGNALS, strict=True)},
        }


def _bar(begins: float, split: float, ends: float, noise: float, steps: int) -> JsonValue:
    timeline(begins, split, ends)  # says what is wrong with them
    return stage_bar_value((begins, split, ends), noise, step_times(noise, steps))


def _choose(name: str, noise: float, steps: int) -> tuple[Any, ...]:
    if name == OWN:
        return (gr.skip(), gr.skip(), gr.skip(), gr.skip())
    marks = named(name, noise)
    return *marks, _bar(*marks, noise, steps)


def _moved(begins: float, split: float, ends: float, noise: float, steps: int) -> tuple[JsonValue, str]:
    return _bar(begins, split, ends, noise, steps), OWN


def _dragged(noise: float, steps: int, event: gr.EventData) -> tuple[Any, ...]:
    marks = marks_of_event(event)
    return *marks, _bar(*marks, noise, steps), OWN


def _started(name: str, begins: float, split: float, ends: float, noise: float, steps: int) -> tuple[Any, ...]:
    if name != OWN:  # “the last half” is of the denoising, which has become another one
        begins, split, ends = named(name, noise)
    return begins, split, ends, _bar(begins, split, ends, noise, steps)
