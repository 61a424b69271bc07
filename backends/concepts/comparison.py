"""Two models side by side on one sample under the same edits, and the one that the page opens with.

`python -m backends.concepts.comparison` computes the opening again, from the shipped models.
"""

from __future__ import annotations

from backends.concepts.answers import Comparison, Side
from backends.concepts.explain import explain
from backends.concepts.opening import OPENING_FILE, Opening, write_opening
from backends.concepts.requests import FILTERS, Edits, ModelRequest, PredictRequest, Prior
from backends.concepts.service import (
    find_samples,
    predict,
    sample_page,
    scores,
    true_edits,
)

OPENING_TASK, OPENING_MODEL, OPENING_BETA = "digits-addition", "crm", 0.1


def side(request: PredictRequest) -> Side:
    """One model's part of a comparison."""
    return Side(request.model, predict(request), scores(request.model, request.prior), explain(request))


def compare(left: ModelRequest, right: ModelRequest, sample: int, edits: Edits, prior: Prior | None) -> Comparison:
    """Both models on a test sample of their task, with the same edits and prior."""
    (picture,) = left.concept_task.pictures("test", [sample])
    sides = [side(PredictRequest(model, sample, edits, prior)) for model in (left, right)]
    return Comparison(sample, picture.tolist(), *sides)


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
    return Opening(compare(left, right, sample, {}, None), sample_page(left, "mispredicted"))


if __name__ == "__main__":
    write_opening(make_opening())
    print(f"Wrote {OPENING_FILE.name}.")
