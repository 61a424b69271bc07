"""The index answers what was put in, whatever is asked; damage and injection get nowhere."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backends.attention_rules.index import RuleIndex, Search
from backends.attention_rules.tables import SCHEMAS, combine, write_part
from backends.errors import InputError, MissingFileError, WeightsError

NASTY = "'; DROP TABLE rules; --"


def _rows(layer: int, tokens: list[str], f1: float) -> dict[str, list[dict[str, Any]]]:
    where = {"layer": layer, "head": 1, "seed": 0}
    verdict = "verified" if f1 > 0.5 else "refuted"
    rules: list[dict[str, Any]] = [
        where
        | {"feature": 7, "rank": rank, "relation": "at 1", "kind": "relation", "group": "", "keys": [token], "f1": f1}
        | {"queries": [" q"], "unless": [], "more_than": 0, "weight": 1.0 - rank / 10, "profile": [1.0], "support": 3}
        | {"precision": 0.5, "verdict": verdict}
        for rank, token in enumerate(tokens)
    ]
    return {
        "heads": [where | {"features": 1, "pca": [0.5]}],
        "features": [where | {"feature": 7, "name": tokens[0], "f1": f1, "verdict": verdict, "curve": [f1]}],
        "rules": rules,
        "tests": [where | {"feature": 7, "kind": "absence", "verdict": verdict, "token": tokens[0]}],
        "examples": [where | {"feature": 7, "kind": "top", "ids": [1, 2], "active": [0.0, 1.5], "at": 1}],
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_part(tmp_path / "a", _rows(2, [" speaks", "<b>\x00", NASTY], 0.9))
    write_part(tmp_path / "b", _rows(5, [" speaks", " cat"], 0.2))
    combine([tmp_path / "a", tmp_path / "b"], tmp_path / "index")
    return tmp_path / "index"


def test_what_was_put_in_comes_out(folder: Path) -> None:
    index = RuleIndex(folder)
    assert [(row["layer"], row["head"]) for row in index.heads()] == [(2, 1), (5, 1)]
    found = index.feature(2, 1, 0, 7)
    assert [rule["keys"] for rule in found["rules"]] == [[" speaks"], ["<b>\x00"], [NASTY]]
    assert found["examples"][0]["active"] == [0.0, 1.5]
    assert [(test["kind"], test["token"]) for test in found["tests"]] == [("absence", " speaks")]
    assert [row["feature"] for row in index.features(5, 1, 0)] == [7]
    with pytest.raises(InputError, match="no feature 8"):
        index.feature(2, 1, 0, 8)


def test_search_by_each_condition(folder: Path) -> None:
    index = RuleIndex(folder)

    def found(**wanted: Any) -> list[tuple[int, int]]:
        return [(row["layer"], row["rank"]) for row in index.search(Search(**wanted))]

    assert found() == [(2, 0), (2, 1), (2, 2), (5, 0), (5, 1)]
    assert found(key=" speaks") == [(2, 0), (5, 0)]
    assert found(key="speaks") == []
    assert found(query=" q", limit=2, offset=1) == [(2, 1), (2, 2)]
    assert found(key=" q") == []
    assert found(least_f1=0.5, relation="at 1", kind="relation") == [(2, 0), (2, 1), (2, 2)]
    assert found(verdict="refuted") == [(5, 0), (5, 1)]
    assert found(layer=5, head=1, seed=0, sort="weight") == [(5, 0), (5, 1)]
    assert found(relation="same") == []
    assert found(key=NASTY) == [(2, 2)]
    assert len(index.search(Search())) == 5  # nothing was dropped


def test_reverse_search_looks_at_every_side_and_keeps_the_other_conditions(folder: Path) -> None:
    index = RuleIndex(folder)
    assert [row["layer"] for row in index.search(Search(token=" speaks"))] == [2, 5]
    assert [row["layer"] for row in index.search(Search(token=" speaks", verdict="refuted"))] == [5]
    assert [row["rank"] for row in index.search(Search(token=" q", limit=2, offset=1))] == [1, 2]
    assert index.search(Search(token=NASTY))[0]["name"] == NASTY


@pytest.fixture
def spelt(tmp_path: Path) -> RuleIndex:
    """Two heads whose rules mention one word in several spellings, all with one score."""
    write_part(tmp_path / "a", _rows(2, ["speaks", " Speaks", " speaker"], 0.5))
    write_part(tmp_path / "b", _rows(5, [" speaks", "loudspeaker", " speaks", "sp"], 0.5))
    combine([tmp_path / "b", tmp_path / "a"], tmp_path / "index")
    return RuleIndex(tmp_path / "index")


def test_any_spelling_finds_all_of_them_in_one_order_without_doubles(spelt: RuleIndex) -> None:
    wanted = Search(token="SPEAKS", any_spelling=True)
    found = [(row["layer"], row["rank"]) for row in spelt.search(wanted)]
    assert found == [(2, 0), (2, 1), (5, 0), (5, 2)]
    pages = [spelt.search(replace(wanted, limit=3, offset=offset)) for offset in (0, 3)]
    assert [(row["layer"], row["rank"]) for page in pages for row in page] == found
    assert [row["rank"] for row in spelt.search(replace(wanted, layer=5, sort="weight"))] == [0, 2]
    assert spelt.search(Search(key="speaks", query="Q ", any_spelling=True)) == spelt.search(wanted)
    assert spelt.search(Search(token="SPEAKS")) == []
    assert spelt.search(Search(token="speak", any_spelling=True)) == []


def test_the_count_is_of_all_pages_and_of_rules_not_of_mentions(spelt: RuleIndex) -> None:
    assert spelt.count(Search(token="Speaks", any_spelling=True, limit=1, offset=2)) == 4
    assert spelt.count(Search(key=" speaks")) == 2
    assert spelt.count(Search(token="speaks", verdict="verified")) == 0
    assert spelt.count(Search(token="nothing", any_spelling=True)) == 0
    assert spelt.count(Search()) == 7
    last = spelt.search(Search(limit=4, offset=4))
    assert [row["rank"] for row in last] == [1, 2, 3]
    assert spelt.search(Search(offset=100_000)) == []


def test_spellings_are_told_and_like_tokens_offered_the_likest_first(spelt: RuleIndex) -> None:
    assert spelt.spellings(" SPEAKS ") == [" speaks", " Speaks", "speaks"]  # the most mentioned first
    assert spelt.spellings("speaks", any_spelling=False) == ["speaks"]
    assert spelt.near("SPEAKS") == [" speaks"]
    assert spelt.near("speak") == [" speaks", " speaker", "loudspeaker"]
    assert spelt.near("speak", limit=1) == [" speaks"]
    assert spelt.near("speakson") == [" speaks"]  # “sp” is too short to be meant
    assert spelt.near("%") == spelt.near("s_eak") == []


def test_hostile_words_are_words_like_any_other(folder: Path) -> None:
    index = RuleIndex(folder)
    assert index.count(Search(token=" <B>\x00", any_spelling=True)) == 1
    assert index.count(Search(token=NASTY.lower(), any_spelling=True)) == 1
    for word in ("\ud800", "\x07\u202e", "%", "' OR true --"):
        assert index.search(Search(token=word)) == index.search(Search(token=word, any_spelling=True)) == []
        assert index.near(word) == []
    assert index.count(Search()) == 5


def test_random_features_repeat_and_vary(folder: Path) -> None:
    index = RuleIndex(folder)
    drawn = [index.random(number)["layer"] for number in range(20)]
    assert drawn == [index.random(number)["layer"] for number in range(20)]
    assert set(drawn) == {2, 5}


@pytest.mark.parametrize(
    "wanted",
    [
        {"relation": "left of"}, {"kind": "x"}, {"verdict": "maybe"}, {"sort": "f1; DROP"}, {"layer": -1},
        {"head": "1"}, {"limit": 0}, {"limit": 10_000}, {"offset": -1}, {"least_f1": 2}, {"least_f1": float("nan")},
        {"key": ""}, {"key": "x" * 101}, {"token": "x" * 10_000, "any_spelling": True}, {"any_spelling": "yes"},
        {"offset": 1.5},
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused(wanted: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        Search(**wanted)


def test_damage_is_told(folder: Path) -> None:
    rules = folder / "rules.parquet"
    content = rules.read_bytes()
    rules.write_bytes(content[:-40])
    with pytest.raises(WeightsError, match=r"rules\.parquet is damaged"):
        RuleIndex(folder)
    rules.write_bytes((folder / "heads.parquet").read_bytes())
    with pytest.raises(WeightsError, match="lacks"):
        RuleIndex(folder)
    rules.unlink()
    with pytest.raises(MissingFileError, match=r"rules\.parquet"):
        RuleIndex(folder)


def test_an_empty_index_is_no_error_but_has_no_features(tmp_path: Path) -> None:
    assert set(combine([], tmp_path / "index")) == set(SCHEMAS)
    index = RuleIndex(tmp_path / "index")
    assert index.heads() == index.search(Search()) == []
    with pytest.raises(InputError, match="empty"):
        index.random(1)
