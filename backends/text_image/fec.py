"""Encoders of control images: spatial convolution (SC) and Fourier enhancement convolution (FEC).

TextGen (NeurIPS 2024), section 3.3 and figure 6. The paper gives neither kernel sizes, channels nor how the branches
merge; the frequency branch follows Fast Fourier Convolution (Chi et al., NeurIPS 2020), with group normalisation where
that has batch normalisation, so that a picture's result does not depend on its batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor, nn

PATCH = 2
"""A square of 2 x 2 pixels is one place of the networks."""

_COARSE = 4
"""Encoders work on squares of 4 x 4 pixels."""

_LARGE_KERNEL = 9  # squares, 36 pixels: about the height of a letter


class FrequencyBranch(nn.Module):
    """Real FFT, 1x1 convolution over stacked real and imaginary parts, inverse FFT: every place sees the whole."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.before = nn.Sequential(nn.Conv2d(channels, channels // 2, 1), nn.SiLU())
        self.spectral = nn.Sequential(
            nn.Conv2d(channels, channels, 1), nn.GroupNorm(8, channels), nn.SiLU(), nn.Conv2d(channels, channels, 1)
        )
        self.after = nn.Conv2d(channels // 2, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, height, width) of any even size to the same shape."""
        small = self.before(x).float()  # FFTs know neither bfloat16 nor odd sizes in half precision
        spectrum = torch.fft.rfft2(small, norm="ortho")
        mixed = self.spectral(torch.cat([spectrum.real, spectrum.imag], dim=1).to(x.dtype)).float()
        real, imaginary = mixed.chunk(2, dim=1)
        back = torch.fft.irfft2(torch.complex(real, imaginary), s=small.shape[-2:], norm="ortho")
        return self.after(back.to(x.dtype))


@contextmanager
def without_frequencies(nets: Sequence[nn.Module]) -> Iterator[None]:
    """Inside, the frequency branches of the networks add nothing; what was trained beside them stays as it is."""
    with ExitStack() as stack:
        for branch in (module for net in nets for module in net.modules() if isinstance(module, FrequencyBranch)):
            stack.callback(branch.register_forward_hook(lambda _module, _args, output: output * 0).remove)
        yield


class EncoderBlock(nn.Module):
    """Two 3x3 convolutions, and beside them, in FEC, the frequency branch; both are added to the input."""

    def __init__(self, channels: int, *, fourier: bool) -> None:
        super().__init__()
        self.spatial = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.SiLU(),
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.SiLU(),
        )
        self.frequency = FrequencyBranch(channels) if fourier else None

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, height, width) to the same shape."""
        enhanced: Tensor = self.spatial(x)
        if self.frequency is not None:
            enhanced = enhanced + self.frequency(x)
        return x + enhanced


class ControlEncoder(nn.Module):
    """Global perception (one large-kernel convolution), blocks, output convolution; FEC where `fourier`, else SC.

    The large kernel is depthwise: at 9 x 9 a full one would cost more than the rest of the ControlNet.
    """

    def __init__(self, in_channels: int, channels: int, out_channels: int, *, blocks: int, fourier: bool) -> None:
        super().__init__()
        self.perception = nn.Sequential(
            nn.Conv2d(in_channels * _COARSE**2, channels, 1),
            nn.Conv2d(channels, channels, _LARGE_KERNEL, padding=_LARGE_KERNEL // 2, groups=channels),
            nn.SiLU(),
        )
        self.detail = nn.Conv2d(in_channels * _COARSE**2, channels, 3, padding=1)
        self.blocks = nn.Sequential(*(EncoderBlock(channels, fourier=fourier) for _ in range(blocks)))
        self.out = nn.Conv2d(channels, out_channels * (_COARSE // PATCH) ** 2, 3, padding=1)

    def forward(self, control: Tensor) -> Tensor:
        """Control images (batch, in_channels, h, w) to features (batch, out_channels, h / PATCH, w / PATCH)."""
        x = nn.functional.pixel_unshuffle(control, _COARSE)
        encoded = self.out(self.blocks(self.perception(x) + self.detail(x)))
        return nn.functional.pixel_shuffle(encoded, _COARSE // PATCH)
