"""The explorer's public endpoints: what the page does, for programs. Pictures travel as base64, both ways."""

import base64
import io
import sys
from dataclasses import replace
from typing import Any

import numpy as np
from gradio.events import api
from PIL import Image

from backends.errors import InputError
from backends.progress import finish
from backends.text_image.examples import example
from backends.text_image.pictures import open_picture
from backends.text_image.recipe import save_png
from backends.text_image.requests import EditRequest, Picture, Region
from backends.text_image.wire import (
    Recipe,
    generate_recipe_json,
    generate_request_of,
    options_of,
    recipe_json,
    regions_of,
    report_json,
)
from explorers.guard import guarded

Json = dict[str, Any]
_EXAMPLE = "example:"
_LONGEST = 48 * 1024 * 1024  # of base64: somewhat more than the largest file that is opened


def text_image_edit(image: str, regions: list[Any], options: Json | None = None) -> tuple[list[str], Json]:
    """Writes texts into a picture; returns its variants as PNG in base64, each with its recipe, and
    what an OCR engine reads in the first.

    Args:
        image: a PNG, JPEG or WebP file in base64 (a data URI will do), or "example:bakery" for one that ships.
        regions: objects {"box": [x, y, width, height] or "corners": [[x, y], ...] clockwise from the top left, "text",
            and if wished "script", "vertical"}; an empty text removes what stands there. [] with an example: its own.
        options: any of caption, steps, noise, seed, variants, guidance, timeline, fourier, signals, fec,
            masked_levels, start, keep_colours, crisp_strokes, engine; what is left out is as usual.
    """
    from backends.text_image.edit import edit

    request, recipe = _request(image, regions, options)
    result = finish(edit(request))
    return [_marked(one, recipe_json(recipe)) for one in result.images], report_json(result)


def text_image_generate(
    text: str, width: int = 256, script: str | None = None, options: Json | None = None
) -> tuple[list[str], Json]:
    """Makes a picture with a line of text from noise; returns its variants as PNG in base64, and what is read in it.

    Args:
        text: one line.
        width: in pixels, a multiple of 32 from 96 to 512; the height is 64.
        script: such as "latin" or "hans"; none to decide by the letters.
        options: as of text_image_edit; `caption` describes the scene.
    """
    from backends.text_image.edit import generate

    request = generate_request_of(text, width, script, {} if options is None else options)
    result = finish(generate(request))
    recipe = generate_recipe_json(request)
    return [_marked(one, recipe, generated=True) for one in result.images], report_json(result)


def text_image_glyphs(image: str, regions: list[Any], options: Json | None = None) -> list[str]:
    """The control picture of each line, as PNG in base64, as the networks would see it; nothing is edited.

    Args:
        image: as of text_image_edit.
        regions: as of text_image_edit.
        options: as of text_image_edit; `signals` weighs what is shown.
    """
    from backends.text_image.glyphs import control_pictures

    request, _ = _request(image, regions, options)
    return [_encoded(one) for one in control_pictures(request.image, request.regions, request.options)]


def text_image_spectrum(image: str, regions: list[Any], options: Json | None = None, line: int = 0) -> Json:
    """Which frequencies skips, control, base and their sum bring to the decoder while a line is edited.

    Args:
        image: as of text_image_edit.
        regions: as of text_image_edit.
        options: as of text_image_edit.
        line: number of the line, from 0.
    """
    from backends.text_image.spectrum import spectrum

    if isinstance(line, bool) or not isinstance(line, int):
        raise InputError("The line must be a whole number, counted from 0.")
    request, _ = _request(image, regions, options)
    found = finish(spectrum(request, line))
    return {
        "steps": list(found.steps),
        "levels": list(found.levels),
        "frequencies": list(found.frequencies),
        "curves": {part: np.round(values.astype(float), 4).tolist() for part, values in found.curves.items()},
        "maps": {level: values.tolist() for level, values in found.maps.items()},
    }


def text_image_sweep(
    image: str, regions: list[Any], control: str, values: list[Any] | None = None, options: Json | None = None
) -> Json:
    """Edits once for each value of one control, all else as it is; returns the scores and the pictures.

    Args:
        image: as of text_image_edit.
        regions: as of text_image_edit.
        control: such as "alpha", "split" or "drop late".
        values: at most 12 numbers; none for the control's own grid.
        options: as of text_image_edit.
    """
    from backends.text_image.sweep import sweep, with_control

    if not isinstance(control, str):
        raise InputError("The control of a sweep must be its name, such as “alpha”.")
    grid = [] if values is None else values
    if not isinstance(grid, list) or not all(map(_is_number, grid)):
        raise InputError("The values of a sweep must be a list of finite numbers.")
    request, recipe = _request(image, regions, options)
    result = finish(sweep(request, control, grid))
    made = [replace(recipe, options=with_control(recipe.options, control, row.value)) for row in result.rows]
    rows = [
        {
            "value": row.value,
            "ned": row.ned,
            "read": row.read,
            "changed": row.changed,
            "image": _marked(row.image, recipe_json(own)),
        }
        for row, own in zip(result.rows, made, strict=True)
    ]
    return {"control": result.control, "rows": rows}


def text_image_read(image: str, regions: list[Any]) -> Json:
    """What an OCR engine reads in regions of a picture; where the regions have texts, how near it comes to them.

    Args:
        image: as of text_image_edit.
        regions: as of text_image_edit; the texts, or `script`, choose the engine. [] with an example: its own.
    """
    from backends.text_image.edit import canvases_of
    from backends.text_image.readback import read_back

    request, _ = _request(image, regions, None)
    canvases = canvases_of(request)
    lines = read_back(canvases, [canvas.image for canvas in canvases])
    return {
        "lines": [
            {
                "read": line.read,
                "wanted": line.text,
                "ned": line.ned if line.text else None,
                "script": line.script,
                "judge": line.judge,
            }
            for line in lines
        ]
    }


def _is_number(value: object) -> bool:
    """Whether it is a number that a float can hold; JSON has longer ones, NaN and infinities."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


def _request(image: object, regions: object, options: object) -> tuple[EditRequest, Recipe]:
    chosen = _opened(image)
    own: tuple[Region, ...] = ()
    usual: Json = {}
    named = ""
    if isinstance(image, str) and image.startswith(_EXAMPLE):
        shown = example(image.removeprefix(_EXAMPLE))
        own, named = shown.regions, shown.id
        usual = {"caption": shown.options.caption, "seed": shown.options.seed}
    given = regions_of(regions) or own
    wished = {} if options is None else options
    used = options_of({**usual, **wished} if isinstance(wished, dict) else wished)
    return EditRequest(chosen, given, used), Recipe(given, used, named)


def _opened(image: object) -> Picture:
    if not isinstance(image, str) or not image:
        raise InputError("There is no picture. Send a PNG, JPEG or WebP file in base64, or “example:” and an id.")
    if image.startswith(_EXAMPLE):
        return example(image.removeprefix(_EXAMPLE)).picture()
    if len(image) > _LONGEST:
        raise InputError("The picture is too large. Send a file of at most 32 MiB.")
    _, _, content = image.partition(",") if image.startswith("data:") else ("", "", image)
    try:
        return open_picture(base64.b64decode(content, validate=True))
    except ValueError as error:  # letters beyond ASCII are another one than what is no base64
        raise InputError("The picture is no base64. Send the content of a PNG, JPEG or WebP file in base64.") from error


def _marked(image: Picture, recipe: Json, *, generated: bool = False) -> str:
    """As the page's downloads are: with the recipe inside, and the word that AI was at work."""
    buffer = io.BytesIO()
    save_png(image, recipe, buffer, generated=generated)
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def _encoded(image: Picture) -> str:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def publish() -> None:
    """Makes the endpoints part of the page that is being built."""
    for quick in (text_image_glyphs, text_image_read):
        api(guarded(quick), api_name=quick.__name__)
    for slow in (text_image_edit, text_image_generate, text_image_spectrum, text_image_sweep):
        api(guarded(slow), api_name=slow.__name__, concurrency_id="text_image", concurrency_limit=1)
