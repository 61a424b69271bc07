"""Relations by hand, rules of a head that is known, and classes of tokens."""

import pytest
import torch
from torch import Tensor

from backends.attention_rules.class_names import class_name, group_of
from backends.attention_rules.classes import alike
from backends.attention_rules.features import HeadSample, strong_from
from backends.attention_rules.names import RELATIONS
from backends.attention_rules.relations import NONE, Places, relations
from backends.attention_rules.rules import Rule, mine
from tests.backends.attention_rules.wired import ASK, KEY, KEY_FEATURE, WORDS, wired_model, wired_text


def _names(codes: Tensor) -> list[str]:
    return ["" if code < 0 else RELATIONS[code] for code in codes.tolist()]


def test_relations_by_hand() -> None:
    found = relations(torch.tensor([[0, 7, 8, 9, 6, 5, 4, 7]]))[0]
    # query 7 at the end: its earlier copy at 1, the token after that at 2
    assert _names(found[7]) == ["first", "same", "after same", "at 4", "at 3", "at 2", "at 1", "at 0"]
    assert _names(found[0]) == ["at 0", *[""] * 7]
    assert _names(found[3]) == ["first", "at 2", "at 1", "at 0", "", "", "", ""]
    said_twice = relations(torch.tensor([[0, 3, 3]]))[0]
    assert _names(said_twice[2]) == ["first", "same", "at 0"]


def test_sources_of_a_long_text_that_lie_ahead_have_no_relation() -> None:
    found = relations(torch.arange(300)[None])[0]
    assert bool((found.triu(1) == torch.full_like(found, NONE).triu(1)).all())
    assert found[299, 1] == RELATIONS.index("before")


def test_places_are_those_of_a_plain_search() -> None:
    ids = torch.randint(0, 6, (5, 12), generator=torch.Generator().manual_seed(0))
    places, relation = Places(ids, 6), relations(ids)
    for name, keys in (("at 1", [4]), ("before", [2, 5]), ("same", [3]), ("after same", [0, 1, 2])):
        by_hand = sorted(
            (12 * n + t, i)
            for n in range(5)
            for t in range(12)
            for i in range(t + 1)
            if int(relation[n, t, i]) == RELATIONS.index(name) and int(ids[n, i]) in keys
        )
        at, sources = places.of(name, keys)
        assert sorted(zip(at.tolist(), sources.tolist(), strict=True)) == by_hand
        assert sum(places.count(name, key) for key in keys) == len(by_hand) > 0


def _mined() -> list[Rule]:
    model, ids = wired_model(), wired_text()
    sample = HeadSample.take(model, 0, 0, ids)
    active = (sample.z @ KEY_FEATURE.direction).relu()
    strong = float(strong_from(active.flatten()[:, None])[0])
    places = Places(ids, len(WORDS))
    return mine(sample, places, active, strong, KEY_FEATURE.direction, 0.0, torch.eye(len(WORDS)), most=8)


@pytest.mark.method
def test_the_wired_rule_is_found() -> None:
    rules = _mined()
    best = rules[0]
    assert best.keys == (KEY,)
    assert best.relation == "before"
    assert best.queries == (ASK,)
    assert best.kind == "skip-gram"
    assert best.precision > 0.5
    assert best.weight > 0.3
    assert sum(best.profile) == pytest.approx(1, abs=1e-4)
    assert all(rule.keys == (KEY,) for rule in rules)


def test_a_feature_that_is_never_strong_has_no_rules() -> None:
    ids = wired_text(10)
    sample = HeadSample.take(wired_model(), 0, 0, ids)
    none = mine(sample, Places(ids, 22), torch.zeros(10, 16), float("inf"), torch.ones(4), 0.0, torch.eye(22))
    assert none == []
    assert float(strong_from(torch.zeros(50, 1))[0]) == float("inf")


def test_classes_by_direction_and_their_names() -> None:
    rng = torch.Generator().manual_seed(0)
    centres = torch.nn.functional.normalize(torch.randn(3, 40, generator=rng), dim=1)
    truth = torch.arange(12) % 3
    labels = alike(centres[truth] * torch.linspace(0.5, 3, 12)[:, None] + 0.05 * torch.randn(12, 40, generator=rng))
    assert all((labels[i] == labels[j]) == bool(truth[i] == truth[j]) for i in range(12) for j in range(12))
    tags = {"can": "MD", "could": "MD", "may": "MD", "cat": "NN"}
    verbs = [" can", " could", " May", " may"]
    assert class_name(verbs, group_of(verbs, tags)) == "modal verbs: can · could · May · +1"
    assert (group_of([" can", " cat"], tags), group_of([" can"], tags)) == ("", "")
    assert class_name([" can", " cat"], "") == "can · cat"
    assert class_name(["\x00<b>"], "") == "⟨U+0000⟩<b>"
