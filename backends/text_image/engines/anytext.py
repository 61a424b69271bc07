"""AnyText's ControlNet (arXiv 2311.03054) in the layout of its diffusers port, loaded without the port's code.

Its hint joins a drawn glyph at twice the picture's size, the position, and the latents of the picture without the
region. What the port keeps in code of its own, the features of a recogniser put into the prompt, is not here.
"""

from __future__ import annotations

from functools import wraps
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderKL, ControlNetModel
from diffusers.configuration_utils import register_to_config
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import interpolate

from backends.text_image.requests import Picture

Mask = NDArray[np.uint8]

_GLYPH = ((8, 1), (8, 1), (16, 2), (16, 1), (32, 2), (32, 1), (96, 2), (96, 1), (256, 2))
_POSITION = ((8, 1), (8, 1), (16, 2), (16, 1), (32, 2), (32, 1), (64, 2))
_LATENTS, _SHRINK = 4, 8


def _convolutions(plan: tuple[tuple[int, int], ...], channels: int) -> nn.Sequential:
    """3 x 3 convolutions with SiLU after each; `plan`: their output channels and strides."""
    layers: list[nn.Module] = []
    for out, stride in plan:
        layers += [nn.Conv2d(channels, out, 3, stride, padding=1), nn.SiLU()]
        channels = out
    return nn.Sequential(*layers)


class AnyTextHint(nn.Module):
    """Glyph, position and masked latents to one map of features, under the port's names of weights."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.glyph_block = _convolutions(_GLYPH, 1)
        self.position_block = _convolutions(_POSITION, 1)
        self.fuse_block = nn.Conv2d(_GLYPH[-1][0] + _POSITION[-1][0] + _LATENTS, channels, 3, padding=1)

    def forward(self, hint: Tensor) -> Tensor:
        """(batch, 6, h, w) as of `anytext_hint` to (batch, channels, h / 8, w / 8)."""
        glyph = interpolate(hint[:, :1], scale_factor=2.0, mode="nearest")
        latents = hint[:, 2:, ::_SHRINK, ::_SHRINK]
        parts = [self.glyph_block(glyph), self.position_block(hint[:, 1:2]), latents]
        fused: Tensor = self.fuse_block(torch.cat(parts, dim=1))
        return fused


class AnyTextControlNet(ControlNetModel):
    """An SD 1.5 ControlNet that takes AnyText's hint, with the settings of any other."""

    @register_to_config
    @wraps(ControlNetModel.__init__)
    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.controlnet_cond_embedding = AnyTextHint(self.config.block_out_channels[0])


@torch.inference_mode()
def anytext_hint(vae: AutoencoderKL, image: Picture, glyph: Mask, position: Mask) -> Tensor:
    """The hint, (1, 6, h, w) float32: glyph, position (0 or 1), and the masked picture's latents.

    `image`: (h, w, 3) uint8, h and w multiples of 8; `glyph`, `position`: (h, w) uint8. Each latent is repeated over
    the 8 x 8 pixels it stands for, so that a pipeline can carry the hint as one picture.
    """
    drawn, inside = ((torch.from_numpy(mask) > 127).float()[None, None] for mask in (glyph, position))
    pixels = torch.from_numpy(image).permute(2, 0, 1)[None].float() / 127.5 - 1
    masked = (pixels * (1 - inside)).to(vae.device, vae.dtype)
    latents = vae.encode(masked).latent_dist.mode().float().cpu() * vae.config.scaling_factor
    spread = latents.repeat_interleave(_SHRINK, dim=2).repeat_interleave(_SHRINK, dim=3)
    return torch.cat([drawn, inside, spread], dim=1)
