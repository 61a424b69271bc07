"""A model writes with its keys and values kept what it would have written without."""

import sys
from pathlib import Path

import pytest
import torch

from backends.attention_rules import own_text
from backends.attention_rules.decoder import Decoder
from backends.attention_rules.models import logits
from backends.attention_rules.own_text import Writing, written
from backends.attention_rules.text import SAMPLES, load_corpus
from backends.attention_rules.vocabulary import BpeVocabulary
from backends.downloads import MaterialError
from backends.errors import InputError
from tests.backends.attention_rules.conftest import FIRST


def test_logits_are_those_of_the_whole_text(small: Decoder, sentences: torch.Tensor) -> None:
    texts = Writing(small)
    found = torch.stack([texts.logits_after(column) for column in sentences.T], 1)
    torch.testing.assert_close(found, logits(small, sentences), atol=1e-4, rtol=1e-4)


def test_tokens_come_as_often_as_the_model_expects(small: Decoder) -> None:
    found = written(small, 4000, 2)
    assert found.shape == (4000, 2)
    assert bool((found[:, 0] == 0).all())
    shares = logits(small, torch.tensor([[0]]))[0, 0].softmax(-1)
    shares[0] = 0
    drawn = torch.bincount(found[:, 1], minlength=60) / 4000
    assert float((drawn - shares / shares.sum()).abs().max()) < 0.03
    assert torch.equal(written(small, 3, 6, seed=1), written(small, 3, 6, seed=1))
    assert not torch.equal(written(small, 3, 6, seed=1), written(small, 3, 6, seed=2))


def test_nothing_to_write(small: Decoder) -> None:
    for count, length in ((0, 5), (3, 0)):
        with pytest.raises(InputError, match="at least one text"):
            written(small, count, length)


def test_corpus_is_written_a_text_a_line(
    small: Decoder, tokenizer_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(MaterialError, match="own_text"):
        load_corpus(tmp_path, [SAMPLES])
    monkeypatch.setattr(own_text, "load_model", lambda _: small)
    monkeypatch.setattr(sys, "argv", ["own_text", str(tmp_path), "--texts", "3", "--tokens", "9"])
    with pytest.raises(SystemExit, match="writes no text"):
        own_text.main()
    monkeypatch.setattr(small, "vocabulary", BpeVocabulary(tokenizer_file, FIRST))
    own_text.main()
    lines = load_corpus(tmp_path, [SAMPLES])
    assert len(lines) == 3
    assert all(line == " ".join(line.split()) for line in lines)
