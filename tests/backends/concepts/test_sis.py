"""SIS and its companions against hand computation."""

import math

import numpy as np
import pytest

from backends.concepts import sis
from backends.concepts.evaluation import Outputs, score
from backends.concepts.tasks import Split
from backends.errors import InputError

pytestmark = pytest.mark.unit

# Decisions: default 10, 11, 00; bottleneck 10, 01, 11. So the second output agrees in the first two samples.
P = np.array([[0.9, 0.2], [0.6, 0.7], [0.4, 0.1]])
Q = np.array([[0.8, 0.3], [0.4, 0.9], [0.7, 0.6]])


def test_sis_by_hand() -> None:
    assert sis.sis(P, Q) == pytest.approx(1 / 3)
    assert sis.sis(P, Q, "per_output") == pytest.approx(3 / 6)
    assert sis.sis_per_output(P, Q) == pytest.approx([1 / 3, 2 / 3])


def test_sis_is_agreement_and_not_change() -> None:
    assert sis.sis(P, P) == 1
    assert sis.sis(P, 1 - P) == 0


def test_one_half_is_a_no() -> None:
    assert sis.decide(np.array([0.5, 0.5 + 1e-12])).tolist() == [False, True]


def test_soft_sis_by_hand() -> None:
    assert sis.soft_sis(P, Q) == pytest.approx(1 - (0.1 + 0.1 + 0.2 + 0.2 + 0.3 + 0.5) / 6)


def test_soft_sis_sees_what_the_threshold_hides() -> None:
    confident, hedging = np.full((4, 1), 0.99), np.full((4, 1), 0.51)
    assert sis.sis(confident, hedging) == 1
    assert sis.soft_sis(confident, hedging) == pytest.approx(0.52)


def test_accuracy_by_hand() -> None:
    y = np.array([[1, 0], [1, 0], [0, 0]])
    assert sis.accuracy(P, y) == pytest.approx(2 / 3)
    assert sis.accuracy(P, y, "per_output") == pytest.approx(5 / 6)


def test_nll_by_hand() -> None:
    y = np.array([[1, 0], [0, 1], [0, 1]])
    likelihoods = (0.9, 0.8, 0.4, 0.7, 0.6, 0.1)
    assert sis.nll(P, y) == pytest.approx(-sum(map(math.log, likelihoods)) / 6)
    assert sis.nll(np.full((3, 2), 0.5), y) == pytest.approx(math.log(2))
    assert math.isfinite(sis.nll(1 - y.astype(float), y))


def test_confidence_by_hand() -> None:
    assert sis.confidence(P) == pytest.approx((0.4 + 0.3 + 0.1 + 0.2 + 0.1 + 0.4) / 6)


@pytest.mark.parametrize(
    ("n", "points"), [(100, 13.6), (500, 6.07), (1000, 4.29), (2000, 3.04), (5000, 1.92), (10000, 1.36)]
)
def test_hoeffding_half_widths(n: int, points: float) -> None:
    low, high = sis.hoeffding(0.5, n)
    assert 100 * (high - low) / 2 == pytest.approx(points, abs=0.006 if points < 10 else 0.06)
    assert 2 * math.exp(-2 * n * ((high - low) / 2) ** 2) == pytest.approx(0.05)


def test_the_papers_example_is_wider_than_it_says() -> None:
    assert sis.hoeffding(0.6, 1000) == pytest.approx((0.5571, 0.6429), abs=1e-4)


def test_intervals_stay_within_probabilities() -> None:
    for interval in (sis.hoeffding, sis.wilson):
        assert interval(1.0, 20).high == 1
        assert interval(0.0, 20).low == 0


@pytest.mark.parametrize(("estimate", "n"), [(0.6, 1000), (0.05, 40), (0.98, 200)])
def test_wilson_ends_are_the_proportions_that_a_score_test_just_keeps(estimate: float, n: int) -> None:
    for end in sis.wilson(estimate, n):
        assert abs(estimate - end) / math.sqrt(end * (1 - end) / n) == pytest.approx(1.959964, abs=1e-5)


def test_an_interval_needs_samples() -> None:
    for interval in (sis.hoeffding, sis.wilson):
        with pytest.raises(InputError, match="at least one sample"):
            interval(0.5, 0)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nan_is_refused(bad: float) -> None:
    broken = P.copy()
    broken[0, 0] = bad
    for function in (sis.sis, sis.sis_per_output, sis.soft_sis, sis.accuracy, sis.nll):
        with pytest.raises(InputError, match="NaN"):
            function(broken, Q)
        with pytest.raises(InputError, match="NaN"):
            function(Q, broken)


@pytest.mark.parametrize("other", [Q[:2], Q[:, :1], Q[0], np.zeros((0, 2))])
def test_shapes_must_fit(other: np.ndarray) -> None:
    with pytest.raises(InputError, match="shape"):
        sis.sis(P if other.size else other, other)


def test_a_constant_model_has_sis_1_and_is_called_constant() -> None:
    c = np.array([[0, 1], [1, 0], [1, 1], [0, 0]], np.float32)
    split = Split(c, c, np.array([[1], [0], [1], [0]], np.float32))
    always = np.full((4, 1), 0.8, np.float32)
    metrics = score(Outputs(c, always, always), split)
    assert (metrics.sis, metrics.constant, metrics.accuracy) == (1, True, 0.5)
    varied = np.array([[0.8], [0.1], [0.8], [0.8]], np.float32)
    assert not score(Outputs(c, varied, always), split).constant


def test_score_reports_each_mode_in_its_own_field() -> None:
    y = np.array([[1, 0], [1, 0], [0, 0]], np.float32)
    c = np.array([[0.9, 0.9], [0.1, 0.9], [0.1, 0.1]], np.float32)
    split = Split(c, np.array([[1, 1], [1, 1], [0, 0]], np.float32), y)
    metrics = score(Outputs(c, P.astype(np.float32), Q.astype(np.float32)), split)
    assert metrics.n == 3
    assert (metrics.accuracy, metrics.output_accuracy) == pytest.approx((2 / 3, 5 / 6))
    assert (metrics.accuracy_bottleneck, metrics.output_accuracy_bottleneck) == pytest.approx((1 / 3, 2 / 6))
    assert (metrics.sis, metrics.sis_per_output) == pytest.approx((1 / 3, 1 / 2))
    assert (metrics.concept_accuracy, metrics.concept_set_accuracy) == pytest.approx((5 / 6, 2 / 3))
    assert metrics.nll == pytest.approx(sis.nll(P, y), abs=1e-6)
    assert metrics.nll_bottleneck == pytest.approx(sis.nll(Q, y), abs=1e-6)
    assert metrics.confidence == pytest.approx(sis.confidence(P), abs=1e-6)
    assert not metrics.constant
