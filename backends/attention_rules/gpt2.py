"""GPT-2's layout: LayerNorm, embedded absolute positions, one fused projection with biases, GELU."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from backends.attention_rules.models import HeadModel, Shape
from backends.attention_rules.vocabulary import BpeVocabulary, Vocabulary
from backends.errors import InputError, MissingFileError, WeightsError
from backends.sources import ModelSource, resolve

SOURCES = (
    ModelSource("gpt2-folder", "folder", "gpt2"),
    ModelSource("gpt2-hub", "hub", "openai-community/gpt2", "607a30d783dfa663caf39e06633721c8d4cfcd7e"),
)
"""Where GPT-2 small may come from: a folder of the operator's, or the hub."""


@dataclass(frozen=True, slots=True)
class Gpt2Config:
    """The size of a GPT-2; `context` is the longest sequence that its positions reach."""

    vocabulary: int
    width: int
    layers: int
    heads: int
    context: int
    eps: float = 1e-5

    @classmethod
    def read(cls, file: Path) -> Gpt2Config:
        """The size in a `config.json`; WeightsError if it holds none."""
        try:
            row = json.loads(file.read_text(encoding="utf-8"))
            sizes = (row["vocab_size"], row["n_embd"], row["n_layer"], row["n_head"], row["n_positions"])
            vocabulary, width, layers, heads, context = map(int, sizes)
            return cls(vocabulary, width, layers, heads, context, float(row.get("layer_norm_epsilon", 1e-5)))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise WeightsError(f"{file.name} does not describe a GPT-2 ({error}).") from None


class _Fused(nn.Module):
    """GPT-2 stores its matrices transposed: (in, out)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(inputs, outputs).normal_(std=0.02))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.weight + self.bias


class _Heads(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.c_attn = _Fused(width, 3 * width)
        self.c_proj = _Fused(width, width)


class _FeedForward(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.c_fc = _Fused(width, 4 * width)
        self.c_proj = _Fused(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.c_proj(nn.functional.gelu(self.c_fc(x), approximate="tanh"))
        return out


class _Layer(nn.Module):
    def __init__(self, config: Gpt2Config) -> None:
        super().__init__()
        self.ln_1 = nn.LayerNorm(config.width, eps=config.eps)
        self.attn = _Heads(config.width)
        self.ln_2 = nn.LayerNorm(config.width, eps=config.eps)
        self.mlp = _FeedForward(config.width)


class Gpt2(HeadModel):
    """GPT-2 in the size that `config` says, with random weights until some are loaded."""

    def __init__(self, config: Gpt2Config, vocabulary: Vocabulary) -> None:
        super().__init__()
        self.config, self.vocabulary = config, vocabulary
        self.shape = Shape(config.layers, config.heads, config.width // config.heads, config.width, relative=False)
        self.wte = nn.Embedding(config.vocabulary, config.width)
        self.wpe = nn.Embedding(config.context, config.width)
        self.h = nn.ModuleList(_Layer(config) for _ in range(config.layers))
        self.ln_f = nn.LayerNorm(config.width, eps=config.eps)

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Takes over the weights of a checkpoint; WeightsError if they are not those of this layout."""
        masks = (".attn.bias", ".attn.masked_bias", "lm_head.weight")  # old files store the causal mask
        names = {n.removeprefix("transformer."): t for n, t in state.items() if not n.endswith(masks)}
        try:
            self.load_state_dict(names)
        except RuntimeError as error:
            raise WeightsError(f"The weights do not fit this model: {str(error).splitlines()[-1].strip()}") from None

    def _layer(self, layer: int) -> _Layer:
        found = self.h[layer]
        assert isinstance(found, _Layer)
        return found

    def embed(self, ids: Tensor) -> Tensor:
        """See `HeadModel`; InputError for a sequence longer than the positions reach."""
        if ids.shape[1] > self.config.context:
            raise InputError(f"This model reads at most {self.config.context} tokens, got {ids.shape[1]}.")
        out: Tensor = self.wte(ids) + self.wpe(torch.arange(ids.shape[1], device=ids.device))
        return out

    def project(self, layer: int, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """See `HeadModel`."""
        own = self._layer(layer)
        rows = own.attn.c_attn(own.ln_1(x)).unflatten(-1, (3, self.config.heads, self.shape.head_dim))
        q, k, v = rows.permute(2, 0, 3, 1, 4)  # (B, T, 3, H, D) -> 3 of (B, H, T, D)
        return q, k, v

    def turn(self, vectors: Tensor, positions: Tensor) -> Tensor:
        """See `HeadModel`: positions are in the embedding already."""
        return vectors

    def finish(self, layer: int, x: Tensor, z: Tensor) -> Tensor:
        """See `HeadModel`."""
        own = self._layer(layer)
        x = x + own.attn.c_proj(z.transpose(1, 2).flatten(2).to(x.dtype))
        out: Tensor = x + own.mlp(own.ln_2(x))
        return out

    def write(self, layer: int, head: int) -> Tensor:
        """See `HeadModel`."""
        dim = self.shape.head_dim
        return self._layer(layer).attn.c_proj.weight[head * dim : (head + 1) * dim]

    def logits(self, x: Tensor) -> Tensor:
        """See `HeadModel`."""
        return nn.functional.linear(self.ln_f(x), self.wte.weight)

    def embedding(self) -> Tensor:
        """See `HeadModel`."""
        return self.wte.weight


def load_folder(folder: Path) -> Gpt2:
    """The GPT-2 in a folder with `config.json`, `model.safetensors` and `tokenizer.json`.

    Raises MissingFileError or WeightsError, naming what is wrong.
    """
    config = Gpt2Config.read(folder / "config.json")
    model = Gpt2(config, BpeVocabulary(folder / "tokenizer.json", "<|endoftext|>"))
    file = folder / "model.safetensors"
    if not file.is_file():
        raise MissingFileError(f"{file.name} is missing in the model's folder; only safetensors is read.")
    try:
        model.load(safetensors.torch.load_file(file))
    except SafetensorError as error:
        raise WeightsError(f"{file.name} is damaged ({error}).") from None
    return model.float().eval().requires_grad_(False)


def load(source: str = "gpt2-folder") -> Gpt2:
    """GPT-2 small from the row `source` of `SOURCES`; raises what `sources.resolve` and `load_folder` raise."""
    return load_folder(resolve(source, SOURCES))
