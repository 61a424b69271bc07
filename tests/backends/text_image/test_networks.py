"""The networks: patches, hints, residuals that fit the base, the mask by level, and what the Fourier branch reaches."""

import pytest
import torch
from torch import Tensor

from backends.text_image.fec import ControlEncoder, FrequencyBranch
from backends.text_image.networks import (
    TextControlNet,
    base_unet,
    control_from,
    masked_controls,
    noise_schedule,
    to_pixels,
    to_places,
)
from backends.text_image.signals import SIGNALS

pytestmark = pytest.mark.method


def test_patches_are_squares_of_two_pixels() -> None:
    image = torch.arange(24.0).reshape(1, 3, 2, 4)
    places = to_places(image)
    assert places.shape == (1, 12, 1, 2)
    assert places[0, :4, 0, 0].tolist() == [0, 1, 4, 5]
    assert torch.equal(to_pixels(places), image)


def test_the_schedule_ends_in_noise_and_predicts_the_picture() -> None:
    schedule = noise_schedule()
    assert schedule.config.prediction_type == "sample"
    assert schedule.alphas_cumprod[-1] < 1e-4
    assert schedule.alphas_cumprod[0] > 0.999


@pytest.mark.parametrize(("masked_image", "channels"), [(False, len(SIGNALS) + 1), (True, len(SIGNALS) + 4)])
def test_a_controlnet_begins_as_the_encoder_of_the_base_and_adds_nothing(masked_image: bool, channels: int) -> None:
    unet = base_unet()
    net = control_from(unet, masked_image=masked_image)
    x, words, hint = torch.randn(2, 12, 32, 48), torch.randn(2, 24, 384), torch.rand(2, channels, 64, 96)
    with torch.inference_mode():
        down, mid = net(x, torch.tensor(10), words, hint, return_dict=False)
        plain = unet(x, torch.tensor(10), words).sample
        steered = unet(
            x, torch.tensor(10), words, down_block_additional_residuals=down, mid_block_additional_residual=mid
        ).sample
    assert [residual.shape[-2] for residual in down] == [32, 32, 16, 16, 8, 8, 4, 4]
    assert torch.equal(plain, steered)
    encoder = unet.down_blocks.state_dict()
    assert all(torch.equal(value, encoder[name]) for name, value in net.down_blocks.state_dict().items())


def _residuals() -> list[Tensor]:
    return [torch.ones(1, 2, size, 2 * size) for size in (32, 32, 16, 16, 8, 8, 4, 4)]


@pytest.mark.parametrize("levels", [0, 1, 2, 3])
def test_the_mask_falls_on_the_larger_sizes_alone(levels: int) -> None:
    position = torch.zeros(1, 1, 64, 128)
    position[..., :64] = 1
    masked = masked_controls(_residuals(), position, levels=levels)
    for index, residual in enumerate(masked):
        half = residual.shape[-1] // 2
        assert (residual[..., :half] == 1).all()
        assert (residual[..., half:] == (0 if index < 2 * levels else 1)).all()


def test_the_paper_masks_two_sizes() -> None:
    masked = masked_controls(_residuals(), torch.zeros(1, 1, 64, 128))
    assert [bool(residual.any()) for residual in masked] == [False] * 4 + [True] * 4


@pytest.mark.parametrize("fourier", [False, True])
def test_only_the_fourier_branch_sees_the_whole_picture(fourier: bool) -> None:
    torch.manual_seed(0)
    encoder = ControlEncoder(1, 16, 8, blocks=2, fourier=fourier).eval()
    control = torch.zeros(1, 1, 64, 256, requires_grad=True)
    encoder(control)[0, :, 16, 2].sum().backward()
    assert control.grad is not None
    # 4 + 1 + 2 x 2 squares of 4 pixels, and those in the place itself: 40 pixels is as far as convolutions see.
    assert bool(control.grad[..., 100:].any()) == fourier
    assert control.grad[..., :20].any()


@pytest.mark.parametrize("size", [(16, 24), (15, 23)])
def test_the_frequency_branch_keeps_size_and_treats_each_picture_alone(size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    branch = FrequencyBranch(16).eval()
    x = torch.randn(3, 16, *size)
    with torch.inference_mode():
        together = branch(x)
        alone = torch.cat([branch(part[None]) for part in x])
    assert together.shape == x.shape
    assert torch.allclose(together, alone, atol=1e-5)


def test_without_fourier_there_is_no_such_branch() -> None:
    assert not [name for name, _ in TextControlNet(fourier=False).named_parameters() if "spectral" in name]
    assert [name for name, _ in TextControlNet().named_parameters() if "spectral" in name]
