"""The planted language says what its rules say; a model of it can be trained."""

import pytest
import torch

from backends.attention_rules.planted import LENGTH, language, sample
from backends.attention_rules.planted_model import accuracy, build, train
from backends.progress import finish


def test_answers_follow_the_rules() -> None:
    lang = language()
    ids = {word: number for number, word in enumerate(lang.vocabulary.words)}

    def answer(before: str, query: str) -> str | None:
        found = lang.answer([ids[word] for word in before.split()], ids[query])
        return None if found is None else lang.vocabulary.words[found]

    assert answer("word1 if3.1.2 word5", "ask3") == "say3.1"
    assert answer("if3.1.2 if3.1.0", "ask3") == "say3.1"
    assert answer("if3.1.2 if3.0.0", "ask3") is None
    assert answer("if3.1.2 word1 not3", "ask3") == "plain3"
    assert answer("if3.1.2 not4", "ask3") == "say3.1"
    assert answer("if4.0.0", "ask3") == "plain3"
    assert answer("more0 word1 more0 less0", "count0") == "most-more0"
    assert answer("less0", "count0") == "most-less0"
    assert answer("more0 less0", "count0") is None
    assert answer("more0", "word1") is None


def test_the_truth_is_complete() -> None:
    rules = language().rules
    kinds = {kind: [r for r in rules if r.kind == kind] for kind in ("skip-gram", "absence", "counting")}
    assert [len(kinds[kind]) for kind in kinds] == [32, 32, 8]
    assert sum(len(rule.keys) for rule in kinds["skip-gram"]) == 96
    assert len({rule.against for rule in kinds["absence"]}) == 16


def test_samples_obey_the_language_and_the_seed() -> None:
    lang = language()
    ids, settled = sample(lang, 300, torch.Generator().manual_seed(2))
    again, _ = sample(lang, 300, torch.Generator().manual_seed(2))
    assert torch.equal(ids, again)
    assert ids.shape == settled.shape == (300, LENGTH)
    assert bool((ids[:, 0] == 0).all())
    rows, places = torch.nonzero(settled, as_tuple=True)
    assert len(rows) > 600
    answers = set()
    for row, at in zip(rows.tolist(), places.tolist(), strict=True):
        words = ids[row].tolist()
        assert lang.answer(words[:at], words[at]) == words[at + 1]
        answers.add(lang.vocabulary.words[words[at + 1]].rstrip("0123456789.").split("-")[0])
    assert answers == {"say", "plain", "most"}


@pytest.mark.method
def test_training_learns_and_repeats() -> None:
    lang = language()
    first = finish(train(lang, seed=1, steps=40, batch=64))
    again = finish(train(lang, seed=1, steps=40, batch=64))
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), again.parameters(), strict=True))
    untrained = accuracy(build(lang), lang, seed=5, count=200)
    learned = accuracy(first, lang, seed=5, count=200)
    assert learned["pairs"] > untrained["pairs"] + 0.1
