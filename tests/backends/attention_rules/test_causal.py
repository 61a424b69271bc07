"""Verdicts on a head whose rules are known: what is true is verified, controls are refuted, counts are right."""

import pytest
import torch

from backends.attention_rules.causal import Cases, absence, main_sources, replacement, strongest, weight_criterion
from backends.attention_rules.contributions import TokenTables
from backends.attention_rules.counting import count_grid
from backends.attention_rules.decoder import Decoder
from backends.attention_rules.features import Feature
from backends.attention_rules.verdicts import drop, judge
from tests.backends.attention_rules.wired import (
    ASK,
    COUNT_FEATURE,
    FILLERS,
    KEY,
    KEY_FEATURE,
    MINUS,
    PLUS,
    STOP,
    wired_model,
    wired_text,
)

pytestmark = pytest.mark.method


@pytest.fixture(scope="module")
def model() -> Decoder:
    return wired_model()


@pytest.fixture(scope="module")
def text() -> torch.Tensor:
    return wired_text()


def test_verdicts_by_hand() -> None:
    ones, zeros = torch.ones(20), torch.zeros(20)
    assert judge(ones, zeros).verdict == "verified"
    assert judge(zeros, zeros).verdict == "refuted"
    assert judge(ones, ones).verdict == "refuted"
    assert judge(torch.tensor([1.0, 0, 0, 0, 1, 0, 0, 1]), torch.zeros(8)).verdict == "undecided"
    few = judge(ones[:4], zeros[:4])
    assert (few.verdict, few.n) == ("undecided", 4)
    assert judge(torch.tensor([]), torch.tensor([])).n == 0
    wide = judge(torch.linspace(0, 1, 50), torch.zeros(50))
    assert wide.low < wide.effect < wide.high
    assert drop(torch.tensor([2.0, 2.0, 2.0, 1.0]), torch.tensor([0.0, 1.0, 2.0, 9.0])).tolist() == [1, 0.5, 0, -1]


def test_the_main_source_is_the_key_and_is_necessary(model: Decoder, text: torch.Tensor) -> None:
    cases = strongest(KEY_FEATURE.pre(model, text).relu(), text)
    assert len(cases.ids) == 20
    sources = main_sources(model, KEY_FEATURE, cases)
    assert bool((cases.ids[torch.arange(20), sources] == KEY).all())
    verdict = replacement(model, KEY_FEATURE, cases, text)
    assert verdict.verdict == "verified"
    assert verdict.effect > 0.8
    assert abs(verdict.control) < 0.2


def test_a_feature_that_reads_everything_has_no_necessary_source(model: Decoder, text: torch.Tensor) -> None:
    diffuse = Feature(0, 1, torch.zeros(4), 1.0)  # head 1 attends to all alike, and the feature is always 1
    cases = Cases(text[:20], torch.full((20,), 14))
    assert replacement(model, diffuse, cases, text).verdict == "refuted"


def test_a_dead_feature_decides_nothing(model: Decoder, text: torch.Tensor) -> None:
    dead = Feature(0, 0, torch.zeros(4), -1.0)
    cases = strongest(dead.pre(model, text).relu(), text)
    assert len(cases.ids) == 0
    assert replacement(model, dead, cases, text).verdict == "undecided"
    assert absence(model, dead, cases, STOP, text).verdict.verdict == "undecided"


def test_the_distractor_silences_and_others_do_not(model: Decoder, text: torch.Tensor) -> None:
    cases = strongest(KEY_FEATURE.pre(model, text).relu(), text)
    found = absence(model, KEY_FEATURE, cases, STOP, text)
    assert found.verdict.verdict == found.against_random.verdict == "verified"
    assert found.specificity > 0.8
    assert found.natural > 0
    other = absence(model, KEY_FEATURE, cases, int(FILLERS[3]), text)
    assert other.verdict.verdict == "refuted"


def test_the_weight_criterion_and_its_null(model: Decoder) -> None:
    tables = TokenTables.of(model, 0, torch.arange(1, 20))
    rows = torch.arange(19)
    promoted = tables.values @ KEY_FEATURE.direction
    found = weight_criterion(tables.mean_scores(rows, rows, 4), promoted)
    assert found.flagged
    assert found.distractor == STOP - 1
    assert 0 <= found.null <= 1
    # When nearly all keys suppress, almost any shuffle is flagged: the criterion then says nothing.
    rng = torch.Generator().manual_seed(0)
    noise = torch.randn(2000, generator=rng) - 1
    assert weight_criterion(torch.randn(50, 2000, generator=rng), noise).null > 0.9


def test_counts_are_predicted(model: Decoder) -> None:
    background = FILLERS[torch.randint(14, (3, 12), generator=torch.Generator().manual_seed(0))]
    background[:, 0] = 0
    found = count_grid(model, COUNT_FEATURE, background, ASK, PLUS, MINUS)
    assert found.measured_thresholds == (1, 2, 3, 4, 5, 6, None)  # more pluses than minuses
    assert found.thresholds == found.measured_thresholds
    assert found.within_one == 1
    assert found.verdict.verdict == "verified"
    for row, expected in zip(found.predicted, found.measured, strict=True):
        assert row == pytest.approx(expected, abs=1e-4)


def test_words_that_do_not_count_have_no_threshold(model: Decoder) -> None:
    background = FILLERS[torch.randint(14, (3, 12), generator=torch.Generator().manual_seed(0))]
    found = count_grid(model, COUNT_FEATURE, background, ASK, int(FILLERS[0]), int(FILLERS[1]), most=3)
    assert set(found.measured_thresholds) == {None}
    assert found.verdict.verdict == "refuted"
