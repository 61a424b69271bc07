"""Answers about one sample against the whole batch, and samples found against the outputs themselves."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from backends.concepts import service
from backends.concepts.checkpoints import Loaded
from backends.concepts.comparison import compare
from backends.concepts.evaluation import Outputs, run
from backends.concepts.requests import ModelRequest, PredictRequest, Prior
from backends.concepts.sis import hoeffding, wilson
from backends.concepts.tasks import SHIPPED, ConceptTask
from backends.errors import InputError
from tests.backends.concepts.conftest import Train

pytestmark = pytest.mark.method

PRIORS: tuple[Prior, ...] = ("mean", "shuffled", "learned")
PAGE = service.PAGE
Make = Callable[[str], Loaded]


@pytest.fixture(scope="module")
def addition(trained: Train) -> ModelRequest:
    """A few epochs of digit addition: sometimes wrong in every way, on one-hot groups and 19 outputs."""
    return trained(ModelRequest("digits-addition", "crm", epochs=8)).request


def _batch(loaded: Loaded, prior: Prior, *, told: bool = False) -> Outputs:
    split = loaded.request.concept_task.split("test")
    return run(loaded.model, torch.from_numpy(split.x), prior, torch.from_numpy(split.c) if told else None)


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("kind", ["crm", "cem", "cmr", "pcbm-h", "cbm-joint"])
def test_a_sample_alone_answers_as_in_the_batch(xor_model: Make, kind: str, prior: Prior) -> None:
    loaded = xor_model(kind)
    plain, told = _batch(loaded, prior), _batch(loaded, prior, told=True)
    y = loaded.request.concept_task.split("test").y
    for i in (0, 1, 500, 999):
        result = service.predict(PredictRequest(loaded.request, i, service.true_edits(loaded.request, i), prior))
        for mode, now, before in (
            (result.default, told.default[i], plain.default[i]),
            (result.bottleneck, told.bottleneck[i], plain.bottleneck[i]),
        ):
            assert mode.probabilities == pytest.approx(now, abs=1e-5)
            assert mode.unedited == pytest.approx(before, abs=1e-5)
            assert mode.correct is bool((now > 0.5) == (y[i] > 0.5))
            assert mode.answer == ("different" if now > 0.5 else "same")
            assert mode.unedited_answer == ("different" if before > 0.5 else "same")
        assert result.agree is bool((told.default[i] > 0.5) == (told.bottleneck[i] > 0.5))
        assert (result.prior, result.truth) == (prior, tuple(y[i]))
        assert [state.value for state in result.concepts] == [state.truth for state in result.concepts]
        assert all(state.edited for state in result.concepts)
        assert [state.predicted for state in result.concepts] == pytest.approx(plain.concepts[i], abs=1e-5)


def test_editing_a_group_and_half_a_concept(addition: ModelRequest) -> None:
    result = service.predict(PredictRequest(addition, 3, {"right digit": "right is 4", "left is 2": 0.3}))
    right = [state for state in result.concepts if state.group == "right digit"]
    assert [state.value for state in right] == [float(d == 4) for d in range(10)]
    left = {state.name: state for state in result.concepts if state.group == "left digit"}
    assert (left["left is 2"].value, left["left is 2"].edited) == (0.3, True)
    assert not left["left is 3"].edited
    assert left["left is 3"].value == left["left is 3"].predicted
    assert result.truth_answer == str(int(np.argmax(result.truth)))
    assert result.reads_soft is False


@pytest.mark.parametrize("task", SHIPPED, ids=lambda task: task.id)
def test_true_edits_of_every_task_are_edits_that_set_the_truth(task: ConceptTask) -> None:
    from backends.concepts.requests import resolve_edits

    for i in (0, 7):
        values = resolve_edits(task, service.true_edits(ModelRequest(task.id, "crm"), i))
        assert [values[k] for k in range(len(task.concepts))] == task.split("test").c[i].tolist()


@pytest.mark.parametrize("prior", [None, "shuffled"])
def test_filters_find_exactly_their_samples(addition: ModelRequest, prior: Prior | None) -> None:
    from backends.concepts.checkpoints import load

    split = addition.concept_task.split("test")
    outputs = _batch(load(addition), prior or "mean")
    default, bottleneck = outputs.default > 0.5, outputs.bottleneck > 0.5
    expected = {
        "all": list(range(len(split))),
        "mispredicted": [i for i in range(len(split)) if (default[i] != (split.y[i] > 0.5)).any()],
        "modes disagree": [i for i in range(len(split)) if (default[i] != bottleneck[i]).any()],
        "concept errors": [i for i in range(len(split)) if ((outputs.concepts[i] > 0.5) != split.c[i]).any()],
    }
    for wanted, ids in expected.items():
        assert service.find_samples(addition, wanted, prior) == ids  # type: ignore[arg-type]
        assert len(ids) > 0
    disagreeing = expected["modes disagree"][:5]
    assert all(not service.predict(PredictRequest(addition, i, {}, prior)).agree for i in disagreeing)


def test_pages_of_samples(addition: ModelRequest) -> None:
    found = service.find_samples(addition, "mispredicted")
    page = service.sample_page(addition, "mispredicted", start=PAGE)
    assert page.ids == tuple(found[PAGE : 2 * PAGE])
    assert (page.start, page.total, len(page.pictures)) == (PAGE, len(found), PAGE)
    y = addition.concept_task.split("test").y
    assert page.captions == tuple(str(int(y[i].argmax())) for i in page.ids)
    (picture,) = addition.concept_task.pictures("test", [page.ids[5]])
    assert page.pictures[5] == picture.tolist()


def test_turning_pages_stays_among_what_was_found(addition: ModelRequest) -> None:
    total = len(service.find_samples(addition, "all"))
    last = (total - 1) // PAGE * PAGE
    assert service.page_start(addition, "all", 0, 1) == PAGE
    assert service.page_start(addition, "all", 0, -1) == 0
    assert service.page_start(addition, "all", last, 1) == last
    assert service.page_start(addition, "all", PAGE, 10_000) == last
    assert len(service.sample_page(addition, "all", last).ids) == total - last


def test_scores_carry_intervals_the_floor_and_what_misleads(addition: ModelRequest, trained: Train) -> None:
    done = trained(addition)
    scores = service.scores(addition)
    assert scores.metrics == done.metrics
    assert scores.hoeffding == hoeffding(done.metrics.sis, 2000)
    assert scores.wilson == wilson(done.metrics.sis, 2000)
    sums = addition.concept_task.split("test").y.argmax(1)
    assert scores.majority == pytest.approx(np.bincount(sums).max() / 2000)


def test_a_constant_prediction_and_hedging_are_pointed_out(trained: Train) -> None:
    metrics = trained(ModelRequest("xor", "crm", 0.1)).metrics
    assert service.cautions(metrics) == ()
    words = {
        "constant": ("One answer for every sample", {"constant": True}),
        "hedges": ("It hedges", {"confidence": 0.012}),
        "loses": ("Without its sidechannel", {"accuracy_bottleneck": metrics.accuracy - 0.11}),
    }
    from dataclasses import replace

    for text, changed in words.values():
        (caution,) = service.cautions(replace(metrics, **changed))  # type: ignore[arg-type]
        assert caution.startswith(text)


def test_a_comparison_puts_both_models_under_the_same_edits(xor_model: Make) -> None:
    left, right = xor_model("crm").request, xor_model("lrm").request
    edits = {"first is high": 1.0}
    result = compare(left, right, 5, edits, "mean")
    assert (result.left.model, result.right.model) == (left, right)
    for side in (result.left, result.right):
        assert side.result == service.predict(PredictRequest(side.model, 5, edits, "mean"))
        assert side.scores == service.scores(side.model, "mean")
    assert np.array_equal(result.picture, left.concept_task.pictures("test", [5])[0])


def test_models_of_different_tasks_and_samples_that_are_not_there_cannot_be_compared(xor_model: Make) -> None:
    left = xor_model("crm").request
    with pytest.raises(InputError, match="Both models must be trained on one task, got xor and dot"):
        compare(left, ModelRequest("dot", "crm"), 0, {}, None)
    with pytest.raises(InputError, match="no sample 1000"):
        compare(left, left, 1000, {}, None)
