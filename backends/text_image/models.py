"""The embedded pipeline, from the weights that ship; and those weights, from a finished run."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TypeVar

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from backends import runtime, store
from backends.text_image.networks import TextControlNet, base_unet, noise_schedule
from backends.text_image.pipeline import TextGenPipeline
from backends.text_image.training.run import averages_file

Net = TypeVar("Net", bound=nn.Module)

PARTS = {"unet": 2, "global_control": 1, "detail_control": 1}
"""Networks of the pipeline, and into how many files each is split: a file that ships may take 16 MiB."""


_chosen: list[TextGenPipeline] = []


@contextmanager
def using(chosen: TextGenPipeline) -> Iterator[None]:
    """Inside, every edit of this process is made with `chosen`: a pipeline from a folder, or one still in training."""
    _chosen.append(chosen)
    try:
        yield
    finally:
        _chosen.remove(chosen)


def pipeline() -> TextGenPipeline:
    """The pipeline that edits are made with: the embedded one, or the last one that is `using`.

    Raises:
        WeightsError: if the weights are missing or not those of the manifest.
    """
    return _chosen[-1] if _chosen else embedded()


@cache
def embedded() -> TextGenPipeline:
    """The embedded pipeline on the device in use, loaded once.

    Raises:
        WeightsError: if the weights are missing or not those of the manifest.
    """
    loaded = {name: _load(name) for name in PARTS}
    found = TextGenPipeline(
        _filled(base_unet(), loaded["unet"]),
        _filled(TextControlNet(), loaded["global_control"]),
        _filled(TextControlNet(masked_image=True), loaded["detail_control"]),
        noise_schedule(),
    )
    found.to(runtime.device())
    return found


def _load(name: str) -> dict[str, Tensor]:
    return {
        key: tensor.float()
        for part in range(PARTS[name])
        for key, tensor in store.load_weights(f"text_image/{name}.{part}")[0].items()
    }


def _filled(net: Net, weights: dict[str, Tensor]) -> Net:
    net.load_state_dict(weights)
    return _ready(net)


def _ready(net: Net) -> Net:
    """For inference, in the order of memory in which a CPU convolves fastest."""
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return net.eval().requires_grad_(False)


def averaged(folder: Path) -> TextGenPipeline:
    """The pipeline of a training run in `folder`, with the moving averages of its weights."""
    plan = json.loads((folder / "state.json").read_text())["plan"]
    nets = {
        "unet": base_unet(),
        "global_control": TextControlNet(fourier=plan["fourier"]),
        "detail_control": TextControlNet(fourier=plan["fourier"], masked_image=True),
    }
    for name, net in nets.items():
        net.load_state_dict(load_file(averages_file(folder, name)))
        _ready(net)
    return TextGenPipeline(nets["unet"], nets["global_control"], nets["detail_control"], noise_schedule())


def ship(folder: Path, date: str, command: str) -> None:
    """Write the averages of the run in `folder` as the weights that ship, in float16."""
    state = json.loads((folder / "state.json").read_text())
    made = averaged(folder)
    for name, parts in PARTS.items():
        tensors = {key: tensor.half() for key, tensor in getattr(made, name).state_dict().items()}
        keys = sorted(tensors)
        for part in range(parts):
            chosen = keys[part * len(keys) // parts : (part + 1) * len(keys) // parts]
            store.save_weights(
                f"text_image/{name}.{part}",
                {key: tensors[key] for key in chosen},
                command=command,
                seed=state["plan"]["seed"],
                data="scenes rendered from the material of python -m backends.text_image.materials",
                device="cpu",
                date=date,
                figures={"training images": state["seen"], "training minutes": round(state["seconds"] / 60)},
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write a finished training run as the weights that ship.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--date", required=True, help="YYYY-MM-DD")
    options = parser.parse_args()
    ship(options.folder, options.date, "python -m backends.text_image.train MATERIAL RUN")
