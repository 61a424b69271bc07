"""A build, from training to results: complete, true to its stages, resumable, and readable frame by frame."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from backends.errors import AtelierError, InputError, MissingFileError, WeightsError
from backends.progress import Progress, finish
from backends.visual_patterns import alignment, build, events, features, frames, points, samples, train
from backends.visual_patterns.build import Plan
from backends.visual_patterns.data import balanced, find, to_input
from backends.visual_patterns.features import Watched
from backends.visual_patterns.networks import HEAD, STAGES
from backends.visual_patterns.results import Results
from backends.visual_patterns.samples import Settings
from backends.visual_patterns.train import Request, Trained

pytestmark = pytest.mark.method

PLAN = Plan(
    Request("digits", "vgg", seed=2, epochs=3, pictures=128), images=30, settings=Settings(steps=60), compare=("pca",)
)


@pytest.fixture(scope="module")
def trained() -> Trained:
    """A network after six steps, with its checkpoints."""
    return finish(train.train(PLAN.request))


@pytest.fixture(scope="module")
def out(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of results of a build."""
    folder = tmp_path_factory.mktemp("built")
    work = build.build(PLAN, out=folder, states=_states(trained), accuracy=trained.accuracy)
    seen = []
    while True:
        try:
            seen.append(next(work))
        except StopIteration as stop:
            target: Path = stop.value
            break
    assert all(isinstance(step, Progress) for step in seen)
    assert seen[-1].fraction == 1
    assert any(step.eta_s is not None for step in seen)
    assert target == folder / PLAN.name
    return target


def _states(trained: Trained) -> dict[int, dict[str, torch.Tensor]]:
    return {checkpoint.step: dict(checkpoint.state) for checkpoint in trained.checkpoints}


def _folder(plan: Plan, states: dict[int, dict[str, torch.Tensor]]) -> Path:
    """Where the parts of that build are."""
    return build._parts(build.subject_of(plan, states, {}), plan.view)


def test_results_hold_what_was_planned(out: Path, trained: Trained) -> None:
    found = Results(out)
    steps = tuple(c.step for c in trained.checkpoints)
    assert (found.index.steps, found.index.layers) == (steps, STAGES)
    assert found.index.accuracy == trained.accuracy
    assert found.index.classes == tuple("0123456789")
    assert found.array("h").shape == (len(steps), 4, 30, 64, 3)
    assert found.pictures.shape == (30, 32, 32, 3)
    assert len(found.figures) == 4 * len(steps)
    assert set(found.projections.method) == {"ours", "pca"}
    assert sorted(set(found.projections.temperature)) == [1.0, 4.0]
    assert found.array("projection/pca").shape == (30, 3)
    assert torch.bincount(found.array("labels")).tolist() == [3] * 10
    assert not found.has_masks


def test_a_frame_is_what_its_stages_make(out: Path, trained: Trained) -> None:
    found = Results(out)
    last = len(found.index.steps) - 1
    frame = found.frame(last, 3)
    split = balanced(find("digits").split("test"), 30, 0)
    model = train.loaded(PLAN.request, trained.checkpoints[-1].state)
    taken = features.extract(Watched(model, STAGES, HEAD), to_input(split.pictures))
    torch.testing.assert_close(found.array("logits", last), taken.logits, atol=0.02, rtol=0.01)
    # Classes are where the places of the penultimate layer put them; results are the parts in half precision.
    parts, _ = frames.load(_folder(PLAN, _states(trained)) / "samples.safetensors")
    mu, _ = samples.class_directions(parts["g"][last], samples.log_target(taken.logits, 1.0))
    torch.testing.assert_close(mu, parts["directions"][last], atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(frame.g, parts["g"][last], atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(frame.directions, parts["directions"][last], atol=1e-3, rtol=1e-3)
    assert frame.h.norm(dim=2).mean().item() == pytest.approx(1, abs=0.01)
    torch.testing.assert_close(frame.w.sum(1), torch.ones(30), atol=0.01, rtol=0.01)
    # The stored maps put the same pictures where they were.
    found_map, offset = found.array("map", last), found.array("offset", last)
    torch.testing.assert_close(taken.samples @ found_map.T + offset, frame.g, atol=0.05, rtol=0.02)
    for k, layer in enumerate(STAGES):
        own = found.frame(last, k)
        region = taken.regions[layer] @ found.array(f"region_map/{k}", last).T
        torch.testing.assert_close(region, own.h, atol=0.05, rtol=0.02)
        whole = taken.pooled(layer) @ found.array(f"layer_map/{k}", last).T + found.array("layer_offset", last, k)
        torch.testing.assert_close(whole, own.layer_g, atol=0.05, rtol=0.02)
    counts = frame.counts()
    # A probability may fall to the other side of tau when it is rounded.
    assert counts.total == pytest.approx(frame.figures["total"], abs=0.5)
    assert counts.reliable == pytest.approx(frame.figures["reliable"], abs=0.5)
    control = frame.figures["control"]
    assert math.isnan(control) or 0 <= control <= 1  # so early in training it may find no point at all
    assert frame.figures["residual"] >= 0
    assert alignment.procrustes(frame.layer_g, frame.g).residual <= frame.figures["layer_residual"] + 0.05


def test_events_are_those_of_the_frames(out: Path) -> None:
    found = Results(out)
    verdicts = [[found.frame(i, k).verdict for k in range(4)] for i in range(len(found.index.steps))]
    states = torch.stack([torch.stack([v.states() for v in row]) for row in verdicts])
    _, first = events.first_reliable(states.numpy())
    became = found.events[found.events.kind == "reliable"]
    assert abs(len(became) - int((first > 0).sum())) <= 0.02 * len(became) + 5
    path = found.path(2, 17)
    assert path.shape == (len(found.index.steps), 4, 3)
    torch.testing.assert_close(path[1, 2], found.frame(1, 2).h[2, 17])


def test_a_build_that_was_stopped_goes_on(out: Path, trained: Trained, tmp_path: Path) -> None:
    folder = _folder(PLAN, _states(trained))
    jobs = build.jobs_of(PLAN.view, STAGES, len(trained.checkpoints), folder)
    assert all(job.part.exists() for job in jobs)
    jobs[2].part.unlink()
    times = {job.part: job.part.stat().st_mtime_ns for job in jobs if job.part.exists()}
    again = finish(build.build(PLAN, out=tmp_path, states=_states(trained)))
    assert {path: path.stat().st_mtime_ns for path in times} == times
    assert jobs[2].part.exists()
    for name in ("h", "w", "g"):
        assert torch.equal(Results(again).array(name), Results(out).array(name))


def test_a_failed_job_is_told_and_the_rest_is_kept(trained: Trained, tmp_path: Path) -> None:
    plan = replace(PLAN, seed=7, images=20)
    states = {step: state for step, state in _states(trained).items() if step == 0}
    folder = _folder(plan, states)
    finish(build.build(plan, out=tmp_path / "first", states=states))
    jobs = build.jobs_of(plan.view, STAGES, 1, folder)
    jobs[0].part.unlink()
    whole = frames.features_file(folder, 0).read_bytes()
    frames.features_file(folder, 0).write_bytes(whole[:1000])
    with pytest.raises(AtelierError, match="1 of 1 jobs failed"):
        finish(build.build(plan, out=tmp_path / "second", states=states))
    assert not (tmp_path / "second").exists()
    assert all(job.part.exists() for job in jobs[1:])


def test_a_network_that_diverged_is_told(trained: Trained, tmp_path: Path) -> None:
    broken = {0: {name: t * torch.nan if t.is_floating_point() else t for name, t in _states(trained)[0].items()}}
    with pytest.raises(InputError, match="not finite"):
        finish(build.build(PLAN, out=tmp_path, states=broken))


def test_masks_become_shares_of_foreground(trained: Trained) -> None:
    split = balanced(find("emoji").split("test"), 20, 0)
    assert split.masks is not None
    cells = points.foreground_cells(split.masks, features.GRID)
    assert cells.shape == (20, 64)
    assert float(cells.mean()) == pytest.approx(split.masks.mean(), abs=1e-6)


def test_what_is_not_there_is_refused(out: Path, tmp_path: Path) -> None:
    found = Results(out)
    for step, layer in ((0, 4), (-1, 0), (99, 0)):
        with pytest.raises(InputError, match="no frame"):
            found.frame(step, layer)
    with pytest.raises(InputError, match="holds no 'x'"):
        found.array("x")
    with pytest.raises(InputError, match="none of them"):
        found.path(0, 64)
    with pytest.raises(InputError, match="probability"):
        found.frame(0, 0).counts(2.0)
    with pytest.raises(MissingFileError, match="has not been built"):
        Results(tmp_path / "nothing")
    (tmp_path / "index.json").write_text("{")
    with pytest.raises(WeightsError, match="damaged"):
        Results(tmp_path)


def test_plans_out_of_range_are_refused() -> None:
    with pytest.raises(InputError, match="20 to 2,000"):
        replace(PLAN, images=3)
    with pytest.raises(InputError, match="no projection called phate"):
        replace(PLAN, compare=("phate",))
    assert build.parse(["--data", "digits"]).network == "resnet"
    assert frames.FrameJob("x", 1, 2, "stages.2", Settings(), 0).part.name == "frame-01-02.safetensors"
