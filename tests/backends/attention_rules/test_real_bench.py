"""Rankings on features of a model: the sweep against the plain one, candidates by hand, and what is stored."""

from pathlib import Path
from typing import Any

import pytest
import torch

from backends.attention_rules import real_bench, shelf
from backends.attention_rules.decoder import Decoder
from backends.attention_rules.evaluate import pair_matches, score
from backends.attention_rules.features import Feature, HeadSample
from backends.attention_rules.head_text import HeadText
from backends.attention_rules.names import KS
from backends.attention_rules.rankings import RANKINGS, Target, mean_tables
from backends.attention_rules.real_bench import HeadBench, candidates, f1_of_pairs, insertion
from backends.attention_rules.relations import Places
from backends.attention_rules.sae import HeadSae
from backends.errors import InputError
from tests.backends.attention_rules.wired import ASK, KEY, KEY_FEATURE, STOP, wired_model, wired_text

pytestmark = pytest.mark.method

QUERIES, KEYS = torch.tensor([5, 9, 30]), torch.tensor([1, 5, 12, 44])


@pytest.mark.parametrize("layer", [0, 2])
def test_the_sweep_is_the_plain_one(small: Decoder, sentences: torch.Tensor, layer: int) -> None:
    own = Feature(layer, 3, torch.randn(8, generator=torch.Generator().manual_seed(2)), 0.3)
    directions = {3: own.direction}
    plain = Target(
        small, layer, directions, directions, 0.3, {}, sentences, lambda ids: own.pre(small, ids)[:, -1]
    )  # fmt: skip
    expected = RANKINGS["causal"](plain, QUERIES, KEYS)
    assert float(expected.std()) > 0.01
    torch.testing.assert_close(insertion(small, own, sentences, QUERIES, KEYS), expected, atol=1e-5, rtol=1e-3)


def test_text_is_read_once_for_all_directions(small: Decoder, sentences: torch.Tensor) -> None:
    head = (1, 4)
    sae = HeadSae(torch.eye(8), torch.zeros(8), torch.eye(8), torch.zeros(8))
    text = HeadText.of(HeadSample.take(small, *head, sentences), sae, 60)
    bench = HeadBench.of(small, head, sae, text, text)
    own = Feature(*head, torch.randn(8, generator=torch.Generator().manual_seed(5)), 0.1)
    tables = mean_tables(small, 1, [4], sentences)
    for name in real_bench.BY_TABLES_AND_TEXT:
        plain, shared = (
            Target(
                small, 1, {at: own.direction}, {at: own.direction}, 0.1, own_tables, sentences, lambda ids: ids, seen
            )
            for at, own_tables, seen in ((4, tables, ()), (0, bench.tables, bench.seen))
        )
        expected = RANKINGS[name](plain, QUERIES, KEYS)
        torch.testing.assert_close(RANKINGS[name](shared, QUERIES, KEYS), expected, atol=1e-5, rtol=1e-3)


def test_candidates_stand_where_the_feature_is_strong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(real_bench, "QUERIES", (1, 2))
    monkeypatch.setattr(real_bench, "KEYS", (2, 3))
    monkeypatch.setattr(real_bench, "NEAR", 1)
    ids = torch.tensor([[0, 5, 6, 1, 1, 1], [0, 5, 6, 7, 1, 2], [0, 1, 1, 2, 1, 2]])
    strong = ids == 6
    queries, keys = candidates(ids, strong, 9)
    assert queries.tolist() == [6, 1]  # the only one, and the most frequent of the others
    assert sorted(keys.tolist()[:2]) == [5, 6]
    assert keys.tolist()[2] == 1
    queries, _ = candidates(ids, torch.zeros_like(strong), 9)
    assert queries.tolist() == [1, 2]  # nowhere strong: frequent tokens alone


def test_f1_of_every_pair_is_what_it_foretells_alone(sentences: torch.Tensor) -> None:
    strong = torch.rand(sentences.shape, generator=torch.Generator().manual_seed(1)) < 0.2
    places = Places(sentences, 60)
    queries, keys = sentences[0, 8:11].unique(), torch.cat([sentences[0, 2:8].unique(), torch.tensor([0])])
    found = f1_of_pairs(sentences, strong, queries, keys)
    assert float(found.max()) > 0
    for row, query in enumerate(queries):
        for column, key in enumerate(keys):
            alone = pair_matches(query[None], key[None], places) == 0
            assert float(found[row, column]) == pytest.approx(score(alone, strong).f1, abs=1e-6)


class _Index:
    """An index of one head with some verified features, of which every rule list has the same curve."""

    def __init__(self, verified: int) -> None:
        self._features = [{"feature": at, "verdict": "verified" if at < verified else "refuted"} for at in range(2)]

    def features(self, *where: int) -> list[dict[str, Any]]:
        return self._features

    def feature(self, *where: int) -> dict[str, Any]:
        return {"curve": [k / KS[-1] for k in KS]}


def _wired_bench() -> HeadBench:
    """The wired head with one feature that its key promotes and its stop word suppresses, and one of nothing."""
    model, text = wired_model(), wired_text()
    encoder = torch.stack([KEY_FEATURE.direction, torch.tensor([0.0, 0.0, 0.0, 1.0])], 1)
    sae = HeadSae(encoder, torch.zeros(2), encoder.T, torch.zeros(4))
    halves = (HeadText.of(HeadSample.take(model, 0, 0, ids), sae, len(model.embedding())) for ids in text.split(200))
    return HeadBench.of(model, (0, 0), sae, *halves)


def test_a_feature_of_known_rules_is_foretold_by_its_pair() -> None:
    f1, alike = _wired_bench().feature(0)
    assert f1.keys() == {*real_bench.BY_TABLES_AND_TEXT, "causal", "chosen", "chance"}
    assert f1["causal"][0] > 0.5  # the pair itself, and three that say nothing
    assert f1["chance"][0] < 0.1 < f1["chosen"][0]
    assert f1["causal"] == sorted(f1["causal"], reverse=True)
    assert alike["causal"] == alike["paper"] == 1
    assert alike["chance"] < 0.5


def test_what_is_stored_of_a_head_is_read_back(tmp_path: Path) -> None:
    bench = _wired_bench()
    row = real_bench.real_bench(bench, _Index(2), 0)  # type: ignore[arg-type]
    (tmp_path / shelf.REAL_BENCH).write_text(real_bench.stored([row], 200, 200))
    found = shelf.real_bench(tmp_path)["heads"][0]
    assert (found["n"], found["features"]) == (2, [0, 1])
    assert found["rankings"]["rules"]["f1"] == [[round(k / KS[-1], 4)] * 3 for k in real_bench.TOP]
    assert found["rankings"]["rules"]["alike"] is None
    low, median, high = found["rankings"]["causal"]["f1"][0]
    assert low <= median <= high
    assert found["criterion"]["features"] == 2
    with pytest.raises(InputError, match="fewer than two"):
        real_bench.real_bench(bench, _Index(1), 0)  # type: ignore[arg-type]


def test_the_criterion_flags_what_has_a_suppressor_and_shuffled_values_too() -> None:
    found = _wired_bench().criterion([0])
    assert found["flagged"] == 1  # the stop word draws more attention than the key
    assert 0 < found["null"] <= 1
    assert {ASK, KEY, STOP} < set(range(found["tokens"]))
