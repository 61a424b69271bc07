"""The explorer of text in images: write anything into a picture, in any script, and take the control apart."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

import gradio as gr

from backends.errors import AtelierError
from backends.text_image.examples import example
from backends.text_image.opening import OPENING, Curves, read_stored
from backends.text_image.wire import Recipe, options_json, options_of, regions_of
from explorers.explorer import Explorer, Paper
from explorers.text_image.compare import ComparePanel
from explorers.text_image.creating import CreatePanel
from explorers.text_image.desk import DeskPanel
from explorers.text_image.endpoints import publish
from explorers.text_image.measured import MeasuredPanel
from explorers.text_image.spectra import SpectrumPanel
from explorers.text_image.sweeping import SweepPanel
from explorers.when_seen import lay_out_when_seen


class TextImageExplorer(Explorer):
    """A diffusion model writes text into a picture, in keeping with the scene. It is told what to write by **control
    signals**: the *glyph* (the text in a plain font) and the *position*, which a ControlNet adds to the features of the
    model's decoder. TextGen asks *when* and *in which frequencies* that control matters, and so can you:

    * **Stages.** Early, at high noise, a *global* ControlNet sets shape and style; late, a *detail* ControlNet sees the
      surroundings too and is masked, so that it cannot harm the background. Drop the last half of the control, or the
      first fifth, and see which of the two the text survives.
    * **Frequencies.** *Inference Fourier enhancement* (IFE) makes the control louder (α), its low frequencies quieter
      (s), and the base features louder (β): strokes are high frequencies.
    * **Signals.** Glyph, edges, relief, or the position alone.

    Every edit is **read back** by an OCR engine which is never told what to expect; its score stands between what it
    reads in the picture before (floor) and in the clean glyph (ceiling). Nothing outside the regions changes.

    The paper published neither code nor weights. The model here is small, and trained by this project on scenes that it
    renders itself: it draws strips 64 pixels high. Three things are ours, not the paper's, and are chosen under
    *Start*: what the detail stage predicts is held to the colours of the old text, or in a new picture to colours that
    can be read, and the scene keeps its own ground away from letters; the edges of letters, which a small model leaves
    soft, are made as steep as the glyph's; and an edit may start from *a noised draft*.
    Pictures that you download are marked as edited with AI. Do not use them to deceive.
    """

    id = "text_image"
    title = "Text in images"
    paper = Paper(
        "How Control Information Influences Multilingual Text Image Generation and Editing?",
        "Boqiang Zhang, Zuan Gao, Yadong Qu and Hongtao Xie",
        2024,
        "https://arxiv.org/abs/2407.11502",
    )
    backend = "backends.text_image.edit"
    showcase: ClassVar[Mapping[str, str]] = MappingProxyType({"example": OPENING})

    def build(self) -> None:
        """Lays out a line that is replaced by the tab's content once it is seen, and publishes the endpoints.

        The content has a hundred components. The page's first download holds none of them.
        """
        publish()
        lay_out_when_seen(self.id, lambda query: self._lay_out(recipe_of_link(query)))

    def _lay_out(self, recipe: Recipe) -> None:
        desk = DeskPanel(recipe)
        with gr.Tabs(selected="steps"):
            with gr.Tab("Steps", id="steps"):
                desk.film.render()
            with gr.Tab("Spectrum", id="spectrum"):
                spectrum = SpectrumPanel(desk.form, _opening_spectrum())
            with gr.Tab("Compare", id="compare"):
                compare = ComparePanel(desk.form)
            with gr.Tab("Sweep", id="sweep") as tab:
                sweep = SweepPanel(desk.form)
            with gr.Tab("From noise", id="noise"):
                create = CreatePanel(desk.form)
            with gr.Tab("How good is it?", id="measured"):
                MeasuredPanel()
        desk.wire()
        spectrum.wire()
        compare.wire()
        sweep.wire(tab)
        create.wire()


def _opening_spectrum() -> Curves | None:
    try:
        return read_stored().spectrum
    except AtelierError:
        return None


def recipe_of_link(query: Mapping[str, str]) -> Recipe:
    """The recipe that a link asks for; the opening's, where it asks for nothing that can be used."""
    usual = example(OPENING)
    try:
        shown = example(query.get("example") or OPENING)
        changes = json.loads(query.get("options", "{}"))
        seed = {"seed": int(query["seed"])} if "seed" in query else {}
        options = options_of({**options_json(shown.options), **changes, **seed})
        regions = regions_of(json.loads(query["regions"])) if "regions" in query else shown.regions
        return Recipe(regions or shown.regions, options, shown.id)
    except (AtelierError, TypeError, ValueError, RecursionError):
        return Recipe(usual.regions, usual.options, usual.id)
