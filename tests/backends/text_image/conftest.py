"""A tiny folder of material, and the real pipeline with random weights: its pictures say nothing, its paths are all."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from backends.text_image.materials.subset import FONTS
from backends.text_image.models import using
from backends.text_image.networks import TextControlNet, base_unet, noise_schedule
from backends.text_image.pipeline import TextGenPipeline

_FONTS = {
    "latin": ("latin", "sans", "train"),
    "latin-bold": ("latin", "sans", "train"),
    "latin-serif": ("latin", "serif", "test"),
    "hans": ("hans", "sans", "train"),
    "hebrew": ("hebrew", "sans", "train"),
    "thai": ("thai", "sans", "train"),
}
_LETTERS = {
    "latin": "abcdefghijklmnopqrstuvwxyz",
    "hans": "的一是了我不人在他有这个上们来到时大地",
    "hebrew": "אבגדהוזחטי",
}


@pytest.fixture(scope="session")
def material(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Material as `python -m backends.text_image.materials` leaves it: shipped fonts, made-up words and photographs."""
    folder = tmp_path_factory.mktemp("material")
    rng = np.random.default_rng(0)
    words = {
        script: sorted({"".join(rng.choice(list(letters), rng.integers(2, 7))) for _ in range(80)})
        for script, letters in _LETTERS.items()
    }
    words["thai"] = ["กาแฟ", "อาหาร", "ที่นี่", "น้ำ", "ร้าน", "เปิด", "ปิด", "ห้อง", "ทาง", "ออก", "เข้า", "ไทย"]
    for script, listed in words.items():
        (folder / f"{script}.txt").write_text("\n".join(listed), encoding="utf-8")
    photos = []
    for index in range(4):
        coarse = rng.integers(0, 256, (6, 9, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize((360, 240), Image.Resampling.BICUBIC).save(folder / f"{index}.png")
        photos.append({"path": f"{index}.png", "split": "test" if index == 0 else "train"})
    fonts = [
        {"path": str(FONTS / f"{name}.ttf"), "family": name, "kind": kind, "split": split, "scripts": [script]}
        for name, (script, kind, split) in _FONTS.items()
    ]
    listing = {"words": {script: f"{script}.txt" for script in words}, "photos": photos, "fonts": fonts}
    (folder / "materials.json").write_text(json.dumps(listing))
    return folder


@pytest.fixture(scope="session")
def untrained() -> TextGenPipeline:
    """The pipeline with random weights, and with ControlNets that do something, as their zero weights would not."""
    torch.manual_seed(7)
    nets = base_unet(), TextControlNet(), TextControlNet(masked_image=True)
    for net in nets[1:]:
        for layer in (*net.controlnet_down_blocks, net.controlnet_mid_block, net.controlnet_cond_embedding.place.out):
            torch.nn.init.normal_(layer.weight, std=0.1)
    for net in nets:
        net.eval().requires_grad_(False)
    return TextGenPipeline(*nets, noise_schedule())


@pytest.fixture
def editing(untrained: TextGenPipeline) -> Iterator[TextGenPipeline]:
    """Edits are made with the untrained pipeline."""
    with using(untrained):
        yield untrained
