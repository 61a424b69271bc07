"""Explanations against the parts of the model that they claim to show."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from backends.concepts.answers import BookRule, Flips, LocalRule, RuleBook, Weights
from backends.concepts.checkpoints import Loaded
from backends.concepts.explain import explain, rule_text
from backends.concepts.models import PosthocModel
from backends.concepts.models.residual import LinearResidualModel
from backends.concepts.models.rules import IRRELEVANT, NEGATIVE, POSITIVE, ConceptMemoryReasoner
from backends.concepts.requests import ModelRequest, PredictRequest
from backends.concepts.service import predict, true_edits
from backends.concepts.tasks import find_task
from backends.errors import InputError
from tests.backends.concepts.conftest import Train

pytestmark = pytest.mark.method

Make = Callable[[str], Loaded]


def _explain(loaded: Loaded, sample: int = 0, **edits: Any) -> Any:
    return explain(PredictRequest(loaded.request, sample, edits))


def _everything(loaded: Loaded) -> tuple[np.ndarray, np.ndarray]:
    x = torch.from_numpy(loaded.request.concept_task.split("test").x)
    with torch.no_grad():
        c, z = loaded.model.represent(x)
    return c.numpy(), z.numpy()


def test_the_weights_of_a_linear_head_are_scaled_by_what_they_read(xor_model: Make) -> None:
    loaded = xor_model("lrm")
    assert isinstance(loaded.model, LinearResidualModel)
    c, z = _everything(loaded)
    w = loaded.model.linear.weight.detach().numpy()[0]
    read = np.hstack([c > 0.5, z])
    expected = w * read.std(0, ddof=1)
    shown = _explain(loaded)
    assert isinstance(shown, Weights)
    names = [*loaded.request.concept_task.concepts, *(f"z{i + 1}" for i in range(z.shape[1]))]
    assert {row.name: row.contribution for row in shown.weights} == pytest.approx(
        dict(zip(names, expected, strict=True)), rel=1e-3, abs=1e-6
    )
    assert [row.sidechannel for row in shown.weights] == [row.name.startswith("z") for row in shown.weights]
    magnitudes = [abs(row.contribution) for row in shown.weights]
    assert magnitudes == sorted(magnitudes, reverse=True)
    assert shown.concept_share == pytest.approx(np.abs(expected[:2]).sum() / np.abs(expected).sum(), rel=1e-3)
    assert shown.raw_share == pytest.approx(np.abs(w[:2]).sum() / np.abs(w).sum(), rel=1e-3)


def test_the_regulariser_moves_weight_to_the_concepts(trained: Train) -> None:
    shares = []
    for beta in (0.0, 5.0):
        request = trained(ModelRequest("majority-h2", "lrm", beta, epochs=15)).request
        shown = explain(PredictRequest(request, 0, {}))
        assert isinstance(shown, Weights)
        assert 0 < shown.concept_share < 1
        shares.append(shown.concept_share)
    assert shares[1] > shares[0] + 0.2


def test_the_residual_of_pcbm_is_one_weight_beside_those_of_the_scores(xor_model: Make) -> None:
    loaded = xor_model("pcbm-h")
    assert isinstance(loaded.model, PosthocModel)
    c, z = _everything(loaded)
    with torch.no_grad():
        scores = loaded.model.scores(torch.from_numpy(c)).numpy()
    shown = _explain(loaded)
    by_name = {row.name: row for row in shown.weights}
    assert set(by_name) == {"first is high", "second is high", "z1"}
    assert by_name["z1"].contribution == pytest.approx(z[:, 0].std(ddof=1), rel=1e-3)
    w = loaded.model.linear.weight.detach().numpy()[0]
    assert by_name["first is high"].contribution == pytest.approx(w[0] * scores[:, 0].std(ddof=1), rel=1e-3)
    assert 0 <= shown.concept_share <= 1


def test_a_local_rule_is_the_prediction(xor_model: Make) -> None:
    loaded = xor_model("dcr")
    for sample in (0, 3, 11):
        shown = _explain(loaded, sample, **{"first is high": 1.0})
        assert isinstance(shown, LocalRule)
        product = np.prod([1 - literal.relevance * (1 - literal.truth) for literal in shown.literals])
        assert shown.truth == pytest.approx(float(product), abs=1e-4)
        result = predict(PredictRequest(loaded.request, sample, {"first is high": 1.0}))
        assert shown.truth == pytest.approx(result.default.probabilities[0], abs=1e-5)
        relevances = [literal.relevance for literal in shown.literals]
        assert relevances == sorted(relevances, reverse=True)
        first = next(literal for literal in shown.literals if literal.concept == "first is high")
        assert (first.truth >= 0.5) is first.positive  # the concept is true, so a positive literal holds


def _roles(positive: list[str], negative: list[str], task_id: str = "digits-addition") -> torch.Tensor:
    concepts = find_task(task_id).concepts
    roles = torch.zeros(len(concepts), 3)
    for i, name in enumerate(concepts):
        roles[i, POSITIVE if name in positive else NEGATIVE if name in negative else IRRELEVANT] = 1
    return roles


@pytest.mark.parametrize(
    ("positive", "negative", "text"),
    [
        (["left is 3", "right is 4"], [], "left is 3 and right is 4"),
        (["left is 3"], ["left is 0", "left is 9"], "left is 3"),
        ([], ["left is 0", "left is 9"], "not left is 0 and not left is 9"),
        (["right is 4"], ["left is 0", "right is 5"], "not left is 0 and right is 4"),
        (["left is 3", "left is 4"], [], "left is 3 and left is 4"),
        ([], [], "always"),
    ],
)
def test_rules_in_words(positive: list[str], negative: list[str], text: str) -> None:
    assert rule_text(find_task("digits-addition"), _roles(positive, negative)) == text


def test_rules_on_single_concepts_keep_their_negations() -> None:
    roles = _roles(["first is high"], ["second is high"], "xor")
    assert rule_text(find_task("xor"), roles) == "first is high and not second is high"


def test_a_rule_that_cannot_hold_says_so() -> None:
    roles = _roles(["left is 3"], [])
    roles[7] = 0
    assert rule_text(find_task("digits-addition"), roles) == "never"


def _holds(rule: BookRule, c: dict[str, bool]) -> bool:
    if rule.text == "always":
        return True
    literals = rule.text.split(" and ")
    return all(not c[text[4:]] if text.startswith("not ") else c[text] for text in literals)


@pytest.mark.parametrize("kind", ["cmr", "cmr-tree"])
def test_a_rule_book_says_what_its_rules_do(xor_model: Make, kind: str) -> None:
    loaded = xor_model(kind)
    model = loaded.model
    assert isinstance(model, ConceptMemoryReasoner)
    for sample in range(6):
        edits: Any = true_edits(loaded.request, sample)
        shown = explain(PredictRequest(loaded.request, sample, edits))
        assert isinstance(shown, RuleBook)
        c = {name: bool(value) for name, value in edits.items()}
        assert [rule.fires for rule in shown.rules] == [_holds(rule, c) for rule in shown.rules]
        assert shown.any_fires is any(rule.fires for rule in shown.rules)
        result = predict(PredictRequest(loaded.request, sample, edits))
        assert shown.any_fires is (result.bottleneck.answer == "different")
        fired = sum(rule.selected for rule in shown.rules if rule.fires)
        assert fired == pytest.approx(result.default.probabilities[0], abs=1e-4)
        selected = [rule.selected for rule in shown.rules]
        assert selected == sorted(selected, reverse=True)
        assert sum(selected) == pytest.approx(1, abs=1e-5)
        assert sum(rule.usage for rule in shown.rules) == pytest.approx(1, abs=1e-5)
    assert isinstance(shown, RuleBook)
    injected = [rule.text for rule in shown.rules if rule.injected]
    tree = {"not first is high and second is high", "first is high and not second is high"}
    assert set(injected) == (tree if kind == "cmr-tree" else set())
    assert len(shown.rules) - len(injected) == (3 if kind == "cmr-tree" else 12)


def test_usage_is_the_share_of_samples_that_select_the_rule(xor_model: Make) -> None:
    loaded = xor_model("cmr")
    _, z = _everything(loaded)
    usage = sorted(np.bincount(z[:, 0].argmax(1), minlength=12) / len(z))
    assert sorted(rule.usage for rule in _explain(loaded).rules) == pytest.approx(usage)


def test_rules_that_only_fill_a_book_are_left_out(trained: Train) -> None:
    request = trained(ModelRequest("scenes", "cmr-tree", epochs=1)).request
    books = [explain(PredictRequest(request, 0, {}), output) for output in ("beacon", "flock", "anchor", "drifter")]
    sizes = set()
    for book in books:
        assert isinstance(book, RuleBook)
        assert "never" not in [rule.text for rule in book.rules]
        sizes.add(len([rule for rule in book.rules if rule.injected]))
    assert len(sizes) > 1
    assert min(sizes) >= 1


def test_flips_are_the_differences_that_edits_make(xor_model: Make) -> None:
    loaded = xor_model("crm")
    for sample in range(4):
        shown = _explain(loaded, sample)
        assert isinstance(shown, Flips)
        plain = predict(PredictRequest(loaded.request, sample, {}))
        for flip in shown.flips:
            name, word = flip.change.split(": ")
            edited = predict(PredictRequest(loaded.request, sample, {name: float(word == "yes")}))
            for change, before, after in (
                (flip.default, plain.default, edited.default),
                (flip.bottleneck, plain.bottleneck, edited.bottleneck),
            ):
                assert change == pytest.approx(after.probabilities[0] - before.probabilities[0], abs=1e-5)
        assert len(shown.flips) == 2
        states = {state.name: state.predicted > 0.5 for state in plain.concepts}
        assert all(states[flip.change.split(": ")[0]] is flip.change.endswith("no") for flip in shown.flips)


def test_flips_of_groups_and_of_concepts_whose_group_has_another_name(trained: Train) -> None:
    request = trained(ModelRequest("scenes", "crm", epochs=1)).request
    shown = explain(PredictRequest(request, 0, {"shape": "star", "large": 1.0}), "flock")
    assert isinstance(shown, Flips)
    assert shown.output == "flock"
    changes = [flip.change for flip in shown.flips]
    assert changes[:3] == ["circle", "square", "triangle"]
    assert "large: no" in changes
    assert len(changes) == 3 + 3 + 1 + 1 + 2


def test_a_black_box_does_not_move_when_concepts_flip(xor_model: Make) -> None:
    flips = _explain(xor_model("black-box")).flips
    assert [(flip.default, flip.bottleneck) for flip in flips] == [(0, 0)] * 2


def test_the_true_output_is_explained_unless_another_is_asked_for(trained: Train) -> None:
    request = trained(ModelRequest("scenes", "crm", epochs=1)).request
    for sample in range(5):
        result = predict(PredictRequest(request, sample, {}))
        assert explain(PredictRequest(request, sample, {})).output == result.truth_answer
        assert explain(PredictRequest(request, sample, {}), "drifter").output == "drifter"
    with pytest.raises(InputError, match="no such output; choose from beacon, flock, anchor, drifter"):
        explain(PredictRequest(request, 0, {}), "ship")
