"""Training tiny models for real: reproducible, observable, stoppable, and able to learn what it should."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from backends import store
from backends.concepts import checkpoints
from backends.concepts.catalog import MODEL_INFO
from backends.concepts.checkpoints import NotTrainedError
from backends.concepts.evaluation import evaluate, run
from backends.concepts.requests import ModelRequest
from backends.concepts.sis import accuracy
from backends.concepts.train import command_of, parse
from backends.concepts.training import own_prior, train
from backends.progress import Progress, finish
from backends.settings import settings
from tests.backends.concepts.conftest import Train

pytestmark = pytest.mark.method

N_STAGES = {"cbm-sequential": 2, "pcbm-h": 3}


def _beta(kind: str) -> float:
    return 0.1 if MODEL_INFO[kind].takes_beta else 0.0


@pytest.mark.parametrize("kind", MODEL_INFO)
def test_the_same_request_gives_the_same_weights(kind: str) -> None:
    request = ModelRequest("xor", kind, _beta(kind), epochs=1)
    torch.manual_seed(1)
    first = finish(train(request)).model.state_dict()
    torch.manual_seed(2)  # whatever else computes in this process
    np.random.seed(2)
    second = finish(train(request)).model.state_dict()
    other = finish(train(replace(request, seed=2))).model.state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not all(torch.equal(first[name], other[name]) for name in first)


@pytest.mark.parametrize("kind", MODEL_INFO)
def test_progress_and_history_of_every_model(kind: str) -> None:
    epochs = 2
    work = train(ModelRequest("xor", kind, _beta(kind), epochs=epochs))
    steps: list[Progress] = []
    while True:
        try:
            steps.append(next(work))
        except StopIteration as stop:
            done = stop.value
            break
    total = epochs * N_STAGES.get(kind, 1)
    assert [step.fraction for step in steps] == pytest.approx([(i + 1) / total for i in range(total)])
    assert [len(step.preview) for step in steps if isinstance(step.preview, tuple)] == list(range(1, total + 1))
    assert done.history == steps[-1].preview
    assert [epoch.epoch for epoch in done.history] == list(range(1, total + 1))
    assert all(np.isfinite([e.train_loss, e.val_loss, e.accuracy, e.sis]).all() for e in done.history)
    assert done.metrics == evaluate(done.model, done.request.concept_task.split("test"), done.prior)


def _random_states() -> list[bytes]:
    return [torch.get_rng_state().numpy().tobytes(), str(np.random.get_state()).encode()]


def test_a_training_that_is_stopped_leaves_nothing_behind() -> None:
    def files() -> list[Path]:
        return sorted(settings().cache_dir.rglob("*"))

    request = ModelRequest("xor", "crm", 0.7, epochs=5)
    before, threads, random = files(), torch.get_num_threads(), _random_states()
    work = train(request)
    next(work)
    next(work)
    work.close()
    assert files() == before
    assert torch.get_num_threads() == threads
    assert torch.is_grad_enabled()
    assert _random_states() == random
    with pytest.raises(NotTrainedError, match="train it first"):
        checkpoints.load(request)


def test_the_regularised_crm_learns_xor_through_its_concepts(trained: Train) -> None:
    metrics = trained(ModelRequest("xor", "crm", 0.1)).metrics
    assert metrics.sis >= 0.98
    assert metrics.accuracy >= 0.95
    assert metrics.accuracy_bottleneck >= 0.95


def test_the_linear_model_cannot_do_xor_without_its_sidechannel(trained: Train) -> None:
    metrics = trained(ModelRequest("xor", "lrm")).metrics
    assert metrics.accuracy >= 0.9
    assert metrics.accuracy_bottleneck == pytest.approx(0.5, abs=0.15)


def test_what_is_kept_answers_as_what_was_measured(trained: Train) -> None:
    for kind in MODEL_INFO:
        done = trained(ModelRequest("xor", kind, epochs=5))
        loaded = checkpoints.load(done.request)
        assert loaded.prior == done.prior
        assert loaded.model is not done.model
        assert evaluate(loaded.model, done.request.concept_task.split("test"), loaded.prior) == done.metrics


def test_what_ships_in_half_precision_answers_as_what_was_measured(
    trained: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def here(function: str) -> None:
        original = getattr(store, function)
        monkeypatch.setattr(store, function, lambda *a, **k: original(*a, **{"folder": tmp_path} | k))

    for function in ("save_weights", "load_weights", "manifest"):
        here(function)
    checkpoints.load.cache_clear()
    for kind in ("crm", "cmr-tree", "pcbm-h", "dcr"):
        done = trained(ModelRequest("xor", kind, epochs=5))
        assert not checkpoints.is_shipped(done.request)
        checkpoints.ship(done, command_of(done.request), "2026-01-01")
        assert checkpoints.is_shipped(done.request)
        tensors, entry = store.load_weights(checkpoints.weights_name(done.request))
        assert {tensor.dtype for tensor in tensors.values()} == {torch.float16}
        assert entry.figures["sis"] == round(done.metrics.sis, 4)
        loaded = checkpoints.load(done.request)
        assert evaluate(loaded.model, done.request.concept_task.split("test"), loaded.prior) == done.metrics
    checkpoints.load.cache_clear()


def test_a_model_is_trained_once_and_then_found() -> None:
    request = ModelRequest("xor", "crm", 0.9, seed=5, epochs=2)
    with pytest.raises(NotTrainedError):
        checkpoints.load(request)
    steps = []
    work = checkpoints.obtain(request)
    while True:
        try:
            steps.append(next(work).fraction)
        except StopIteration as stop:
            first = stop.value
            break
    assert steps == [0.5, 1.0]
    with pytest.raises(StopIteration) as found:
        next(checkpoints.obtain(request))
    checkpoints.load.cache_clear()  # as after a restart: only the disk remembers
    again = checkpoints.load(request)
    for loaded in (found.value.value, again):
        assert loaded.prior == first.prior == "learned"
        assert all(torch.equal(a, b) for a, b in zip(loaded.model.parameters(), first.model.parameters(), strict=True))


@pytest.mark.parametrize(
    ("kind", "beta", "prior"),
    [
        ("crm", 0.0, "mean"),
        ("crm", 0.1, "learned"),
        ("lrm", 0.0, "mean"),
        ("crm-detach", 0.0, "learned"),
        ("cmr", 0.0, "learned"),
        ("cmr-tree", 0.1, "learned"),
        ("cbm-joint", 0.0, "mean"),
    ],
)
def test_each_model_is_measured_with_the_prior_of_the_papers_protocol(kind: str, beta: float, prior: str) -> None:
    assert own_prior(ModelRequest("xor", kind, beta)) == prior


@pytest.mark.parametrize("beta", [0.0, 0.1])
def test_the_mean_prior_is_the_mean_over_the_training_split(trained: Train, beta: float) -> None:
    done = trained(ModelRequest("xor", "crm", beta, epochs=5))
    x = torch.from_numpy(done.request.concept_task.split("train").x)
    with torch.no_grad():
        z = done.model.represent(x).z
    assert torch.allclose(done.model.mean_z, z.mean(0), atol=2e-3)
    assert z.std(0).max() > 0.05


def test_the_probes_of_pcbm_are_calibrated_on_the_training_split(trained: Train) -> None:
    done = trained(ModelRequest("majority-h1", "pcbm-h", epochs=2))
    split = done.request.concept_task.split("train")
    with torch.no_grad():
        c = done.model.represent(torch.from_numpy(split.x)).c.numpy()
    assert c.mean(0) == pytest.approx(split.c.mean(0), abs=0.02)  # as logistic regression is, up to half precision
    assert accuracy(c, split.c, "per_output") > 0.6


def test_edits_replace_only_what_is_not_nan(trained: Train) -> None:
    done = trained(ModelRequest("xor", "crm", 0.1))
    split = done.request.concept_task.split("test")
    x = torch.from_numpy(split.x)
    plain = run(done.model, x, "learned")
    untouched = run(done.model, x, "learned", torch.full((len(x), 2), torch.nan))
    assert np.array_equal(plain.default, untouched.default)
    flipped = run(done.model, x, "learned", torch.from_numpy(1 - split.c) * torch.tensor([1.0, torch.nan]))
    assert np.array_equal(flipped.concepts, plain.concepts)
    assert accuracy(flipped.bottleneck, 1 - split.y) > 0.9  # one wrong bit turns an exclusive or around


@pytest.mark.parametrize(
    "request_",
    [
        ModelRequest("xor", "crm"),
        ModelRequest("majority-h2", "lrm", 0.01, 3),
        ModelRequest("scenes", "crm", 0.5, 1, "dropout"),
        ModelRequest("dot", "dcr", 100.0, 7, "tv", 12),
    ],
)
def test_the_command_of_a_model_trains_that_model(request_: ModelRequest) -> None:
    words = command_of(request_).split()
    assert words[:3] == ["python", "-m", "backends.concepts.train"]
    options = parse(words[3:])
    again = ModelRequest(options.task, options.model, options.beta, options.seed, options.regulariser, options.epochs)
    assert again == request_
    assert options.ship
