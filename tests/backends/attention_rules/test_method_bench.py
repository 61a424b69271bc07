"""The method bench on the planted model that ships: what should be found is known."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from backends.attention_rules import planted_model, shelf
from backends.attention_rules.method_bench import MethodBench, method_bench, write
from backends.attention_rules.planted import language
from backends.errors import MissingFileError, WeightsError

pytestmark = pytest.mark.method


@pytest.fixture(scope="module")
def bench() -> MethodBench:
    return method_bench(planted_model.load(), language(), seed=0)


def test_insertion_finds_what_was_planted_and_word_lists_do_not(bench: MethodBench) -> None:
    assert bench.precision["causal"] > 0.9
    assert bench.precision["causal"] > bench.precision["contrast"] > bench.precision["unigram"]
    assert bench.distractors == 16
    assert bench.distractors_causal > bench.distractors_weights
    assert bench.refuted > 0.95
    assert bench.counts_within_one > 0.9
    assert bench.verified > 0.5


def test_the_weight_criterion_flags_shuffled_values_too(bench: MethodBench) -> None:
    assert bench.null > 0.8


def test_precision_is_that_of_the_first_keys(bench: MethodBench) -> None:
    pairs = [rule for rule in language().rules if rule.kind == "skip-gram"]
    for name, lists in bench.firsts.items():
        right = sum(len({*keys} & {*rule.keys}) for keys, rule in zip(lists, pairs, strict=True))
        assert bench.precision[name] == pytest.approx(right / 96)


def test_what_is_written_is_read(bench: MethodBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf, "INDEX", tmp_path)
    write({4: bench, 5: replace(bench, null=0.5)}, "2026-01-01")
    found = shelf.method_bench(tmp_path)
    assert found["seeds"]["5"]["null"] == 0.5
    first = language().rules[0]
    words = language().vocabulary.words
    assert found["rules"][0]["keys"] == [words[key] for key in first.keys]
    assert found["rules"][0]["first"]["paper"] == [words[key] for key in bench.firsts["paper"][0]]


@pytest.mark.parametrize("content", ["", "{}", json.dumps({"seeds": {}, "rules": []}), "[1]"])
def test_a_damaged_file_is_named(content: str, tmp_path: Path) -> None:
    (tmp_path / shelf.BENCH).write_text(content)
    with pytest.raises(WeightsError, match=shelf.BENCH):
        shelf.method_bench(tmp_path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match=shelf.BENCH):
        shelf.method_bench(tmp_path)
