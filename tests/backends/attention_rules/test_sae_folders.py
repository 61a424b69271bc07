"""Tiny files in each published layout are read as their authors compute them; pickles and damage are refused."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from torch import Tensor

from backends.attention_rules.sae_folders import load_published
from backends.errors import InputError, MissingFileError, UnsafeFormatError, WeightsError

ROOT = Path(__file__).parents[3]


def _weights(inputs: int, features: int) -> dict[str, Tensor]:
    rng = torch.Generator().manual_seed(inputs)
    return {
        "W_enc": torch.randn(inputs, features, generator=rng),
        "b_enc": torch.randn(features, generator=rng),
        "W_dec": torch.randn(features, inputs, generator=rng),
        "b_dec": torch.randn(inputs, generator=rng),
    }


def _saelens(folder: Path, settings: dict[str, Any], state: dict[str, Tensor]) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "cfg.json").write_text(json.dumps(settings))
    safetensors.torch.save_file(state, folder / "sae_weights.safetensors")
    return folder


def test_a_saelens_folder_of_one_head(tmp_path: Path) -> None:
    state, z = _weights(8, 20), torch.randn(5, 8)
    settings = {"architecture": "standard", "hook_name": "blocks.5.attn.hook_z", "hook_head_index": 3}
    found = load_published(_saelens(tmp_path / "a", settings, state))
    assert (found.site, found.layer, found.head) == ("head", 5, 3)
    expected = ((z - state["b_dec"]) @ state["W_enc"] + state["b_enc"]).relu()
    torch.testing.assert_close(found.sae.encode(z), expected)
    torch.testing.assert_close(found.sae.decode(expected), expected @ state["W_dec"] + state["b_dec"])
    found = load_published(_saelens(tmp_path / "a", settings | {"apply_b_dec_to_input": False}, state))
    torch.testing.assert_close(found.sae.encode(z), (z @ state["W_enc"] + state["b_enc"]).relu(), atol=1e-5, rtol=1e-5)


def test_saelens_topk_jumprelu_and_settings_of_version_6(tmp_path: Path) -> None:
    state, z = _weights(8, 20), torch.randn(5, 8)
    pre = (z - state["b_dec"]) @ state["W_enc"] + state["b_enc"]
    topk = {"architecture": "topk", "k": 2, "metadata": {"hook_name": "blocks.0.attn.hook_z"}}
    found = load_published(_saelens(tmp_path / "t", topk, state))
    assert (found.site, found.head) == ("heads", None)
    assert torch.equal((found.sae.encode(z) > 0).sum(1), (pre.topk(2).values > 0).sum(1))
    jump = {"architecture": "jumprelu", "hook_name": "blocks.1.hook_resid_pre"}
    found = load_published(_saelens(tmp_path / "j", jump, state | {"threshold": torch.full((20,), 0.7)}))
    assert found.site == "stream"
    torch.testing.assert_close(found.sae.encode(z), pre * (pre > 0.7))


def _pickled(folder: Path, name: str, settings: dict[str, Any], state: object) -> None:
    folder.mkdir(exist_ok=True)
    (folder / f"{name}_cfg.json").write_text(json.dumps(settings))
    torch.save(state, folder / f"{name}.pt")


def _convert(folder: Path, out: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "tools" / "convert_saes.py"), str(folder), str(out)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.method
def test_converted_files_of_both_other_layouts(tmp_path: Path) -> None:
    one, all_heads = _weights(8, 16), _weights(32, 24)
    name = "gpt2-small_L2_H1_z_lr1.20e-03_l11.00e+00_ds16"
    settings = {"act_name": "blocks.2.attn.hook_z", "layer": 2, "act_size": 8, "dict_size": 16, "seq_len": 64}
    _pickled(tmp_path / "in", name, settings | {"head": 1}, one)
    both = "gpt2-small_L5_Hcat_z_lr1.20e-03_ds24"
    _pickled(tmp_path / "in", both, settings | {"act_name": "blocks.5.attn.hook_z", "layer": 5}, all_heads)
    done = _convert(tmp_path / "in", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    found = load_published(tmp_path / "out" / f"{name}.safetensors")
    assert (found.site, found.layer, found.head) == ("head", 2, 1)
    assert torch.equal(found.sae.encoder, one["W_enc"])
    assert found.of_head(1, 4) is found.sae
    cat = load_published(tmp_path / "out" / f"{both}.safetensors")
    assert (cat.site, cat.layer) == ("heads", 5)
    z = torch.randn(3, 4, 8)
    parts = sum(
        z[:, h] @ cat.of_head(h, 4).encoder - cat.of_head(h, 4).centre @ cat.of_head(h, 4).encoder for h in range(4)
    )
    torch.testing.assert_close(parts + cat.sae.bias, cat.sae.pre(z.flatten(1)), atol=1e-4, rtol=1e-4)
    for owner, head in ((found, 2), (cat, 4), (cat, -1)):
        with pytest.raises(InputError, match="does not read head"):
            owner.of_head(head, 4)


class _Trap:
    def __reduce__(self) -> tuple[Any, ...]:
        return print, ("a pickle ran",)


@pytest.mark.method
def test_the_converter_runs_no_pickled_code_and_goes_on(tmp_path: Path) -> None:
    settings = {"act_name": "blocks.0.attn.hook_z", "layer": 0, "head": 0}
    _pickled(tmp_path, "bad", settings, {"W_enc": _Trap()})
    _pickled(tmp_path, "good", settings, _weights(4, 8))
    done = _convert(tmp_path, tmp_path / "out")
    assert done.returncode == 1
    assert "a pickle ran" not in done.stdout
    assert "bad.pt is not converted" in done.stderr
    assert [p.name for p in sorted((tmp_path / "out").iterdir())] == ["good.safetensors", "good_cfg.json"]


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnsafeFormatError, match="convert_saes"):
        load_published(tmp_path / "a.pt")
    with pytest.raises(MissingFileError, match=r"cfg\.json"):
        load_published(tmp_path / "a.safetensors")
    state = _weights(8, 20)
    good = {"architecture": "standard", "hook_name": "blocks.5.attn.hook_z", "hook_head_index": 3}
    for change in (
        {"architecture": "gated"},
        {"normalize_activations": "layer_norm"},
        {"hook_name": "blocks.5.hook_mlp_out"},
        {"architecture": "topk"},
        {"hook_head_index": "x"},
    ):
        with pytest.raises(WeightsError):
            load_published(_saelens(tmp_path / "s", good | change, state))
    folder = _saelens(tmp_path / "s", good, {name: t for name, t in state.items() if name != "b_dec"})
    with pytest.raises(WeightsError, match="b_dec"):
        load_published(folder)
    weights = folder / "sae_weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    with pytest.raises(WeightsError, match="damaged"):
        load_published(folder)
    (folder / "cfg.json").write_text("[1]")
    safetensors.torch.save_file(state, weights)
    with pytest.raises(WeightsError, match="no settings"):
        load_published(folder)
