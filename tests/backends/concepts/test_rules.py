"""Logic: DCR's fuzzy rules, CMR's rule books and the rules of decision trees, against plain Python."""

import itertools

import numpy as np
import pytest
import torch
from torch import Tensor

from backends.concepts.models import Shape
from backends.concepts.models.embedding import DeepConceptReasoner, conjunction
from backends.concepts.models.rules import (
    IRRELEVANT,
    NEGATIVE,
    POSITIVE,
    ConceptMemoryReasoner,
    TreeRuleReasoner,
    evaluate_rules,
)
from backends.concepts.tasks import Split, find_task
from backends.concepts.tree_rules import fit_tree_rules
from tests.backends.concepts.conftest import inputs, untrained

pytestmark = pytest.mark.unit

CORNERS = torch.tensor(list(itertools.product((0.0, 1.0), repeat=2)))
ROLES = list(itertools.product((POSITIVE, NEGATIVE, IRRELEVANT), repeat=2))  # every rule on two concepts


def _one_hot(rules: list[tuple[int, ...]]) -> Tensor:
    """Rules of one output, (1, n_r, n_c, 3)."""
    return torch.nn.functional.one_hot(torch.tensor(rules), 3).float()[None]


def _holds(rule: tuple[int, ...], c: list[float]) -> bool:
    wanted = {POSITIVE: (1.0,), NEGATIVE: (0.0,), IRRELEVANT: (0.0, 1.0)}
    return all(value in wanted[role] for role, value in zip(rule, c, strict=True))


@pytest.mark.parametrize("gates", list(itertools.product((0.0, 1.0), repeat=6)))
def test_dcr_is_boolean_logic_at_the_corners(gates: tuple[float, ...]) -> None:
    c, s, r = gates[:2], gates[2:4], gates[4:]
    truth = all(not r[i] or s[i] == c[i] for i in range(2))
    value = conjunction(torch.tensor([c]), torch.tensor(s)[None, :, None], torch.tensor(r)[None, :, None])
    assert value.item() == pytest.approx(float(truth), abs=2e-6)


def test_dcr_is_product_logic_in_between() -> None:
    def either(a: float, b: float) -> float:
        return a + b - a * b

    c, s, r = (0.3, 0.9), (0.6, 0.2), (0.8, 0.5)
    expected = 1.0
    for ci, si, ri in zip(c, s, r, strict=True):
        same = either(1 - si, ci) * either(si, 1 - ci)
        expected *= either(1 - ri, same)
    value = conjunction(torch.tensor([c]), torch.tensor(s)[None, :, None], torch.tensor(r)[None, :, None])
    assert value.item() == pytest.approx(expected)


def test_a_rule_on_many_concepts_does_not_underflow_to_nan() -> None:
    n = 300
    value = conjunction(torch.zeros(1, n), torch.ones(1, n, 1), torch.ones(1, n, 1).requires_grad_())
    assert value.isfinite().all()


def test_dcr_evaluates_the_rule_that_it_shows() -> None:
    model = untrained("dcr")
    assert isinstance(model, DeepConceptReasoner)
    c, z = model.represent(inputs())
    hard = (c > 0.5).float()
    polarity, relevance = model.rule(hard, z)
    assert polarity.shape == relevance.shape == (32, 3, 2)
    assert torch.allclose(model.default(c, z), conjunction(hard, polarity, relevance), atol=1e-5)


@pytest.mark.parametrize("rule", ROLES)
def test_a_rule_is_the_conjunction_of_its_literals(rule: tuple[int, ...]) -> None:
    truth = evaluate_rules(CORNERS, _one_hot([rule]))[:, 0, 0]
    assert truth.tolist() == pytest.approx([float(_holds(rule, c)) for c in CORNERS.tolist()], abs=2e-6)


def test_soft_roles_weigh_the_literals() -> None:
    roles = torch.tensor([[[[0.5, 0.2, 0.3], [0.1, 0.6, 0.3]]]])  # positive, negative, irrelevant
    truth = evaluate_rules(torch.tensor([[1.0, 0.0], [0.0, 1.0]]), roles)[:, 0, 0]
    assert truth.tolist() == pytest.approx([0.8 * 0.9, 0.5 * 0.4])


def test_a_concept_without_a_role_never_lets_a_rule_hold() -> None:
    assert evaluate_rules(CORNERS, torch.zeros(1, 1, 2, 3)).max() < 1e-5


def _book(rules: list[tuple[int, ...]]) -> ConceptMemoryReasoner:
    """A reasoner with these rules and no others."""
    model = ConceptMemoryReasoner(Shape("vector", (4,), 2, 1), 8, n_learned=0, n_fixed=len(rules))
    model.fixed_roles.copy_(_one_hot(rules))
    return model.eval()


@pytest.mark.parametrize("rules", list(itertools.combinations(ROLES, 2)))
def test_all_rules_apply_as_their_or_in_bottleneck_mode(rules: tuple[tuple[int, ...], ...]) -> None:
    model = _book(list(rules))
    z = torch.full((4, 1, 2), 0.5)
    truth = model.bottleneck(CORNERS, z, "learned")[:, 0]
    expected = [float(any(_holds(rule, c) for rule in rules)) for c in CORNERS.tolist()]
    assert truth.tolist() == pytest.approx(expected, abs=5e-6)


def test_the_selector_mixes_the_rules() -> None:
    model = _book([(POSITIVE, POSITIVE), (NEGATIVE, IRRELEVANT), (IRRELEVANT, IRRELEVANT)])
    c = torch.tensor([[1.0, 1.0], [0.0, 1.0], [1.0, 0.0]])  # rules 1 and 3; 2 and 3; 3 only
    z = torch.tensor([[[0.7, 0.2, 0.1]]]).expand(3, 1, 3)
    assert model.default(c, z)[:, 0].tolist() == pytest.approx([0.8, 0.3, 0.1], abs=2e-6)


def test_learned_roles_are_one_hot_in_evaluation_and_soft_in_training() -> None:
    model = untrained("cmr")
    assert isinstance(model, ConceptMemoryReasoner)
    assert set(model.roles().unique().tolist()) == {0.0, 1.0}
    assert torch.equal(model.roles().sum(-1), torch.ones(2, 12, 3))
    soft = model.train().roles()
    assert torch.allclose(soft.sum(-1), torch.ones(2, 12, 3))
    assert ((soft > 0) & (soft < 1)).all()


def _or_of_rules(c: Tensor, roles: Tensor) -> np.ndarray:
    answers: np.ndarray = (evaluate_rules(c, roles) > 0.5).any(-1).numpy()
    return answers


def test_tree_rules_are_the_truth_of_xor() -> None:
    task = find_task("xor")
    roles = fit_tree_rules(task.split("train"), task.split("val"), seed=1)
    assert _or_of_rules(CORNERS, roles)[:, 0].tolist() == [False, True, True, False]


def test_tree_rules_are_the_truth_of_digit_addition() -> None:
    task = find_task("digits-addition")
    roles = fit_tree_rules(task.split("train").head(3000), task.split("val"), seed=1)
    pairs = list(itertools.product(range(10), repeat=2))
    c = torch.zeros(100, 20)
    for row, (left, right) in enumerate(pairs):
        c[row, left] = c[row, 10 + right] = 1
    answers = _or_of_rules(c, roles)
    assert [np.flatnonzero(row).tolist() for row in answers] == [[left + right] for left, right in pairs]


def test_an_output_that_is_always_the_same_needs_no_tree() -> None:
    c = CORNERS.numpy().repeat(5, 0)
    y = np.stack([np.ones(20), np.zeros(20)], 1).astype(np.float32)
    split = Split(c, c, y)
    answers = _or_of_rules(CORNERS, fit_tree_rules(split, split, seed=1))
    assert answers.tolist() == [[True, False]] * 4


def test_injected_rules_come_before_the_learned_ones() -> None:
    roles = _one_hot([(POSITIVE, NEGATIVE), (NEGATIVE, POSITIVE)])
    model = TreeRuleReasoner(Shape("vector", (2,), 2, 1), 8, n_fixed=2)
    model.set_rules(roles)
    assert torch.equal(model.eval().roles()[:, :2], roles)
    assert model.roles().shape == (1, 5, 2, 3)
