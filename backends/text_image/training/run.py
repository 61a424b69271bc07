"""A training run: phases, schedule, averages, and checkpoints from which it goes on."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from diffusers import UNet2DConditionModel
from diffusers.training_utils import EMAModel
from safetensors.torch import load_file, save_file
from torch import Tensor

from backends.text_image.networks import base_unet, control_from
from backends.text_image.training.batches import Batch
from backends.text_image.training.loss import Networks, Objective, Stage

_RATE = 4e-4  # for batches of about five
_WARM_UP = 200  # steps
_DECAY_SHARE = 0.3  # of the run, at its end
_STATE, _OPTIMIZER = "state.json", "optimizer.safetensors"


@dataclass(frozen=True, slots=True)
class Plan:
    """What to train. `prior_images`: seen by the base alone, at first. `images`: in all; the rate falls to 0 there.

    `train_base`: whether the base goes on learning with the ControlNets, or is frozen as in the paper.
    """

    images: int
    prior_images: int
    fourier: bool = True
    train_base: bool = True
    seed: int = 0


@dataclass(slots=True)
class Run:
    """A run in a folder, as far as it has come."""

    plan: Plan
    folder: Path
    networks: Networks
    averages: dict[str, EMAModel]
    optimizer: torch.optim.AdamW
    device: torch.device
    seen: int = 0
    steps: int = 0
    seconds: float = 0.0

    def stage(self) -> Stage:
        """The stage that the next batch trains."""
        if self.seen < self.plan.prior_images:
            return "prior"
        return "global" if self.steps % 3 == 1 else "detail"  # which has strokes and colours to get right

    def rate(self) -> float:
        """The learning rate of the next step: warm-up, level, linear fall."""
        left = 1 - self.seen / self.plan.images
        return _RATE * min(1.0, (self.steps + 1) / _WARM_UP, max(0.0, left) / _DECAY_SHARE)


def open_run(plan: Plan, folder: Path, device: torch.device) -> Run:
    """A new run in `folder`, or the one that stopped there."""
    torch.manual_seed(plan.seed)
    unet = base_unet()
    networks = Networks(
        unet, control_from(unet, fourier=plan.fourier), control_from(unet, fourier=plan.fourier, masked_image=True)
    )
    for net in networks.named().values():
        net.to(device=device, memory_format=torch.channels_last)
    parameters = [p for net in networks.named().values() for p in net.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=_RATE, weight_decay=0.01, betas=(0.9, 0.98), fused=True)
    averages = {name: _average(net) for name, net in networks.named().items()}
    run = Run(plan, folder, networks, averages, optimizer, device)
    if (folder / _STATE).exists():
        _resume(run)
    return run


def begin_with_base(run: Run, base: UNet2DConditionModel) -> None:
    """Give a new run a base that is trained already, so that it begins where the prior ends."""
    run.networks.unet.load_state_dict(base.state_dict())
    run.averages["unet"] = _average(run.networks.unet)
    _hand_over(run)
    run.seen = run.plan.prior_images


def _average(net: torch.nn.Module) -> EMAModel:
    # Over some 500 steps: the fall of the rate averages too, and what is older than a few thousand pictures is worse.
    return EMAModel(net.parameters(), decay=0.998, use_ema_warmup=True, power=0.75)


def _resume(run: Run) -> None:
    state = json.loads((run.folder / _STATE).read_text())
    run.seen, run.steps, run.seconds = state["seen"], state["steps"], state["seconds"]
    for name, net in run.networks.named().items():
        net.load_state_dict(load_file(run.folder / f"{name}.safetensors"))
        shadow = load_file(averages_file(run.folder, name))
        average = run.averages[name]
        average.shadow_params = [shadow[key].to(run.device) for key, _ in net.named_parameters()]
        average.optimization_step = state["averaged"][name]
    _load_optimizer(run)


def save_run(run: Run) -> None:
    """Write all that the run needs to go on; it takes its place when it is whole, so a killed save leaves the last."""
    run.folder.mkdir(parents=True, exist_ok=True)
    tensors = {}
    for name, net in run.networks.named().items():
        tensors[f"{name}.safetensors"] = net.state_dict()
        names = [key for key, _ in net.named_parameters()]
        shadow = dict(zip(names, run.averages[name].shadow_params, strict=True))
        tensors[averages_file(run.folder, name).name] = shadow
    moments = run.optimizer.state_dict()["state"]
    tensors[_OPTIMIZER] = {f"{index}.{key}": value for index, of in moments.items() for key, value in of.items()}
    state = {
        "seen": run.seen,
        "steps": run.steps,
        "seconds": run.seconds,
        "averaged": {name: average.optimization_step for name, average in run.averages.items()},
        "plan": asdict(run.plan),
    }
    for file, found in tensors.items():
        save_file({key: value.detach().cpu().contiguous() for key, value in found.items()}, _part(run, file))
    _part(run, _STATE).write_text(json.dumps(state))
    for file in (*tensors, _STATE):
        _part(run, file).replace(run.folder / file)


def _part(run: Run, file: str) -> Path:
    return run.folder / f"{file}.part"


def averages_file(folder: Path, name: str) -> Path:
    """Where a run keeps the moving averages of the weights of network `name`."""
    return folder / f"{name}.average.safetensors"


def _load_optimizer(run: Run) -> None:
    state = run.optimizer.state_dict()
    (group,) = run.optimizer.param_groups
    moments: dict[int, dict[str, Tensor]] = {}
    for key, value in load_file(run.folder / _OPTIMIZER).items():
        index, name = key.split(".", 1)
        if value.dim():
            # The fused optimiser goes through memory side by side and asks nobody whether the orders agree.
            value = torch.empty_like(group["params"][int(index)]).copy_(value)
        moments.setdefault(int(index), {})[name] = value
    run.optimizer.load_state_dict({"state": moments, "param_groups": state["param_groups"]})


def advance(run: Run, data: Iterator[Batch]) -> Iterator[dict[str, float | str]]:
    """Train to the end of the plan; yields stage, loss, rate and images seen after each step."""
    objective = Objective(run.networks, run.device, run.plan.seed + run.steps)
    while run.seen < run.plan.images:
        began = time.monotonic()
        batch, stage, rate = next(data), run.stage(), run.rate()
        _set_trained(run, stage)
        for group in run.optimizer.param_groups:
            group["lr"] = rate
        with torch.autocast(run.device.type, torch.bfloat16, enabled=run.device.type == "cuda"):
            loss = objective.loss(batch, stage)
        loss.backward()
        torch.nn.utils.clip_grad_norm_([p for g in run.optimizer.param_groups for p in g["params"]], 1.0)
        run.optimizer.step()
        run.optimizer.zero_grad(set_to_none=True)
        for name in _trained(run, stage):
            run.averages[name].step(run.networks.named()[name].parameters())
        run.seen, run.steps = run.seen + len(batch.captions), run.steps + 1
        run.seconds += time.monotonic() - began
        if stage == "prior" and run.stage() != "prior":
            _hand_over(run)
        yield {"stage": stage, "loss": loss.item(), "rate": rate, "seen": run.seen}


def _trained(run: Run, stage: Stage) -> tuple[str, ...]:
    if stage == "prior":
        return ("unet",)
    return ("unet", f"{stage}_control") if run.plan.train_base else (f"{stage}_control",)


def _set_trained(run: Run, stage: Stage) -> None:
    """Let only the networks of the stage learn."""
    names = _trained(run, stage)
    for name, net in run.networks.named().items():
        net.requires_grad_(name in names)


def _hand_over(run: Run) -> None:
    """Give the ControlNets the encoder weights of the base as the prior left them, as a ControlNet begins."""
    for control in (run.networks.global_control, run.networks.detail_control):
        for part in ("conv_in", "time_embedding", "down_blocks", "mid_block"):
            getattr(control, part).load_state_dict(getattr(run.networks.unet, part).state_dict())
    for name, net in run.networks.named().items():
        if name != "unet":
            run.averages[name] = _average(net)
