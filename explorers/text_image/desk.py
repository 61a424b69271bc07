"""The desk: the inputs beside the picture before and after, with its evidence."""

import json
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component

from backends.errors import AtelierError, InputError
from backends.progress import Progress
from backends.text_image.examples import EXAMPLES, Example, example
from backends.text_image.opening import read_stored
from backends.text_image.pictures import open_picture
from backends.text_image.requests import EditResult, Picture
from backends.text_image.wire import Recipe, changed_options, options_json, recipe_json, regions_json, report_json
from explorers.guard import guarded
from explorers.links import copy_link_button
from explorers.progress import paced, progress_line
from explorers.stopping import Run, StopButton
from explorers.text_image import pictures
from explorers.text_image.exports import export_png
from explorers.text_image.film import film_pictures
from explorers.text_image.form import Form
from explorers.text_image.spectra import opening_spectrum
from explorers.views.arrival import arrival
from explorers.views.before_after import BeforeAfter
from explorers.views.events import id_of
from explorers.views.export import export_file
from explorers.views.svg import escape

Updates = dict[Component, Any]
READY = "Press “Write” to run the edit."


class DeskPanel:
    """Inputs, picture, evidence and downloads. Other panels read `form` and write nothing here."""

    def __init__(self, recipe: Recipe) -> None:
        """Lays out the desk with a recipe on it, and its result where that is stored."""
        with gr.Row():
            with gr.Column(elem_classes="atelier-inputs"):
                self.status = gr.HTML("", render=False)
                self.form = Form(recipe, self.status, self._lay_out_actions)
            with gr.Column(elem_classes="atelier-stage"):
                self.picture = BeforeAfter(None, label="Before and after")
                self.status.render()
                self.evidence = gr.HTML("")
                self.lines = gr.HTML("")
                self.spectrum = gr.HTML("")
                self.link = gr.JSON({}, visible="hidden", label="What a link carries")
                self.link_regions = gr.JSON(None, visible="hidden", label="The regions that it carries")
                self.kept = gr.State(())
                self.recipe = gr.State(recipe)
                with gr.Row(elem_classes="atelier-actions"):
                    copy_link_button(
                        "text_image",
                        {
                            "example": self.form.example,
                            "seed": self.form.seed,
                            "options": self.link,
                            "regions": self.link_regions,
                        },
                    )
                    self.export = gr.Button("Download PNG and recipe", size="sm")
                self.files = gr.Files(label="PNG, recipe, report", visible=False, interactive=False)
        self.film = gr.HTML("", render=False)
        for component, value in self.show_stored(recipe).items():
            if component is not self.files:
                component.value = value

    def _lay_out_actions(self) -> None:
        with gr.Row(elem_classes="atelier-pair"):
            self.go = gr.Button("Write", variant="primary", size="sm")
            self.stop = StopButton()

    def wire(self) -> None:
        """Wires the desk, once everything on the tab is laid out."""
        self.form.wire()
        quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        self.stop.ends(
            self.go,
            self._write,
            [self.form.keep_seed, *self.form.values],
            [*self.results, self.status, self.form.seed],
            self.status,
            concurrency_id="text_image",
            concurrency_limit=1,
        )
        self.form.gallery.select(guarded(self._choose), None, [*self.form.outputs, *self.results, self.status], **quiet)
        self.form.picture.upload(
            guarded(self._uploaded), self.form.picture, [*self.form.outputs, *self.results, self.status], **quiet
        )
        self.export.click(guarded(self._export), [self.recipe, self.kept], self.files, **quiet)
        arrival().arrive(_warm_up, concurrency_limit=1, **quiet)

    @property
    def results(self) -> list[Component]:
        """What a result changes."""
        return [
            *(self.picture, self.evidence, self.lines, self.spectrum, self.film),
            *(self.link, self.link_regions, self.kept, self.recipe, self.files),
        ]

    def show(self, before: Picture, result: EditResult, recipe: Recipe, *, stored: bool = False) -> Updates:
        """A finished edit."""
        caption = f"{_title(recipe)}; seed {recipe.options.seed}, {recipe.options.steps} steps"
        return {
            self.picture: pictures.compared(before, result.images, result.lines, caption),
            self.evidence: pictures.evidence(result),
            self.lines: pictures.read_back(result.lines) + pictures.note(result, stored=stored),
            self.spectrum: "",
            self.film: film_pictures(before, result),
            **self._remember(recipe),
        }

    def show_stored(self, recipe: Recipe) -> Updates:
        """The stored result of a recipe that is an example's own, or only the picture."""
        shown = example(recipe.example)
        before = shown.picture()
        if recipe == _own(shown):
            try:
                stored = read_stored(shown.id)
                spectrum = opening_spectrum(stored.spectrum) if stored.spectrum else ""
                result = self.show(before, stored.result, recipe, stored=True)
                return {**result, self.spectrum: spectrum, self.status: ""}
            except AtelierError as error:
                return {**self._bare(before, recipe), self.status: escape(str(error))}
        return {**self._bare(before, recipe), self.status: READY}

    def _bare(self, before: Picture, recipe: Recipe) -> Updates:
        nothing: Updates = {self.evidence: "", self.lines: "", self.spectrum: "", self.film: ""}
        return {self.picture: pictures.alone(before), **nothing, **self._remember(recipe)}

    def _remember(self, recipe: Recipe, kept: tuple[str, ...] = ()) -> Updates:
        """What link and download are made of."""
        usual = next((one for one in EXAMPLES if one.id == recipe.example), None)
        options = replace(recipe.options, seed=usual.options.seed) if usual else recipe.options
        same = usual is not None and usual.regions == recipe.regions
        return {
            self.link: changed_options(options, usual.options) or None if usual else options_json(options),
            self.link_regions: None if same else regions_json(recipe.regions),
            self.recipe: recipe,
            self.kept: kept,
            self.files: gr.Files(visible=False),
        }

    def _write(self, run: Run, keep_seed: bool, *values: Any) -> Generator[Updates, None, None]:
        from backends.text_image.edit import edit

        request, recipe = self.form.request(*values)
        seed = self.form.new_seed(keep_seed)
        if isinstance(seed, int):
            options = replace(request.options, seed=seed)
            request, recipe = replace(request, options=options), replace(recipe, options=options)
        yield {self.form.seed: seed, self.status: progress_line(Progress(0.0, "getting ready"))}

        def report(step: Progress) -> Updates:
            line: Updates = {self.status: progress_line(step)}
            if step.preview is not None:
                line[self.picture] = pictures.preview(request.image, step.preview)  # type: ignore[arg-type]
            return line

        result = yield from paced(run.until_stopped(edit(request)), report)
        kept = tuple(export_png(image, recipe_json(recipe), "text-in-images") for image in result.images)
        report_file = export_file(json.dumps(report_json(result), indent=2, ensure_ascii=False), "report", "json")
        yield {
            **self.show(request.image, result, recipe),
            self.kept: (*kept, report_file),
            self.status: "",
        }

    def _choose(self, event: gr.EventData) -> Updates:
        chosen = example(id_of(event))
        recipe = _own(chosen)
        return {**self.form.fill(recipe), **self.show_stored(recipe)}

    def _uploaded(self, picture: str | None) -> Updates:
        """The inputs for a visitor's picture, and the picture in place of the last edit; a file that is none goes."""
        if picture is None:
            return {}
        try:
            inputs, recipe = self.form.uploaded(picture)
        except InputError as error:
            return {self.form.picture: None, self.status: escape(str(error))}
        if recipe.example:
            return {**inputs, **self.show_stored(recipe)}
        return {**self._bare(open_picture(Path(picture)), recipe), **inputs}

    def _export(self, recipe: Recipe, kept: tuple[str, ...]) -> gr.Files:
        """The PNGs of the last edit, or of the stored one on show, with their recipe."""
        found = [path for path in kept if Path(path).exists()]
        if not found:
            if recipe not in map(_own, EXAMPLES):
                raise InputError("There is no edit to download. Press “Write” first.")
            stored = read_stored(recipe.example).result
            found = [export_png(image, recipe_json(recipe), "text-in-images") for image in stored.images]
        recipe_file = export_file(json.dumps(recipe_json(recipe), indent=2, ensure_ascii=False), "recipe", "json")
        return gr.Files([*found, recipe_file], visible=True)


def _own(shown: Example) -> Recipe:
    """The recipe of an example as it ships."""
    return Recipe(shown.regions, shown.options, shown.id)


def _title(recipe: Recipe) -> str:
    texts = ", ".join(f"“{region.text}”" if region.text else "nothing" for region in recipe.regions)
    return f"Writes {texts}"


def _warm_up() -> None:
    """Loads torch and the engine while the visitor still looks at the opening."""
    import backends.text_image.edit  # noqa: F401
