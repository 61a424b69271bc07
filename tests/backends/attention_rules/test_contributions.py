"""Contributions against a plain loop over sources, and at layer 0 from tokens and distances alone."""

import pytest
import torch
from torch import Tensor

from backends.attention_rules.contributions import TokenTables, contributions, promotions, token_contributions
from backends.attention_rules.decoder import Decoder
from backends.attention_rules.gpt2 import Gpt2, Gpt2Config
from backends.attention_rules.models import attention_at
from backends.attention_rules.vocabulary import WordVocabulary
from backends.errors import InputError

pytestmark = pytest.mark.method


@pytest.fixture
def direction() -> Tensor:
    return torch.randn(8, generator=torch.Generator().manual_seed(6))


@torch.no_grad()
@pytest.mark.parametrize("layer", [0, 1, 2])
def test_they_are_the_loop_over_sources_and_sum_to_the_value(
    layer: int, small: Decoder, sentences: Tensor, direction: Tensor
) -> None:
    offset, head = 0.7, 4
    found = attention_at(small, sentences, layer)
    parts = contributions(found, head, direction, offset)
    assert parts.shape == (12, 20, 20)
    for sequence, query in ((0, 19), (3, 0), (11, 7)):
        for source in range(20):
            value = sum(float(found.values[sequence, head, source, d]) * float(direction[d]) for d in range(8)) + offset
            expected = float(found.pattern[sequence, head, query, source]) * value
            assert float(parts[sequence, query, source]) == pytest.approx(expected, abs=1e-5)
    pre = found.z[:, head] @ direction + offset
    assert float((parts.sum(-1) - pre).abs().max()) <= 1e-5 * float(pre.abs().max())
    assert bool((parts.triu(1) == 0).all())
    positive = promotions(found, head, direction, offset) > 0
    assert torch.equal((parts > 0).any(1), positive)


@torch.no_grad()
@pytest.mark.parametrize("head", [0, 2, 5])
def test_layer_0_follows_from_tokens_and_distances(
    head: int, small: Decoder, sentences: Tensor, direction: Tensor
) -> None:
    found = attention_at(small, sentences, 0)
    expected = contributions(found, head, direction, -0.3)
    for ids, parts in zip(sentences, expected, strict=True):
        own = token_contributions(small, head, ids, direction, -0.3)
        assert float((own - parts).abs().max()) <= 1e-5 * float(parts.abs().max())


@torch.no_grad()
def test_scores_averaged_over_distances_are_the_average(small: Decoder) -> None:
    tables = TokenTables.of(small, 1, torch.arange(10))
    rows = torch.arange(10)
    by_hand = torch.stack([tables.scores(rows, rows, d) for d in range(7)]).mean(0)
    torch.testing.assert_close(tables.mean_scores(rows, rows, 7), by_hand, atol=1e-5, rtol=1e-5)


def test_models_that_embed_positions_are_refused() -> None:
    model = Gpt2(Gpt2Config(10, 16, 1, 2, 12), WordVocabulary([str(i) for i in range(10)]))
    with pytest.raises(InputError, match="positions"):
        token_contributions(model, 0, torch.tensor([0, 1]), torch.ones(8), 0.0)
