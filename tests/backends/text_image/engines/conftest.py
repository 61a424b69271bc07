"""Folders of models in the layout of Stable Diffusion 1.5 and of AnyText's port, tiny and with random weights."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKL, ControlNetModel, DDIMScheduler, UNet2DConditionModel
from numpy.typing import NDArray
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from backends.settings import settings
from backends.text_image.engines.anytext import AnyTextControlNet

WIDTHS = (8, 8, 16, 16)
WORDS = 16
DOWN = ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D")
UP = ("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D")


def tiny_unet() -> UNet2DConditionModel:
    """Four levels of two layers, as in SD 1.5, so twelve residuals and the middle one; no attention at full size."""
    return UNet2DConditionModel(
        block_out_channels=WIDTHS,
        down_block_types=DOWN,
        up_block_types=UP,
        cross_attention_dim=WORDS,
        attention_head_dim=2,
        norm_num_groups=4,
    )


def awake(control: ControlNetModel) -> ControlNetModel:
    """A ControlNet whose output is not zero, as it is before training."""
    for convolution in (*control.controlnet_down_blocks, control.controlnet_mid_block):
        nn.init.normal_(convolution.weight, std=0.5)
        nn.init.normal_(convolution.bias, std=0.5)
    return control


def save_base(folder: Path) -> None:
    """Write a Stable Diffusion folder."""
    torch.manual_seed(0)
    tiny_unet().save_pretrained(folder / "unet")
    vae = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(4, 4, 8, 8),
        norm_num_groups=4,
        layers_per_block=1,
        latent_channels=4,
        mid_block_add_attention=False,
    )
    vae.save_pretrained(folder / "vae")
    pieces = ["<|startoftext|>", "<|endoftext|>", *"abcdefghijklmnopqrstuvwxyz"]
    pieces += [f"{letter}</w>" for letter in "abcdefghijklmnopqrstuvwxyz"]
    vocabulary = {piece: index for index, piece in enumerate(pieces)}
    CLIPTokenizer(vocabulary, [], model_max_length=77).save_pretrained(folder / "tokenizer")
    (folder / "tokenizer" / "vocab.json").write_text(json.dumps(vocabulary))
    (folder / "tokenizer" / "merges.txt").write_text("#version: 0.2\n")
    (folder / "tokenizer" / "tokenizer.json").unlink()  # the published folders have none
    words = CLIPTextConfig(
        vocab_size=len(vocabulary),
        hidden_size=WORDS,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        bos_token_id=0,
        eos_token_id=1,
    )
    CLIPTextModel(words).save_pretrained(folder / "text_encoder")
    DDIMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear").save_pretrained(
        folder / "scheduler"
    )
    parts = {
        "_class_name": "StableDiffusionPipeline",
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "tokenizer": ["transformers", "CLIPTokenizer"],
        "scheduler": ["diffusers", "DDIMScheduler"],
        "safety_checker": [None, None],
    }
    (folder / "model_index.json").write_text(json.dumps(parts))


def save_anytext(folder: Path) -> None:
    """Write a ControlNet in the layout of AnyText's port, with code beside it that must not be run."""
    torch.manual_seed(2)
    net = AnyTextControlNet(
        conditioning_channels=1,
        down_block_types=DOWN,
        block_out_channels=WIDTHS,
        norm_num_groups=4,
        cross_attention_dim=WORDS,
        attention_head_dim=2,
    )
    for layer in net.controlnet_cond_embedding.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight)  # what is drawn would fade away over nine layers otherwise
    awake(net).save_pretrained(folder)
    config = json.loads((folder / "config.json").read_text()) | {"_class_name": "AnyTextControlNetModel"}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "anytext_controlnet.py").write_text("raise RuntimeError('code of the folder was run')")


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models under the names of the table; read it, and copy what a test changes."""
    folder = tmp_path_factory.mktemp("models")
    save_base(folder / "stable-diffusion-v1-5")
    torch.manual_seed(1)
    for name in ("canny", "scribble"):
        awake(ControlNetModel.from_unet(tiny_unet())).save_pretrained(folder / f"sd-controlnet-{name}")
    save_anytext(folder / "anytext-controlnet")
    return folder


@pytest.fixture
def models(fresh_settings: pytest.MonkeyPatch, tiny_models: Path) -> Path:
    """The settings name the folder of tiny models."""
    fresh_settings.setenv("ATELIER_MODELS_DIR", str(tiny_models))
    settings.cache_clear()
    return tiny_models


@pytest.fixture
def own_models(fresh_settings: pytest.MonkeyPatch, tiny_models: Path, tmp_path: Path) -> Path:
    """The settings name a copy of the tiny models that the test may spoil."""
    shutil.copytree(tiny_models, tmp_path / "models")
    fresh_settings.setenv("ATELIER_MODELS_DIR", str(tmp_path / "models"))
    settings.cache_clear()
    return tmp_path / "models"


@dataclass(frozen=True)
class Scene:
    """A picture with one region."""

    image: NDArray[np.uint8]
    glyph: NDArray[np.uint8]
    position: NDArray[np.uint8]


@pytest.fixture
def scene() -> Scene:
    """160 x 48 pixels of noise; a bar as glyph in a region of 96 x 24, whose crop is wider than high."""
    image = np.random.default_rng(0).integers(0, 256, (48, 160, 3), dtype=np.uint8)
    glyph, position = np.zeros((2, 48, 160), np.uint8)
    position[12:36, 32:128] = 255
    glyph[20:28, 48:112] = 255
    return Scene(image, glyph, position)
