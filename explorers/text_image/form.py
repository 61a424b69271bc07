"""The inputs: a picture, where its texts stand and what they shall say, and how to write them."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from gradio.components import Component
from PIL import Image

from backends.errors import InputError
from backends.text_image.example_pictures import FOLDER
from backends.text_image.examples import EXAMPLES, Example, example
from backends.text_image.pictures import open_picture
from backends.text_image.recipe import read_recipe
from backends.text_image.regions import regions_from_drawing
from backends.text_image.requests import LONGEST_CAPTION, MOST_VARIANTS, PRESETS, EditRequest, Options, Region
from backends.text_image.wire import Recipe, generate_request_of_recipe, made_from_noise, recipe_of
from explorers.guard import guarded
from explorers.text_image.control import ControlPanel
from explorers.text_image.table import HEADERS, NOTE, regions_of_table, rows_of
from explorers.views.image_grid import ImageGrid, Thumbnail, grid_value
from explorers.views.live import JsonValue
from explorers.views.svg import escape

THUMBNAIL = 88
RESTORED = "The settings of this picture are back. To repeat the edit, open the picture that it began with."
FROM_NOISE = "This picture was made from noise. Its text and settings are back under “From noise”."
OWN_PICTURE = "Now mark where text stands: draw over it, or write its place into the table."
_SEEDS = 2**31
Updates = dict[Component, Any]


class Form:
    """The widgets of a request, and the request they stand for."""

    def __init__(self, recipe: Recipe, status: gr.HTML, actions: Callable[[], None]) -> None:
        """Lays out the inputs with a recipe in them.

        `status` is where it says what to do next; `actions` lays out what starts the work, below the texts.
        """
        shown = example(recipe.example)
        self._status = status
        self.example = gr.Textbox(shown.id, visible="hidden", label="Example", interactive=True)
        self.gallery = ImageGrid(thumbnails(), label="Examples", elem_classes=["atelier-strip"])
        self.picture = gr.Image(
            str(FOLDER / shown.image_file),
            type="filepath",
            image_mode=None,
            sources=["upload", "clipboard"],
            label="Your picture; a PNG made here brings its settings back",
            height=216,
            alt_text="The picture to edit",
            elem_classes=["atelier-upload"],
            buttons=[],
            interactive=True,
        )
        with gr.Tabs(selected="texts"):
            with gr.Tab("Texts", id="texts"):
                self.table = gr.Dataframe(
                    rows_of(recipe.regions),
                    headers=HEADERS,
                    datatype="str",
                    type="array",
                    column_count=len(HEADERS),
                    interactive=True,
                    show_label=False,
                    buttons=[],
                    wrap=True,
                )
                gr.HTML(NOTE, elem_classes="atelier-note")
            with gr.Tab("Draw", id="draw") as self._drawing:
                self.editor = gr.ImageEditor(
                    type="numpy",
                    sources=[],
                    transforms=[],
                    brush=gr.Brush(default_size=28, colors=["#ff2d78"], color_mode="fixed"),
                    layers=False,
                    show_label=False,
                    height=320,
                    interactive=True,
                )
                self._take = gr.Button("Take what I drew as regions", size="sm")
        actions()
        self.caption = gr.Textbox(
            recipe.options.caption,
            label="The scene in a few words",
            max_length=LONGEST_CAPTION,
            placeholder="white text on a green sign",
            interactive=True,
        )
        self.preset = gr.Radio(_steps(recipe.options), value=recipe.options.steps, label="Steps", interactive=True)
        with gr.Row(elem_classes="atelier-pair"):
            self.seed = gr.Number(
                recipe.options.seed, label="Seed", precision=0, minimum=0, min_width=96, interactive=True
            )
            self.variants = gr.Number(
                recipe.options.variants,
                label="Variants",
                precision=0,
                minimum=1,
                maximum=MOST_VARIANTS,
                min_width=96,
                interactive=True,
            )
        self.keep_seed = gr.Checkbox(True, label="Use this seed again", interactive=True)
        self.control = ControlPanel(recipe.options)

    @property
    def settings(self) -> list[Component]:
        """What `options` reads, in its order."""
        return [self.caption, self.preset, self.seed, self.variants, *self.control.values]

    @property
    def values(self) -> list[Component]:
        """What `request` reads, in its order."""
        return [self.example, self.picture, self.table, *self.settings]

    @property
    def outputs(self) -> list[Component]:
        """All that `fill` may change."""
        return [*self.values, self.control.bar, self.control.preset]

    def options(self, caption: str, steps: int, seed: float | None, variants: float | None, *control: Any) -> Options:
        """The options that the widgets stand for; InputError where a number is missing."""
        if seed is None or variants is None:
            raise InputError("Seed or variants are missing. Give whole numbers.")
        usual = Options(caption=caption or "", steps=int(steps), seed=int(seed), variants=int(variants))
        return self.control.options(usual, *control)

    def request(
        self, named: str, picture: str | None, table: Sequence[Sequence[object]], *settings: Any
    ) -> tuple[EditRequest, Recipe]:
        """The request that the widgets stand for, and its recipe.

        Raises:
            InputError: for a missing or unusable picture, a table that cannot be read, a number out of range.
        """
        if picture is None:
            raise InputError("There is no picture. Drop one, or choose an example.")
        options = self.options(*settings)
        regions = regions_of_table(table)
        return EditRequest(open_picture(Path(picture)), regions, options), Recipe(regions, options, named)

    def fill(self, recipe: Recipe, *, picture: bool = True) -> Updates:
        """The widgets with a recipe in them; its example's picture too, unless told otherwise."""
        options = recipe.options
        updates: Updates = {
            self.table: rows_of(recipe.regions),
            self.caption: options.caption,
            self.preset: options.steps if _is_preset(options) else gr.Radio(_steps(options), value=options.steps),
            self.seed: options.seed,
            self.variants: options.variants,
            **self.control.fill(options),
        }
        if picture and recipe.example:
            shown = example(recipe.example)
            updates |= {self.example: shown.id, self.picture: str(FOLDER / shown.image_file)}
        return updates

    def new_seed(self, keep: bool) -> Any:
        """Another seed, unless the present one is to be used again."""
        return gr.skip() if keep else secrets.randbelow(_SEEDS)

    def wire(self) -> None:
        """Wires what concerns the inputs alone."""
        quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        self._drawing.select(guarded(_canvas), self.picture, self.editor, **quiet)
        self._take.click(
            guarded(self._drawn), [self.editor, self.picture, self.table], [self.table, self._status], **quiet
        )
        self.control.wire(self.preset)

    def uploaded(self, picture: str) -> tuple[Updates, Recipe]:
        """The inputs for a visitor's own picture, or those that it brings with it, and the recipe that they hold.

        Raises:
            InputError: for a file that is no picture, or one that cannot be used.
        """
        height, width = open_picture(Path(picture)).shape[:2]
        place = f"{width // 5}, {2 * height // 5}, {3 * width // 5}, {height // 5}"
        own: Updates = {self.example: "", self.table: [["Hello", place, ""]], self._status: OWN_PICTURE}
        nothing = Recipe((), Options())
        try:
            found = read_recipe(Path(picture))
            if found is None:
                return own, nothing
            if made_from_noise(found):
                made = generate_request_of_recipe(found).options
                # Noise to the full would leave nothing of the picture that is to be edited now.
                settings = Recipe((), replace(made, noise=Options().noise))
                return {**self.fill(settings, picture=False), **own, self._status: FROM_NOISE}, settings
            recipe = recipe_of(found)
        except InputError as error:
            return {**own, self._status: escape(f"{error} {OWN_PICTURE}")}, nothing
        known = recipe.example in {one.id for one in EXAMPLES}
        recipe = recipe if known else replace(recipe, example="")
        return {self.example: "", **self.fill(recipe), self._status: "" if known else RESTORED}, recipe

    def _drawn(
        self, drawing: dict[str, Any] | None, picture: str | None, table: Sequence[Sequence[object]]
    ) -> tuple[list[list[str]], str]:
        if not drawing or picture is None or not drawing["layers"]:
            raise InputError("Nothing is drawn. Paint over the text with the brush.")
        height, width = open_picture(Path(picture)).shape[:2]
        mask = np.max([layer[..., 3] for layer in drawing["layers"]], axis=0)
        # The editor may work on a picture of another size than the file.
        scaled = np.asarray(Image.fromarray(mask).resize((width, height), Image.Resampling.NEAREST))
        corners = regions_from_drawing(scaled)
        if not corners:
            raise InputError("Nothing is drawn. Paint over the text with the brush.")
        rows = rows_of([Region(quad, "") for quad in corners])
        for row, (text, _, script) in zip(rows, table, strict=False):
            row[0], row[2] = str(text or ""), str(script or "")
        return rows, f"{len(rows)} regions taken. Now write their texts into the table."


def _steps(options: Options) -> list[tuple[str, int]]:
    """The presets to choose from; and the options' own steps, where a link or a recipe brought others."""
    presets = [(f"{name}, {steps}", steps) for name, steps in PRESETS.items()]
    return presets if _is_preset(options) else [*presets, (str(options.steps), options.steps)]


def _is_preset(options: Options) -> bool:
    return options.steps in PRESETS.values()


def _canvas(picture: str | None) -> dict[str, Any] | None:
    return None if picture is None else {"background": picture, "layers": [], "composite": None}


def thumbnails() -> JsonValue:
    """The gallery: of each example the part of the picture that it edits."""
    return grid_value([Thumbnail(one.id, _cut(one), one.title) for one in EXAMPLES], size=THUMBNAIL)


def _cut(one: Example) -> np.ndarray[Any, np.dtype[np.uint8]]:
    points = np.array([corner for region in one.regions for corner in region.corners])
    image = Image.open(FOLDER / one.image_file)
    side = min(1.2 * float(max(np.ptp(points, axis=0))), *image.size)
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    left, top = (min(max(float(at) - side / 2, 0), most - side) for at, most in zip(middle, image.size, strict=True))
    return np.asarray(image.resize((THUMBNAIL, THUMBNAIL), box=(left, top, left + side, top + side)))
