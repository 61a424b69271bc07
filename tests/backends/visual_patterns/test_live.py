"""Training that is watched: a frame for every checkpoint, the same that a build would make of them."""

from collections.abc import Generator
from itertools import islice

import pytest
import torch

from backends.progress import Progress
from backends.visual_patterns import alignment, features, live, train
from backends.visual_patterns.build import Plan
from backends.visual_patterns.data import balanced, find, to_input
from backends.visual_patterns.features import Watched
from backends.visual_patterns.live import Emerging
from backends.visual_patterns.networks import HEAD, STAGES
from backends.visual_patterns.samples import Settings
from backends.visual_patterns.train import Checkpoint, Request

pytestmark = pytest.mark.method

REQUEST = Request("digits", "vgg", seed=3, epochs=1, pictures=256)
PLAN = Plan(REQUEST, images=20, settings=Settings(steps=40), compare=())


def test_every_checkpoint_becomes_a_frame_in_one_series() -> None:
    checkpoints = [step.preview for step in train.train(REQUEST) if isinstance(step.preview, Checkpoint)]
    seen = [step.preview for step in live._watching(train.train(REQUEST), PLAN)]
    last = seen[-1]
    assert isinstance(last, Emerging)
    assert [frame.step for frame in last.frames] == [checkpoint.step for checkpoint in checkpoints]
    split = balanced(find("digits").split("test"), 20, PLAN.seed)
    assert last.labels == tuple(split.labels.tolist())
    found = [
        features.extract(Watched(train.loaded(REQUEST, one.state), STAGES, HEAD), to_input(split.pictures))
        for one in checkpoints
    ]
    wanted = alignment.series(((one.samples, one.logits) for one in found), PLAN.settings)
    for frame, (places, _) in zip(last.frames, wanted, strict=True):
        assert torch.allclose(frame.g, places.g, atol=1e-5)
        assert 0 <= frame.agreement <= 1


def test_a_checkpoint_that_nobody_saw_is_in_the_next_preview() -> None:
    previews = [step.preview for step in live._watching(train.train(REQUEST), PLAN)]
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

    watched = live._watching(work(), PLAN)
    assert len(list(islice(watched, 3))) == 3
    watched.close()
    assert closed
