"""Inference Fourier enhancement (IFE) and the view inside it, as hooks on any ControlNet and U-Net of diffusers.

TextGen (NeurIPS 2024), equations 1 and 2: F_(i+1) = D_(i+1)([S_i + alpha C'_i, beta F_i]), where C'_i is the control
C_i with its spectrum scaled by s up to a radius. FreeU is no substitute: the U-Net adds the control to the skips before
the decoder, so FreeU's filter would act on both.

The paper gives neither the radius nor the layers. As in FreeU, the first two decoder levels are enhanced; the middle
residual is left as it is. Residuals belong to decoder levels from their end: `up_blocks[0]` takes the last
`len(resnets)` of them, the next block those before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from diffusers import UNet2DConditionModel
from torch import Tensor, nn

from backends.text_image.requests import Fourier

_ENHANCED_LEVELS = 2


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """What one decoder level received at one step: `skip` S, `control` C, `base` F, `fused` S + C.

    All (batch, channels, h, w), of the first skip that the level takes. `control` is what was added to it: enhanced,
    masked, and of several ControlNets the sum; 0 where none was on. `base` is enhanced.
    """

    skip: Tensor
    control: Tensor
    base: Tensor
    fused: Tensor


@dataclass(slots=True)
class Recorder:
    """Collects the levels of every pass of the U-Net, deepest first; with guidance a step has two passes."""

    passes: list[list[Level]] = field(default_factory=list)


def radial(height: int, width: int, device: torch.device) -> Tensor:
    """Distance of each coefficient of a real FFT from the constant one, in steps of the spectrum; (h, w // 2 + 1)."""
    down = torch.fft.fftfreq(height, 1 / height, device=device)[:, None]
    across = torch.fft.rfftfreq(width, 1 / width, device=device)[None, :]
    return (down**2 + across**2).sqrt()


def filtered(control: Tensor, settings: Fourier) -> Tensor:
    """C' of equation 2, or one band of the control: (batch, channels, h, w) to the same shape.

    The radius includes its edge, so that 0 still is the constant; radius 1, for FreeU's square of 2 x 2 coefficients,
    adds its four nearest neighbours.
    """
    height, width = control.shape[-2:]
    low = radial(height, width, control.device) <= settings.radius
    gamma = {"all": torch.where(low, settings.s, 1.0), "low": low.float(), "high": (~low).float()}[settings.band]
    spectrum = torch.fft.rfft2(control.float()) * gamma
    return torch.fft.irfft2(spectrum, s=(height, width)).to(control.dtype)


@contextmanager
def enhanced(
    unet: UNet2DConditionModel,
    controls: Sequence[nn.Module],
    settings: Fourier | None,
    *,
    recorder: Recorder | None = None,
) -> Iterator[None]:
    """Inside, the control and base features of `unet` are enhanced, and recorded if a recorder is given.

    Works for every `UNet2DConditionModel` and the ControlNets whose residuals it is given, stock pipelines included.
    The hooks belong to the networks and not to a caller: two threads must not be inside at once on the same networks.
    """
    blocks = list(unet.up_blocks)
    takes = [len(block.resnets) for block in blocks]
    added: list[Tensor] = []  # what the pass under way adds to the skips

    def on_control(_module: nn.Module, _args: Any, output: Any) -> Any:
        down, mid = output[0], output[1]
        changed = list(down)
        at = len(changed)
        if settings is not None:
            for count in takes[:_ENHANCED_LEVELS]:
                for index in range(at - count, at):
                    changed[index] = settings.alpha * filtered(changed[index], settings)
                at -= count
        return (tuple(changed), mid) if isinstance(output, tuple) else type(output)(tuple(changed), mid)

    def on_unet(_module: nn.Module, _args: Any, kwargs: dict[str, Any]) -> None:
        added[:] = kwargs.get("down_block_additional_residuals") or ()

    def on_block(index: int) -> Callable[[nn.Module, Any, dict[str, Any]], tuple[Any, dict[str, Any]]]:
        def hook(_module: nn.Module, args: Any, kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
            base = kwargs["hidden_states"]
            if settings is not None and index < _ENHANCED_LEVELS:
                base = kwargs["hidden_states"] = settings.beta * base
            if recorder is not None:
                fused = kwargs["res_hidden_states_tuple"][-1]
                control = added[-1 - sum(takes[:index])] if added else torch.zeros_like(fused)
                if index == 0:
                    recorder.passes.append([])
                recorder.passes[-1].append(Level(fused - control, control, base, fused))
            return args, kwargs

        return hook

    with ExitStack() as stack:
        for control in controls:
            stack.callback(control.register_forward_hook(on_control).remove)
        if recorder is not None:
            stack.callback(unet.register_forward_pre_hook(on_unet, with_kwargs=True).remove)
            stack.callback(added.clear)
        for index, block in enumerate(blocks):
            stack.callback(block.register_forward_pre_hook(on_block(index), with_kwargs=True).remove)
        yield
