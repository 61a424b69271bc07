"""Folders of models: what is read, and what is refused, with words that say why and what to do."""

import json
import pickle
from pathlib import Path

import pytest
import torch
from diffusers import AutoencoderKL, ControlNetModel, UNet2DConditionModel
from safetensors.torch import load_file, save_file
from transformers import CLIPTextModel

from backends.errors import MissingFileError, UnsafeFormatError, WeightsError
from backends.progress import finish
from backends.settings import settings
from backends.text_image.engines.folders import OwnCodeError, load, load_base
from backends.text_image.engines.stable_diffusion import edit_crop
from backends.text_image.engines.table import ENGINES, SOURCES
from backends.text_image.requests import Options
from tests.backends.text_image.engines.conftest import Scene

pytestmark = pytest.mark.method

BASE = "stable-diffusion-v1-5"
CANNY = "sd-controlnet-canny"
WEIGHTS = "diffusion_pytorch_model.safetensors"


def _edit(scene: Scene, engine: str = "sd15") -> None:
    options = Options(steps=1, signals={"glyph_canny": 1.0})
    finish(edit_crop(engine, scene.image, scene.glyph, scene.position, "", options))


def _change(file: Path, **entries: object) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | entries))


@pytest.mark.unit
def test_every_part_of_an_engine_is_in_the_table_of_sources() -> None:
    ids = [source.id for source in SOURCES]
    assert len(set(ids)) == len(ids)
    for engine in ENGINES.values():
        assert {engine.base, *engine.controls.values()} <= set(ids)


@pytest.mark.usefixtures("fresh_settings")
def test_without_a_folder_of_models_the_setting_is_named(scene: Scene) -> None:
    with pytest.raises(MissingFileError, match="ATELIER_MODELS_DIR, which is not set"):
        _edit(scene)


def test_a_folder_that_is_not_there_is_named(scene: Scene, own_models: Path) -> None:
    (own_models / CANNY).rename(own_models / "elsewhere")
    with pytest.raises(MissingFileError, match="sd-controlnet-canny"):
        _edit(scene)


def test_a_model_of_the_hub_that_is_not_downloaded_is_named(scene: Scene, fresh_settings: pytest.MonkeyPatch) -> None:
    fresh_settings.setenv("ATELIER_HUB", "1")
    settings.cache_clear()
    with pytest.raises(MissingFileError, match="sd15-canny-hub is not downloaded"):
        _edit(scene, "sd15-hub")


def test_a_folder_that_leads_out_of_the_folder_of_models_is_refused(scene: Scene, own_models: Path) -> None:
    (own_models / CANNY).rename(own_models.parent / "outside")
    (own_models / CANNY).symlink_to(own_models.parent / "outside")
    with pytest.raises(UnsafeFormatError, match="outside"):
        _edit(scene)


@pytest.mark.parametrize("part", [f"{BASE}/unet", f"{BASE}/vae", f"{BASE}/text_encoder", CANNY])
def test_weights_that_are_pickles_are_refused_and_not_opened(scene: Scene, own_models: Path, part: str) -> None:
    [file] = (own_models / part).glob("*.safetensors")
    opened = own_models / "opened"

    class Trap:
        def __reduce__(self) -> tuple[object, tuple[object]]:
            return (Path.touch, (opened,))

    for pickled in ("diffusion_pytorch_model.bin", "pytorch_model.bin", "model.ckpt"):
        (own_models / part / pickled).write_bytes(pickle.dumps(Trap()))
    file.unlink()
    with pytest.raises(UnsafeFormatError, match=r"pickle, which can run code.*\.safetensors"):
        _edit(scene)
    # A pickle under another name is no safetensors file either.
    file.write_bytes(pickle.dumps(Trap()))
    with pytest.raises(WeightsError, match="damaged"):
        _edit(scene)
    assert not opened.exists()


def test_a_folder_without_weights_or_settings_is_said_to_be_incomplete(own_models: Path) -> None:
    (own_models / BASE / "unet" / WEIGHTS).unlink()
    with pytest.raises(MissingFileError, match="stable-diffusion-v1-5/unet holds no weights"):
        load_base(own_models / BASE)
    (own_models / BASE / "unet" / "config.json").unlink()
    with pytest.raises(MissingFileError, match=r"no config\.json"):
        load_base(own_models / BASE)
    (own_models / BASE / "tokenizer" / "merges.txt").unlink()
    with pytest.raises(MissingFileError, match=r"tokenizer has no merges\.txt"):
        load_base(own_models / BASE)
    with pytest.raises(MissingFileError, match=r"no model_index\.json"):
        load_base(own_models / CANNY)


def test_damaged_settings_are_not_guessed(own_models: Path) -> None:
    file = own_models / BASE / "model_index.json"
    for content in ("{", "[]"):
        file.write_text(content)
        with pytest.raises(WeightsError, match=r"model_index\.json.*Download"):
            load_base(own_models / BASE)


def test_another_kind_of_network_is_named(own_models: Path) -> None:
    with pytest.raises(WeightsError, match="should hold a ControlNetModel and says that it holds UNet2DConditionModel"):
        load(ControlNetModel, own_models / BASE / "unet", "ControlNetModel")


def test_weights_of_another_network_are_refused(own_models: Path) -> None:
    file = own_models / BASE / "unet" / WEIGHTS
    weights = load_file(file)
    del weights["conv_out.bias"]
    save_file(weights, file)
    with pytest.raises(WeightsError, match="lacks 1 weights of a UNet2DConditionModel, such as conv_out.bias"):
        load(UNet2DConditionModel, file.parent, "UNet2DConditionModel")
    weights["conv_out.bias"] = torch.zeros(7)
    save_file(weights, file)
    with pytest.raises(WeightsError, match="damaged or no UNet2DConditionModel"):
        load(UNet2DConditionModel, file.parent, "UNet2DConditionModel")


def test_a_control_net_for_another_base_is_refused(scene: Scene, own_models: Path) -> None:
    other = UNet2DConditionModel(
        block_out_channels=(8, 8, 16, 16), cross_attention_dim=24, attention_head_dim=2, norm_num_groups=4
    )
    ControlNetModel.from_unet(other).save_pretrained(own_models / CANNY)
    with pytest.raises(WeightsError, match="cross_attention_dim is 24, the base has 16"):
        _edit(scene)


def test_a_base_of_another_shape_is_refused(own_models: Path) -> None:
    nine = UNet2DConditionModel(
        in_channels=9,
        block_out_channels=(8, 8, 16, 16),
        cross_attention_dim=16,
        attention_head_dim=2,
        norm_num_groups=4,
    )
    nine.save_pretrained(own_models / BASE / "unet")
    with pytest.raises(WeightsError, match="takes 9 channels"):
        load_base(own_models / BASE)


def test_half_precision_files_alone_are_enough(own_models: Path) -> None:
    for part, name in (
        ("unet", "diffusion_pytorch_model"),
        ("vae", "diffusion_pytorch_model"),
        ("text_encoder", "model"),
    ):
        folder = own_models / BASE / part
        half = {key: tensor.half() for key, tensor in load_file(folder / f"{name}.safetensors").items()}
        save_file(half, folder / f"{name}.fp16.safetensors", metadata={"format": "pt"})
        (folder / f"{name}.safetensors").unlink()
    base = load_base(own_models / BASE)
    assert base.unet.dtype == base.vae.dtype == base.text_encoder.dtype == torch.float32


def test_names_of_weights_as_in_the_published_folders_are_understood(own_models: Path) -> None:
    # Published years ago, they have a prefix and a buffer in the text encoder, and other names in the autoencoder.
    file = own_models / BASE / "text_encoder" / "model.safetensors"
    plain = load_file(file)
    prefixed = {f"text_model.{name.removeprefix('text_model.')}": weight for name, weight in plain.items()}
    save_file(prefixed | {"text_model.embeddings.position_ids": torch.arange(77)[None]}, file, {"format": "pt"})
    words = load(CLIPTextModel, file.parent, "CLIPTextModel").state_dict()
    assert all((words[name] == weight).all() for name, weight in plain.items())

    torch.manual_seed(0)
    AutoencoderKL(norm_num_groups=4, block_out_channels=(8,)).save_pretrained(own_models / "vae")
    file = own_models / "vae" / WEIGHTS
    plain = load_file(file)
    old = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
    renamed = {}
    for name, weight in plain.items():
        part = next((part for part in old if f"attentions.0.{part}." in name), None)
        renamed[name.replace(part, old[part]) if part else name] = weight
    assert "encoder.mid_block.attentions.0.query.weight" in renamed
    save_file(renamed, file, {"format": "pt"})
    pixels = load(AutoencoderKL, file.parent, "AutoencoderKL").state_dict()
    assert all((pixels[name] == weight).all() for name, weight in plain.items())


def test_code_of_a_folder_is_never_run(scene: Scene, own_models: Path) -> None:
    trap = "raise RuntimeError('code of the folder was run')"
    base = own_models / BASE
    for folder in (base, base / "unet", base / "text_encoder", own_models / CANNY):
        (folder / "anytext.py").write_text(trap)
    _edit(scene)  # code that nothing needs is no hindrance
    _change(base / "model_index.json", text_embedding_module=["anytext", "TextEmbeddingModule"])
    with pytest.raises(OwnCodeError, match=r"defines its text_embedding_module\. Such code is never run"):
        load_base(base)
    _change(base / "model_index.json", text_embedding_module=[None, None], _class_name=["anytext", "AnyTextPipeline"])
    with pytest.raises(OwnCodeError, match="AnyTextPipeline"):
        load_base(base)
