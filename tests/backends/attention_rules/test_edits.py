"""Edits run from the keys and values of their texts give what running every edited text from its start gives."""

import pytest
import torch

from backends.attention_rules.decoder import Decoder
from backends.attention_rules.edits import Ending, run_edits
from backends.attention_rules.gpt2 import Gpt2, Gpt2Config
from backends.attention_rules.models import HeadModel, attention_at
from backends.attention_rules.vocabulary import WordVocabulary

pytestmark = pytest.mark.method


@pytest.fixture(scope="module")
def embedded() -> Gpt2:
    """A random GPT-2, whose positions are embedded rather than turned."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        model = Gpt2(Gpt2Config(60, 24, 3, 4, 24), WordVocabulary(["<first>", *(f"w{i}" for i in range(1, 60))]))
    return model.eval().requires_grad_(False)


def check(model: HeadModel, texts: torch.Tensor, head: tuple[int, int]) -> None:
    rng = torch.Generator().manual_seed(0)
    edits = []
    for _ in range(90):
        kept = int(torch.randint(0, 18, (1,), generator=rng))
        length = int(torch.randint(1, 20 - kept, (1,), generator=rng))
        end = torch.randint(1, 60, (length,), generator=rng).tolist()
        edits.append(Ending(int(torch.randint(len(texts), (1,), generator=rng)), kept, tuple(end)))
    found = run_edits(model, head, texts, edits)
    for edit, z, share in zip(edits, found.z, found.share, strict=True):
        whole = torch.cat([texts[edit.row, : edit.kept], torch.tensor(edit.end)])[None]
        expected = attention_at(model, whole, head[0])
        torch.testing.assert_close(z, expected.z[0, head[1], -1], atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(share, expected.pattern[0, head[1], -1, edit.kept], atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("head", [(0, 0), (2, 5)])
def test_rotary_positions(small: Decoder, sentences: torch.Tensor, head: tuple[int, int]) -> None:
    check(small, sentences, head)


def test_embedded_positions(embedded: Gpt2, sentences: torch.Tensor) -> None:
    check(embedded, sentences, (2, 3))


def test_more_texts_than_are_held_at_once(small: Decoder, sentences: torch.Tensor) -> None:
    check(small, sentences.repeat(6, 1).roll(3, 0), (1, 2))


def test_no_edits(small: Decoder, sentences: torch.Tensor) -> None:
    assert len(run_edits(small, (1, 1), sentences, []).z) == 0
