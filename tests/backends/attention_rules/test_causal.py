"""Verdicts on a head whose rules are known: what is true is verified, controls are refuted, counts are right."""

from dataclasses import replace

import pytest
import torch

from backends.attention_rules.absence import absence, suppressors, weight_criterion
from backends.attention_rules.causal import Cases, replacement, strongest
from backends.attention_rules.contributions import TokenTables
from backends.attention_rules.counting import count_grid
from backends.attention_rules.decoder import Decoder
from backends.attention_rules.features import Feature, HeadSample
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


@pytest.fixture(scope="module")
def sample(model: Decoder, text: torch.Tensor) -> HeadSample:
    return HeadSample.take(model, 0, 0, text)


def cases_of(feature: Feature, sample: HeadSample) -> Cases:
    return strongest(sample, (sample.z @ feature.direction + feature.offset).relu(), feature)


def test_the_main_source_is_the_key_and_is_necessary(model: Decoder, sample: HeadSample) -> None:
    cases = cases_of(KEY_FEATURE, sample)
    assert len(cases.rows) == 20
    assert bool((sample.ids[cases.rows, cases.sources] == KEY).all())
    (verdict,) = replacement(model, [KEY_FEATURE], [cases], sample.ids)
    assert verdict.verdict == "verified"
    assert verdict.effect > 0.8
    assert abs(verdict.control) < 0.2


def test_a_feature_that_reads_everything_has_no_necessary_source(model: Decoder, text: torch.Tensor) -> None:
    diffuse = Feature(0, 1, torch.zeros(4), 1.0)  # head 1 attends to all alike, and the feature is always 1
    cases = Cases(torch.arange(20), torch.full((20,), 14), torch.full((20,), 3))
    assert replacement(model, [diffuse], [cases], text)[0].verdict == "refuted"


def test_where_the_query_is_its_own_source_it_is_the_query_that_is_replaced(model: Decoder, sample: HeadSample) -> None:
    cases = cases_of(KEY_FEATURE, sample)
    own = Cases(cases.rows, cases.positions, cases.positions)
    (verdict,) = replacement(model, [KEY_FEATURE], [own], sample.ids)
    assert (verdict.verdict, verdict.n) == ("verified", 20)  # nothing but `ask` looks at the key


def test_a_claim_of_absence_needs_text_in_which_it_happens(model: Decoder, sample: HeadSample) -> None:
    cases = cases_of(KEY_FEATURE, sample)
    found = absence(model, KEY_FEATURE, cases, STOP, sample.ids)
    never = replace(found, natural=0)
    assert (found.verdict, never.verdict) == ("verified", "undecided")


def test_features_are_tested_each_for_itself(model: Decoder, sample: HeadSample) -> None:
    features = [COUNT_FEATURE, Feature(0, 0, torch.zeros(4), -1.0), KEY_FEATURE]
    cases = [cases_of(feature, sample) for feature in features]
    found = replacement(model, features, cases, sample.ids)
    assert [one.n > 5 for one in found] == [True, False, True]
    assert found[2].verdict == "verified"


def test_a_dead_feature_decides_nothing(model: Decoder, sample: HeadSample) -> None:
    dead = Feature(0, 0, torch.zeros(4), -1.0)
    cases = cases_of(dead, sample)
    assert len(cases.rows) == 0
    assert replacement(model, [dead], [cases], sample.ids)[0].verdict == "undecided"
    assert absence(model, dead, cases, STOP, sample.ids).verdict == "undecided"


def test_the_distractor_silences_and_others_do_not(model: Decoder, sample: HeadSample) -> None:
    cases = cases_of(KEY_FEATURE, sample)
    found = absence(model, KEY_FEATURE, cases, STOP, sample.ids)
    assert found.matched.verdict == found.random.verdict == found.verdict == "verified"
    assert found.specificity > 0.8
    assert found.natural > 0
    other = absence(model, KEY_FEATURE, cases, int(FILLERS[3]), sample.ids)
    assert other.verdict == other.matched.verdict == "refuted"


def test_the_suppressor_is_the_distractor(sample: HeadSample) -> None:
    assert suppressors(sample, KEY_FEATURE)[0] == STOP
    assert suppressors(sample, Feature(0, 1, torch.zeros(4), 1.0)) == []


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
    background = FILLERS[torch.randint(14, (8, 12), generator=torch.Generator().manual_seed(0))]
    background[:, 0] = 0
    found = count_grid(model, COUNT_FEATURE, background, ASK, PLUS, MINUS)
    assert found.measured_thresholds == (1, 2, 3, 4, 5, 6, None)  # more pluses than minuses
    assert found.thresholds == found.measured_thresholds
    assert found.within_one == 1
    assert (found.verdict, found.sides.n) == ("verified", 8)
    off = replace(found, thresholds=(3, 4, 5, 6, None, None, None))
    assert off.within_one == pytest.approx(2 / 7)
    assert off.verdict == "undecided"
    for row, expected in zip(found.predicted, found.measured, strict=True):
        assert row == pytest.approx(expected, abs=1e-4)


def test_words_that_do_not_count_have_no_threshold(model: Decoder) -> None:
    background = FILLERS[torch.randint(14, (8, 12), generator=torch.Generator().manual_seed(0))]
    found = count_grid(model, COUNT_FEATURE, background, ASK, int(FILLERS[0]), int(FILLERS[1]), most=3)
    assert set(found.measured_thresholds) == {None}
    assert found.verdict == "refuted"
