"""The pipeline: which control when, runs that do not mix, what each stage may see, saved folders."""

import copy
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from backends.text_image.enhancement import Recorder
from backends.text_image.fec import FrequencyBranch
from backends.text_image.networks import noise_schedule, to_places
from backends.text_image.pipeline import Canvases, TextGenPipeline, control_at, hints_of, schedule
from backends.text_image.requests import PAPER_TIMELINE, Control, Fourier, Options, Segment
from backends.text_image.signals import Signal

pytestmark = pytest.mark.method

QUICK = Options(steps=3)
OFF = (Segment(1, 0, "off"),)


def _canvases(n: int = 1, width: int = 96, seed: int = 0) -> Canvases:
    """Noise pictures with random signals; the region is the right half."""
    generator = torch.Generator().manual_seed(seed)
    image = torch.rand(n, 3, 64, width, generator=generator) * 2 - 1
    position = torch.zeros(n, 1, 64, width)
    position[..., width // 2 :] = 1
    return Canvases(image, image, torch.rand(n, 4, 64, width, generator=generator), position)


def _last(pipeline: TextGenPipeline, canvases: Canvases, options: Options, seeds: Sequence[int] = (0,)) -> Tensor:
    return pipeline(canvases, options, seeds).images


def _hooks(pipeline: TextGenPipeline) -> int:
    nets = pipeline.unet, pipeline.global_control, pipeline.detail_control
    return sum(len(part._forward_hooks) + len(part._forward_pre_hooks) for net in nets for part in net.modules())


@pytest.mark.parametrize(
    ("time", "control"), [(1.0, "global"), (0.501, "global"), (0.5, "detail"), (0.499, "detail"), (0.001, "detail")]
)
def test_the_stages_change_at_half_the_noise(time: float, control: Control) -> None:
    assert control_at(PAPER_TIMELINE, time) == control


def test_a_boundary_that_is_not_quite_a_time_belongs_below() -> None:
    timeline = Segment(1, 1 - 0.9, "global"), Segment(1 - 0.9, 0, "off")
    assert control_at(timeline, 0.1) == "off"


def test_times_count_on_the_whole_schedule_where_an_edit_begins(untrained: TextGenPipeline) -> None:
    steps = list(untrained.denoise(_canvases(), Options(steps=8, noise=0.8), [0]))
    assert [step.time for step in steps] == pytest.approx([0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1])
    assert [step.control for step in steps] == ["global"] * 3 + ["detail"] * 5
    assert [(step.index, step.of) for step in steps] == [(i, 8) for i in range(8)]


@pytest.mark.parametrize("noise", [0.05, 0.0515, 0.3333, 0.8, 1.0])
def test_no_step_comes_twice(noise: float) -> None:
    for steps in range(1, 51):
        found = schedule(noise, steps)
        assert len(set(found)) == len(found) == steps
        assert found == sorted(found, reverse=True)
        assert found[0] == round(noise * 1000) - 1
        assert found[-1] >= 0


def test_each_step_sees_what_was_predicted_under_fresh_noise(untrained: TextGenPipeline) -> None:
    seen: list[torch.Tensor] = []
    handle = untrained.unet.register_forward_pre_hook(lambda _, args: seen.append(args[0].clone()))
    canvases = _canvases()
    steps = list(untrained.denoise(canvases, replace(QUICK, steps=3), [0]))
    handle.remove()
    alphas = noise_schedule().alphas_cumprod
    contents = [canvases.start, *(step.predicted for step in steps)]
    noises = []
    for x, content, step in zip(seen, contents, steps, strict=False):
        alpha = alphas[round(step.time * 1000) - 1]
        noises.append((x - alpha.sqrt() * to_places(content)) / (1 - alpha).sqrt())
    for noise in noises:
        assert abs(noise.mean()) < 0.05
        assert abs(noise.std() - 1) < 0.05
    assert not torch.allclose(noises[0], noises[1], atol=0.5)


def test_a_canvas_does_not_depend_on_its_batch(untrained: TextGenPipeline) -> None:
    together = _canvases(3)
    batch = _last(untrained, together, QUICK, (5, 5, 9))
    for index, seed in enumerate((5, 5, 9)):
        part = slice(index, index + 1)
        alone = Canvases(together.image[part], together.start[part], together.signals[part], together.position[part])
        assert torch.allclose(_last(untrained, alone, QUICK, (seed,)), batch[part], atol=1e-4)


def test_the_same_request_gives_the_same_picture_and_another_seed_another(untrained: TextGenPipeline) -> None:
    canvases = _canvases()
    first = _last(untrained, canvases, QUICK)
    assert torch.equal(first, _last(untrained, canvases, QUICK))
    assert not torch.allclose(first, _last(untrained, canvases, replace(QUICK, seed=1)), atol=0.05)
    assert not torch.allclose(first, _last(untrained, canvases, QUICK, (1,)), atol=0.05)
    assert not torch.allclose(first, _last(untrained, canvases, replace(QUICK, caption="a red sign")), atol=1e-3)


def test_interleaved_runs_keep_their_own_settings(untrained: TextGenPipeline) -> None:
    canvases = _canvases()
    options = [replace(QUICK, fourier=Fourier(alpha=4, beta=2)), QUICK, replace(QUICK, timeline=OFF, guidance=3)]
    alone = [_last(untrained, canvases, each) for each in options]
    runs = [untrained.denoise(canvases, each, [0]) for each in options]
    steps = list(zip(*runs, strict=True))
    for index, expected in enumerate(alone):
        assert torch.equal(steps[-1][index].predicted, expected)
    assert not torch.allclose(alone[0], alone[1], atol=1e-3)


def test_runs_in_threads_keep_their_own_settings(untrained: TextGenPipeline) -> None:
    canvases, found = _canvases(), dict[int, Tensor]()
    options = [replace(QUICK, fourier=Fourier(alpha=alpha)) if alpha else QUICK for alpha in (0, 2, 4)]
    threads = [
        threading.Thread(target=lambda i=i, each=each: found.update({i: _last(untrained, canvases, each)}))
        for i, each in enumerate(options)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    for index, each in enumerate(options):
        assert torch.equal(found[index], _last(untrained, canvases, each))


def test_between_steps_nothing_is_held(untrained: TextGenPipeline) -> None:
    left = untrained.denoise(_canvases(), replace(QUICK, fourier=Fourier()), [0], recorder=Recorder())
    step = next(left)
    assert step.predicted.is_inference()
    assert not torch.is_inference_mode_enabled()
    assert _hooks(untrained) == 0
    _last(untrained, _canvases(), QUICK)  # would wait for ever if a turn were held
    left.close()
    assert _hooks(untrained) == 0


def test_an_error_in_a_step_frees_the_turn(untrained: TextGenPipeline) -> None:
    broken = replace(_canvases(), signals=torch.rand(1, 4, 32, 96))
    with pytest.raises(RuntimeError):
        _last(untrained, broken, QUICK)
    assert torch.isfinite(_last(untrained, _canvases(), QUICK)).all()


def test_without_control_signals_and_position_mean_nothing(untrained: TextGenPipeline) -> None:
    canvases = _canvases()
    other = Canvases(canvases.image, canvases.start, 1 - canvases.signals, 1 - canvases.position)
    free = replace(QUICK, timeline=OFF)
    assert torch.equal(_last(untrained, canvases, free), _last(untrained, other, free))
    assert not torch.allclose(_last(untrained, canvases, QUICK), _last(untrained, other, QUICK), atol=1e-3)


@pytest.mark.parametrize(
    ("signals", "same"), [({"glyph": 1.0}, False), ({"depth": 1.0}, True), ({}, True), ({"glyph": 0.0}, True)]
)
def test_a_signal_of_no_weight_is_not_seen(
    untrained: TextGenPipeline, signals: dict[Signal, float], same: bool
) -> None:
    canvases = _canvases()
    changed = canvases.signals.clone()
    changed[:, 0] = 0
    other = replace(canvases, signals=changed)
    options = replace(QUICK, signals=signals)
    assert torch.equal(_last(untrained, canvases, options), _last(untrained, other, options)) == same


def test_the_frequency_branch_is_silenced_inside_a_run_alone(untrained: TextGenPipeline) -> None:
    """What is drawn without it is what networks draw whose branches end in zeros; afterwards it is heard again."""
    canvases = _canvases()
    heard, silenced = (_last(untrained, canvases, replace(QUICK, fec=fec)) for fec in (True, False))
    assert not torch.allclose(heard, silenced, atol=1e-3)
    assert torch.equal(_last(untrained, canvases, QUICK), heard)
    zeroed = copy.deepcopy(untrained.components)
    for net in (zeroed["global_control"], zeroed["detail_control"]):
        for branch in (module for module in net.modules() if isinstance(module, FrequencyBranch)):
            for parameter in branch.after.parameters():
                torch.nn.init.zeros_(parameter)
    assert torch.equal(_last(TextGenPipeline(**zeroed), canvases, QUICK), silenced)


def test_the_detail_stage_sees_the_picture_outside_the_region_alone(untrained: TextGenPipeline) -> None:
    canvases = _canvases()
    detail = replace(QUICK, noise=0.4)
    inside, outside = canvases.image.clone(), canvases.image.clone()
    inside[..., 48:] = 0.3
    outside[..., :48] = 0.3
    seen = _last(untrained, canvases, detail)
    assert torch.equal(seen, _last(untrained, replace(canvases, image=inside), detail))
    assert not torch.allclose(seen, _last(untrained, replace(canvases, image=outside), detail), atol=1e-3)
    blank = replace(canvases, blank=True)
    assert torch.equal(_last(untrained, blank, detail), _last(untrained, replace(blank, image=outside), detail))


def test_new_letters_get_colours_as_the_detail_stage_begins(untrained: TextGenPipeline) -> None:
    canvases = _canvases()
    glyph = torch.zeros_like(canvases.position)
    glyph[..., 28:36, 60:84] = 1
    new = replace(canvases, signals=torch.cat([glyph, canvases.signals[:, 1:]], dim=1), blank=True)
    options = Options(steps=4, noise=1.0, crisp_strokes=False)
    as_predicted = list(untrained.denoise(new, replace(options, keep_colours=False), [0]))
    settled = list(untrained.denoise(new, options, [0]))
    assert [step.control for step in settled] == ["global", "global", "detail", "detail"]
    assert all(torch.equal(settled[at].predicted, as_predicted[at].predicted) for at in (0, 1))

    def contrast(picture: Tensor) -> float:
        ground = (canvases.position == 1) & (glyph == 0)
        return abs(float(picture[(glyph == 1).expand_as(picture)].mean() - picture[ground.expand_as(picture)].mean()))

    assert contrast(settled[-1].predicted) > 1.5 * contrast(as_predicted[-1].predicted)


def test_the_global_stage_does_not_see_the_picture(untrained: TextGenPipeline) -> None:
    canvases, early = _canvases(), replace(QUICK, timeline=(Segment(1, 0, "global"),))
    other = replace(canvases, image=-canvases.image)
    assert torch.equal(_last(untrained, canvases, early), _last(untrained, other, early))


def test_the_recorder_sees_the_mask_of_the_detail_stage(untrained: TextGenPipeline) -> None:
    recorder = Recorder()
    options = Options(steps=2, noise=0.8, timeline=(Segment(1, 0.5, "global"), Segment(0.5, 0, "detail")))
    list(untrained.denoise(_canvases(), options, [0], recorder=recorder))
    early, late = recorder.passes
    assert [level.base.shape[-2:] for level in late] == [(4, 6), (8, 12), (16, 24), (32, 48)]
    for index in range(4):
        half = late[index].control.shape[-1] // 2
        assert early[index].control[..., :half].any()
        assert late[index].control[..., half:].any()
        assert bool(late[index].control[..., :half].any()) == (index < 2)


def test_guidance_and_no_control_are_recorded_as_they_are(untrained: TextGenPipeline) -> None:
    recorder = Recorder()
    options = Options(steps=2, noise=0.8, guidance=2, timeline=(Segment(1, 0.5, "detail"), Segment(0.5, 0, "off")))
    list(untrained.denoise(_canvases(), options, [0], recorder=recorder))
    assert len(recorder.passes) == 4
    controlled = [any(bool(level.control.any()) for level in levels) for levels in recorder.passes]
    assert controlled == [True, True, False, False]


def test_guidance_moves_away_from_no_caption(untrained: TextGenPipeline) -> None:
    canvases, one = _canvases(), Options(steps=1, caption="white text")
    captioned, plain = _last(untrained, canvases, one), _last(untrained, canvases, replace(one, caption=""))
    guided = _last(untrained, canvases, replace(one, guidance=3))
    within = (plain.abs() < 0.9) & (captioned.abs() < 0.9) & (guided.abs() < 0.9)
    assert within.float().mean() > 0.9
    assert torch.allclose(guided[within], (plain + 3 * (captioned - plain))[within], atol=1e-4)


def test_a_saved_folder_gives_the_same_picture(untrained: TextGenPipeline, tmp_path: Path) -> None:
    untrained.save_pretrained(tmp_path)
    assert not list(tmp_path.rglob("*.bin"))
    again = TextGenPipeline.from_pretrained(tmp_path)
    assert again.detail_control.config.masked_image
    assert not again.global_control.config.masked_image
    canvases, options = _canvases(), replace(QUICK, fourier=Fourier(), caption="a sign")
    # Weights that are mapped from a file lie elsewhere in memory, which changes the order of some sums.
    assert torch.allclose(_last(untrained, canvases, options), _last(again, canvases, options), atol=1e-4)
    for name in ("unet", "global_control", "detail_control"):
        loaded = getattr(again, name).state_dict()
        assert all(torch.equal(value, loaded[key]) for key, value in getattr(untrained, name).state_dict().items())


def test_no_seeds_are_seeds_of_their_own(untrained: TextGenPipeline) -> None:
    one = _canvases()
    image, signals, position = (torch.cat([part, part]) for part in (one.image, one.signals, one.position))
    twice = Canvases(image, image, signals, position)
    first, second = untrained(twice, QUICK).images
    assert not np.allclose(first, second, atol=0.05)


def test_the_detail_stage_alone_is_shown_the_draft_and_inside_the_region_alone() -> None:
    canvases = _canvases()
    inside = canvases.position >= 0.5
    shown = replace(canvases, draft=torch.full_like(canvases.image, 0.25))
    bare, told = (hints_of(c, QUICK, torch.device("cpu"), torch.float32) for c in (canvases, shown))
    assert torch.equal(bare["global"], told["global"])
    outside, painted = told["detail"][:, -3:] * ~inside, told["detail"][:, -3:] * inside
    assert torch.equal(outside, canvases.image * ~inside)
    assert torch.equal(painted, 0.25 * inside.expand_as(painted))
    assert not (bare["detail"][:, -3:] * inside).any()
