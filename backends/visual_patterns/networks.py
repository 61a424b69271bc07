"""The two small image classifiers of this explorer, each of four stages whose outputs are watched.

Both end on an 8 x 8 map, so that the last stage still has regions: an input of 64 px is halved before stages 1 to 3,
one of 32 px before stages 1 and 3. The mean over the last map is the sample's feature (the penultimate layer); one
linear layer reads the classes from it.
"""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor, nn

from backends.errors import InputError, quoted

Architecture = Literal["vgg", "resnet"]
ARCHITECTURES: tuple[str, ...] = get_args(Architecture)
WIDTHS = (16, 32, 64, 128)
"""Channels of the four stages."""

STAGES = ("stages.0", "stages.1", "stages.2", "stages.3")
"""Names of the watched modules."""

HEAD = "head"
"""Name of the module that reads the classes; its input is the sample's feature."""

_HALVED = {64: (True, True, True, False), 32: (True, False, True, False)}


class Classifier(nn.Module):
    """Pictures (b, 3, side, side), -1 to 1, -> logits (b, classes)."""

    def __init__(self, stages: list[nn.Module], classes: int) -> None:
        """`stages` follow one another; the last has `WIDTHS[-1]` channels."""
        super().__init__()
        self.stages = nn.ModuleList(stages)
        self.head = nn.Linear(WIDTHS[-1], classes)

    def forward(self, x: Tensor) -> Tensor:
        """The logits."""
        for stage in self.stages:
            x = stage(x)
        logits: Tensor = self.head(x.mean((2, 3)))
        return logits


def _convolution(before: int, after: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after))


def _vgg_stage(before: int, after: int, halve: bool) -> nn.Module:
    """Two plain 3 x 3 convolutions, after a 2 x 2 maximum where the map is halved."""
    pool = [nn.MaxPool2d(2)] if halve and before > 3 else []
    first = nn.Conv2d(before, after, 3, stride=2 if halve and before == 3 else 1, padding=1, bias=False)
    return nn.Sequential(*pool, first, nn.BatchNorm2d(after), nn.ReLU(), _convolution(after, after), nn.ReLU())


class ResidualStage(nn.Module):
    """One residual block: ReLU(F(x) + shortcut(x)), the shortcut a 1 x 1 convolution where shapes differ."""

    def __init__(self, before: int, after: int, halve: bool) -> None:
        """`before` and `after` count channels; `halve` halves the map."""
        super().__init__()
        stride = 2 if halve else 1
        self.body = nn.Sequential(
            nn.Conv2d(before, after, 3, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(after),
            nn.ReLU(),
            _convolution(after, after),
        )
        # A mean before the 1 x 1 convolution keeps what a stride would drop (ResNet-D).
        mean = [nn.AvgPool2d(2)] if halve else []
        self.shortcut = nn.Sequential(*mean, nn.Conv2d(before, after, 1, bias=False), nn.BatchNorm2d(after))

    def forward(self, x: Tensor) -> Tensor:
        """Maps (b, before, h, w) -> (b, after, h', w'), not negative."""
        return torch.relu(self.body(x) + self.shortcut(x))


def build(architecture: str, classes: int, side: int, seed: int) -> Classifier:
    """A fresh network, its weights fixed by `seed`.

    Args:
        architecture: `vgg` (plain) or `resnet` (residual).
        classes: how many there are, 2 or more.
        side: 32 or 64 px.

    Raises:
        InputError: for another architecture, side, or fewer classes.
    """
    if architecture not in ARCHITECTURES:
        raise InputError(f"There is no network called {quoted(architecture)}. There are: {', '.join(ARCHITECTURES)}.")
    if side not in _HALVED:
        raise InputError(f"Networks read pictures of 32 or 64 px, not {side}.")
    if classes < 2:
        raise InputError(f"A classifier needs two classes or more, got {classes}.")
    stage = _vgg_stage if architecture == "vgg" else ResidualStage
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        widths = zip((3, *WIDTHS[:-1]), WIDTHS, _HALVED[side], strict=True)
        return Classifier([stage(before, after, halve) for before, after, halve in widths], classes)


def parameters(model: nn.Module) -> int:
    """How many numbers are trained."""
    return sum(p.numel() for p in model.parameters())
