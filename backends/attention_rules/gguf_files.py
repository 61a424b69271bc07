"""A Llama model out of a GGUF file: unpacked, renamed and kept as bf16 safetensors with a `tokenizer.json`."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import safetensors.torch
import torch
from gguf import TokenType
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from torch import Tensor

from backends.errors import WeightsError

_NAMES = {
    "token_embd": "model.embed_tokens",
    "output_norm": "model.norm",
    "output": "lm_head",
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
"""Tensors of a GGUF file, without layer and suffix, and what Llama checkpoints call them."""


def convert(file: Path, folder: Path) -> None:
    """Writes the model in `file` to `folder` as `config.json`, bf16 `model.safetensors` and `tokenizer.json`.

    The folder appears whole or not at all. Raises WeightsError if the file cannot be read as a Llama model.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as name:
        whole = Path(name) / "model"
        whole.mkdir()
        try:
            reader = gguf.GGUFReader(file)
            config, tensors = _config(reader), {}
            for tensor in reader.tensors:
                tensors.update(_renamed(tensor, config))
            config["tie_word_embeddings"] = "lm_head.weight" not in tensors
            tokenizer = _tokenizer(reader)
        except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError) as error:
            raise WeightsError(f"{file.name} cannot be read as a Llama model in GGUF ({error}).") from None
        safetensors.torch.save_file(tensors, whole / "model.safetensors", metadata={"format": "pt"})
        (whole / "config.json").write_text(json.dumps(config, indent=1), encoding="utf-8")
        tokenizer.save(str(whole / "tokenizer.json"))
        whole.rename(folder)


def _field(reader: gguf.GGUFReader, name: str) -> Any:
    field = reader.get_field(name)
    if field is None:
        raise KeyError(name)
    return field.contents()


def _config(reader: gguf.GGUFReader) -> dict[str, Any]:
    if _field(reader, "general.architecture") != "llama":
        raise ValueError(f"it holds a {_field(reader, 'general.architecture')}")
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": len(_field(reader, "tokenizer.ggml.tokens")),
        "hidden_size": _field(reader, "llama.embedding_length"),
        "num_hidden_layers": _field(reader, "llama.block_count"),
        "num_attention_heads": _field(reader, "llama.attention.head_count"),
        "num_key_value_heads": _field(reader, "llama.attention.head_count_kv"),
        "head_dim": _field(reader, "llama.rope.dimension_count"),
        "intermediate_size": _field(reader, "llama.feed_forward_length"),
        "max_position_embeddings": _field(reader, "llama.context_length"),
        "rms_norm_eps": _field(reader, "llama.attention.layer_norm_rms_epsilon"),
        "rope_theta": _field(reader, "llama.rope.freq_base"),
        "bos_token_id": _field(reader, "tokenizer.ggml.bos_token_id"),
        "eos_token_id": _field(reader, "tokenizer.ggml.eos_token_id"),
    }


def _renamed(tensor: gguf.ReaderTensor, config: dict[str, Any]) -> dict[str, Tensor]:
    found = re.fullmatch(r"(?:blk\.(\d+)\.)?(\w+)\.weight", tensor.name)
    if found is None or found[2] not in _NAMES:
        return {}  # such as tables of rotation rates, which are computed
    layer = "" if found[1] is None else f"model.layers.{found[1]}."
    weight = np.array(gguf.dequantize(tensor.data, tensor.tensor_type), dtype=np.float32)
    heads = {"attn_q": "num_attention_heads", "attn_k": "num_key_value_heads"}.get(found[2])
    if heads:
        # GGUF keeps the two rows that rotate together side by side; Llama checkpoints, half a head apart.
        weight = weight.reshape(config[heads], -1, 2, weight.shape[1]).swapaxes(1, 2).reshape(weight.shape)
    return {f"{layer}{_NAMES[found[2]]}.weight": torch.from_numpy(np.ascontiguousarray(weight)).to(torch.bfloat16)}


def _tokenizer(reader: gguf.GGUFReader) -> Tokenizer:
    if (_field(reader, "tokenizer.ggml.model"), _field(reader, "tokenizer.ggml.pre")) != ("gpt2", "smollm"):
        raise ValueError("its tokenizer is not SmolLM's")
    words: list[str] = _field(reader, "tokenizer.ggml.tokens")
    merges = [tuple(pair.split(" ")) for pair in _field(reader, "tokenizer.ggml.merges")]
    tokenizer = Tokenizer(models.BPE({word: number for number, word in enumerate(words)}, merges))
    digits, letters = pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([digits, letters])
    tokenizer.decoder = decoders.ByteLevel()
    types = _field(reader, "tokenizer.ggml.token_type")
    tokenizer.add_special_tokens([w for w, kind in zip(words, types, strict=True) if kind == TokenType.CONTROL])
    return tokenizer
