"""Inference Fourier enhancement: the filter on planted waves, residuals and their levels, what is recorded."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import ControlNetModel, UNet2DConditionModel
from torch import Tensor, nn

from backends.text_image.enhancement import Recorder, enhanced, filtered, radial
from backends.text_image.requests import Fourier

pytestmark = pytest.mark.method

WIDTHS = (8, 8, 16, 16)
TIME = torch.tensor(500)


@pytest.fixture(scope="module")
def unet() -> UNet2DConditionModel:
    """In the layout of Stable Diffusion 1.5: four levels of two layers, so twelve residuals and the middle one."""
    torch.manual_seed(0)
    net = UNet2DConditionModel(
        sample_size=16, block_out_channels=WIDTHS, cross_attention_dim=8, attention_head_dim=2, norm_num_groups=4
    )
    return net.eval().requires_grad_(False)


class Constants(nn.Module):
    """A ControlNet's answer with known numbers: residual i holds i everywhere, the middle one 20."""

    shapes = ((8, 16),) * 3 + ((8, 8),) * 3 + ((8, 4),) + ((16, 4),) * 2 + ((16, 2),) * 3

    def forward(self) -> tuple[tuple[Tensor, ...], Tensor]:
        down = tuple(torch.full((1, c, size, size), float(i)) for i, (c, size) in enumerate(self.shapes, 1))
        return down, torch.full((1, 16, 2, 2), 20.0)


def _run(unet: UNet2DConditionModel, down: Any = None, mid: Any = None) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    x, words = torch.randn(1, 4, 16, 16, generator=generator), torch.randn(1, 3, 8, generator=generator)
    out: Tensor = unet(
        x, TIME, words, down_block_additional_residuals=down, mid_block_additional_residual=mid, return_dict=False
    )[0]
    return out


@contextmanager
def _recorded(unet: UNet2DConditionModel, control: nn.Module, settings: Fourier | None) -> Iterator[Recorder]:
    recorder = Recorder()
    with torch.inference_mode(), enhanced(unet, [control], settings, recorder=recorder):
        yield recorder


def _hooks(module: nn.Module) -> int:
    return sum(len(part._forward_hooks) + len(part._forward_pre_hooks) for part in module.modules())


def test_distances_count_steps_of_the_spectrum() -> None:
    expected: list[list[float]] = [
        [0, 1, 2, 3],
        [1, 2**0.5, 5**0.5, 10**0.5],
        [2, 5**0.5, 8**0.5, 13**0.5],
        [1, 2**0.5, 5**0.5, 10**0.5],
    ]
    assert np.allclose(radial(4, 6, torch.device("cpu")).numpy(), expected)


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        (Fourier(s=0.2, radius=1), (0.2, 0.2, 1.0)),
        (Fourier(s=0.2, radius=0), (0.2, 1.0, 1.0)),
        (Fourier(s=0.5, radius=3), (0.5, 0.5, 0.5)),
        (Fourier(s=0.2, radius=1, band="low"), (1.0, 1.0, 0.0)),
        (Fourier(s=0.2, radius=1, band="high"), (0.0, 0.0, 1.0)),
    ],
)
@pytest.mark.parametrize("size", [(8, 24), (7, 25)])
def test_the_filter_scales_waves_by_their_frequency(
    settings: Fourier, kept: tuple[float, ...], size: tuple[int, int]
) -> None:
    phase = 2 * torch.pi * torch.arange(size[1]) / size[1]
    waves = [torch.full((size[1],), 3.0), torch.cos(phase + 0.4), torch.cos(3 * phase - 1)]
    planted = torch.stack(waves).sum(dim=0).expand(1, 2, *size)
    expected = torch.stack([part * wave for part, wave in zip(kept, waves, strict=True)]).sum(dim=0)
    assert torch.allclose(filtered(planted, settings), expected.expand(1, 2, *size), atol=1e-5)


def test_the_first_two_levels_take_the_last_six_residuals_of_stable_diffusion(unet: UNet2DConditionModel) -> None:
    control = Constants()
    with enhanced(unet, [control], Fourier(alpha=3.0, s=0.5)):
        down, mid = control()
    # Of a constant only the lowest frequency is there, so 3 x 0.5 of it is left.
    assert [residual.mean().item() for residual in down] == pytest.approx(
        [1, 2, 3, 4, 5, 6, *(1.5 * i for i in range(7, 13))]
    )
    assert mid.unique().tolist() == [20.0]


def test_the_recorder_sees_what_the_decoder_of_diffusers_takes(unet: UNet2DConditionModel) -> None:
    control = Constants()
    with _recorded(unet, control, None) as recorder:
        _run(unet)
        _run(unet, *control())
        _run(unet)
    without, levels, again = recorder.passes
    # The first skip of a level is the last that is left: 12, 9, 6, 3.
    assert [level.control.unique().tolist() for level in levels] == [[12.0], [9.0], [6.0], [3.0]]
    for bare, level in zip(without, levels, strict=True):
        assert torch.allclose(bare.fused, level.skip, atol=1e-5)
        assert torch.equal(level.fused, level.skip + level.control) or torch.allclose(
            level.fused, level.skip + level.control, atol=1e-5
        )
    # The residual of the middle goes into the base of the deepest level.
    assert torch.allclose(levels[0].base - without[0].base, torch.tensor(20.0), atol=1e-4)
    assert not any(level.control.any() for level in (*without, *again))


def test_the_base_is_scaled_where_the_control_is(unet: UNet2DConditionModel) -> None:
    control = Constants()
    with _recorded(unet, control, None) as plain:
        _run(unet, *control())
    with _recorded(unet, control, Fourier(alpha=1, beta=2, s=1)) as scaled:
        _run(unet, *control())
    assert torch.allclose(scaled.passes[0][0].base, 2 * plain.passes[0][0].base)
    assert [level.control.unique().tolist() for level in scaled.passes[0]] == [[12.0], [9.0], [6.0], [3.0]]


def test_enhancement_is_what_equation_1_says(unet: UNet2DConditionModel) -> None:
    """By hand: residuals scaled before they go in, the base by a hook of our own."""
    control, settings = Constants(), Fourier(alpha=1.4, beta=1.2, s=0.2)
    with torch.inference_mode(), enhanced(unet, [control], settings):
        found = _run(unet, *control())
    down, mid = control()
    factors = [1.0] * 6 + [1.4 * 0.2] * 6

    def scale(_module: nn.Module, args: Any, kwargs: dict[str, Any]) -> Any:
        return args, kwargs | {"hidden_states": 1.2 * kwargs["hidden_states"]}

    handles = [block.register_forward_pre_hook(scale, with_kwargs=True) for block in unet.up_blocks[:2]]
    expected = _run(unet, tuple(f * r for f, r in zip(factors, down, strict=True)), mid)
    for handle in handles:
        handle.remove()
    assert torch.allclose(found, expected, atol=1e-5)
    assert not torch.allclose(found, _run(unet, *control()), atol=1e-2)


def test_neutral_settings_change_nothing(unet: UNet2DConditionModel) -> None:
    control = Constants()
    with torch.inference_mode(), enhanced(unet, [control], Fourier(alpha=1, beta=1, s=1)):
        found = _run(unet, *control())
    assert torch.allclose(found, _run(unet, *control()), atol=1e-5)


def test_a_stock_controlnet_is_enhanced_in_both_forms_of_its_answer(unet: UNet2DConditionModel) -> None:
    torch.manual_seed(0)
    stock = ControlNetModel.from_unet(unet, conditioning_embedding_out_channels=(4, 8)).requires_grad_(False)
    for layer in stock.controlnet_down_blocks:
        nn.init.ones_(layer.weight)
    given = torch.randn(1, 4, 16, 16), TIME, torch.randn(1, 3, 8), torch.randn(1, 3, 32, 32)
    plain = stock(*given).down_block_res_samples
    with enhanced(unet, [stock], Fourier(alpha=2, s=1)):
        named = stock(*given).down_block_res_samples
        bare = stock(*given, return_dict=False)[0]
    for before, one, other, factor in zip(plain, named, bare, [1.0] * 6 + [2.0] * 6, strict=True):
        assert torch.allclose(one, factor * before, atol=1e-4)
        assert torch.equal(one, other)


def test_nothing_hangs_on_the_networks_after_an_error(unet: UNet2DConditionModel) -> None:
    control = Constants()

    def fail() -> None:
        with enhanced(unet, [control], Fourier(), recorder=Recorder()):
            assert _hooks(unet) == 5  # four levels, and the network itself
            assert _hooks(control) == 1
            raise ArithmeticError

    with pytest.raises(ArithmeticError):
        fail()
    assert _hooks(unet) + _hooks(control) == 0
