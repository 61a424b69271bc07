"""TextGen's inference as a diffusers pipeline: noise, global stage, detail stage, for new pictures and for edits.

The paper names no sampler. Each step here predicts the picture and adds fresh noise of the next, smaller size to it
(multistep consistency sampling: Song et al., ICML 2023, algorithm 1). An ODE solver keeps the noise that it began with,
and what a small network gets wrong about it builds up from step to step.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace

import numpy as np
import torch
from diffusers import DDPMScheduler, DiffusionPipeline, UNet2DConditionModel
from diffusers.utils import BaseOutput
from torch import Tensor

from backends.text_image.captions import embed
from backends.text_image.colours import Colours, painted, recoloured, settled
from backends.text_image.enhancement import Recorder, enhanced
from backends.text_image.fec import without_frequencies
from backends.text_image.networks import (
    STEPS,
    TextControlNet,
    masked_controls,
    to_pixels,
    to_places,
)
from backends.text_image.requests import Control, Options, Segment
from backends.text_image.signals import SIGNALS
from backends.text_image.strokes import crisp

_CRISP_EDIT, _CRISP_NEW = 1.0, 1.5  # of edits, and of new pictures, which have no old colours to be true to


@dataclass(frozen=True, slots=True, eq=False)
class Canvases:
    """A batch of canvases of one width: `image` (n, 3, 64, w) in [-1, 1], `signals` (n, 4, 64, w) and `position`
    (n, 1, 64, w) in [0, 1]. `start`: what an edit's noise is added to. `blank`: nothing is known of the picture, as in
    generation. `draft`: (n, 3, 64, w), what the detail stage is shown inside the region; None shows it nothing there,
    as in the paper. `colours`: what it is held to between its steps; None leaves its predictions as they are.
    Where the picture is new and colours are to be kept, both are made as the detail stage begins."""

    image: Tensor
    start: Tensor
    signals: Tensor
    position: Tensor
    blank: bool = False
    draft: Tensor | None = None
    colours: Colours | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """After one step: `time` it was made at (1 is noise), the `control` of that time, the `predicted` pictures."""

    index: int
    of: int
    time: float
    control: Control
    predicted: Tensor


@dataclass
class TextGenOutput(BaseOutput):
    """`images`: (n, 3, 64, w) in [-1, 1]."""

    images: Tensor


def control_at(timeline: Sequence[Segment], time: float) -> Control:
    """The control of the segment that holds `time`; a boundary belongs to the segment below it, as in t <= T/2."""
    return next((segment.control for segment in timeline if segment.end < time - 1e-6), timeline[-1].control)


def schedule(noise: float, steps: int) -> list[int]:
    """The training steps to denoise at, from `noise` on in even steps; step t is time (t + 1) / 1000.

    Options that were checked leave at least one training step to each, so that none comes twice.
    """
    times = np.linspace(noise * STEPS, 0, steps, endpoint=False)
    return [max(0, round(time) - 1) for time in times.tolist()]


class TextGenPipeline(DiffusionPipeline):
    """Base U-Net, a ControlNet for each stage and a sampler; works on canvases 64 pixels high.

    `save_pretrained` writes the usual folder of a diffusers pipeline. It is read again through this class, since
    diffusers does not know it: `DiffusionPipeline.from_pretrained` cannot. Several threads may use one pipeline; they
    take turns, a step each.

    Example:
        pipeline = TextGenPipeline.from_pretrained(folder)
        images = pipeline(canvases, Options(caption="white text on a red sign", seed=3)).images
    """

    def __init__(
        self,
        unet: UNet2DConditionModel,
        global_control: TextControlNet,
        detail_control: TextControlNet,
        scheduler: DDPMScheduler,
    ) -> None:
        super().__init__()
        self.register_modules(
            unet=unet, global_control=global_control, detail_control=detail_control, scheduler=scheduler
        )
        # Enhancement hangs on the networks: with two runs inside at once, each would have the other's settings.
        self._turn = threading.Lock()

    def __call__(self, canvases: Canvases, options: Options, seeds: Sequence[int] | None = None) -> TextGenOutput:
        """Denoise to the end; see `denoise`. `seeds`: None gives each canvas another."""
        for step in self.denoise(canvases, options, range(len(canvases.image)) if seeds is None else seeds):
            last = step
        return TextGenOutput(images=last.predicted)

    @torch.inference_mode()
    def denoise(
        self, canvases: Canvases, options: Options, seeds: Sequence[int], *, recorder: Recorder | None = None
    ) -> Generator[Step, None, None]:
        """Denoise from `options.noise` down to 0, yielding after each step; the last step holds the result.

        `seeds`: one a canvas; with the options' own seed it makes all noise, alike in every batch and on every device.
        Times count on the whole schedule, so a switch at 0.5 is at half the noise also where an edit begins at 0.8.
        Nothing is held between two steps, so that who stops listening blocks nobody.
        """
        device, dtype = self.unet.device, self.unet.dtype
        timesteps = torch.tensor(schedule(options.noise, options.steps), device=device)
        generators = [_generator(options.seed, seed) for seed in seeds]
        predicted = to_places(canvases.start).to(device)
        hints = hints_of(canvases, options, device, dtype)
        words = torch.stack([embed(options.caption)] * len(predicted)).to(device, dtype)
        unconditional = torch.zeros_like(words) + embed("").to(device, dtype)
        nets = [self.global_control, self.detail_control]
        for index, t in enumerate(timesteps):
            noise = to_places(_noise(generators, canvases.start.shape[1:])).to(device)
            x = self.scheduler.add_noise(predicted, noise, t.expand(len(noise))).to(dtype)
            time = (int(t) + 1) / STEPS
            control = control_at(options.timeline, time)
            if index and control == "detail" and canvases.blank and options.keep_colours and canvases.colours is None:
                canvases = _with_colours(canvases, to_pixels(predicted.float()))
                hints = hints_of(canvases, options, device, dtype)
            heard = nullcontext() if options.fec else without_frequencies(nets)
            with self._turn, heard, enhanced(self.unet, nets, options.fourier, recorder=recorder):
                predicted = self.predict(x, t, words, control, hints, options)
                if options.guidance > 1:
                    plain = self.predict(x, t, unconditional, control, hints, options)
                    predicted = plain + options.guidance * (predicted - plain)
            pictures = to_pixels(predicted.float().clamp(-1, 1))
            glyph, position = canvases.signals[:, :1].to(device), canvases.position.to(device)
            if strength := _crispness(options, control, time, blank=canvases.blank):
                pictures = crisp(pictures, glyph, position, strength)
            if canvases.colours is not None and control == "detail":
                pictures = recoloured(pictures, canvases.colours, glyph, position)
            predicted = to_places(pictures)
            yield Step(index, options.steps, time, control, pictures)

    def predict(
        self, x: Tensor, t: Tensor, words: Tensor, control: Control, hints: dict[str, Tensor], options: Options
    ) -> Tensor:
        """The picture that the networks see behind the noise of `x` at training step `t`, as places."""
        down, mid = None, None
        if control != "off":
            net = self.global_control if control == "global" else self.detail_control
            down, mid = net(x, t, words, hints[control], return_dict=False)
            if control == "detail":
                down = masked_controls(down, hints["position"], levels=options.masked_levels)
        predicted: Tensor = self.unet(
            x,
            t,
            words,
            down_block_additional_residuals=down,
            mid_block_additional_residual=mid,
            return_dict=False,
        )[0]
        return predicted


def _with_colours(canvases: Canvases, pictures: Tensor) -> Canvases:
    """The canvases of new pictures with the colours of their letters settled by what is predicted, and a draft."""
    glyph, position = (part.to(pictures) for part in (canvases.signals[:, :1], canvases.position))
    colours = settled(pictures, glyph, position)
    return replace(canvases, colours=colours, draft=painted(pictures, colours, glyph).to(canvases.image))


def _crispness(options: Options, control: Control, time: float, *, blank: bool) -> float:
    """How much crisper the strokes of a step are made; not at all while there is no control."""
    heard = options.crisp and control != "off"
    if blank:
        return _CRISP_NEW if heard else 0.0
    # In the first half an edit still looks for its colours, and a contrast that is overdone then stays.
    return _CRISP_EDIT if heard and time <= 0.5 + 1e-6 else 0.0


def _generator(seed: int, canvas_seed: int) -> torch.Generator:
    return torch.Generator().manual_seed((seed * 1_000_003 + canvas_seed) % 2**63)


def _noise(generators: Sequence[torch.Generator], shape: torch.Size) -> Tensor:
    return torch.cat([torch.randn((1, *shape), generator=generator) for generator in generators])


def hints_of(canvases: Canvases, options: Options, device: torch.device, dtype: torch.dtype) -> dict[str, Tensor]:
    """What the networks are told: the hint of each stage, and the position that masks the detail stage's controls."""
    weights = torch.tensor([options.signals.get(name, 0.0) for name in SIGNALS])[None, :, None, None]
    shared = torch.cat([canvases.signals * weights, canvases.position], dim=1)
    inside = canvases.position >= 0.5
    seen = torch.zeros_like(canvases.image) if canvases.blank else canvases.image * ~inside
    if canvases.draft is not None:
        seen = seen + canvases.draft * inside
    return {
        "global": shared.to(device, dtype),
        "detail": torch.cat([shared, seen], dim=1).to(device, dtype),
        "position": canvases.position.to(device, dtype),
    }
