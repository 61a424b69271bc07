"""Training that is watched: a frame for every checkpoint, the same that a build would make of them."""

from collections.abc import Generator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch

from backends.errors import InputError
from backends.progress import Progress, finish
from backends.visual_patterns import alignment, build, features, live, shelf, train
from backends.visual_patterns.data import balanced, find, to_input
from backends.visual_patterns.features import Watched
from backends.visual_patterns.live import Emerging
from backends.visual_patterns.networks import HEAD, STAGES
from backends.visual_patterns.samples import Settings
from backends.visual_patterns.subjects import Subject
from backends.visual_patterns.train import Checkpoint, Request

pytestmark = pytest.mark.method

REQUEST = Request("digits", "vgg", seed=3, epochs=1, pictures=256)
SPLIT = balanced(find("digits").split("test"), 20, 0)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer steps for the places."""
    monkeypatch.setattr(live, "SETTINGS", Settings(steps=40))


def test_every_checkpoint_becomes_a_frame_in_one_series() -> None:
    checkpoints = [step.preview for step in train.train(REQUEST) if isinstance(step.preview, Checkpoint)]
    seen = [step.preview for step in live._watching(train.train(REQUEST), REQUEST, SPLIT)]
    last = seen[-1]
    assert isinstance(last, Emerging)
    assert [frame.step for frame in last.frames] == [checkpoint.step for checkpoint in checkpoints]
    assert last.labels == tuple(SPLIT.labels.tolist())
    found = [
        features.extract(Watched(train.loaded(REQUEST, one.state), STAGES, HEAD), to_input(SPLIT.pictures))
        for one in checkpoints
    ]
    wanted = alignment.series(((one.samples, one.logits) for one in found), live.SETTINGS)
    for frame, (places, _) in zip(last.frames, wanted, strict=True):
        assert torch.allclose(frame.g, places.g, atol=1e-5)
        assert 0 <= frame.agreement <= 1


def test_a_checkpoint_that_nobody_saw_is_in_the_next_preview() -> None:
    previews = [step.preview for step in live._watching(train.train(REQUEST), REQUEST, SPLIT)]
    counts = [len(preview.frames) for preview in previews if isinstance(preview, Emerging)]
    assert len(counts) == len(previews)
    assert counts == sorted(counts)
    assert counts[-1] > counts[0]


def test_stopping_closes_what_is_watched() -> None:
    closed = False

    def work() -> Generator[Progress, None, None]:
        nonlocal closed
        try:
            while True:
                yield Progress(0, "on")
        finally:
            closed = True

    watched = live._watching(work(), REQUEST, SPLIT)
    assert len(list(islice(watched, 3))) == 3
    watched.close()
    assert closed


def test_a_student_watches_what_its_teacher_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "PICTURES", 256)
    built = []

    def stop_there(subject: Subject, *_: object) -> Generator[Progress, None, Path]:
        built.append(subject)
        yield Progress(1.0, "built")
        return Path("shelf") / subject.name

    monkeypatch.setattr(build, "build_subject", stop_there)
    name = finish(live.prepare("digits", "resnet", 5, 1, "features"))
    assert name == built[0].name == "digits-resnet-s5-student-features-e1"
    assert np.array_equal(built[0].split.pictures, shelf.pictures("digits-vgg-s1"))
    with pytest.raises(InputError, match="at outputs or at features"):
        finish(live.prepare("digits", "resnet", 5, 1, "elsewhere"))  # type: ignore[arg-type]
