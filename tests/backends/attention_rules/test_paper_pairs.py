"""The paper's pairs against a plain search over all of them."""

import pytest
import torch

from backends.attention_rules.decoder import Decoder
from backends.attention_rules.features import HeadSample
from backends.attention_rules.paper_pairs import PaperPairs
from backends.attention_rules.rankings import Target, exact_tables, paper
from tests.backends.attention_rules.wired import ASK, KEY, KEY_FEATURE, wired_model, wired_text

pytestmark = pytest.mark.method


def test_the_best_pairs_are_those_of_a_plain_search() -> None:
    model, text = wired_model(), wired_text()
    pairs = PaperPairs.of(model, (0, 0), HeadSample.take(model, 0, 0, text))
    queries, keys = pairs.of_direction(KEY_FEATURE.direction, 10)
    assert (int(queries[0]), int(keys[0])) == (ASK, KEY)
    assert set(keys.tolist()) == {KEY}  # no other word promotes
    directions = {0: KEY_FEATURE.direction}
    target = Target(model, 0, directions, directions, 0.0, exact_tables(model, [0]), text, lambda ids: ids[:, -1])
    scores = paper(target, pairs.known, torch.tensor([KEY]))[:, 0]
    own = dict(zip(pairs.known.tolist(), scores.tolist(), strict=True))
    expected = sorted(own.values(), reverse=True)[:10]
    assert [own[query] for query in queries.tolist()] == pytest.approx(expected, rel=1e-4)


def test_a_direction_that_nothing_promotes_has_no_pairs(small: Decoder, sentences: torch.Tensor) -> None:
    pairs = PaperPairs.of(small, (1, 2), HeadSample.take(small, 1, 2, sentences))
    queries, keys = pairs.of_direction(torch.zeros(8), 10)
    assert len(queries) == len(keys) == 0
