"""AnyText's ControlNet: the port's names and shapes of weights, its hint, and an edit with it."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from backends.progress import finish
from backends.text_image.engines.anytext import AnyTextControlNet, AnyTextHint, anytext_hint
from backends.text_image.engines.folders import load, load_base
from backends.text_image.engines.stable_diffusion import edit_crop
from backends.text_image.engines.table import ENGINES
from backends.text_image.requests import Options
from tests.backends.text_image.engines.conftest import Scene

pytestmark = pytest.mark.method

# Of the port's `AnyTextControlNetConditioningEmbedding`, written down from its source.
GLYPH = [(8, 1), (8, 8), (16, 8), (16, 16), (32, 16), (32, 32), (96, 32), (96, 96), (256, 96)]
POSITION = [(8, 1), (8, 8), (16, 8), (16, 16), (32, 16), (32, 32), (64, 32)]


def test_weights_have_the_names_and_shapes_of_the_port() -> None:
    expected = {
        f"{block}_block.{2 * index}.weight": (*shape, 3, 3)
        for block, shapes in (("glyph", GLYPH), ("position", POSITION))
        for index, shape in enumerate(shapes)
    }
    expected["fuse_block.weight"] = (320, 324, 3, 3)
    found = {name: tuple(weight.shape) for name, weight in AnyTextHint(320).state_dict().items()}
    biases = {name.replace("weight", "bias"): shape[:1] for name, shape in expected.items()}
    assert found == expected | biases


def test_the_glyph_is_halved_four_times_from_twice_the_size_and_the_position_three_times() -> None:
    torch.manual_seed(0)
    net = AnyTextHint(8).eval()
    hint = torch.rand(1, 6, 64, 128)
    with torch.no_grad():
        glyph = net.glyph_block(hint[:, :1].repeat_interleave(2, 2).repeat_interleave(2, 3))
        parts = [glyph, net.position_block(hint[:, 1:2]), hint[:, 2:, ::8, ::8]]
        torch.testing.assert_close(net(hint), net.fuse_block(torch.cat(parts, 1)))
    assert net(hint).shape == (1, 8, 8, 16)


def test_the_hint_hides_the_region_from_the_latents(models: Path, scene: Scene) -> None:
    vae = load_base(models / "stable-diffusion-v1-5").vae
    image, glyph, position = scene.image[:, :128], scene.glyph[:, :128], scene.position[:, :128]
    hint = anytext_hint(vae, image, glyph, position)
    assert hint.shape == (1, 6, 48, 128)
    assert (hint[0, 0].numpy() == glyph / 255).all()
    assert (hint[0, 1].numpy() == position / 255).all()
    other = np.where(position[..., None] > 0, 255 - image, image)
    assert (anytext_hint(vae, other, glyph, position) == hint).all()
    grey = torch.from_numpy(np.where(position[..., None] > 0, 127.5, image) / 127.5 - 1).float()
    with torch.no_grad():
        latents = vae.encode(grey.permute(2, 0, 1)[None]).latent_dist.mean * vae.config.scaling_factor
    torch.testing.assert_close(hint[:, 2:, 3::8, 5::8], latents)


def test_the_folder_is_loaded_whole_without_its_code(models: Path) -> None:
    folder = models / "anytext-controlnet"
    net = load(AnyTextControlNet, folder, "AnyTextControlNetModel")
    [file] = folder.glob("*.safetensors")
    weights = load_file(file)
    assert set(weights) == set(net.state_dict())
    assert all((net.state_dict()[name] == weight).all() for name, weight in weights.items())


@pytest.mark.usefixtures("models")
def test_an_edit_follows_the_glyph(scene: Scene) -> None:
    options = Options(steps=2)
    edited = finish(edit_crop("anytext", scene.image, scene.glyph, scene.position, "", options))
    other = finish(edit_crop("anytext", scene.image, np.zeros_like(scene.glyph), scene.position, "", options))
    assert (edited != other).any()
    assert (edited[0] == scene.image[0]).all()


@pytest.mark.unit
def test_the_table_says_what_is_missing() -> None:
    assert "never run" in ENGINES["anytext"].lacks
