"""Training on a few scenes: what learns in which stage, the loss by hand, and runs that stop and go on."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice, repeat
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from backends.text_image.models import averaged
from backends.text_image.networks import base_unet, control_from, noise_schedule, to_places
from backends.text_image.renderer.material import load_material
from backends.text_image.renderer.scene import SceneMaker
from backends.text_image.training.batches import Batch, batches, collate
from backends.text_image.training.loss import INSIDE_WEIGHT, Networks, Objective
from backends.text_image.training.run import Plan, Run, advance, averages_file, begin_with_base, open_run, save_run

pytestmark = pytest.mark.method

CPU = torch.device("cpu")
TWO = 2  # scenes a batch


@pytest.fixture(scope="module")
def batch(material: Path) -> Batch:
    maker = SceneMaker(load_material(material, "train"))
    return collate([maker.scene(seed, 96) for seed in range(TWO)])


@pytest.fixture(scope="module")
def networks() -> Networks:
    torch.manual_seed(0)
    unet = base_unet()
    return Networks(unet, control_from(unet), control_from(unet, masked_image=True))


def _train(run: Run, batch: Batch, steps: int) -> list[dict[str, float | str]]:
    return list(islice(advance(run, repeat(batch)), steps))


def _copies(net: nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in net.state_dict().items()}


def _same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(value, other[name]) for name, value in one.items())


def _given(net: nn.Module) -> tuple[list[tuple[Any, ...]], Any]:
    """The arguments of every call from now on, and how to stop."""
    calls: list[tuple[Any, ...]] = []
    return calls, net.register_forward_pre_hook(lambda _, args: calls.append(args))


def test_a_batch_holds_what_the_networks_are_told(batch: Batch) -> None:
    assert batch.image.shape == batch.old.shape == batch.clean.shape == (TWO, 3, 64, 96)
    assert batch.signals.shape == (TWO, 4, 64, 96)
    assert batch.position.shape == (TWO, 1, 64, 96)
    for pictures in (batch.image, batch.old, batch.clean):
        assert -1 <= pictures.min() < -0.2
        assert 0.2 < pictures.max() <= 1
    assert batch.position.unique().numel() > 1
    assert len(batch.captions) == TWO


def test_batches_repeat_by_seed_and_keep_their_size(material: Path) -> None:
    first, again, other = (next(batches(material, pixels=400, seed=seed, workers=0)) for seed in (3, 3, 4))
    assert torch.equal(first.image, again.image)
    assert first.captions == again.captions
    assert first.image.shape != other.image.shape or not torch.equal(first.image, other.image)
    for width, size in ((96, 4), (128, 3), (192, 2), (256, 1)):
        found = next(b for b in batches(material, pixels=400, seed=1, workers=0) if b.image.shape[-1] == width)
        assert len(found.image) == size


def test_a_batch_serves_both_stages_before_the_next_one_comes(material: Path) -> None:
    data = batches(material, pixels=400, seed=3, workers=0)
    for_one, for_other, following = next(data), next(data), next(data)
    assert for_one is for_other
    assert following.captions != for_one.captions


@pytest.mark.parametrize(("stage", "low", "high"), [("prior", 0, 999), ("global", 500, 999), ("detail", 0, 499)])
def test_each_stage_trains_at_its_own_noise(networks: Networks, batch: Batch, stage: Any, low: int, high: int) -> None:
    nets = {"prior": networks.unet, "global": networks.global_control, "detail": networks.detail_control}
    calls, handle = _given(nets[stage])
    objective = Objective(networks, CPU, seed=0)
    with torch.no_grad():
        for _ in range(6):
            objective.loss(batch, stage)
    handle.remove()
    times = torch.cat([args[1] for args in calls])
    assert times.numel() == 6 * TWO
    assert low <= times.min()
    assert times.max() <= high
    assert times.unique().numel() > TWO


def test_the_detail_stage_meets_what_the_global_stage_hands_over(networks: Networks, batch: Batch) -> None:
    calls: list[tuple[Tensor, Tensor, Tensor]] = []  # noised, times, predicted
    handle = networks.unet.register_forward_hook(
        lambda _, args, answer: calls.append((args[0].clone(), args[1].clone(), answer[0].clone()))
    )
    objective = Objective(networks, CPU, seed=0)
    with torch.no_grad():
        for _ in range(8):
            objective.loss(batch, "detail")
    handle.remove()
    alphas = noise_schedule().alphas_cumprod
    handed: list[int] = []
    true: list[int] = []
    for (_, early, made), (noised, times, _) in zip(calls[::2], calls[1::2], strict=True):
        assert early.min() >= 600
        for x, t, predicted, image in zip(noised, times, made.clamp(-1, 1), to_places(batch.image), strict=True):
            sizes = [((x - alphas[t].sqrt() * start) / (1 - alphas[t]).sqrt()).std() for start in (predicted, image)]
            assert min(abs(size - 1) for size in sizes) < 0.05
            (handed if abs(sizes[0] - 1) < abs(sizes[1] - 1) else true).append(int(t))
    assert len(handed) + len(true) == 8 * TWO
    assert len(handed) > 3
    assert len(true) > 3
    assert min(handed) >= 250


def test_the_detail_stage_alone_is_shown_the_surroundings_and_often_a_draft(networks: Networks, batch: Batch) -> None:
    inside = (batch.position >= 0.5).expand(-1, 3, -1, -1)
    drafted, bare = 0, 0
    for stage, net, channels in (("global", networks.global_control, 5), ("detail", networks.detail_control, 8)):
        calls, handle = _given(net)
        with torch.no_grad():
            for seed in range(8):
                Objective(networks, CPU, seed=seed).loss(batch, stage)  # type: ignore[arg-type]
        handle.remove()
        for hint in (call[3] for call in calls):
            assert hint.shape == (TWO, channels, 64, 96)
            assert torch.equal(hint[:, 4:5], batch.position)
            for seen, image, draft, within in zip(hint[:, 5:], batch.image, batch.draft, inside, strict=True):
                if seen.numel() and seen.any():
                    assert torch.equal(seen[~within], image[~within])
                    shown = bool(seen[within].any())
                    assert torch.equal(seen[within], draft[within] * shown)
                    drafted, bare = drafted + shown, bare + (not shown)
    assert drafted > bare > 0


def test_the_loss_by_hand(networks: Networks, batch: Batch) -> None:
    """A base that predicts 0 where 0.5 is wanted is off by 0.25, ten times as much inside the region."""
    flat = replace(batch, image=torch.full_like(batch.image, 0.5))
    kept = [parameter.detach().clone() for parameter in networks.unet.conv_out.parameters()]
    calls, handle = _given(networks.unet)
    with torch.no_grad():
        for parameter in networks.unet.conv_out.parameters():
            parameter.zero_()
        found = Objective(networks, CPU, seed=2).loss(flat, "prior").item()
        for parameter, value in zip(networks.unet.conv_out.parameters(), kept, strict=True):
            parameter.copy_(value)
    handle.remove()
    alpha = noise_schedule().alphas_cumprod[calls[0][1]]
    weights = (1 / (1 - alpha)).clamp(max=6) * (1 + INSIDE_WEIGHT * batch.position.mean(dim=(1, 2, 3)))
    assert found == pytest.approx(0.25 * weights.mean().item() / (1 + INSIDE_WEIGHT / 3), rel=1e-4)


def test_the_loss_falls_on_scenes_seen_again(batch: Batch, tmp_path: Path) -> None:
    run = open_run(Plan(images=10_000, prior_images=5_000), tmp_path, CPU)
    run.steps = 1_000  # past the warm-up

    def loss() -> float:
        with torch.no_grad():
            return Objective(run.networks, CPU, seed=5).loss(batch, "prior").item()

    before = loss()
    _train(run, batch, 10)
    assert loss() < 0.8 * before


def test_the_rate_warms_up_stays_and_falls(tmp_path: Path) -> None:
    run = open_run(Plan(images=1000, prior_images=100), tmp_path, CPU)
    rates = []
    for steps, seen in ((0, 0), (99, 50), (199, 100), (400, 700), (500, 850), (600, 1000)):
        run.steps, run.seen = steps, seen
        rates.append(run.rate() / 4e-4)
    assert rates == pytest.approx([1 / 200, 0.5, 1, 1, 0.5, 0])


def test_the_prior_hands_over_and_a_frozen_base_stays_as_it_is(batch: Batch, tmp_path: Path) -> None:
    run = open_run(Plan(images=100, prior_images=2 * TWO, train_base=False), tmp_path, CPU)
    start = _copies(run.networks.unet)
    work = advance(run, repeat(batch))
    assert [next(work)["stage"] for _ in range(2)] == ["prior"] * 2
    base = _copies(run.networks.unet)
    assert not _same(base, start)
    for control in (run.networks.global_control, run.networks.detail_control):
        for part in ("conv_in", "time_embedding", "down_blocks", "mid_block"):
            assert _same(getattr(control, part).state_dict(), getattr(run.networks.unet, part).state_dict())
    controls = [_copies(net) for net in (run.networks.global_control, run.networks.detail_control)]
    assert [next(work)["stage"] for _ in range(3)] == ["detail", "detail", "global"]
    assert _same(_copies(run.networks.unet), base)
    assert not _same(_copies(run.networks.global_control), controls[0])
    assert not _same(_copies(run.networks.detail_control), controls[1])


def test_a_run_begins_with_a_base_that_is_trained(batch: Batch, tmp_path: Path) -> None:
    run = open_run(Plan(images=100, prior_images=2 * TWO, train_base=False, seed=1), tmp_path / "new", CPU)
    trained = open_run(Plan(images=100, prior_images=2 * TWO, seed=2), tmp_path / "old", CPU).networks.unet
    begin_with_base(run, trained)
    assert _same(_copies(run.networks.unet), trained.state_dict())
    for control in (run.networks.global_control, run.networks.detail_control):
        assert _same(control.down_blocks.state_dict(), trained.down_blocks.state_dict())
    assert next(advance(run, repeat(batch)))["stage"] == "detail"
    save_run(run)
    assert _same(averaged(tmp_path / "new").unet.state_dict(), trained.state_dict())


def test_a_trained_base_goes_on_learning_and_each_stage_has_its_control(batch: Batch, tmp_path: Path) -> None:
    run = open_run(Plan(images=100, prior_images=0), tmp_path, CPU)
    before = {name: _copies(net) for name, net in run.networks.named().items()}
    assert _train(run, batch, 1)[0]["stage"] == "detail"
    assert not _same(_copies(run.networks.unet), before["unet"])
    assert not _same(_copies(run.networks.detail_control), before["detail_control"])
    assert _same(_copies(run.networks.global_control), before["global_control"])


@pytest.fixture
def stopped(batch: Batch, tmp_path: Path) -> Iterator[Run]:
    """A run that was saved after the prior and a step of each stage."""
    run = open_run(Plan(images=100, prior_images=TWO, seed=3), tmp_path, CPU)
    _train(run, batch, 3)
    save_run(run)
    yield run
    shutil.rmtree(tmp_path)  # a third of a gigabyte


def test_a_run_goes_on_where_it_stopped(stopped: Run, batch: Batch) -> None:
    again = open_run(stopped.plan, stopped.folder, CPU)
    assert (again.seen, again.steps, again.seconds) == (3 * TWO, 3, stopped.seconds)
    for _ in range(2):
        for name, net in stopped.networks.named().items():
            assert _same(_copies(net), _copies(again.networks.named()[name]))
            one, other = stopped.averages[name], again.averages[name]
            assert one.optimization_step == other.optimization_step
            assert all(torch.equal(*pair) for pair in zip(one.shadow_params, other.shadow_params, strict=True))
        moments = [run.optimizer.state_dict()["state"] for run in (stopped, again)]
        assert moments[0].keys() == moments[1].keys()
        assert all(_same(moments[0][index], moments[1][index]) for index in moments[0])
        # Both go on: what was kept is all that the next steps depend on.
        steps = [_train(run, batch, 2) for run in (stopped, again)]
        assert steps[0] == steps[1]


def test_a_save_that_fails_leaves_the_one_before(stopped: Run, batch: Batch) -> None:
    _train(stopped, batch, 1)
    (stopped.folder / "state.json.part").mkdir()  # the last file of all cannot be written
    with pytest.raises(IsADirectoryError):
        save_run(stopped)
    (stopped.folder / "state.json.part").rmdir()
    assert open_run(stopped.plan, stopped.folder, CPU).seen == 3 * TWO
    save_run(stopped)
    assert open_run(stopped.plan, stopped.folder, CPU).seen == 4 * TWO
    assert not list(stopped.folder.glob("*.part"))


def test_a_pipeline_is_made_of_the_averages(stopped: Run) -> None:
    made = averaged(stopped.folder)
    for name, average in stopped.averages.items():
        found = list(getattr(made, name).parameters())
        assert all(torch.equal(*pair) for pair in zip(found, average.shadow_params, strict=True))
        assert averages_file(stopped.folder, name).is_file()
    assert not made.unet.training
