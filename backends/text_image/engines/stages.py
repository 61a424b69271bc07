"""The timeline on stock pipelines: windows that mean times, and ControlNets that run only inside them.

A stock pipeline knows one window for each ControlNet, in shares of the steps that it makes. With a strength below 1
those are the remaining ones: a switch at half the noise, in an edit that starts at 0.8, is at 0.375 of them. A step
that straddles a boundary would have no control at all, and outside its window a ControlNet is still run, with weight 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from diffusers import ControlNetModel, MultiControlNetModel
from torch import Tensor

from backends.text_image.networks import STEPS, masked_controls
from backends.text_image.pipeline import control_at, schedule
from backends.text_image.requests import Control, Segment


@dataclass(frozen=True, slots=True)
class Window:
    """Consecutive steps under one control; `start` and `end` in shares of the steps that are made."""

    control: Control
    start: float
    end: float


def controls_of(timeline: Sequence[Segment], noise: float, steps: int) -> list[Control]:
    """The control at each of `steps` steps from the time `noise` on."""
    return [control_at(timeline, (t + 1) / STEPS) for t in schedule(noise, steps)]


def windows(timeline: Sequence[Segment], noise: float, steps: int) -> list[Window]:
    """The windows in which there is a control, in order; each begins and ends between two steps."""
    found = []
    at = 0
    for control, group in groupby(controls_of(timeline, noise, steps)):
        count = len(list(group))
        if control != "off":
            found.append(Window(control, at / steps, (at + count) / steps))
        at += count
    return found


class StageControls(MultiControlNetModel):
    """ControlNets, each in a window of its own; those of the detail stage act inside `position` at the larger sizes.

    A network may be in several windows. One whose weight is 0 is not run; where none is, the U-Net gets no control.
    """

    def __init__(
        self, nets: Sequence[ControlNetModel], stages: Sequence[Control], position: Tensor, masked_levels: int
    ) -> None:
        """`stages`: of each network. `position`: (1, 1, h, w) in [0, 1]. `masked_levels`: as in `Options`."""
        super().__init__(list(nets))
        self._stages = tuple(stages)
        self._position = position
        self._masked_levels = masked_levels

    def forward(
        self,
        sample: Tensor,
        timestep: Tensor,
        encoder_hidden_states: Tensor,
        controlnet_cond: Sequence[Tensor],
        conditioning_scale: Sequence[float],
        **_stock: Any,
    ) -> tuple[list[Tensor] | None, Tensor | None]:
        """Residuals for the U-Net's skips and its middle, summed over the networks; None without any."""
        down: list[Tensor] | None = None
        mid: Tensor | None = None
        for net, stage, hint, scale in zip(self.nets, self._stages, controlnet_cond, conditioning_scale, strict=True):
            if scale == 0:
                continue
            more, more_mid = net(sample, timestep, encoder_hidden_states, hint, scale, return_dict=False)
            if stage == "detail":
                more = masked_controls(more, self._position, levels=self._masked_levels)
            down = list(more) if down is None else [a + b for a, b in zip(down, more, strict=True)]
            mid = more_mid if mid is None else mid + more_mid
        return down, mid
