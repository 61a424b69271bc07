"""What one run of a larger engine needs: its networks, loaded once, their hints, and when each of them acts."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import ControlNetModel, DPMSolverMultistepScheduler
from numpy.typing import NDArray
from torch import Tensor

from backends.sources import resolve
from backends.text_image.engines.anytext import AnyTextControlNet, anytext_hint
from backends.text_image.engines.folders import Base, check_fits, load, load_base
from backends.text_image.engines.stages import StageControls, Window, windows
from backends.text_image.engines.table import SOURCES, ControlClass, Engine, control_folders
from backends.text_image.enhancement import Recorder, enhanced
from backends.text_image.requests import Options, Picture
from backends.text_image.signals import SIGNALS, Signal, signal_images

Mask = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Setup:
    """What one run needs: networks, their hints and weights by window, and the options."""

    base: Base
    controls: StageControls
    windows: tuple[Window, ...]
    hints: list[Tensor]
    weights: list[float]
    options: Options
    recorder: Recorder | None

    def arguments(self) -> dict[str, Any]:
        """What both pipelines are called with alike."""
        return {
            "prompt": self.options.caption,
            "guidance_scale": self.options.guidance,
            "num_inference_steps": self.options.steps,
            "controlnet_conditioning_scale": self.weights,
            "control_guidance_start": [window.start for window in self.windows],
            "control_guidance_end": [window.end for window in self.windows],
            "generator": torch.Generator().manual_seed(self.options.seed),  # on the CPU: the same on every device
            "output_type": "np",
        }

    def inside(self) -> AbstractContextManager[None]:
        """The enhancement, on each network once."""
        nets = list(dict.fromkeys(self.controls.nets))
        return enhanced(self.base.unet, nets, self.options.fourier, recorder=self.recorder)

    def parts(self) -> dict[str, Any]:
        """A pipeline's parts: the networks, and a sampler of its own, which keeps the state of a run."""
        return {
            "vae": self.base.vae,
            "text_encoder": self.base.text_encoder,
            "tokenizer": self.base.tokenizer,
            "unet": self.base.unet,
            "controlnet": self.controls,
            "scheduler": DPMSolverMultistepScheduler.from_config(self.base.scheduler.config),
            # It blackens a picture it takes for indecent, and a crop of a few letters is nothing that it can judge.
            "safety_checker": None,
            "feature_extractor": None,
            "requires_safety_checker": False,
        }


def prepare(
    engine: Engine, scene: Picture, glyph: Mask, position: Mask, options: Options, recorder: Recorder | None
) -> Setup:
    """Load what `engine` needs for `options`, and draw its hints from a scene, (h, w, 3), and masks, (h, w), all uint8.

    Raises:
        InputError, WeightsError: as `stable_diffusion.edit_crop`.
    """
    stages = windows(options.timeline, options.noise, options.steps)
    weights = {signal: float(weight) for signal, weight in options.signals.items() if weight > 0}
    if not stages or not weights:
        # A stock pipeline wants a ControlNet, also where the timeline or the weights leave all of them off.
        stages, weights = [Window("off", 0.0, 1.0)], {next(iter(engine.controls)): 0.0}
    folders = control_folders(engine, weights)
    base = _base(resolve(engine.base, SOURCES))
    nets = {signal: _control(folder, engine.control_class) for signal, folder in folders.items()}
    for net in nets.values():
        check_fits(net, base)
    hints = {signal: _hint(net, signal, base, scene, glyph, position) for signal, net in nets.items()}
    uses = [(window, signal) for window in stages for signal in nets]
    inside = torch.from_numpy(position).to(base.unet.device, base.unet.dtype)[None, None] / 255
    return Setup(
        base=base,
        controls=StageControls(
            [nets[signal] for _, signal in uses],
            [window.control for window, _ in uses],
            inside,
            options.masked_levels,
        ),
        windows=tuple(window for window, _ in uses),
        hints=[hints[signal] for _, signal in uses],
        weights=[weights[signal] for _, signal in uses],
        options=options,
        recorder=recorder,
    )


@lru_cache(maxsize=1)
def _base(folder: Path) -> Base:
    return load_base(folder)


@lru_cache(maxsize=len(SIGNALS))
def _control(folder: Path, name: ControlClass) -> ControlNetModel:
    return load(AnyTextControlNet if name == "AnyTextControlNetModel" else ControlNetModel, folder, name)


def _hint(net: ControlNetModel, signal: Signal, base: Base, scene: Picture, glyph: Mask, position: Mask) -> Tensor:
    if isinstance(net, AnyTextControlNet):
        return anytext_hint(base.vae, scene, glyph, position)
    grey = signal_images(glyph, scene)[SIGNALS.index(signal)]
    return torch.from_numpy(grey).float().div(255)[None, None].repeat(1, 3, 1, 1)
