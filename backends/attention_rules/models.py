"""What a language model must offer so that its attention heads can be read: five small steps of its forward pass.

A head's output z before the output projection is a weighted sum of values, z_t = sum_i pattern[t, i] values[i]; all
that this package says about heads starts from these three tensors. Tensors are (sequences B, heads H, tokens T,
numbers per head D); models with fewer key-value than query heads repeat them, so that head h is always index h.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from backends.attention_rules.vocabulary import Vocabulary
from backends.errors import InputError, quoted


@dataclass(frozen=True, slots=True)
class Shape:
    """The size of a model. `relative`: scores at layer 0 depend on tokens and distance, not on absolute positions."""

    layers: int
    heads: int
    head_dim: int
    width: int
    relative: bool


class Attention(NamedTuple):
    """What the heads of one layer do.

    `scores` (B, H, T, T) before the softmax, -inf for the future; `pattern`, their softmax; `values` and `z`, each
    (B, H, T, D).
    """

    scores: Tensor
    pattern: Tensor
    values: Tensor
    z: Tensor


POSITIONS = 128
"""At how many positions the loss is taken at once."""

Head = tuple[int, int]
"""Layer and head, both from 0."""

Replace = Mapping[Head, Callable[[Tensor], Tensor]]
"""For some heads, what becomes of their z (B, T, D)."""


class HeadModel(nn.Module, ABC):
    """A decoder-only language model whose heads can be read; one small adapter a family."""

    shape: Shape
    vocabulary: Vocabulary

    @abstractmethod
    def embed(self, ids: Tensor) -> Tensor:
        """The input of layer 0 (B, T, width) for token ids (B, T)."""

    @abstractmethod
    def project(self, layer: int, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values (B, H, T, D) of a layer for its input `x`, positions not yet applied."""

    @abstractmethod
    def turn(self, vectors: Tensor, positions: Tensor) -> Tensor:
        """Queries or keys (..., T, D) at `positions`, (T) or (..., T): rotated, or left alone where embedded."""

    @abstractmethod
    def finish(self, layer: int, x: Tensor, z: Tensor) -> Tensor:
        """The layer's output (B, T, width) for its input `x` and its heads' z (B, H, T, D)."""

    @abstractmethod
    def write(self, layer: int, head: int) -> Tensor:
        """W_O of one head (D, width): what it adds to the stream is z @ write(layer, head)."""

    @abstractmethod
    def logits(self, x: Tensor) -> Tensor:
        """Logits (B, T, vocabulary) for the last layer's output."""

    @abstractmethod
    def embedding(self) -> Tensor:
        """One vector a token (vocabulary, width), in which alike tokens lie near each other."""

    def attend(self, layer: int, x: Tensor) -> Attention:
        """Scores, pattern, values and z of a layer for its input `x`, in float32."""
        q, k, v = (part.float() for part in self.project(layer, x))
        tokens = x.shape[1]
        positions = torch.arange(tokens, device=x.device)
        future = torch.ones(tokens, tokens, dtype=torch.bool, device=x.device).triu(1)
        return weigh(self.turn(q, positions), self.turn(k, positions), v, future)

    def check_head(self, layer: int, head: int) -> None:
        """InputError if there is no such head."""
        shape = self.shape
        if not (_whole(layer) and _whole(head) and 0 <= layer < shape.layers and 0 <= head < shape.heads):
            raise InputError(
                f"There is no layer {quoted(layer)}, head {quoted(head)}: "
                f"layers go from 0 to {shape.layers - 1}, heads from 0 to {shape.heads - 1}."
            )


def weigh(q: Tensor, k: Tensor, v: Tensor, hidden: Tensor) -> Attention:
    """What turned queries (B, H, T, D) read of turned keys and values (B, H, S, D), where `hidden` (T, S) is false."""
    scores = (q @ k.mT / math.sqrt(q.shape[-1])).masked_fill(hidden, -torch.inf)
    pattern = scores.softmax(-1)
    return Attention(scores, pattern, v, pattern @ v)


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def attentions(model: HeadModel, ids: Tensor, last: int, replace: Replace | None = None) -> Iterator[Attention]:
    """The attention of layers 0 to `last` for token ids (B, T), in one pass that stops there.

    With `replace`, what is yielded already feels the replacements of earlier layers, and its z those of its own.
    """
    x = model.embed(ids)
    for layer in range(last + 1):
        found = _with_replaced(model.attend(layer, x), layer, replace or {})
        yield found
        if layer < last:
            x = model.finish(layer, x, found.z)


def attention_at(model: HeadModel, ids: Tensor, layer: int) -> Attention:
    """The attention of one layer for token ids (B, T)."""
    *_, found = attentions(model, ids, layer)
    return found


def logits(model: HeadModel, ids: Tensor, replace: Replace | None = None) -> Tensor:
    """Logits (B, T, vocabulary) for token ids (B, T), with the z of some heads replaced."""
    return model.logits(stream(model, ids, replace))


def losses(model: HeadModel, ids: Tensor, replace: Replace | None = None) -> Tensor:
    """The cross-entropy (B, T - 1), in nats, of each next token."""
    x, following = stream(model, ids, replace)[:, :-1].flatten(0, 1), ids[:, 1:].flatten()
    # The logits of all positions at once would take more memory than the model.
    parts = [
        nn.functional.cross_entropy(model.logits(own[None])[0].float(), wanted, reduction="none")
        for own, wanted in zip(x.split(POSITIONS), following.split(POSITIONS), strict=True)
    ]
    return torch.cat(parts).view(len(ids), -1)


def stream(model: HeadModel, ids: Tensor, replace: Replace | None = None) -> Tensor:
    """The last layer's output (B, T, width) for token ids (B, T), with the z of some heads replaced."""
    x = model.embed(ids)
    for layer in range(model.shape.layers):
        found = _with_replaced(model.attend(layer, x), layer, replace or {})
        x = model.finish(layer, x, found.z)
    return x


def _with_replaced(found: Attention, layer: int, replace: Replace) -> Attention:
    own = {head: change for (at, head), change in replace.items() if at == layer}
    if not own:
        return found
    z = found.z.clone()
    for head, change in own.items():
        z[:, head] = change(z[:, head])
    return found._replace(z=z)
