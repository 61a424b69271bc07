"""Sweep: one control over a grid of values, all else as it is; a table, the pictures, and the data."""

import re
from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import Any

import gradio as gr
from gradio.components import Component

from backends.errors import InputError, quoted
from backends.progress import Progress
from backends.text_image.wire import recipe_json
from explorers.guard import guarded
from explorers.progress import paced, progress_line
from explorers.stopping import Run, StopButton
from explorers.text_image.exports import export_png
from explorers.text_image.form import Form
from explorers.text_image.pictures import figure, frames
from explorers.views.export import export_file
from explorers.views.line_curve import Series, line_curve
from explorers.views.numbers import number
from explorers.views.picture import Table
from explorers.views.svg import tag

Updates = dict[Component, Any]


class SweepPanel:
    """Edits once for each value."""

    def __init__(self, form: Form) -> None:
        """Lays out the panel; nothing is computed."""
        self._form = form
        with gr.Row():
            self._control = gr.Dropdown(
                ["alpha"], value="alpha", label="Control", min_width=160, allow_custom_value=True, interactive=True
            )
            self._values = gr.Textbox(
                "", label="Values; none for its own grid", placeholder="0.5, 1, 1.5", min_width=200, interactive=True
            )
            self._go = gr.Button("Sweep", variant="primary", size="sm", min_width=96)
            self._stop = StopButton()
        self._status = gr.HTML("", elem_classes="atelier-note")
        self._picture = gr.HTML("")
        self._files = gr.Files(label="Table and pictures", visible=False, interactive=False)

    def wire(self, tab: gr.Tab) -> None:
        """Wires the panel; what can be swept is known when `tab` is opened."""
        tab.select(guarded(_controls), None, self._control, api_visibility="private", show_progress="hidden")
        self._stop.ends(
            self._go,
            self._sweep,
            [self._control, self._values, *self._form.values],
            [self._status, self._picture, self._files],
            self._status,
            concurrency_id="text_image",
            concurrency_limit=1,
        )

    def _sweep(self, run: Run, control: str, typed: str, *values: Any) -> Generator[Updates, None, None]:
        from backends.text_image.sweep import sweep, with_control

        request, recipe = self._form.request(*values)
        grid = numbers_of(typed)
        yield {
            self._status: progress_line(Progress(0.0, "getting ready")),
            self._picture: "",
            self._files: gr.Files(visible=False),
        }
        work = sweep(request, control, grid)

        def report(step: Progress) -> Updates:
            return {self._status: progress_line(step)}

        result = yield from paced(run.until_stopped(work), report)
        table = Table(
            (control, "NED", "read", "mean change inside"),
            tuple((row.value, row.ned, row.read, row.changed) for row in result.rows),
        )
        shown = [
            figure(row.image, f"{control} {row.value:g}: NED {number(row.ned)}, reads “{row.read or ''}”")
            for row in result.rows
        ]
        drawn = [
            export_png(row.image, recipe_json(replace(recipe, options=options)), f"sweep-{at}")
            for at, row in enumerate(result.rows, 1)
            for options in (with_control(replace(request.options, variants=1), control, row.value),)
        ]
        yield {
            self._status: "",
            self._picture: _curve(control, result.rows)
            + _table(table)
            + frames(shown, f"{control} from value to value"),
            self._files: gr.Files([export_file(table.csv(), "sweep", "csv"), *drawn], visible=True),
        }


def _curve(control: str, rows: Sequence[Any]) -> str:
    known = sorted((row.value, row.ned) for row in rows if row.ned is not None)
    if len(known) < 2:
        return ""
    return line_curve(
        [Series("read back (NED)", [x for x, _ in known], [y for _, y in known], role="ours")],
        title=f"Read-back over {control}",
        x_title=control,
        y_title="NED",
        y_limits=(0, 1),
    ).html


def _table(table: Table) -> str:
    return tag("div", table.html(), class_="atelier-rules", tabindex=0, role="region", aria_label="Sweep, as a table")


def _controls() -> gr.Dropdown:
    from backends.text_image.sweep import CONTROLS

    return gr.Dropdown([(f"{name} ({', '.join(f'{v:g}' for v in grid)})", name) for name, grid in CONTROLS.items()])


def numbers_of(typed: str) -> tuple[float, ...]:
    """The numbers in a text, parted by commas or spaces; InputError for anything that is none."""
    found = []
    for word in re.split(r"[\s,;]+", typed.strip(" ,;")):
        try:
            found += [float(word)] if word else []
        except ValueError as error:
            raise InputError(f"{quoted(word)} is no number. Write values like 0.5, 1, 1.5.") from error
    return tuple(found)
