"""Stable Diffusion 1.5 with ControlNets: the same options, stages and enhancement on diffusers' own pipelines.

Who calls these holds the accelerator (`runtime.gpu`), as `edit.edit` and `edit.generate` do.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import torch
from diffusers import StableDiffusionControlNetInpaintPipeline, StableDiffusionControlNetPipeline
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from backends.errors import InputError
from backends.progress import Progress
from backends.text_image.draft import drafted
from backends.text_image.engines.crops import SIZE, crop_round, put_back, repainted, seen
from backends.text_image.engines.setup import Setup, prepare
from backends.text_image.engines.stages import controls_of
from backends.text_image.engines.stepping import stepped
from backends.text_image.engines.table import engine_called
from backends.text_image.enhancement import Recorder
from backends.text_image.pipeline import schedule
from backends.text_image.requests import Options, Picture, checked

Mask = NDArray[np.uint8]

# A linear fit of SD 1.5's latents to colours in [-1, 1], known from several open user interfaces; decoding each step
# with the autoencoder would take as long as the step.
_TO_COLOUR = (
    (0.3512, 0.2297, 0.3227),
    (0.3250, 0.4974, 0.2350),
    (-0.2829, 0.1762, 0.2721),
    (-0.2120, -0.2616, -0.7177),
)


class EditPipeline(StableDiffusionControlNetInpaintPipeline):
    """The stock pipeline, but `num_inference_steps` are made, evenly from the time `strength` on.

    The stock one plans them from pure noise and leaves out the first, so that 10 steps at 0.75 are 7 from about 0.7.
    Of the stock ones it is the inpainting one, which puts the noised original back outside the region at each step: a
    ControlNet for edges or scribbles is not shown the picture, as TextGen's detail stage is.
    """

    def get_timesteps(self, num_inference_steps: int, strength: float, device: torch.device) -> tuple[Tensor, int]:
        """The training steps to denoise at, and how many they are."""
        self.scheduler.set_timesteps(timesteps=schedule(strength, num_inference_steps), device=device)
        return self.scheduler.timesteps, num_inference_steps


def edit_crop(
    engine_id: str,
    image: Picture,
    glyph: Mask,
    position: Mask,
    prompt: str,
    options: Options,
    *,
    recorder: Recorder | None = None,
) -> Generator[Progress, None, Picture]:
    """Write one region's glyph into `image`, (h, w, 3) uint8, and return the whole picture.

    `glyph`, `position`: (h, w) uint8, the text as it shall stand and the region, 255 inside. The engine sees a crop
    round the region, 512 pixels at its longer side; what is outside the region and a few pixels round it keeps every
    bit. `prompt` stands for the options' caption; of the variants, this makes the one of the options' seed. The preview
    of each step is the picture with the predicted crop, in the colours that latents roughly stand for.

    Raises:
        InputError: for an unknown engine, a signal it has no ControlNet for, masks that do not fit, or wrong options.
        WeightsError: for models that are missing or cannot be loaded, see `engines.folders`.
    """
    engine, options = engine_called(engine_id), checked(replace(options, caption=prompt))
    _check(image, glyph, position)
    crop = crop_round(position)
    scene, drawn, place = (seen(part, crop) for part in (image, glyph, position))
    setup = prepare(engine, scene, drawn, place, options, recorder)
    start = drafted(scene, drawn, place) if options.start == "draft" else scene
    pipeline = EditPipeline(**setup.parts())

    def run(on_step: Callable[..., Any]) -> Any:
        return pipeline(
            image=Image.fromarray(start),
            mask_image=Image.fromarray(repainted(place)),
            control_image=setup.hints,
            strength=options.noise,
            callback_on_step_end=on_step,
            **setup.arguments(),
        )

    with closing(_steps(pipeline, run, setup, lambda made: put_back(image, made, position, crop))) as steps:
        return (yield from steps)


def generate(
    engine_id: str,
    glyph: Mask,
    position: Mask,
    prompt: str,
    options: Options,
    *,
    recorder: Recorder | None = None,
) -> Generator[Progress, None, Picture]:
    """Draw a new picture of the masks' size, (h, w) uint8, with the glyph in it; h and w multiples of 64 up to 512.

    Raises:
        InputError: as `edit_crop`, and for another size, or noise below 1: there is no picture to keep a part of.
        WeightsError: as `edit_crop`.
    """
    engine, options = engine_called(engine_id), checked(replace(options, caption=prompt))
    if options.noise != 1:
        raise InputError(f"Noise is {options.noise:g}. A new picture is made from noise alone: set it to 1.")
    if any(side % 64 or not 64 <= side <= SIZE for side in glyph.shape):
        raise InputError(f"A new picture of shape {glyph.shape} is not possible. Use multiples of 64 up to {SIZE}.")
    blank = np.full((*glyph.shape, 3), 128, np.uint8)
    _check(blank, glyph, position)
    setup = prepare(engine, blank, glyph, position, options, recorder)
    pipeline = StableDiffusionControlNetPipeline(**setup.parts())

    def run(on_step: Callable[..., Any]) -> Any:
        arguments = setup.arguments() | {"num_inference_steps": None, "timesteps": schedule(1, options.steps)}
        return pipeline(image=setup.hints, callback_on_step_end=on_step, **arguments)

    with closing(_steps(pipeline, run, setup, lambda made: made)) as steps:
        return (yield from steps)


def _steps(
    pipeline: Any, run: Callable[[Callable[..., Any]], Any], setup: Setup, finished: Callable[[Picture], Picture]
) -> Generator[Progress, None, Picture]:
    """A pipeline's call as steps with previews; `finished` makes the answer of the picture that it draws."""
    began = time.monotonic()
    controls = controls_of(setup.options.timeline, setup.options.noise, setup.options.steps)
    pipeline.set_progress_bar_config(disable=True)

    def work(show: Callable[[tuple[int, Tensor]], None]) -> Picture:
        def on_step(pipe: Any, index: int, _t: Any, _tensors: dict[str, Any]) -> dict[str, Any]:
            show((index, pipe.scheduler.model_outputs[-1]))  # the solver keeps what the step predicted
            return {}

        made: NDArray[np.float32] = run(on_step).images[0]
        return np.clip(np.rint(made * 255), 0, 255).astype(np.uint8)

    with closing(stepped(work, setup.inside)) as steps:
        while True:
            try:
                index, latents = next(steps)
            except StopIteration as stop:
                return finished(stop.value)
            done = (index + 1) / len(controls)
            yield Progress(
                0.95 * done,  # the autoencoder is still to come
                f"{controls[index]} control, step {index + 1} of {len(controls)}",
                eta_s=(time.monotonic() - began) * (1 / done - 1),
                preview=finished(_rough(latents)),
            )


def _rough(latents: Tensor) -> Picture:
    """Latents (1, 4, h, w) as a picture of 8 h x 8 w pixels, without the autoencoder."""
    colours = torch.einsum("chw,ck->hwk", latents[0].float().cpu(), torch.tensor(_TO_COLOUR))
    small = ((colours.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).numpy()
    return np.asarray(cv2.resize(small, None, fx=8, fy=8, interpolation=cv2.INTER_LINEAR), np.uint8)


def _check(image: Picture, glyph: Mask, position: Mask) -> None:
    shapes: Sequence[tuple[int, ...]] = [image.shape[:2], glyph.shape, position.shape]
    if image.ndim != 3 or image.shape[2] != 3 or len(set(shapes)) != 1:
        raise InputError(
            f"Picture {image.shape}, glyph {glyph.shape} and position {position.shape} do not fit together. "
            "Give (h, w, 3) and two masks of (h, w)."
        )
    if any(part.dtype != np.uint8 for part in (image, glyph, position)):
        raise InputError("Picture and masks must be uint8, from 0 to 255.")
