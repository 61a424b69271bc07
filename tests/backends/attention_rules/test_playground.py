"""Which rules hold on a sentence, by hand; names of features; what the page reads without torch."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from backends.attention_rules import playground
from backends.attention_rules.playground import change, count, holding, play
from backends.attention_rules.shelf import TOKENS, FeatureKey, _token_texts, head_map
from backends.errors import InputError, MissingFileError, WeightsError
from tests.backends.attention_rules.wired import ASK, COUNT_FEATURE, MINUS, PLUS, wired_model

pytestmark = pytest.mark.unit

WORDS = ("<s>", "what", "a", "what", "b", "x", "b")
IDS = (0, 1, 2, 1, 3, 4, 3)


def _rule(relation: str, *keys: str, **changes: Any) -> dict[str, Any]:
    return {"rank": 0, "relation": relation, "keys": list(keys), "queries": [], "unless": [], "more_than": 0, **changes}


def _places(rule: dict[str, Any]) -> list[int]:
    return [at for at, ranks in enumerate(holding([rule], IDS, WORDS)) if ranks]


@pytest.mark.parametrize(
    ("rule", "places"),
    [
        (_rule("at 0", "what"), [1, 3]),
        (_rule("at 1", "what"), [2, 4]),
        (_rule("at 1", "what", queries=["b"]), [4]),
        (_rule("same", "b"), [6]),
        (_rule("after same", "x"), [6]),
        (_rule("at 2", "what", unless=["a"]), [5]),  # at 3 the earlier copy is `same`, not two before
        (_rule("before", "what", more_than=1), []),
    ],
)
def test_a_rule_holds_where_its_words_stand(rule: dict[str, Any], places: list[int]) -> None:
    assert _places(rule) == places


def test_ranks_come_in_the_order_of_the_rules() -> None:
    rules = [_rule("at 1", "what"), _rule("at 0", "a", rank=7)]
    assert holding(rules, IDS, WORDS)[2] == (0, 7)


def test_a_feature_is_named_and_read_back() -> None:
    key = FeatureKey(1, 2, 0, 157)
    assert (str(key), FeatureKey.parse("L01H2-s0-f157")) == ("L01H2-s0-f157", key)


@pytest.mark.parametrize("text", ["", "L1", "L01H2-s0-f157 ", "../x", None, 7, "L01H2-s0-f" + "9" * 20])
def test_another_name_is_refused(text: object) -> None:
    with pytest.raises(InputError, match="names no feature"):
        FeatureKey.parse(text)


@pytest.fixture
def wired(monkeypatch: pytest.MonkeyPatch) -> FeatureKey:
    """The playground on the head that is wired by hand."""
    monkeypatch.setattr(playground, "load_model", lambda _: wired_model())
    monkeypatch.setattr(playground, "_feature", lambda _: COUNT_FEATURE)
    return FeatureKey(0, 0, 0, 0)


def test_only_the_rules_that_count_foretell(wired: FeatureKey, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = [_rule("at 1", "key"), _rule("before", "plus", rank=1)]
    monkeypatch.setattr(playground, "feature", lambda _: {"rules": rules, "k": 1, "strong": 0.3})
    found = play(wired, [0, PLUS, 7, 8, 9, 10, ASK])
    assert (found.found.query, found.k, found.strong) == (6, 1, 0.3)
    assert found.active == found.total > 0.3
    assert found.holding == ((),) * 7  # the second rule does hold, but is not among the first


def test_the_strongest_words_of_a_sentence_are_counted(wired: FeatureKey) -> None:
    ids = [0, PLUS, 7, MINUS, 8, ASK]
    found = count(wired, ids, 5)
    assert (found.plus, found.minus) == ("plus", "minus")
    size = playground.MOST_COPIES + 1
    assert [len(row) for row in found.grid.measured] == [size] * size
    # plus and minus weigh the same, so it takes one more; fillers push down a little
    assert found.grid.measured_thresholds == found.grid.thresholds == (1, 2, 3, 4, None)
    other = count(wired, ids, 5, plus="minus", minus="plus")
    assert other.grid.thresholds == (None,) * size


@pytest.mark.parametrize(
    ("ids", "query", "words"),
    [
        ([0, ASK], 1, ()),  # nothing stands before it
        ([0, PLUS, PLUS, ASK], 3, ()),  # one word only
        ([0, PLUS, 7, ASK], 3, ("plus", "plus")),
        ([0, PLUS, 7, ASK], 3, ("nonsense", "")),
        ([0, PLUS, 7, ASK], 9, ()),
    ],
)
def test_what_cannot_be_counted_is_refused(
    wired: FeatureKey, ids: list[int], query: int, words: tuple[str, ...]
) -> None:
    with pytest.raises(InputError):
        count(wired, ids, query, *words)


def test_an_edit_says_where_the_query_is_then(wired: FeatureKey) -> None:
    assert wired
    assert change([0, 7, PLUS, 8, ASK], 4, "delete", 2) == ((0, 7, 8, ASK), 3)
    assert change([0, 7, PLUS, 8, ASK], 4, "move", 2) == ((0, 7, 8, PLUS, ASK), 4)
    assert change([0, 7, PLUS, 8, ASK], 4, "repeat", 1) == ((0, 7, PLUS, 8, 7, ASK), 5)
    assert change([0, 7, PLUS, 8, ASK], 4, "insert", 1, "minus") == ((0, MINUS, 7, PLUS, 8, ASK), 5)
    assert change([0, 7, PLUS, 8, ASK], 4, "repeat", 4, to=1) == ((0, ASK, 7, PLUS, 8, ASK), 5)
    with pytest.raises(InputError, match="no word|more than one"):
        change([0, 7, ASK], 2, "insert", 1, "nonsense")


def test_texts_of_tokens_are_read_and_their_damage_is_told(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match=TOKENS):
        _token_texts(tmp_path)
    (tmp_path / TOKENS).write_bytes(b"no gzip")
    with pytest.raises(WeightsError, match="damaged"):
        _token_texts(tmp_path)
    (tmp_path / TOKENS).write_bytes(gzip.compress(json.dumps(["<s>", " what"]).encode()))
    assert _token_texts(tmp_path) == ("<s>", " what")


def test_a_damaged_map_is_told(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError):
        head_map(tmp_path)
    (tmp_path / "map.json").write_text('{"heads": [{"layer": "x"}]}')
    with pytest.raises(WeightsError, match="damaged"):
        head_map(tmp_path)
