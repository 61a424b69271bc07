"""The tasks that ship, recomputed from their definitions, from scikit-learn's originals and by enumeration."""

import itertools

import numpy as np
import pytest
from sklearn.datasets import load_digits

from backends.concepts.tasks import SHIPPED, SPLITS, ConceptTask, SplitName, find_task
from backends.concepts.tasks.base import Floats
from backends.concepts.tasks.digits import DigitsAddition, DigitsParity
from backends.concepts.tasks.synthetic import Dot, Majority, SyntheticTask, Xor, feature_stripes, majority_bayes
from backends.errors import InputError
from tests.backends.concepts.conftest import best_rule_accuracy

pytestmark = pytest.mark.unit

FORMULAS: list[ConceptTask] = [task for task in SHIPPED if isinstance(task, SyntheticTask)]
DIGITS: list[ConceptTask] = [task for task in SHIPPED if isinstance(task, DigitsAddition | DigitsParity)]


def _id(task: ConceptTask) -> str:
    return task.id


def _images(task: ConceptTask, name: SplitName) -> list[Floats]:
    """Every single grey image of a split, in 0..1."""
    x = task.split(name).x
    return list(x.reshape(-1, 8, 8) if isinstance(task, DigitsAddition) else x.max(1))


def _key(image: Floats) -> bytes:
    levels: bytes = (image / image.max() * 16).round().astype(np.uint8).tobytes()
    return levels


def _originals() -> dict[bytes, set[int]]:
    bunch = load_digits()
    found: dict[bytes, set[int]] = {}
    for image, digit in zip(bunch.images, bunch.target, strict=True):
        found.setdefault(_key(image), set()).add(int(digit))
    return found


@pytest.mark.parametrize("task", SHIPPED, ids=_id)
def test_groups_and_exclusive_outputs_are_one_hot(task: ConceptTask) -> None:
    split = task.split("test")
    assert sorted(i for group in task.groups for i in group.members) == list(range(len(task.concepts)))
    assert [task.groups[g].members.count(i) for i, g in enumerate(task.groups_of())] == [1] * len(task.concepts)
    assert set(np.unique(split.c)) == set(np.unique(split.y)) == {0, 1}
    for group in task.groups:
        if group.one_hot:
            assert (split.c[:, group.members].sum(1) == 1).all()
    assert task.exclusive is bool((split.y.sum(1) == 1).all() and len(task.outputs) > 1)
    assert (split.c.shape[1], split.y.shape[1]) == (len(task.concepts), len(task.outputs))


@pytest.mark.parametrize("task", SHIPPED, ids=_id)
def test_pictures_are_rgb_bytes_and_the_same_on_every_call(task: ConceptTask) -> None:
    first, again = task.pictures("test", [0, 5, 9]), task.pictures("test", [9, 0])
    assert all(p.dtype == np.uint8 and p.ndim == 3 and p.shape[2] == 3 for p in first)
    assert np.array_equal(first[2], again[0])
    assert np.array_equal(first[0], again[1])
    assert not np.array_equal(first[0], first[1])


@pytest.mark.parametrize("task", FORMULAS + DIGITS, ids=_id)
def test_splits_are_the_same_on_every_call_and_different_from_each_other(task: ConceptTask) -> None:
    for name in SPLITS:
        again = task.make_split(name)
        assert np.array_equal(task.split(name).x, again.x)
        assert np.array_equal(task.split(name).c, again.c)
    assert not np.array_equal(task.split("train").x[:100], task.split("test").x[:100])


@pytest.mark.parametrize("task", DIGITS, ids=_id)
def test_no_image_is_in_two_splits(task: ConceptTask) -> None:
    train, val, test = ({_key(image) for image in _images(task, name)} for name in SPLITS)
    assert train & val == train & test == val & test == set()
    assert len(train) > 900


def test_additions_are_right() -> None:
    task = find_task("digits-addition")
    originals = _originals()
    split = task.split("test")
    for x, c, y in zip(split.x[:300], split.c, split.y, strict=False):
        left, right = c[:10].argmax(), c[10:].argmax()
        assert left in originals[_key(x[0])]
        assert right in originals[_key(x[1])]
        assert np.flatnonzero(y).tolist() == [left + right]
    assert task.answer(split.y[0] > 0.5) == str(split.c[0, :10].argmax() + split.c[0, 10:].argmax())


def test_the_colour_of_a_digit_tells_its_parity_in_training_and_lies_in_the_test() -> None:
    task = find_task("digits-parity")
    originals = _originals()
    agreement = {}
    for name in SPLITS:
        split = task.split(name)
        digits = split.c.argmax(1)
        assert np.array_equal(split.y[:, 0], digits % 2)
        assert all(d in originals[_key(image)] for d, image in zip(digits, _images(task, name), strict=True))
        orange = split.x[:, 0].sum((1, 2)) > split.x[:, 2].sum((1, 2))
        agreement[name] = float((orange == (digits % 2 == 1)).mean())
    assert agreement["train"] == pytest.approx(0.98, abs=0.01)
    assert agreement["val"] == pytest.approx(0.98, abs=0.03)
    assert agreement["test"] == pytest.approx(0.02, abs=0.02)


def test_xor_is_xor() -> None:
    split = Xor().make_split("train")
    first, second = (split.x > 0.5).T
    assert np.array_equal(split.c, np.stack([first, second], 1))
    assert np.array_equal(split.y[:, 0], first ^ second)
    assert best_rule_accuracy(split.c, split.y) == Xor.concept_bayes


@pytest.mark.parametrize("hidden", [1, 2])
def test_majority_is_the_majority_of_five_of_which_some_are_hidden(hidden: int) -> None:
    task = Majority(hidden)
    split = task.make_split("train")
    bits = split.x > 0.5
    assert np.array_equal(split.c, bits[:, : 5 - hidden])
    assert np.array_equal(split.y[:, 0], np.median(bits, axis=1))
    assert best_rule_accuracy(bits.astype(np.float32), split.y) == 1
    three_sigma = 3 * (0.8125 * 0.1875 / len(split)) ** 0.5
    assert best_rule_accuracy(split.c, split.y) == pytest.approx(task.concept_bayes, abs=three_sigma)


@pytest.mark.parametrize(("n", "hidden"), [(5, 1), (5, 2), (3, 1), (5, 4)])
def test_the_best_accuracy_without_the_hidden_bits(n: int, hidden: int) -> None:
    rows = np.array(list(itertools.product((0, 1), repeat=n)), np.float32)
    y = (rows.sum(1, keepdims=True) > n / 2).astype(np.float32)
    assert majority_bayes(n, hidden) == best_rule_accuracy(rows[:, : n - hidden], y)


def test_majority_of_three_with_one_hidden_allows_three_quarters() -> None:
    assert majority_bayes(3, 1) == 0.75


def _vectors(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The two vectors behind Dot's sums and differences."""
    return (x[:, :2] + x[:, 2:]) / 2, (x[:, :2] - x[:, 2:]) / 2


def test_dot_is_the_sign_of_a_product_of_independent_vectors() -> None:
    split = Dot().make_split("train")
    v1, v2 = _vectors(split.x.astype(np.float64))
    assert np.array_equal(split.c, np.stack([v1.sum(1) > 0, -v2.sum(1) > 0], 1))
    product = (v1 * v2).sum(1)
    clear = np.abs(product) > 1e-3
    assert np.array_equal(split.y[clear, 0], product[clear] > 0)
    assert 0.45 < split.y.mean() < 0.55  # constant where a generator reseeds between the vectors
    assert np.abs(np.corrcoef(v1.T, v2.T)[:2, 2:]).max() < 0.1
    assert np.stack([v1, v2]).std() == pytest.approx(2, abs=0.1)


def test_dots_concepts_allow_three_quarters() -> None:
    v1, v2 = np.random.default_rng(99).normal(size=(2, 200_000, 2))
    c = np.stack([v1.sum(1) > 0, v2.sum(1) < 0], 1).astype(np.float32)
    y = ((v1 * v2).sum(1, keepdims=True) > 0).astype(np.float32)
    assert best_rule_accuracy(c, y) == pytest.approx(0.75, abs=0.005)
    assert Dot.concept_bayes == 0.75


def test_stripes_rise_above_the_middle_and_fall_below_it() -> None:
    picture = feature_stripes(np.array([1.0, 0.0, 0.5], np.float32), 0.0, 1.0).astype(int)
    filled = (np.abs(picture - 245).sum(2) > 0) & (np.abs(picture - 140).sum(2) > 0)
    above, below = filled[:23].sum(0), filled[25:].sum(0)
    assert above[8] > 20 > below[8] == 0
    assert below[24] > 20 > above[24] == 0
    assert above[40] + below[40] <= 1


def test_answers_in_words() -> None:
    assert find_task("xor").answer([True]) == "different"
    assert find_task("xor").answer([False]) == "same"
    addition = find_task("digits-addition")
    assert addition.answer([i in (3, 7) for i in range(19)]) == "3 + 7"
    assert addition.answer([False] * 19) == "no class above 0.5"


def test_an_unknown_task_is_answered_with_the_known_ones() -> None:
    with pytest.raises(InputError, match="digits-addition, digits-parity, scenes"):
        find_task("xorr")
