"""Interventions: what is set, where curves begin and end, and whom each policy helps first."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from backends.concepts import checkpoints
from backends.concepts.checkpoints import Loaded
from backends.concepts.evaluation import run
from backends.concepts.interventions import (
    N_ORDERS,
    _Bench,
    _influence,
    _next,
    concepts_off,
    intervention_curve,
    intervention_values,
    units_of,
)
from backends.concepts.models.residual import LinearResidualModel
from backends.concepts.requests import CurveRequest, ModelRequest, Policy, Unit
from backends.concepts.sis import accuracy
from backends.concepts.tasks import Group, find_task
from backends.concepts.training import build
from tests.backends.concepts.conftest import Train

pytestmark = pytest.mark.method

UNITS = (Group("yes", (0,)), Group("kind", (1, 2, 3, 4)))
TRUTH = np.array([[i % 2, *np.eye(4)[i % 4]] for i in range(400)], np.float32)
POLICIES: tuple[Policy, ...] = ("random", "uncertainty", "coop", "greedy")


def _values(rate: float) -> np.ndarray:
    return intervention_values(TRUTH, UNITS, rate, np.random.default_rng(0))


def test_right_interventions_set_the_truth() -> None:
    assert np.array_equal(_values(0.0), TRUTH)


def test_wrong_interventions_flip_or_name_another_member() -> None:
    values = _values(1.0)
    assert np.array_equal(values[:, 0], 1 - TRUTH[:, 0])
    assert (values[:, 1:].sum(1) == 1).all()
    assert (values[:, 1:].argmax(1) != TRUTH[:, 1:].argmax(1)).all()
    assert {int(k) for k in values[TRUTH[:, 1] == 1, 1:].argmax(1)} == {1, 2, 3}


def test_a_share_of_interventions_is_wrong() -> None:
    values = _values(0.25)
    for unit in UNITS:
        wrong = (values[:, unit.members] != TRUTH[:, unit.members]).any(1)
        assert wrong.mean() == pytest.approx(0.25, abs=0.07)
    assert set(np.unique(values)) == {0, 1}


def test_units_are_groups_or_single_concepts() -> None:
    task = find_task("digits-addition")
    assert [len(unit.members) for unit in units_of(task, "group")] == [10, 10]
    assert [unit.members for unit in units_of(task, "concept")] == [(i,) for i in range(20)]


@pytest.fixture(scope="module")
def majority(trained: Train) -> Loaded:
    """A few epochs of majority voting: concepts and answers are still often wrong."""
    return checkpoints.load(trained(ModelRequest("majority-h1", "crm", epochs=8)).request)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("unit", ["group", "concept"])
def test_curves_begin_unedited_and_end_with_all_concepts_true(majority: Loaded, policy: Policy, unit: Unit) -> None:
    split = majority.request.concept_task.split("test")
    x = torch.from_numpy(split.x)
    before = run(majority.model, x, majority.prior)
    after = run(majority.model, x, majority.prior, torch.from_numpy(split.c))
    curve = intervention_curve(majority, CurveRequest(policy, unit))
    assert (curve.n, curve.orders) == (1000, N_ORDERS if policy == "random" else 1)
    assert len(curve.default) == len(curve.bottleneck) == 5
    assert curve.default[0] == pytest.approx(accuracy(before.default, split.y))
    assert curve.bottleneck[0] == pytest.approx(accuracy(before.bottleneck, split.y))
    assert curve.default[-1] == pytest.approx(accuracy(after.default, split.y))
    assert curve.bottleneck[-1] == pytest.approx(accuracy(after.bottleneck, split.y))
    assert curve.default_sd[0] == pytest.approx(0) == curve.default_sd[-1]
    assert (max(curve.default_sd) > 1e-9) is (policy == "random")


def test_all_wrong_interventions_end_where_flipped_concepts_lead(majority: Loaded) -> None:
    split = majority.request.concept_task.split("test")
    flipped = run(majority.model, torch.from_numpy(split.x), majority.prior, torch.from_numpy(1 - split.c))
    curve = intervention_curve(majority, CurveRequest(wrong_rate=1.0))
    assert curve.default[-1] == pytest.approx(accuracy(flipped.default, split.y))
    assert curve.default[-1] < curve.default[0]


def test_who_knows_the_answer_is_at_least_as_good_as_chance(majority: Loaded) -> None:
    greedy = intervention_curve(majority, CurveRequest("greedy"))
    chance = intervention_curve(majority, CurveRequest("random"))
    assert all(g >= r - 1e-9 for g, r in zip(greedy.default, chance.default, strict=True))
    assert greedy.default[1] > chance.default[1] + 0.005


def test_a_curve_is_the_same_on_every_call_and_moves_with_its_seed(majority: Loaded) -> None:
    first, again = (intervention_curve(majority, CurveRequest(wrong_rate=0.3)) for _ in range(2))
    assert first == again
    assert intervention_curve(majority, CurveRequest(wrong_rate=0.3, seed=1)).default != first.default


def _planted(c: list[list[float]], y: list[list[float]]) -> _Bench:
    """A linear model of two yes/no concepts that reads the second and hardly the first."""
    request = ModelRequest("xor", "lrm")
    task = request.concept_task
    model = build(request, task.split("train"), task.split("val"))
    assert isinstance(model, LinearResidualModel)
    with torch.no_grad():
        model.linear.weight.zero_()
        model.linear.weight[0, :2] = torch.tensor([0.01, 4.0])
        model.linear.bias.fill_(-2.0)
    truth = torch.tensor([[1.0, 1.0]]).expand(len(c), 2)
    z = torch.zeros(len(c), *model.mean_z.shape)
    return _Bench(Loaded(request, model.eval(), "mean"), task.groups, torch.tensor(c), z, truth, torch.tensor(y))


NONE_DONE = torch.zeros(2, 2, dtype=torch.bool)


@torch.no_grad()
def test_policies_choose_what_was_planted() -> None:
    bench = _planted([[0.5, 0.3], [0.99, 0.6]], [[1.0], [1.0]])
    assert _next(bench, NONE_DONE, "uncertainty").tolist() == [0, 1]
    assert _next(bench, NONE_DONE, "coop").tolist() == [1, 1]  # the uncertain one has no influence
    assert _next(bench, NONE_DONE, "greedy").tolist() == [1, 0]  # the second sample's second concept is right already
    first_done = torch.tensor([[True, False], [True, False]])
    for policy in POLICIES[1:]:
        assert _next(bench, first_done, policy).tolist() == [1, 1]


def _logistic(logit: float) -> float:
    return 1 / (1 + math.exp(-logit))


def _entropy(p: float) -> float:
    return -p * math.log(p) - (1 - p) * math.log(1 - p)


@torch.no_grad()
def test_coop_weighs_uncertainty_by_the_change_that_is_expected() -> None:
    c = np.random.default_rng(0).uniform(0.02, 0.98, (100, 2))
    bench = _planted(c.tolist(), [[1.0]] * 100)
    assert isinstance(bench.loaded.model, LinearResidualModel)
    weights = (1.0, 4.0)
    bench.loaded.model.linear.weight[0, :2] = torch.tensor(weights)
    scores, influences = np.zeros((100, 2)), np.zeros((100, 2))
    for i, row in enumerate(c):
        hard = [float(p > 0.5) for p in row]
        now = _logistic(-2 + hard[0] * weights[0] + hard[1] * weights[1])
        for k, p in enumerate(row):
            for value, chance in ((0.0, 1 - p), (1.0, p)):
                told = [value if j == k else hard[j] for j in range(2)]
                then = _logistic(-2 + told[0] * weights[0] + told[1] * weights[1])
                influences[i, k] += chance * abs(then - now)
            scores[i, k] = influences[i, k] * _entropy(p)
    chosen = _next(bench, torch.zeros(100, 2, dtype=torch.bool), "coop").numpy()
    assert np.array_equal(chosen, scores.argmax(1))
    assert not np.array_equal(chosen, influences.argmax(1))


@torch.no_grad()
def test_the_influence_of_a_group_is_expected_under_its_own_distribution() -> None:
    bench = replace(_planted([[0.2, 0.6]], [[1.0]]), units=(Group("kind", (0, 1)),))
    assert isinstance(bench.loaded.model, LinearResidualModel)
    bench.loaded.model.linear.weight[0, :2] = torch.tensor([1.0, 4.0])
    now, first, second = _logistic(2), _logistic(-1), _logistic(2)
    expected = 0.25 * abs(first - now) + 0.75 * abs(second - now)
    assert _influence(bench, torch.zeros(1, 1, dtype=torch.bool), 0).item() == pytest.approx(expected, rel=1e-5)


def test_a_group_is_as_uncertain_as_its_members_on_average() -> None:
    model = _planted([[0.5, 0.5]], [[1.0]]).loaded
    c = torch.tensor([[0.5, 0.5, 0.02, 0.02], [0.02, 0.02, 0.5, 0.02]])
    units = (Group("first", (0, 1)), Group("second", (2, 3)))
    bench = _Bench(model, units, c, torch.zeros(2, 1), c, torch.zeros(2, 1))
    assert _next(bench, NONE_DONE, "uncertainty").tolist() == [0, 1]


def test_without_concepts_a_black_box_loses_nothing_and_a_bottleneck_everything(
    trained: Train, xor_model: Callable[[str], Loaded]
) -> None:
    box = trained(ModelRequest("xor", "black-box"))
    assert box.metrics.accuracy > 0.9
    assert concepts_off(checkpoints.load(box.request)) == box.metrics.accuracy
    cbm = trained(ModelRequest("xor", "cbm-independent"))
    assert cbm.metrics.accuracy > 0.9
    assert concepts_off(checkpoints.load(cbm.request)) == pytest.approx(0.5, abs=0.06)
