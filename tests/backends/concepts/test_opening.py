"""The stored opening of the page: readable, whole, and still what the shipped models say."""

from pathlib import Path

import pytest
from pydantic import TypeAdapter

from backends.concepts import opening
from backends.concepts.checkpoints import is_shipped
from backends.concepts.comparison import compare, make_opening
from backends.concepts.opening import read_opening, write_opening
from backends.errors import MissingFileError

pytestmark = pytest.mark.method


def test_it_comes_back_as_it_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stored = read_opening()
    monkeypatch.setattr(opening, "OPENING_FILE", tmp_path / "deep" / "opening.json")
    write_opening(stored)
    assert read_opening() == stored


def test_it_shows_models_that_ship_and_what_they_still_say() -> None:
    stored = read_opening().comparison
    assert stored.left.model.beta == 0 < stored.right.model.beta
    assert is_shipped(stored.left.model)
    assert is_shipped(stored.right.model)
    fresh = compare(stored.left.model, stored.right.model, stored.sample, {}, None)
    assert fresh.picture == stored.picture
    for now, then in ((fresh.left, stored.left), (fresh.right, stored.right)):
        assert now.result.default.probabilities == pytest.approx(then.result.default.probabilities, abs=1e-3)
        assert now.result.bottleneck.probabilities == pytest.approx(then.result.bottleneck.probabilities, abs=1e-3)
        assert now.scores.metrics.sis == pytest.approx(then.scores.metrics.sis, abs=2e-3)
        assert now.scores.metrics.accuracy == pytest.approx(then.scores.metrics.accuracy, abs=2e-3)


def test_true_concepts_mend_one_of_its_models_and_not_the_other() -> None:
    from backends.concepts.requests import PredictRequest
    from backends.concepts.service import predict, true_edits

    stored = read_opening().comparison
    mended = []
    for side in (stored.left, stored.right):
        assert not side.result.default.correct
        edits = true_edits(side.model, stored.sample)
        mended.append(predict(PredictRequest(side.model, stored.sample, edits)).default.correct)
    assert mended == [False, True]


def test_it_is_made_again_by_its_command() -> None:
    assert make_opening().comparison.sample == read_opening().comparison.sample


@pytest.mark.parametrize("content", [None, b"{}", b"[", TypeAdapter(dict[str, int]).dump_json({"comparison": 1})])
def test_a_file_that_no_longer_fits_is_called_out_of_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    monkeypatch.setattr(opening, "OPENING_FILE", tmp_path / "opening.json")
    if content is not None:
        (tmp_path / "opening.json").write_bytes(content)
    with pytest.raises(MissingFileError, match=r"missing or out of date.*`python -m backends\.concepts\.comparison`"):
        read_opening()
