"""What the networks are trained for: the picture itself, most of all inside the region, at the noise of their stage."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal

import torch
from diffusers import UNet2DConditionModel
from torch import Tensor

from backends.text_image.captions import embed
from backends.text_image.networks import STEPS, TextControlNet, masked_controls, noise_schedule, to_pixels, to_places
from backends.text_image.signals import SIGNALS
from backends.text_image.training.batches import Batch

Stage = Literal["prior", "global", "detail"]

INSIDE_WEIGHT = 9.0  # the loss inside the region, above the 1 outside
_MOST_SNR_WEIGHT = 6.0  # v-prediction's weight SNR + 1, bounded
_NO_CAPTION = 0.12
_NO_MASKED_IMAGE = 0.15
_NO_DRAFT = 0.25
# Ours, beside the paper's plain denoising: in a share of global batches the noised picture holds the old text, as
# it does where an edit begins (0.8 T), while the picture to predict holds the new one in the same style.
_FROM_OLD = 0.4
_OLD_STEPS = (600, 850)
# Ours too: in a share of detail batches the noised picture holds what the global stage predicts for the region, as it
# does where sampling hands over. Trained on true pictures alone, the detail stage takes the blur for the scene's.
_FROM_GLOBAL = 0.5
_HAND_OVER_STEPS = (250, 500)
_HAND_OVER_SNR_WEIGHT = 2.0  # at t = 500, where it happens: what was predicted holds no more of the scene than that


@dataclass(frozen=True, slots=True)
class Networks:
    """The base and the two ControlNets, on one device."""

    unet: UNet2DConditionModel
    global_control: TextControlNet
    detail_control: TextControlNet

    def named(self) -> dict[str, UNet2DConditionModel | TextControlNet]:
        """By the names that they have in a saved pipeline."""
        return {
            "unet": self.unet,
            "global_control": self.global_control,
            "detail_control": self.detail_control,
        }


def _signal_weights(n: int, rng: random.Random) -> Tensor:
    """One row a sample: mostly the glyph alone, sometimes another signal, a mixture or none."""
    rows = torch.zeros(n, len(SIGNALS), 1, 1)
    for row in rows:
        kind = rng.choices(["glyph", "glyph_canny", "image_canny", "depth", "none", "mixed"], [70, 8, 6, 6, 4, 6])[0]
        if kind == "mixed":
            row[:, 0, 0] = torch.tensor([rng.choice([0.0, rng.uniform(0.3, 1)]) for _ in SIGNALS])
        elif kind != "none":
            row[SIGNALS.index(kind)] = 1.0
    return rows


class Objective:
    """The loss of one batch at one stage; random choices come from the run's own generators."""

    def __init__(self, networks: Networks, device: torch.device, seed: int) -> None:
        self._nets, self._device = networks, device
        self._alphas = noise_schedule().alphas_cumprod.to(device)
        self._rng, self._torch = random.Random(seed), torch.Generator().manual_seed(seed)

    def loss(self, batch: Batch, stage: Stage) -> Tensor:
        """Weighted mean squared error of the predicted picture, a scalar."""
        n = len(batch.captions)
        low, high = {"prior": (0, STEPS), "global": (STEPS // 2, STEPS), "detail": (0, STEPS // 2)}[stage]
        start, steps = batch.image, torch.randint(low, high, (n,), generator=self._torch)
        most = torch.full((n,), _MOST_SNR_WEIGHT)
        if stage == "global":
            swapped = torch.rand(n, generator=self._torch) < _FROM_OLD
            start = torch.where(swapped[:, None, None, None], batch.old, batch.image)
            steps = torch.where(swapped, torch.randint(*_OLD_STEPS, (n,), generator=self._torch), steps)
        if stage == "detail":
            swapped = torch.rand(n, generator=self._torch) < _FROM_GLOBAL
            start = torch.where(swapped[:, None, None, None], self._handed_over(batch), batch.image)
            steps = torch.where(swapped, torch.randint(*_HAND_OVER_STEPS, (n,), generator=self._torch), steps)
            most[swapped] = _HAND_OVER_SNR_WEIGHT
        noise = torch.randn(start.shape, generator=self._torch)
        position, steps = batch.position.to(self._device), steps.to(self._device)
        alpha = self._alphas[steps][:, None, None, None]
        noised = alpha.sqrt() * start.to(self._device) + (1 - alpha).sqrt() * noise.to(self._device)
        target = to_places(batch.image.to(self._device))
        predicted = self._predict(batch, stage, to_places(noised), steps, position)
        snr_weight = torch.minimum(1 / (1 - alpha), most.to(self._device)[:, None, None, None])  # SNR + 1
        weight = snr_weight * to_places(1 + INSIDE_WEIGHT * position.expand(-1, 3, -1, -1))
        return ((predicted.float() - target) ** 2 * weight).mean() / (1 + INSIDE_WEIGHT / 3)

    @torch.no_grad()
    def _handed_over(self, batch: Batch) -> Tensor:
        """What one step of the global stage makes of the noised old picture; (n, 3, h, w) in [-1, 1], on the CPU."""
        n = len(batch.captions)
        steps = torch.randint(*_OLD_STEPS, (n,), generator=self._torch)
        alpha = self._alphas[steps.to(self._device)][:, None, None, None]
        noise = torch.randn(batch.old.shape, generator=self._torch).to(self._device)
        noised = to_places(alpha.sqrt() * batch.old.to(self._device) + (1 - alpha).sqrt() * noise)
        predicted = self._predict(batch, "global", noised, steps.to(self._device), batch.position.to(self._device))
        return to_pixels(predicted.float()).clamp(-1, 1).cpu()

    def _mostly(self, share: float, n: int) -> Tensor:
        """1 for each of `n` samples, but 0 for a `share` of them; (n, 1, 1, 1)."""
        return (torch.rand(n, generator=self._torch) >= share).float()[:, None, None, None]

    def _predict(self, batch: Batch, stage: Stage, noised: Tensor, steps: Tensor, position: Tensor) -> Tensor:
        n = len(batch.captions)
        captions = ["" if self._rng.random() < _NO_CAPTION else caption for caption in batch.captions]
        words = torch.stack([embed(caption) for caption in captions]).to(self._device)
        if stage == "prior":
            predicted: Tensor = self._nets.unet(noised, steps, words, return_dict=False)[0]
            return predicted
        hint = [batch.signals * _signal_weights(n, self._rng), batch.position]
        if stage == "detail":
            inside = batch.position >= 0.5
            shown = batch.image * ~inside + batch.draft * inside * self._mostly(_NO_DRAFT, n)
            hint.append(shown * self._mostly(_NO_MASKED_IMAGE, n))
        net = self._nets.global_control if stage == "global" else self._nets.detail_control
        down, mid = net(noised, steps, words, torch.cat(hint, dim=1).to(self._device), return_dict=False)
        if stage == "detail":
            down = masked_controls(down, position)
        return self._nets.unet(
            noised,
            steps,
            words,
            down_block_additional_residuals=down,
            mid_block_additional_residual=mid,
            return_dict=False,
        )[0]
