"""Answers about one trained model: predictions under edits, samples worth a look, scores.

Everything here is light: it needs a trained model and answers in milliseconds.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import torch

from backends.concepts import checkpoints, interventions
from backends.concepts.answers import (
    ConceptState,
    Metrics,
    ModeResult,
    PredictResult,
    SamplePage,
    Scores,
)
from backends.concepts.evaluation import Outputs, run, score
from backends.concepts.requests import (
    FILTERS,
    Filter,
    ModelRequest,
    PredictRequest,
    Prior,
    resolve_edits,
)
from backends.concepts.sis import decide, hoeffding, wilson
from backends.concepts.tasks import ConceptTask
from backends.errors import InputError, quoted

PAGE = 16  # samples shown at once
HEDGING = 0.2  # mean |p - 0.5| below which a model is said to hedge


def _mode(task: ConceptTask, p: np.ndarray, p_unedited: np.ndarray, y: np.ndarray) -> ModeResult:
    decided = decide(p)
    return ModeResult(
        tuple(p.tolist()),
        task.answer(decided),
        bool((decided == decide(y)).all()),
        tuple(p_unedited.tolist()),
        task.answer(decide(p_unedited)),
    )


def predict(request: PredictRequest) -> PredictResult:
    """Both modes on one sample with the edits, beside what they say without.

    With the prior "shuffled" the sidechannel is the test sample's before it, as on the whole split.
    """
    loaded = checkpoints.load(request.model)
    task, prior = request.model.concept_task, request.prior or loaded.prior
    split = task.split("test")
    i, edits = request.sample, resolve_edits(task, request.edits)
    device = next(loaded.model.parameters()).device
    pair = [i, (i - 1) % len(split)]  # the second lends its sidechannel to the prior "shuffled"
    x = torch.from_numpy(split.x[pair]).to(device)
    edited = torch.full((2, len(task.concepts)), math.nan, device=device)
    for concept, value in edits.items():
        edited[0, concept] = value
    before, after = run(loaded.model, x, prior), run(loaded.model, x, prior, edited)
    default = _mode(task, after.default[0], before.default[0], split.y[i])
    bottleneck = _mode(task, after.bottleneck[0], before.bottleneck[0], split.y[i])
    return PredictResult(
        _concept_states(task, before.concepts[0], split.c[i], edits),
        task.outputs,
        tuple(int(v) for v in split.y[i]),
        task.answer(decide(split.y[i])),
        default,
        bottleneck,
        bool((decide(after.default[0]) == decide(after.bottleneck[0])).all()),
        prior,
        loaded.model.reads_soft,
    )


def _concept_states(
    task: ConceptTask, predicted: np.ndarray, truth: np.ndarray, edits: dict[int, float]
) -> tuple[ConceptState, ...]:
    owner = task.groups_of()
    states = []
    for i, name in enumerate(task.concepts):
        group = task.groups[owner[i]]
        p = float(predicted[i])
        value = edits.get(i, p)
        one_hot = group.name if group.one_hot else None
        states.append(ConceptState(name, one_hot, p, int(truth[i]), value, i in edits))
    return tuple(states)


def true_edits(model: ModelRequest, sample: int) -> dict[str, float | str]:
    """The edits that set every concept of a test sample to its truth."""
    task = model.concept_task
    truth = task.split("test").c[sample]
    edits: dict[str, float | str] = {}
    for group in task.groups:
        if group.one_hot:
            edits[group.name] = task.concepts[group.members[int(truth[list(group.members)].argmax())]]
        else:
            edits[task.concepts[group.members[0]]] = float(truth[group.members[0]])
    return edits


@lru_cache(maxsize=32)
def test_outputs(request: ModelRequest, prior: Prior | None) -> Outputs:
    """The model's unedited outputs on the whole test split."""
    loaded = checkpoints.load(request)
    x = torch.from_numpy(request.concept_task.split("test").x)
    device = next(loaded.model.parameters()).device
    return run(loaded.model, x.to(device), prior or loaded.prior)


@lru_cache(maxsize=128)
def scores(request: ModelRequest, prior: Prior | None = None) -> Scores:
    """Test metrics of the model under a prior."""
    split = request.concept_task.split("test")
    metrics = score(test_outputs(request, prior), split)
    _, counts = np.unique(split.y, axis=0, return_counts=True)
    return Scores(
        metrics,
        hoeffding(metrics.sis, metrics.n),
        wilson(metrics.sis, metrics.n),
        interventions.concepts_off(checkpoints.load(request)),
        float(counts.max() / len(split)),
        cautions(metrics),
    )


def cautions(metrics: Metrics) -> tuple[str, ...]:
    """What makes the scores misleading, in words; empty where nothing does."""
    found = []
    if metrics.constant:
        found.append("One answer for every sample: its SIS of 1 means nothing.")
    if metrics.confidence < HEDGING:
        found.append(
            f"It hedges: its probabilities lie {metrics.confidence:.2f} from 0.5 on average, so the "
            "modes differ little in probability (soft SIS) and the NLL is near that of guessing."
        )
    if metrics.accuracy_bottleneck < metrics.accuracy - 0.1:
        found.append("Without its sidechannel it loses more than 10 points of accuracy.")
    return tuple(found)


def find_samples(request: ModelRequest, wanted: Filter, prior: Prior | None = None) -> list[int]:
    """Test samples of the given kind, in order; InputError for an unknown kind."""
    if wanted not in FILTERS:
        raise InputError(f"There is no filter {quoted(wanted)}; choose from {', '.join(FILTERS)}.")
    split, outputs = request.concept_task.split("test"), test_outputs(request, prior)
    decided = decide(outputs.default)
    kinds = {
        "all": np.ones(len(split), bool),
        "mispredicted": (decided != decide(split.y)).any(1),
        "modes disagree": (decided != decide(outputs.bottleneck)).any(1),
        "concept errors": (decide(outputs.concepts) != decide(split.c)).any(1),
    }
    found: list[int] = np.flatnonzero(kinds[wanted]).tolist()
    return found


def sample_page(request: ModelRequest, wanted: Filter, start: int = 0, prior: Prior | None = None) -> SamplePage:
    """Up to 16 test samples of a kind with their pictures, from position `start` among those found."""
    found = find_samples(request, wanted, prior)
    task = request.concept_task
    ids = found[start : start + PAGE]
    y = task.split("test").y
    captions = tuple(task.answer(decide(y[i])) for i in ids)
    pictures = tuple(p.tolist() for p in task.pictures("test", ids))
    return SamplePage(tuple(ids), pictures, captions, start, len(found))


def page_start(request: ModelRequest, wanted: Filter, start: int, pages: int, prior: Prior | None = None) -> int:
    """Where the page lies that is `pages` after the one at `start`, kept within what the filter finds."""
    last = (max(len(find_samples(request, wanted, prior)), 1) - 1) // PAGE * PAGE
    return min(max(start + pages * PAGE, 0), last)
