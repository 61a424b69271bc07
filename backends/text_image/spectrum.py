"""Which frequencies the skips, the control and the base bring to the decoder (TextGen, figure 5)."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from backends import runtime
from backends.errors import InputError
from backends.progress import Progress
from backends.text_image.edit import canvases_of, denoised
from backends.text_image.enhancement import Level, Recorder
from backends.text_image.requests import EMBEDDED, EditRequest, checked

PARTS = ("skip", "control", "base", "fused")
_BINS = 24


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """Radial spectra of one line's denoising. `steps`: times, 1 is noise. `levels`: decoder levels, deepest first.

    `frequencies`: (bins,) from 0 to 1 (of pi). `curves`: part -> (steps, levels, bins) log amplitude (natural
    logarithm), relative to the constant coefficient's bin; 0 throughout where the control is off. `maps`: level ->
    (h, w) uint8, the size of the control at the last step that had any.
    """

    steps: tuple[float, ...]
    levels: tuple[str, ...]
    frequencies: tuple[float, ...]
    curves: dict[str, NDArray[np.float32]]
    maps: dict[str, NDArray[np.uint8]]


@runtime.gpu
def spectrum(request: EditRequest, line: int = 0) -> Generator[Progress, None, Spectrum]:
    """Edit line number `line` of the request and record what its decoder receives at each step.

    Raises:
        InputError: for a request that cannot be used or a line that is not there.
    """
    options = checked(request.options)
    if options.engine != EMBEDDED:
        raise InputError("Spectra are measured in the networks that ship. Choose those as engine.")
    canvases = canvases_of(request)
    if not 0 <= line < len(canvases):
        raise InputError(f"There is no line {line}; there are {len(canvases)}, counted from 0.")
    recorder = Recorder()
    times, curves, maps = [], [], {}
    with closing(denoised([canvases[line]], options, recorder=recorder)) as denoising:
        for share, _, step in denoising:
            levels = recorder.passes[0]  # with guidance a second pass follows, without the caption
            recorder.passes.clear()
            times.append(step.time)
            curves.append([[radial_log_amplitude(getattr(level, part)) for part in PARTS] for level in levels])
            if step.control != "off":
                maps = {_name(level): _map(level.control) for level in levels}
            yield Progress(share, f"{step.control} control, step {step.index + 1} of {step.of}")
    found = np.asarray(curves, np.float32)  # steps, levels, parts, bins
    return Spectrum(
        steps=tuple(times),
        levels=tuple(_name(level) for level in levels),
        frequencies=tuple(float(f) for f in (np.arange(_BINS) + 0.5) / _BINS),
        curves={part: found[:, :, index] for index, part in enumerate(PARTS)},
        maps=maps,
    )


def radial_log_amplitude(features: Tensor) -> NDArray[np.float32]:
    """Mean log amplitude over rings of the spectrum, relative to the innermost; features (n, channels, h, w).

    Frequencies count by the shorter side's Nyquist frequency; bins that hold no coefficient are filled by their
    neighbours.
    """
    height, width = features.shape[-2:]
    amplitude = torch.fft.fft2(features.float()).abs().mean(dim=(0, 1)).cpu().numpy()
    down, across = np.fft.fftfreq(height)[:, None] * 2, np.fft.fftfreq(width)[None, :] * 2
    radius = np.sqrt(down**2 + across**2)
    at = np.minimum((radius * _BINS).astype(int), _BINS - 1)
    inside = radius <= 1
    sums = np.bincount(at[inside], np.log(amplitude[inside] + 1e-8), _BINS)
    counts = np.bincount(at[inside], minlength=_BINS)
    filled = np.flatnonzero(counts)
    means = np.interp(np.arange(_BINS), filled, sums[filled] / counts[filled])
    return np.asarray(means - means[0], np.float32)


def _name(level: Level) -> str:
    height, width = level.base.shape[-2:]
    return f"{height} × {width}"


def _map(control: Tensor) -> NDArray[np.uint8]:
    size = control.float().norm(dim=1)[0]
    return np.asarray((255 * size / size.max().clamp(min=1e-8)).round().cpu(), np.uint8)
