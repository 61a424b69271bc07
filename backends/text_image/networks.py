"""The embedded networks: a base U-Net over patches of pixels, and the ControlNets that steer it.

Images are predicted in pixel space (x0), 2 x 2 pixels a place, so that no autoencoder can destroy small strokes.
"""

from __future__ import annotations

from collections.abc import Sequence

from diffusers import ControlNetModel, DDPMScheduler, UNet2DConditionModel

# diffusers loads a class from outside itself only if the module it is in also holds the base class that can load it.
from diffusers import ModelMixin as ModelMixin
from diffusers.configuration_utils import register_to_config
from torch import Tensor, nn
from torch.nn.functional import interpolate, pixel_shuffle, pixel_unshuffle

from backends.text_image.fec import PATCH, ControlEncoder
from backends.text_image.signals import SIGNALS

CHANNELS = (32, 64, 128, 192)
CAPTION_WIDTH = 384  # of MiniLM
STEPS = 1000
"""Length T of the training schedule."""

_PLACES = 3 * PATCH**2
_DOWN = ("DownBlock2D", "DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D")
_UP = ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D", "UpBlock2D")
_NORM_GROUPS = 8


def to_places(image: Tensor) -> Tensor:
    """Pictures (batch, 3, h, w) in [-1, 1] to patches (batch, 12, h / 2, w / 2)."""
    return pixel_unshuffle(image, PATCH)


def to_pixels(places: Tensor) -> Tensor:
    """The inverse of `to_places`."""
    return pixel_shuffle(places, PATCH)


def base_unet() -> UNet2DConditionModel:
    """The base network, untrained: caption in, picture out."""
    return UNet2DConditionModel(
        sample_size=(32, 128),
        in_channels=_PLACES,
        out_channels=_PLACES,
        block_out_channels=CHANNELS,
        down_block_types=_DOWN,
        up_block_types=_UP,
        layers_per_block=1,
        cross_attention_dim=CAPTION_WIDTH,
        attention_head_dim=8,
        norm_num_groups=_NORM_GROUPS,
    )


def noise_schedule() -> DDPMScheduler:
    """The training schedule: cosine, with the network predicting the picture itself."""
    return DDPMScheduler(STEPS, beta_schedule="squaredcos_cap_v2", prediction_type="sample", clip_sample=False)


class HintEncoder(nn.Module):
    """FEC over the signal images beside SC over the position and, at the detail stage, the masked image; summed."""

    def __init__(self, channels: int, *, fourier: bool, masked_image: bool) -> None:
        super().__init__()
        self.signals = ControlEncoder(len(SIGNALS), 48, channels, blocks=2, fourier=fourier)
        self.place = ControlEncoder(4 if masked_image else 1, 24, channels, blocks=1, fourier=False)

    def forward(self, hint: Tensor) -> Tensor:
        """(batch, signals + 1 or + 4, h, w) to (batch, channels, h / 2, w / 2)."""
        encoded: Tensor = self.signals(hint[:, : len(SIGNALS)]) + self.place(hint[:, len(SIGNALS) :])
        return encoded


class TextControlNet(ControlNetModel):
    """A ControlNet whose hint goes through FEC and SC (TextGen, section 3.3).

    Its hint stacks the signal images in the order of `SIGNALS`, the position image (all 0 to 1) and, for the detail
    stage, the masked image (-1 to 1, 0 in the region).
    """

    @register_to_config
    def __init__(
        self,
        in_channels: int = _PLACES,
        down_block_types: tuple[str, ...] = _DOWN,
        block_out_channels: tuple[int, ...] = CHANNELS,
        layers_per_block: int = 1,
        norm_num_groups: int = _NORM_GROUPS,
        cross_attention_dim: int = CAPTION_WIDTH,
        attention_head_dim: int = 8,
        fourier: bool = True,
        masked_image: bool = False,
    ) -> None:
        """`fourier`: FEC, else plain convolutions. `masked_image`: takes the masked image, as the detail stage does."""
        super().__init__(
            in_channels=in_channels,
            down_block_types=down_block_types,
            block_out_channels=block_out_channels,
            layers_per_block=layers_per_block,
            norm_num_groups=norm_num_groups,
            cross_attention_dim=cross_attention_dim,
            attention_head_dim=attention_head_dim,
        )
        self.controlnet_cond_embedding = HintEncoder(block_out_channels[0], fourier=fourier, masked_image=masked_image)
        nn.init.zeros_(self.controlnet_cond_embedding.place.out.weight)


def control_from(unet: UNet2DConditionModel, *, fourier: bool = True, masked_image: bool = False) -> TextControlNet:
    """An untrained ControlNet with the encoder weights of the base."""
    net = TextControlNet(fourier=fourier, masked_image=masked_image)
    for name in ("conv_in", "time_embedding", "down_blocks", "mid_block"):
        getattr(net, name).load_state_dict(getattr(unet, name).state_dict())
    return net


def masked_controls(residuals: Sequence[Tensor], position: Tensor, *, levels: int = 2) -> list[Tensor]:
    """Residuals of the detail stage, multiplied by the position mask at the larger sizes (TextGen, section 3.3).

    `levels`: at how many of the larger sizes; the smaller ones stay whole, so that the background can still be made
    consistent with the masked image.
    """
    masked = sorted({residual.shape[-1] for residual in residuals}, reverse=True)[:levels]
    return [
        residual * interpolate(position, residual.shape[-2:], mode="area").to(residual.dtype)
        if residual.shape[-1] in masked
        else residual
        for residual in residuals
    ]
