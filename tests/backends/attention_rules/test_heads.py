"""Measures of heads on patterns whose answer is known, and the map of a whole small model."""

import math

import pytest
import torch
from torch import Tensor

from backends.attention_rules import heads
from backends.attention_rules.decoder import Decoder
from backends.attention_rules.heads import HeadMeasures, head_map
from backends.attention_rules.models import attentions
from backends.progress import Progress


def _pattern(rows: Tensor) -> Tensor:
    return rows[None, None].float()


def test_a_head_that_looks_at_the_token_before() -> None:
    found = heads.pattern_measures(_pattern(torch.eye(20).roll(1, 0)))
    assert float(found["previous"]) == 1
    assert float(found["itself"]) == 0
    assert float(found["entropy"]) == 0
    assert float(found["distance"]) == 1
    assert found["profile"][0, 1] > 0.9  # but for the column that is taken for a second sink


def test_uniform_attention() -> None:
    pattern = torch.ones(16, 16).tril()
    pattern = pattern / pattern.sum(1, keepdim=True)
    found = heads.pattern_measures(_pattern(pattern))
    seen = range(9, 17)  # sources of queries 8 to 15
    assert float(found["entropy"]) == pytest.approx(sum(map(math.log, seen)) / 8, abs=1e-5)
    assert float(found["first"]) == pytest.approx(sum(1 / n for n in seen) / 8, abs=1e-6)
    assert float(found["second"]) == pytest.approx(float(found["first"]), abs=1e-6)
    assert float(found["entropy_masked"]) == pytest.approx(sum(math.log(n - 2) for n in seen) / 8, abs=1e-5)
    assert float(found["profile"].sum()) == pytest.approx(1)


def test_the_second_sink_is_found_and_masked() -> None:
    pattern = torch.full((20, 20), 0.01).tril()
    pattern[:, 0] = 0.5
    pattern[5:, 5] = 0.3
    pattern = pattern / pattern.sum(1, keepdim=True)
    assert int(heads.second_sink(pattern)) == 5
    masked = heads.mask_sinks(pattern)
    assert float(masked[10:, [0, 5]].abs().max()) == 0
    torch.testing.assert_close(masked[10:].sum(1), torch.ones(10))


def test_copies_on_repeated_text() -> None:
    half, tokens = 6, 13
    same = torch.zeros(tokens, tokens)
    after = torch.zeros(tokens, tokens)
    for j in range(half):
        same[1 + half + j, 1 + j] = 1
        after[1 + half + j, 2 + j] = 1
    found = heads.copy_measures(torch.stack([same, after])[None], half)
    assert found["same"].tolist() == [1, 0]
    assert found["induction"].tolist() == [0, 1]


def test_spread_of_planted_rows() -> None:
    rng = torch.Generator().manual_seed(0)
    flat = torch.randn(4000, 1, generator=rng) @ torch.tensor([[1.0, 0, 0, 0]]) * 0.1 + 5
    round_ = torch.randn(4000, 4, generator=rng)
    rows = torch.stack([flat, round_])
    found = heads.spread(4000, rows.sum(1), rows.mT @ rows)
    assert float(found["pca1"][0]) > 0.99
    assert float(found["dimension"][0]) == pytest.approx(1, abs=0.01)
    assert float(found["varying"][0]) < heads.CONSTANT
    assert float(found["dimension"][1]) == pytest.approx(4, abs=0.1)
    assert float(found["varying"][1]) > 0.99


@pytest.mark.method
def test_the_map_of_a_model(small: Decoder, sentences: Tensor) -> None:
    found = list(head_map(small, sentences, batch=5))
    measures = [item for item in found if isinstance(item, HeadMeasures)]
    steps = [item.fraction for item in found if isinstance(item, Progress)]
    assert steps == pytest.approx([1 / 3, 2 / 3, 1])
    assert [(m.layer, m.head) for m in measures] == [(layer, head) for layer in range(3) for head in range(6)]
    whole = list(attentions(small, sentences, 2))[1]
    expected = whole.pattern[:, 2, 8:, 0].mean()
    assert measures[6 + 2].first == pytest.approx(float(expected), abs=1e-5)
    rows = whole.z[:, 2, 8:].flatten(0, 1).double()
    parts = torch.linalg.svdvals(rows - rows.mean(0)).square()
    assert measures[6 + 2].pca1 == pytest.approx(float(parts[0] / parts.sum()), abs=1e-4)
    assert all(sum(m.profile) == pytest.approx(1, abs=1e-4) for m in measures)
