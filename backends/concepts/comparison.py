"""Two models side by side on one sample under the same edits, and the one that the page opens with.

`python -m backends.concepts.comparison` computes the opening again, from the shipped models.
"""

from __future__ import annotations

from backends.concepts.answers import Comparison, Curve, Side
from backends.concepts.checkpoints import load
from backends.concepts.explain import explain
from backends.concepts.interventions import intervention_curve
from backends.concepts.opening import OPENING_FILE, Opening, write_opening
from backends.concepts.requests import FILTERS, CurveRequest, Edits, ModelRequest, PredictRequest, Prior
from backends.concepts.service import (
    find_samples,
    predict,
    sample_page,
    scores,
    true_edits,
)
from backends.errors import InputError

OPENING_TASK, OPENING_MODEL, OPENING_BETA = "digits-addition", "crm", 0.1


def side(request: PredictRequest, output: str | None) -> Side:
    """One model's part of a comparison; `output` is the one to explain (None: the true one)."""
    return Side(request.model, predict(request), scores(request.model, request.prior), explain(request, output))


def compare(
    left: ModelRequest,
    right: ModelRequest,
    sample: int,
    edits: Edits,
    prior: Prior | None,
    output: str | None = None,
) -> Comparison:
    """Both models on a test sample of their task, with the same edits and prior."""
    if left.task != right.task:
        raise InputError(f"Both models must be trained on one task, got {left.task} and {right.task}.")
    sides = [side(PredictRequest(model, sample, edits, prior), output) for model in (left, right)]
    (picture,) = left.concept_task.pictures("test", [sample])
    return Comparison(sample, picture.tolist(), *sides)


def compare_curves(left: ModelRequest, right: ModelRequest, request: CurveRequest) -> tuple[Curve, Curve]:
    """The intervention curves of both models."""
    first, second = (intervention_curve(load(model), request) for model in (left, right))
    return first, second


def make_opening() -> Opening:
    """A sample on which setting all concepts to their truth mends one model and not the other."""
    left = ModelRequest(OPENING_TASK, OPENING_MODEL)
    right = ModelRequest(OPENING_TASK, OPENING_MODEL, OPENING_BETA)

    def mended(model: ModelRequest, sample: int) -> bool:
        request = PredictRequest(model, sample, true_edits(model, sample))
        return predict(request).default.correct

    candidates = find_samples(right, "mispredicted")
    for kind in FILTERS[1:]:  # the left model is wrong too, in a concept and in one of its modes
        kept = set(find_samples(left, kind))
        candidates = [i for i in candidates if i in kept]
    sample = next(i for i in candidates if mended(right, i) and not mended(left, i))
    return Opening(
        compare(left, right, sample, {}, None),
        sample_page(left, "mispredicted"),
        compare_curves(left, right, CurveRequest(unit="concept")),
    )


if __name__ == "__main__":
    write_opening(make_opening())
    print(f"Wrote {OPENING_FILE.name}.")
