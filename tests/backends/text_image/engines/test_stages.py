"""Windows on a shortened schedule mean times, shown by when control reaches the U-Net."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import ControlNetModel, MultiControlNetModel, UNet2DConditionModel
from torch import Tensor

from backends.progress import finish
from backends.text_image.engines.stable_diffusion import edit_crop, generate
from backends.text_image.engines.stages import StageControls, Window, windows
from backends.text_image.requests import PAPER_TIMELINE, Options, Segment
from tests.backends.text_image.engines.conftest import WORDS, Scene, awake, tiny_unet

OFF = (Segment(1, 0, "off"),)
GAPS = (Segment(1, 0.7, "off"), Segment(0.7, 0.4, "global"), Segment(0.4, 0.2, "off"), Segment(0.2, 0, "detail"))


def test_a_switch_at_half_the_noise_is_at_three_eighths_of_an_edit_from_08() -> None:
    assert windows(PAPER_TIMELINE, 0.8, 8) == [Window("global", 0, 0.375), Window("detail", 0.375, 1)]


def test_from_pure_noise_the_switch_is_in_the_middle() -> None:
    assert windows(PAPER_TIMELINE, 1.0, 10) == [Window("global", 0, 0.5), Window("detail", 0.5, 1)]


def test_a_step_that_straddles_a_boundary_belongs_to_the_time_it_is_made_at() -> None:
    # Steps at 0.8, 0.64, 0.48, ...: in shares, 0.375 lies inside the second.
    assert windows(PAPER_TIMELINE, 0.8, 5) == [Window("global", 0, 0.4), Window("detail", 0.4, 1)]


def test_segments_without_control_have_no_window() -> None:
    assert windows(GAPS, 1.0, 10) == [Window("global", 0.3, 0.6), Window("detail", 0.8, 1)]
    assert windows(OFF, 1.0, 10) == []


def test_an_edit_below_a_stage_never_has_it() -> None:
    assert windows(PAPER_TIMELINE, 0.4, 10) == [Window("detail", 0, 1)]


Forward = Callable[..., Any]


def watched(forward: Forward, seen: list[tuple[int, str]]) -> Forward:
    """The U-Net's pass, noting at which training step it is made and where the control that it is given acts."""

    def watching(unet: UNet2DConditionModel, x: Tensor, t: Tensor, *args: Any, **kwargs: Any) -> Any:
        down = kwargs["down_block_additional_residuals"]
        if down is None:
            control = "nowhere"
        else:
            assert down[0].any()
            control = "everywhere" if down[0][..., 0, 0].any() else "in the region"  # a corner of the largest size
        seen.append((int(t), control))
        return forward(unet, x, t, *args, **kwargs)

    return watching


@pytest.mark.method
@pytest.mark.parametrize("noise", [0.8, 0.5])
@pytest.mark.parametrize("timeline", [PAPER_TIMELINE, GAPS, OFF])
@pytest.mark.parametrize("steps", [8, 5])
@pytest.mark.usefixtures("models")
def test_control_acts_at_exactly_the_times_of_its_segments(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, timeline: tuple[Segment, ...], noise: float, steps: int
) -> None:
    seen: list[tuple[int, str]] = []
    monkeypatch.setattr(UNet2DConditionModel, "forward", watched(UNet2DConditionModel.forward, seen))
    options = Options(steps=steps, noise=noise, timeline=timeline)
    finish(edit_crop("sd15", scene.image, scene.glyph, scene.position, "", options))
    where = {"off": "nowhere", "global": "everywhere", "detail": "in the region"}
    expected = []
    for index in range(steps):
        time = noise * (1 - index / steps)
        control = next(s.control for s in timeline if s.end + 1e-9 < time <= s.start + 1e-9)
        expected.append((round(time * 1000) - 1, where[control]))
    assert seen == expected


@pytest.mark.method
@pytest.mark.usefixtures("models")
def test_a_new_picture_switches_at_half_the_noise(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, str]] = []
    monkeypatch.setattr(UNet2DConditionModel, "forward", watched(UNet2DConditionModel.forward, seen))
    glyph, position = (np.pad(mask, ((8, 8), (0, 32))) for mask in (scene.glyph, scene.position))
    finish(generate("sd15", glyph, position, "", Options(steps=4, noise=1)))
    assert seen == [(999, "everywhere"), (749, "everywhere"), (499, "in the region"), (249, "in the region")]


@pytest.mark.method
@pytest.mark.usefixtures("models")
def test_control_nets_outside_their_windows_are_not_run(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[int] = []
    forward = ControlNetModel.forward

    def counted(net: ControlNetModel, x: Tensor, t: Tensor, *args: Any, **kwargs: Any) -> Any:
        ran.append(int(t))
        return forward(net, x, t, *args, **kwargs)

    monkeypatch.setattr(ControlNetModel, "forward", counted)
    options = Options(steps=10, noise=1, timeline=GAPS, signals={"glyph": 1.0, "glyph_canny": 0.5})
    finish(edit_crop("sd15", scene.image, scene.glyph, scene.position, "", options))
    assert ran == [t for t in (699, 599, 499, 199, 99) for _ in range(2)]


@pytest.mark.method
def test_residuals_of_several_networks_are_weighed_and_summed() -> None:
    torch.manual_seed(0)
    nets = [awake(ControlNetModel.from_unet(tiny_unet())).eval() for _ in range(2)]
    x, words, t = torch.randn(1, 4, 16, 16), torch.randn(1, 3, WORDS), torch.tensor(500)
    hints = [torch.rand(1, 3, 128, 128) for _ in nets]
    position = torch.zeros(1, 1, 128, 128)
    with torch.no_grad():
        controls = StageControls(nets, ["global", "global"], position, 2)
        down, mid = controls(x, t, words, hints, [1.0, 0.5])
        stock, stock_mid = MultiControlNetModel(nets)(x, t, words, hints, [1.0, 0.5], return_dict=False)
        masked, _ = StageControls(nets, ["detail", "detail"], position, 2)(x, t, words, hints, [1.0, 0.5])
        none = controls(x, t, words, hints, [0.0, 0.0])
    assert down is not None
    assert masked is not None
    torch.testing.assert_close(down, list(stock))
    torch.testing.assert_close(mid, stock_mid)
    assert [bool(residual.any()) for residual in masked] == [residual.shape[-1] < 8 for residual in masked]
    assert none == (None, None)
