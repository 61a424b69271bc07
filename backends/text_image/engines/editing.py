"""A request's lines, written by a larger engine: from their canvases to masks on the picture, and back."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from backends.errors import InputError
from backends.progress import Progress, part_of
from backends.text_image.canvas import Canvas, canvas_of, feather_mask
from backends.text_image.engines.crops import SIZE
from backends.text_image.engines.stable_diffusion import edit_crop, generate
from backends.text_image.lines import lines_of
from backends.text_image.regions import box_region
from backends.text_image.requests import Film, GenerateRequest, Options, Picture

Mask = NDArray[np.uint8]

_MARGIN, _TALL = 32, 96  # of a new picture's line, in pixels


def edit_lines(
    image: Picture, canvases: Sequence[Canvas], options: Options
) -> Generator[Progress, None, tuple[list[Picture], list[Film]]]:
    """Write the canvases' lines, one after another; returns a picture for each variant, and the first one's films.

    Raises:
        InputError, WeightsError: as `stable_diffusion.edit_crop`.
    """
    images: list[Picture] = []
    films: list[Film] = []
    runs = options.variants * len(canvases)
    for variant in range(options.variants):
        picture = image
        for index, canvas in enumerate(canvases):
            line = _line(picture, canvas, replace(options, seed=options.seed + variant))
            picture, film = yield from part_of(line, variant * len(canvases) + index, runs)
            if variant == 0:
                films.append(film)
        images.append(picture)
    return images, films


def _line(picture: Picture, canvas: Canvas, options: Options) -> Generator[Progress, None, tuple[Picture, Film]]:
    """One line. The engine fades its edit out in pixels of its own; what counts here is the canvas's feather."""
    glyph, position = on_picture(canvas, picture.shape)
    feather = feather_mask(picture.shape, canvas)[..., None]
    frames: list[Picture] = []

    def kept(edited: Picture) -> Picture:
        mixed = picture + feather * (edited.astype(np.float32) - picture)
        return np.clip(np.rint(mixed), 0, 255).astype(np.uint8)

    with closing(edit_crop(options.engine, picture, glyph, position, options.caption, options)) as steps:
        while True:
            try:
                step = next(steps)
            except StopIteration as stop:
                edited = kept(stop.value)
                break
            preview = kept(np.asarray(step.preview))
            frames.append(canvas_of(preview, canvas.line).image)
            yield replace(step, preview=preview)
    frames[-1:] = [canvas_of(edited, canvas.line).image]  # the last as it came out of the autoencoder
    return edited, _film(frames, options)


def large_canvas(request: GenerateRequest) -> Canvas:
    """The canvas of a line across the middle of a new picture of the size that the engines were trained at.

    Raises:
        InputError: for a text that is empty, too long for one line, or cannot be drawn.
    """
    if not request.text.strip():
        raise InputError("There is no text. Write what the picture shall say.")
    grey = np.full((SIZE, SIZE, 3), 128, np.uint8)
    region = box_region(_MARGIN, (SIZE - _TALL) // 2, SIZE - 2 * _MARGIN, _TALL, request.text)
    lines = lines_of(replace(region, script=request.script, vertical=False))
    if len(lines) > 1:
        raise InputError("A generated picture holds one line. Shorten the text.")
    return canvas_of(grey, lines[0])


def draw_line(canvas: Canvas, options: Options) -> Generator[Progress, None, tuple[list[Picture], Film]]:
    """New pictures round a `large_canvas`, one a variant, and the first one's film of the line.

    Raises:
        InputError, WeightsError: as `stable_diffusion.generate`.
    """
    glyph, position = on_picture(canvas, (SIZE, SIZE))
    images: list[Picture] = []
    frames: list[Picture] = []
    for variant in range(options.variants):
        seeded = replace(options, seed=options.seed + variant)
        work = part_of(generate(options.engine, glyph, position, options.caption, seeded), variant, options.variants)
        with closing(work) as steps:
            while True:
                try:
                    step = next(steps)
                except StopIteration as stop:
                    images.append(stop.value)
                    break
                if variant == 0:
                    frames.append(canvas_of(np.asarray(step.preview), canvas.line).image)
                yield step
    frames[-1:] = [canvas_of(images[0], canvas.line).image]
    return images, _film(frames, options)


def _film(frames: Sequence[Picture], options: Options) -> Film:
    share = options.noise / len(frames)
    return Film(tuple(options.noise - share * at for at in range(len(frames))), tuple(frames))


def on_picture(canvas: Canvas, shape: tuple[int, ...]) -> tuple[Mask, Mask]:
    """The canvas's glyph and position where they stand on a picture of `shape`: (h, w) uint8 each."""
    size = shape[1], shape[0]
    # OpenCV counts from the middle of the first pixel, the canvas's matrix from its corner.
    middle = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]], np.float64)
    matrix = np.linalg.inv(middle) @ canvas.matrix @ middle
    glyph, position = (
        np.asarray(cv2.warpPerspective(part, matrix, size, flags=cv2.INTER_LINEAR), np.uint8)
        for part in (canvas.glyph, canvas.position)
    )
    return glyph, position
