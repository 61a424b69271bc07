"""Training, distilling and attacking on networks that are really trained, for seconds."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from backends import store
from backends.errors import InputError
from backends.progress import finish
from backends.visual_patterns import attack, distil, train
from backends.visual_patterns.attack import Attack, Thresholds, path_types, pgd
from backends.visual_patterns.data import find, to_input
from backends.visual_patterns.networks import Classifier
from backends.visual_patterns.train import Checkpoint, Request, Trained, checkpoint_steps

pytestmark = pytest.mark.method

REQUEST = Request("digits", "resnet", seed=3, epochs=4, pictures=192)
STEPS = 48


@pytest.fixture(scope="module", autouse=True)
def small_batches() -> Iterator[None]:
    """Sixteen pictures a step, so that few pictures are many steps."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train, "BATCH", 16)
        yield


@pytest.fixture(scope="module")
def trained(small_batches: None) -> Trained:
    """A network that knows digits after a few seconds."""
    return finish(train.train(REQUEST))


def test_checkpoints_are_dense_at_the_first_steps() -> None:
    steps = checkpoint_steps(2600)
    assert (steps[0], steps[1], steps[-1], len(steps)) == (0, 16, 2600, 9)
    ratios = [b / a for a, b in pairwise(steps[1:])]
    assert max(ratios) < 1.2 * min(ratios)
    assert checkpoint_steps(3) == (0, 3)


def test_a_network_learns_and_keeps_its_past(trained: Trained) -> None:
    assert trained.accuracy["test"] > 0.6
    steps = [checkpoint.step for checkpoint in trained.checkpoints]
    assert steps == list(checkpoint_steps(STEPS))
    before = train.loaded(REQUEST, trained.checkpoints[0].state)
    assert train.accuracy(before, find("digits").split("test")) < 0.4
    assert trained.checkpoints[-1].loss < trained.checkpoints[1].loss


def test_training_repeats_and_previews_its_checkpoints(trained: Trained) -> None:
    seen = [step.preview for step in train.train(REQUEST)]
    previews = [preview for preview in seen if isinstance(preview, Checkpoint)]
    assert [p.step for p in previews] == [c.step for c in trained.checkpoints]
    for mine, theirs in zip(previews, trained.checkpoints, strict=True):
        assert all(torch.equal(mine.state[key], theirs.state[key]) for key in theirs.state)


def test_all_checkpoints_ship_in_one_file(trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "WEIGHTS", tmp_path)
    train.ship(REQUEST.key, trained, command=train.command_of(REQUEST), seed=3, data="digits")
    entry = store.manifest(folder=tmp_path)[REQUEST.key]
    assert entry.command.startswith("python -m backends.visual_patterns.train --data digits --network resnet ")
    assert entry.command.endswith(" --seed 3 --epochs 4 --pictures 192 --ship all")
    assert entry.figures["accuracy_test"] == round(trained.accuracy["test"], 4)
    states = train.shipped(REQUEST.key)
    assert list(states) == [checkpoint.step for checkpoint in trained.checkpoints]
    again = train.loaded(REQUEST, states[STEPS])
    assert train.accuracy(again, find("digits").split("test")) == trained.accuracy["test"]


@pytest.mark.parametrize(
    "bad",
    [
        {"data": "cifar"},
        {"network": "alexnet"},
        {"seed": -1},
        {"epochs": 0},
        {"epochs": 10_000},
        {"pictures": 3},
    ],
)
def test_requests_out_of_range_are_refused(bad: dict[str, object]) -> None:
    with pytest.raises(InputError):
        Request(**{"data": "digits", "network": "vgg", **bad})  # type: ignore[arg-type]


@pytest.mark.parametrize("at", ["outputs", "features"])
def test_a_student_learns_what_the_teacher_knows(trained: Trained, at: distil.At) -> None:
    digits = find("digits")
    split = digits.split("train").part(np.arange(192))
    teacher = trained.model
    assert isinstance(teacher, Classifier)
    student = finish(distil.distil(teacher, digits, split, "resnet", at, epochs=4, seed=9))
    assert student.accuracy["test"] > 0.4
    x = to_input(digits.split("test").pictures[:100])
    fresh = train.loaded(REQUEST, student.checkpoints[0].state)
    with torch.no_grad():
        agree = [(m(x).argmax(1) == teacher(x).argmax(1)).float().mean() for m in (student.model, fresh)]
    assert agree[0] > agree[1] + 0.3


def test_students_learn_at_two_places_only(trained: Trained) -> None:
    assert isinstance(trained.model, Classifier)
    digits = find("digits")
    with pytest.raises(InputError, match="not at 'head'"):
        finish(distil.distil(trained.model, digits, digits.split("test"), "vgg", "head", epochs=1, seed=0))  # type: ignore[arg-type]


def test_attacks_stay_in_their_ball_and_mislead(trained: Trained) -> None:
    test = find("digits").split("test").part(np.arange(20))
    x, labels = to_input(test.pictures), torch.from_numpy(test.labels)
    strength = Attack(radius=0.2, step=0.03, iterations=10, keep=3)
    path = pgd(trained.model, x, labels, strength)
    assert path.shape == (5, 20, 3, 32, 32)  # the inputs, 3, 6, 9 and 10
    assert torch.equal(path[0], x)
    assert float((path[-1] - x).abs().max()) <= 0.4 + 1e-6
    assert float(path.abs().max()) <= 1
    with torch.no_grad():
        right = [(trained.model(p).argmax(1) == labels).float().mean() for p in (path[0], path[-1])]
    assert right[1] < right[0] - 0.3
    target = (labels + 1) % 10
    led = pgd(trained.model, x, labels, strength, target=target)
    with torch.no_grad():
        reached = [(trained.model(p).argmax(1) == target).float().mean() for p in (led[0], led[-1])]
    assert reached[1] > reached[0] + 0.2


def test_paths_are_of_four_types_by_hand() -> None:
    mu = torch.eye(3)
    paths = torch.tensor(
        [
            [[1.4, 0, 0], [1.0, 1.0, 0], [0, 1.5, 0]],  # class to class, never nearer than 1.4
            [[1.4, 0, 0], [0.1, 0.1, 0], [0, 1.5, 0]],  # through the origin
            [[0.1, 0.1, 0.1], [0.1, 0.5, 0], [0, 1.5, 0]],  # from nothing
            [[1.4, 0, 0], [0.7, 0, 0], [0.2, 0, 0]],  # to nothing
            [[0, 0, 1.4], [0, 0, 1.4], [0, 0, 1.4]],  # none of these
        ]
    )
    h = paths.transpose(0, 1)[:, None]  # (steps, 1, 5, 3)
    original, other = torch.tensor([0]), torch.tensor([1])
    types = path_types(h, mu, original, other, 4.0, Thresholds())
    assert types[0].tolist() == [
        attack.DIRECT,
        attack.THROUGH_ORIGIN,
        attack.FROM_NOTHING,
        attack.TO_NOTHING,
        attack.OTHER,
    ]
    assert path_types(h, mu, original, other, 4.0, Thresholds(start=1.3))[0, 0] == attack.OTHER
    turned, stronger = attack.changes(h[0], h[-1])
    assert turned[0].tolist() == pytest.approx([1, 1, 1 - 1 / 3**0.5, 0, 0], abs=1e-6)
    assert stronger[0, 3].item() == pytest.approx(-1.2)


@pytest.mark.parametrize("bad", [{"radius": 0}, {"radius": 0.9}, {"step": 0.5}, {"iterations": 0}, {"keep": 99}])
def test_attacks_out_of_range_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(InputError):
        Attack(**bad)  # type: ignore[arg-type]
