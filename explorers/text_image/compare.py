"""Compare: the present setting against another one, on the same picture, regions and seed."""

from collections.abc import Callable, Generator
from dataclasses import replace
from typing import Any

import gradio as gr
from gradio.components import Component

from backends.errors import InputError
from backends.progress import Progress
from backends.text_image.requests import NEUTRAL, PAPER_TIMELINE, Fourier, Options
from backends.text_image.timelines import NAMES, named, timeline
from explorers.guard import guarded
from explorers.progress import paced, progress_line
from explorers.stopping import Run, StopButton
from explorers.text_image import pictures
from explorers.text_image.form import Form
from explorers.views.before_after import BeforeAfter, Shot, before_after_value
from explorers.views.svg import Markup, escape, tag

KEPT = "the setting kept as B"
PAPERS_WAY = "the paper's way in everything"
Updates = dict[Component, Any]


def _with_timeline(name: str) -> Callable[[Options], Options]:
    return lambda options: replace(options, timeline=timeline(*named(name, options.noise)))


OTHERS: dict[str, Callable[[Options], Options]] = {
    **{f"timeline: {name}": _with_timeline(name) for name in NAMES},
    "enhancement off": lambda options: replace(options, fourier=None),
    "the paper's enhancement": lambda options: replace(options, fourier=Fourier()),
    "low band only": lambda options: replace(options, fourier=replace(options.fourier or NEUTRAL, band="low")),
    "high band only": lambda options: replace(options, fourier=replace(options.fourier or NEUTRAL, band="high")),
    "edges of the glyph as signal": lambda options: replace(options, signals={"glyph_canny": 1.0}),
    "position alone": lambda options: replace(options, signals={}),
    "frequency branch off (FEC)": lambda options: replace(options, fec=False),
    "no mask in the detail stage": lambda options: replace(options, masked_levels=0),
    "started from a draft": lambda options: replace(options, start="draft"),
    "colours as predicted": lambda options: replace(options, keep_colours=False),
    "strokes not made crisp": lambda options: replace(options, crisp_strokes=False),
    PAPERS_WAY: lambda options: replace(
        options,
        timeline=PAPER_TIMELINE,
        fourier=Fourier(),
        signals={"glyph": 1.0},
        fec=True,
        masked_levels=2,
        start="paper",
        keep_colours=False,
        crisp_strokes=False,
    ),
}
"""What B can be: the present setting with one thing changed."""


class ComparePanel:
    """Runs A and B and shows one over the other."""

    def __init__(self, form: Form) -> None:
        """Lays out the panel; nothing is computed."""
        self._form = form
        self._kept = gr.State(None)
        gr.HTML(
            "A is the setting at the left. B differs from it, and has its picture, regions and seed.",
            elem_classes="atelier-note",
        )
        with gr.Row():
            self._other = gr.Dropdown(
                [*OTHERS, KEPT], value=PAPERS_WAY, label="B: the same, but …", min_width=240, interactive=True
            )
            self._keep = gr.Button("Keep the present setting as B", size="sm", min_width=160)
            self._go = gr.Button("Compare", variant="primary", size="sm", min_width=96)
            self._stop = StopButton()
        self._status = gr.HTML("", elem_classes="atelier-note")
        self._picture = BeforeAfter(None, label="A and B")
        self._evidence = gr.HTML("")

    def wire(self) -> None:
        """Wires the panel."""
        self._keep.click(
            guarded(self._keep_present),
            self._form.values,
            [self._kept, self._other, self._status],
            api_visibility="private",
            show_progress="hidden",
        )
        self._stop.ends(
            self._go,
            self._compare,
            [self._other, self._kept, *self._form.values],
            [self._status, self._picture, self._evidence],
            self._status,
            concurrency_id="text_image",
            concurrency_limit=1,
        )

    def _keep_present(self, *values: Any) -> tuple[Options, str, str]:
        return self._form.request(*values)[1].options, KEPT, "Kept. Now change the setting at the left, and compare."

    def _compare(self, run: Run, other: str, kept: Options | None, *values: Any) -> Generator[Updates, None, None]:
        from backends.text_image.edit import edit

        request, _ = self._form.request(*values)
        ours = replace(request.options, variants=1)
        if other == KEPT:
            if kept is None:
                raise InputError("No setting is kept yet. Keep one, or choose another B.")
            theirs = replace(kept, seed=ours.seed, variants=1)
        elif other in OTHERS:
            theirs = OTHERS[other](ours)
            if theirs == ours:
                raise InputError(f"A does that already ({other}). Choose another B, or change the setting at the left.")
        else:
            raise InputError("Choose what B shall be.")
        yield {self._status: progress_line(Progress(0.0, "getting ready")), self._picture: None, self._evidence: ""}
        results = []
        for letter, options in (("A", ours), ("B", theirs)):

            def report(step: Progress, letter: str = letter) -> Updates:
                return {self._status: progress_line(replace(step, message=f"{letter}: {step.message}"))}

            work = edit(replace(request, options=options))
            results.append((yield from paced(run.until_stopped(work), report)))
        first, second = results
        yield {
            self._status: "",
            self._picture: before_after_value(
                Shot(first.images[0], "A", "The edit with the setting at the left"),
                [Shot(second.images[0], "B", f"The edit with B: {other}")],
                caption=f"A: the setting at the left. B: {other}. Seed {ours.seed}.",
            ),
            self._evidence: _strip("A · the setting at the left", first) + _strip(f"B · {other}", second),
        }


def _strip(name: str, result: Any) -> Markup:
    parts = Markup(pictures.evidence(result)), Markup(pictures.read_back(result.lines))
    return tag("div", tag("h3", escape(name)), *parts, class_="atelier-section")
