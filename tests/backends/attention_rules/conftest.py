"""Tiny models that all tests of attention rules share; nobody changes them."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from backends.attention_rules.decoder import Decoder, DecoderConfig
from backends.attention_rules.vocabulary import WordVocabulary

FIRST = "<|endoftext|>"


def byte_tokenizer(merges: Sequence[tuple[str, str]] = (), first: int = 0) -> Tokenizer:
    """A byte-level tokenizer with every byte, some merges, and the opening token at place `first`."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = [*letters, *(a + b for a, b in merges)]
    words.insert(first, FIRST)
    tokenizer = Tokenizer(models.BPE({word: number for number, word in enumerate(words)}, list(merges)))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([FIRST])
    return tokenizer


@pytest.fixture
def tokenizer_file(tmp_path: Path) -> Path:
    file = tmp_path / "tokenizer.json"
    byte_tokenizer().save(str(file))
    return file


@pytest.fixture(scope="session")
def small() -> Decoder:
    """A random decoder of SmolLM2's layout: 3 layers, 6 query heads on 2 key-value heads of 8, over 60 words."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        config = DecoderConfig(60, 48, 3, 6, 2, 8, hidden=64, tied=True)
        model = Decoder(config, WordVocabulary(["<first>", *(f"w{i}" for i in range(1, 60))]))
        for parameter in model.parameters():
            if parameter.ndim > 1:
                torch.nn.init.normal_(parameter, std=0.3)
    return model.eval().requires_grad_(False)


@pytest.fixture(scope="session")
def sentences() -> torch.Tensor:
    """Twelve random sequences of 20 tokens for `small`."""
    ids = torch.randint(1, 60, (12, 20), generator=torch.Generator().manual_seed(3))
    ids[:, 0] = 0
    return ids
