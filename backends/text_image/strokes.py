"""Makes soft strokes crisp: the glyph tells where their edges are, the prediction how strong. Ours, beside the paper.

A network that is unsure of an edge by a pixel predicts the mean of all places where it may be: a soft one. In small
windows its prediction is close to a line in the glyph, p = a g + b, with a near 0 where it does not follow the glyph.
So what softness took from the edges is a (g - blurred g), and that is given back.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from backends.text_image.fine_strokes import RADIUS, line

BLUR = 2.0
"""Standard deviation, in pixels of the canvas, of the softness that is undone."""


def crisp(pictures: Tensor, glyph: Tensor, position: Tensor, strength: float) -> Tensor:
    """The pictures, (n, 3, h, w) in [-1, 1], with the edges of their letters as steep as those of the glyph.

    Args:
        pictures: predicted.
        glyph: (n, 1, h, w) in [0, 1], where the letters should be.
        position: (n, 1, h, w) in [0, 1], the region; outside it the pictures stay as they are.
        strength: how much of what a blur of `BLUR` takes is given back; 1 is all of it.
    """
    lost = glyph - _blurred(glyph)
    slope, ground = line(pictures, glyph, _mean)
    sharper = pictures + strength * position * slope * lost
    # Beside the letters what is too steep would draw a halo: there the picture moves to the ground and not beyond.
    beside = sharper.clamp(torch.minimum(pictures, ground), torch.maximum(pictures, ground))
    return (beside + glyph * (sharper - beside)).clamp(-1, 1)


def _mean(images: Tensor) -> Tensor:
    """The mean of the window round each place, of what of it is on the canvas."""
    side = 2 * RADIUS + 1
    rows = functional.avg_pool2d(images, (1, side), 1, (0, RADIUS), count_include_pad=False)  # in turn: twice as fast
    return functional.avg_pool2d(rows, (side, 1), 1, (RADIUS, 0), count_include_pad=False)


def _blurred(images: Tensor) -> Tensor:
    """`images` of one channel behind a Gaussian of `BLUR`; at the canvas's edge its last pixels are repeated."""
    reach = round(3 * BLUR)
    kernel = torch.exp(-((torch.arange(-reach, reach + 1, device=images.device) / BLUR) ** 2) / 2)
    kernel = kernel / kernel.sum()
    padded = functional.pad(images, (reach,) * 4, mode="replicate")
    return functional.conv2d(functional.conv2d(padded, kernel[None, None, None]), kernel[None, None, :, None])
