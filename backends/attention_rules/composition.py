"""A rule of two hops from weights alone, in a model of attention without norms: exact statements about tokens.

A head of layer 0 that looks at the token before writes E W_V W_O of that token; a head of layer 1 makes its key of it.
The query is made of the token's embedding and of what those heads of layer 0 write that look at the token itself. So
its score against a key which was told "p stood before you" is a number for every pair of tokens, at every distance; and
what the upper head raises where it looks at a token is another (the QK and OV circuits of Elhage et al., A Mathematical
Framework for Transformer Circuits, 2021).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from backends.attention_rules.decoder import Decoder
from backends.attention_rules.models import Head, attention_at
from backends.attention_rules.twolayer import said_twice
from backends.errors import InputError

DISTANCES = (2, 4, 8, 16, 32)


@dataclass(frozen=True, slots=True)
class TokenRule:
    """How far two heads together are "the same token earlier, then what came after it".

    Attributes:
        matched: by distance from query to key, the share of tokens q whose query scores highest, of all tokens p,
            against the key that was told "q stood before you".
        copied: the share of tokens that the upper head raises most, of all tokens, where it looks at them.
        by_chance: either of them, were the highest drawn at random.
    """

    matched: tuple[float, ...]
    copied: float
    by_chance: float


@torch.no_grad()
def token_rule(model: Decoder, first: Head, upper: Head) -> TokenRule:
    """Reads the rule of `first`, a head of layer 0, and `upper`, one of layer 1, off the weights.

    All heads of layer 0 add to the query what they write of its own token, times the mean share of attention that they
    give it in random text: the one number that is not of the weights.

    Raises:
        InputError: if there are no such heads, or the model has norms or feed-forward layers, with which its scores
            are no sums over tokens.
    """
    model.check_head(*first)
    model.check_head(*upper)
    if (first[0], upper[0]) != (0, 1):
        raise InputError("A rule of two hops is read off a head of layer 0 and one of layer 1.")
    if model.config.eps is not None or model.config.hidden:
        raise InputError("Only a model of attention without norms has rules that can be read off its weights.")
    tokens = model.embed(torch.arange(model.vocabulary.size))[None]
    values = model.project(0, tokens)[2]
    written = [values[:, head] @ model.write(0, head) for head in range(model.shape.heads)]
    shares = attention_at(model, said_twice(model), 0).pattern.diagonal(0, -2, -1).mean((0, 2))
    asking = tokens + sum(share * one for share, one in zip(shares, written, strict=True))
    own = torch.arange(model.vocabulary.size)
    scores = (_scores(model, upper, asking, written[first[1]], far) for far in DISTANCES)
    matched = [float((one.argmax(1) == own).float().mean()) for one in scores]
    raised = model.logits(model.project(1, tokens)[2][:, upper[1]] @ model.write(*upper))[0]
    copied = float((raised.argmax(1) == own).float().mean())
    return TokenRule(tuple(matched), copied, 1 / model.vocabulary.size)


def _scores(model: Decoder, upper: Head, queries_from: Tensor, keys_from: Tensor, far: int) -> Tensor:
    """Scores (V, V) of every query token, `far` tokens behind, against the key of every token."""
    layer, head = upper
    count = queries_from.shape[1]
    q = model.turn(model.project(layer, queries_from)[0][0, head], torch.full((count,), far))
    k = model.turn(model.project(layer, keys_from)[1][0, head], torch.zeros(count, dtype=torch.long))
    return q @ k.T
