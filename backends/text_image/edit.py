"""Editing and generating: from a request to canvases, through the pipeline, back into the picture, and read again."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import replace

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from backends import runtime
from backends.errors import InputError, quoted
from backends.progress import Progress
from backends.text_image.canvas import HEIGHT, TALL, Canvas, canvas_of, feather_mask
from backends.text_image.colours import colours_of
from backends.text_image.draft import drafted, shown_draft
from backends.text_image.enhancement import Recorder
from backends.text_image.ground import write_edit
from backends.text_image.lines import lines_of
from backends.text_image.models import pipeline
from backends.text_image.pipeline import Canvases, Step
from backends.text_image.readback import read_back
from backends.text_image.regions import box_region, checked_regions
from backends.text_image.requests import (
    EMBEDDED,
    EditRequest,
    EditResult,
    Film,
    GenerateRequest,
    Options,
    Picture,
    checked,
)
from backends.text_image.signals import signal_images

GENERATED_WIDTHS = range(96, 513, 32)
_BLANK_MARGIN = 12
_PREVIEW_EVERY_S = 0.25  # a preview copies the picture, which takes as long as a step where that is large


def canvases_of(request: EditRequest) -> list[Canvas]:
    """The canvas of each line of the request.

    Raises:
        InputError: for regions, texts or a picture that cannot be used.
    """
    height, width = request.image.shape[:2]
    regions = checked_regions(request.regions, width, height)
    return [canvas_of(request.image, line) for region in regions for line in lines_of(region)]


@runtime.gpu
def edit(request: EditRequest) -> Generator[Progress, None, EditResult]:
    """Write the regions' texts into the picture; the preview is the picture with what is predicted so far.

    Not each step has one: they come with the first step, the last, and about four times a second between.

    Raises:
        InputError: for a request that cannot be used; nothing is computed then.
    """
    began = time.monotonic()
    options = checked(request.options)
    canvases = canvases_of(request)
    if options.engine == EMBEDDED:
        images, films = yield from _written(request.image, canvases, options)
    else:
        from backends.text_image.engines.editing import edit_lines

        images, films = yield from edit_lines(request.image, canvases, options)
    yield Progress(1.0, "reading what was written")
    return EditResult(
        images=tuple(images),
        lines=read_back(canvases, [canvas_of(images[0], canvas.line).image for canvas in canvases]),
        outside=_outside(request.image, images[0], canvases),
        films=tuple(films),
        canvases=tuple(canvas.image for canvas in canvases),
        glyphs=tuple(canvas.glyph for canvas in canvases),
        seconds=time.monotonic() - began,
    )


def _written(
    image: Picture, canvases: Sequence[Canvas], options: Options
) -> Generator[Progress, None, tuple[list[Picture], list[Film]]]:
    """The picture of each variant, and the films of the first."""
    began = time.monotonic()
    images: list[Picture] = []
    films: list[Film] = []
    shown = -_PREVIEW_EVERY_S
    for variant in range(options.variants):
        found: dict[int, list[tuple[float, Picture]]] = {index: [] for index in range(len(canvases))}
        with closing(denoised(canvases, options, variant)) as steps:
            for done, group, step in steps:
                for index, picture in zip(group, to_pictures(step.predicted), strict=True):
                    found[index].append((step.time, picture))
                share = (variant + done) / options.variants
                spent = time.monotonic() - began
                preview = None
                if share == 1 or spent - shown >= _PREVIEW_EVERY_S:
                    shown, preview = spent, _pasted(image, canvases, found, options)
                yield Progress(min(1.0, 0.95 * share), _said(step), spent * (1 / max(share, 1e-3) - 1), preview)
        images.append(_pasted(image, canvases, found, options))
        if variant == 0:
            films = [_film(frames) for frames in found.values()]
    return images, films


@runtime.gpu
def generate(request: GenerateRequest) -> Generator[Progress, None, EditResult]:
    """Draw a scene with the text from noise: a picture 64 pixels high, or 512 x 512 with a larger engine.

    Raises:
        InputError: for a request that cannot be used, and for noise below 1: there is no picture to keep a part of.
    """
    began = time.monotonic()
    options = checked(request.options)
    if options.noise != 1:
        raise InputError(f"Noise is {options.noise:g}. A new picture is made from noise alone: set it to 1.")
    if options.engine == EMBEDDED:
        canvas = blank_canvas(request)
        images, film = yield from _drawn(canvas, options)
        seen = images[0]
    else:
        from backends.text_image.engines.editing import draw_line, large_canvas

        canvas = large_canvas(request)
        images, film = yield from draw_line(canvas, options)
        seen = canvas_of(images[0], canvas.line).image
    return EditResult(
        images=tuple(images),
        lines=read_back([canvas], [seen]),
        outside=0,
        films=(film,),
        canvases=(canvas.image,),
        glyphs=(canvas.glyph,),
        seconds=time.monotonic() - began,
    )


def _drawn(canvas: Canvas, options: Options) -> Generator[Progress, None, tuple[list[Picture], Film]]:
    """A new picture for each variant, and the film of the first."""
    began = time.monotonic()
    images: list[Picture] = []
    frames: list[tuple[float, Picture]] = []
    for variant in range(options.variants):
        with closing(denoised([canvas], options, variant, blank=True)) as steps:
            for done, _, step in steps:
                picture = to_pictures(step.predicted)[0]
                if variant == 0:
                    frames.append((step.time, picture))
                share = (variant + done) / options.variants
                left = (time.monotonic() - began) * (1 / share - 1)
                yield Progress(min(1.0, share), _said(step), left, picture)
        images.append(picture)
    return images, _film(frames)


def _said(step: Step) -> str:
    return f"{step.control} control, step {step.index + 1} of {step.of}"


def _film(frames: Sequence[tuple[float, Picture]]) -> Film:
    return Film(tuple(time for time, _ in frames), tuple(picture for _, picture in frames))


def to_pictures(images: Tensor) -> list[Picture]:
    """(n, 3, h, w) in [-1, 1] to n pictures (h, w, 3) uint8."""
    scaled = ((images.float().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).cpu()
    return list(scaled.permute(0, 2, 3, 1).numpy())


def blank_canvas(request: GenerateRequest) -> Canvas:
    """A grey canvas with a region for the text, across all of it but a margin.

    Raises:
        InputError: for a width that is no multiple of 32 from 96 to 512, or a text that cannot be drawn.
    """
    if request.width not in GENERATED_WIDTHS:
        raise InputError(f"The width is {quoted(request.width)}. Use a multiple of 32 from 96 to 512.")
    if not request.text.strip():
        raise InputError("There is no text. Write what the picture shall say.")
    grey = np.full((HEIGHT, request.width, 3), 128, np.uint8)
    region = box_region(_BLANK_MARGIN, 10, request.width - 2 * _BLANK_MARGIN, TALL, request.text)
    lines = lines_of(replace(region, script=request.script, vertical=False))
    if len(lines) > 1:
        raise InputError("A generated picture holds one line. Shorten the text, or make the picture wider.")
    return canvas_of(grey, lines[0])


def denoised(
    canvases: Sequence[Canvas],
    options: Options,
    variant: int = 0,
    *,
    blank: bool = False,
    recorder: Recorder | None = None,
) -> Generator[tuple[float, list[int], Step], None, None]:
    """Denoise canvases of any widths, those of one width together; yields the share done, whose canvases, the step.

    A canvas's noise depends on the seed, the variant and its width, so that what is written in one region does not
    depend on which others are written with it.
    """
    by_width: dict[int, list[int]] = {}
    for index, canvas in enumerate(canvases):
        by_width.setdefault(canvas.image.shape[1], []).append(index)
    total = sum(width * len(group) for width, group in by_width.items())
    before = 0
    for width, group in by_width.items():
        batch = _batch([canvases[index] for index in group], options, blank=blank)
        here = width * len(group)
        with closing(pipeline().denoise(batch, options, [variant] * len(group), recorder=recorder)) as steps:
            for step in steps:
                yield (before + here * (step.index + 1) / step.of) / total, group, step
        before += here


def _batch(canvases: Sequence[Canvas], options: Options, *, blank: bool) -> Canvases:
    images = np.stack([canvas.image for canvas in canvases])
    starts = images
    if options.start == "draft" and not blank:
        starts = _drafts(drafted, canvases)
    signals = np.stack([signal_images(canvas.glyph, canvas.image) for canvas in canvases])
    positions = np.stack([canvas.position for canvas in canvases])[:, None]
    kept = options.keep_colours and not blank
    return Canvases(
        image=_tensor(images),
        start=_tensor(starts),
        signals=torch.from_numpy(signals).float() / 255,
        position=torch.from_numpy(positions).float() / 255,
        blank=blank,
        draft=_tensor(_drafts(shown_draft, canvases)) if kept else None,
        colours=colours_of([c.image for c in canvases], [c.position for c in canvases]) if kept else None,
    )


def _drafts(draw: Callable[[Picture, Picture, Picture], Picture], canvases: Sequence[Canvas]) -> NDArray[np.uint8]:
    return np.stack([draw(canvas.image, canvas.glyph, canvas.position) for canvas in canvases])


def _tensor(pictures: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(pictures.transpose(0, 3, 1, 2))).float() / 127.5 - 1


def _pasted(
    image: Picture, canvases: Sequence[Canvas], found: dict[int, list[tuple[float, Picture]]], options: Options
) -> Picture:
    """The picture with the newest frame of each canvas."""
    out = image.copy()
    for index, frames in found.items():
        if frames:
            write_edit(out, frames[-1][1], canvases[index], options)
    return out


def _outside(before: Picture, after: Picture, canvases: Sequence[Canvas]) -> int:
    """The largest difference where no canvas's feather reaches, in grey levels."""
    changed = cv2.absdiff(before, after)
    for canvas in canvases:
        changed[feather_mask(before.shape, canvas) > 0] = 0
    return int(changed.max())
