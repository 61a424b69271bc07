"""A decoder of Llama's layout: RMSNorm, rotary positions, grouped key-value heads, SwiGLU; or attention alone.

Parameters carry the names of Llama checkpoints without their `model.` prefix, so weights load as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from backends.attention_rules.models import HeadModel, Shape
from backends.attention_rules.vocabulary import Vocabulary
from backends.errors import WeightsError


@dataclass(frozen=True, slots=True)
class DecoderConfig:
    """The size of a decoder.

    Attributes:
        hidden: width of the feed-forward layers; 0 for attention alone.
        rope: base of the rotary positions; None for no positions at all.
        eps: of RMSNorm; None for no normalisation at all.
        tied: whether the embedding is the unembedding too.
    """

    vocabulary: int
    width: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    hidden: int = 0
    rope: float | None = 10_000.0
    eps: float | None = 1e-5
    tied: bool = False


class _Norm(nn.Module):
    def __init__(self, width: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self._eps = eps

    def forward(self, x: Tensor) -> Tensor:
        wide = x.float()
        scaled = wide * torch.rsqrt(wide.square().mean(-1, keepdim=True) + self._eps)
        return self.weight * scaled.to(x.dtype)


def _norm(config: DecoderConfig) -> nn.Module:
    return nn.Identity() if config.eps is None else _Norm(config.width, config.eps)


class _Heads(nn.Module):
    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        rows, kv_rows = config.heads * config.head_dim, config.kv_heads * config.head_dim
        self.q_proj = nn.Linear(config.width, rows, bias=False)
        self.k_proj = nn.Linear(config.width, kv_rows, bias=False)
        self.v_proj = nn.Linear(config.width, kv_rows, bias=False)
        self.o_proj = nn.Linear(rows, config.width, bias=False)


class _FeedForward(nn.Module):
    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(config.width, config.hidden, bias=False)
        self.up_proj = nn.Linear(config.width, config.hidden, bias=False)
        self.down_proj = nn.Linear(config.hidden, config.width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.down_proj(nn.functional.silu(self.gate_proj(x)) * self.up_proj(x))
        return out


class _Layer(nn.Module):
    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.input_layernorm = _norm(config)
        self.self_attn = _Heads(config)
        self.mlp = None
        if config.hidden:
            self.post_attention_layernorm = _norm(config)
            self.mlp = _FeedForward(config)


class Decoder(HeadModel):
    """The decoder that `config` describes, with random weights until some are loaded."""

    def __init__(self, config: DecoderConfig, vocabulary: Vocabulary) -> None:
        super().__init__()
        self.config, self.vocabulary = config, vocabulary
        # Without positions, and with rotary ones, only tokens and distances enter the scores.
        self.shape = Shape(config.layers, config.heads, config.head_dim, config.width, relative=True)
        self.embed_tokens = nn.Embedding(config.vocabulary, config.width)
        self.layers = nn.ModuleList(_Layer(config) for _ in range(config.layers))
        self.norm = _norm(config)
        self.lm_head = None if config.tied else nn.Linear(config.width, config.vocabulary, bias=False)

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Takes over the weights of a checkpoint; WeightsError if they are not those of this layout."""
        names = {name.removeprefix("model."): tensor for name, tensor in state.items()}
        if self.lm_head is None:
            names.pop("lm_head.weight", None)
        try:
            self.load_state_dict(names)
        except RuntimeError as error:
            raise WeightsError(f"The weights do not fit this model: {str(error).splitlines()[-1].strip()}") from None

    def _layer(self, layer: int) -> _Layer:
        found = self.layers[layer]
        assert isinstance(found, _Layer)
        return found

    def embed(self, ids: Tensor) -> Tensor:
        """See `HeadModel`."""
        out: Tensor = self.embed_tokens(ids)
        return out

    def project(self, layer: int, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """See `HeadModel`."""
        own, config = self._layer(layer), self.config
        normed = own.input_layernorm(x)
        shared = config.heads // config.kv_heads
        q = self._split(own.self_attn.q_proj(normed), config.heads)
        k = self._split(own.self_attn.k_proj(normed), config.kv_heads).repeat_interleave(shared, dim=1)
        v = self._split(own.self_attn.v_proj(normed), config.kv_heads).repeat_interleave(shared, dim=1)
        return q, k, v

    def _split(self, rows: Tensor, heads: int) -> Tensor:
        apart: Tensor = rows.unflatten(-1, (heads, self.config.head_dim))  # (B, T, H, D)
        return apart.transpose(1, 2)

    def turn(self, vectors: Tensor, positions: Tensor) -> Tensor:
        """See `HeadModel`."""
        if self.config.rope is None:
            return vectors
        dim = self.config.head_dim
        rates = self.config.rope ** (-torch.arange(0, dim, 2, device=vectors.device).float() / dim)
        turns = positions.float()[..., None] * rates
        angles = torch.cat((turns, turns), dim=-1)  # (..., T, D): the first half turns with the second
        first, second = vectors.chunk(2, dim=-1)
        return vectors * angles.cos() + torch.cat((-second, first), dim=-1) * angles.sin()

    def finish(self, layer: int, x: Tensor, z: Tensor) -> Tensor:
        """See `HeadModel`."""
        own = self._layer(layer)
        x = x + own.self_attn.o_proj(z.transpose(1, 2).flatten(2).to(x.dtype))
        if own.mlp is not None:
            x = x + own.mlp(own.post_attention_layernorm(x))
        return x

    def write(self, layer: int, head: int) -> Tensor:
        """See `HeadModel`."""
        dim = self.config.head_dim
        return self._layer(layer).self_attn.o_proj.weight[:, head * dim : (head + 1) * dim].T

    def logits(self, x: Tensor) -> Tensor:
        """See `HeadModel`."""
        normed: Tensor = self.norm(x)
        return normed @ self.embedding().T

    def embedding(self) -> Tensor:
        """See `HeadModel`: the unembedding, in which tokens that follow alike lie together."""
        return self.embed_tokens.weight if self.lm_head is None else self.lm_head.weight
