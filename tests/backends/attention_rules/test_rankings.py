"""Rankings on a head whose rules are known, and each against an independent computation."""

import pytest
import torch
from torch import Tensor

from backends.attention_rules import rankings
from backends.attention_rules.decoder import Decoder
from backends.attention_rules.features import Feature
from backends.attention_rules.models import attention_at
from backends.attention_rules.rankings import RANKINGS, Target, exact_tables, mean_tables, top_pairs
from backends.errors import InputError
from tests.backends.attention_rules.wired import ASK, FILLERS, KEY, KEY_FEATURE, STOP, wired_model, wired_text

pytestmark = pytest.mark.method

QUERIES, KEYS = torch.tensor([ASK, 7, 8]), torch.arange(1, 20)


def _target(model: Decoder, text: Tensor, feature: Feature) -> Target:
    directions = {feature.head: feature.direction}
    tables = exact_tables(model, [feature.head])
    return Target(
        model, 0, directions, directions, feature.offset, tables, text, lambda ids: feature.pre(model, ids)[:, -1]
    )


@pytest.fixture(scope="module")
def wired() -> Target:
    return _target(wired_model(), wired_text(), KEY_FEATURE)


@pytest.mark.parametrize("name", RANKINGS)
def test_the_planted_pair_comes_first(name: str, wired: Target) -> None:
    scores = RANKINGS[name](wired, QUERIES, KEYS)
    assert scores.shape == (3, 19)
    best = top_pairs(name, wired, QUERIES, KEYS, 5)
    assert [pair.score for pair in best] == sorted((pair.score for pair in best), reverse=True)
    assert name == "unigram" or best[0].query == ASK
    if name == "gradient":  # whatever draws attention matters to it; what promotes, it cannot tell
        assert KEY in {pair.key for pair in best[:3]}
    else:
        assert best[0].key == KEY
        assert int(scores[0].argmin()) == STOP - 1


def _random(small: Decoder, sentences: Tensor) -> Target:
    rng = torch.Generator().manual_seed(1)
    return _target(small, sentences, Feature(0, 2, torch.randn(8, generator=rng), 0.4))


@torch.no_grad()
def test_data_is_the_sum_of_contributions(small: Decoder, sentences: Tensor) -> None:
    target = _random(small, sentences)
    found = attention_at(small, sentences, 0)
    queries, keys = torch.tensor([5, 9, 30]), torch.tensor([0, 5, 12, 44])
    scores = rankings.data(target, queries, keys)
    for row, query in enumerate(queries.tolist()):
        for column, key in enumerate(keys.tolist()):
            total = 0.0
            for n in range(12):
                for t in range(20):
                    for i in range(t + 1):
                        if sentences[n, t] == query and sentences[n, i] == key:
                            value = float(found.values[n, 2, i] @ target.directions[2]) + 0.4
                            total += float(found.pattern[n, 2, t, i]) * value
            assert float(scores[row, column]) == pytest.approx(total, abs=1e-4)


def test_gradient_is_autograds(small: Decoder, sentences: Tensor) -> None:
    target = _random(small, sentences)
    query, key = int(sentences[0, 10]), int(sentences[0, 4])
    found = attention_at(small, sentences, 0)
    factor = torch.ones((), requires_grad=True)
    pair = (sentences[:, :, None] == query) & (sentences[:, None, :] == key)
    scores = found.scores[:, 2].clamp_min(-1e9)  # -inf times a factor has no gradient
    scores = torch.where(pair, scores * factor, scores)
    pre = scores.softmax(-1) @ (found.values[:, 2] @ target.directions[2])[..., None]
    pre.sum().backward()
    assert factor.grad is not None
    expected = float(factor.grad.abs())
    found_score = float(rankings.gradient(target, torch.tensor([query]), torch.tensor([key])))
    assert expected > 0
    assert found_score == pytest.approx(expected, rel=1e-3)


def test_normalised_shares_sum_to_the_querys_frequency(wired: Target) -> None:
    everything = torch.arange(22)
    flat = Target(
        **{**{f: getattr(wired, f) for f in Target.__slots__}, "directions": {0: torch.zeros(4)}, "offset": 1.0}
    )
    scores = rankings.normalised(flat, QUERIES, everything)  # S + b is 1 for every key
    torch.testing.assert_close(scores.sum(1), flat.frequencies()[QUERIES], atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_mean_tables_are_exact_at_layer_0_and_means_above(small: Decoder, sentences: Tensor) -> None:
    occurring = sentences.unique()
    exact, mean = exact_tables(small, [3])[3], mean_tables(small, 0, [3], sentences)[3]
    torch.testing.assert_close(mean.values[occurring], exact.values[occurring], atol=1e-5, rtol=1e-4)
    token = int(sentences[0, 3])
    found = attention_at(small, sentences, 1).values[:, 3][sentences == token].mean(0)
    torch.testing.assert_close(mean_tables(small, 1, [3], sentences)[3].values[token], found, atol=1e-5, rtol=1e-4)


def test_causal_reads_the_true_change(wired: Target) -> None:
    scores = rankings.causal(wired, torch.tensor([ASK]), torch.tensor([KEY, STOP, int(FILLERS[0])]))[0]
    assert float(scores[0]) > 0.2
    assert float(scores[1]) < -0.5
    assert abs(float(scores[2])) < 0.1


def test_an_unknown_ranking_is_refused(wired: Target) -> None:
    with pytest.raises(InputError, match="paper"):
        top_pairs("best", wired, QUERIES, KEYS, 3)
