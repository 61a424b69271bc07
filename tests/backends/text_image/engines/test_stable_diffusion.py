"""Edits and new pictures with a tiny Stable Diffusion: what changes, what stays, previews, stopping, refusals."""

from collections.abc import Generator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import ControlNetModel, UNet2DConditionModel

from backends.errors import InputError
from backends.progress import Progress, finish
from backends.text_image.engines import folders, setup
from backends.text_image.engines.stable_diffusion import edit_crop, generate
from backends.text_image.enhancement import Recorder
from backends.text_image.requests import Fourier, Options, Picture, Segment
from tests.backends.text_image.engines.conftest import Scene

pytestmark = pytest.mark.method

FAST = Options(steps=2)


def _edit(
    scene: Scene, options: Options = FAST, *, engine: str = "sd15", prompt: str = "", recorder: Recorder | None = None
) -> Generator[Progress, None, Picture]:
    return edit_crop(engine, scene.image, scene.glyph, scene.position, prompt, options, recorder=recorder)


@pytest.mark.usefixtures("models")
def test_an_edit_changes_the_region_and_not_a_bit_far_from_it(scene: Scene) -> None:
    edited = finish(_edit(scene))
    assert edited.shape == scene.image.shape
    assert edited.dtype == np.uint8
    changed = (edited != scene.image).any(axis=2)
    assert changed[scene.position > 0].mean() > 0.9
    rows, columns = np.nonzero(changed)
    # The region is x 32 to 127, y 12 to 35; at 144 pixels seen as 512, 8 working pixels are 2.25 of the picture.
    assert (columns.min(), columns.max(), rows.min(), rows.max()) == (30, 129, 10, 37)


@pytest.mark.usefixtures("models")
def test_each_step_comes_with_a_preview_and_the_picture_comes_last(scene: Scene) -> None:
    work = _edit(scene, Options(steps=4))
    progress = []
    while True:
        try:
            progress.append(next(work))
        except StopIteration as stop:
            edited = stop.value
            break
    assert [p.message for p in progress] == [
        *(f"global control, step {i} of 4" for i in (1, 2)),
        *(f"detail control, step {i} of 4" for i in (3, 4)),
    ]
    fractions = [p.fraction for p in progress]
    assert fractions == sorted(fractions)
    for preview in (p.preview for p in progress):
        assert isinstance(preview, np.ndarray)
        assert preview.shape == edited.shape
        assert (preview[0] == scene.image[0]).all()


@pytest.mark.usefixtures("models")
def test_the_same_seed_gives_the_same_picture_and_every_option_acts(scene: Scene) -> None:
    first = finish(_edit(scene))
    assert (finish(_edit(scene)) == first).all()
    others = {
        "seed": replace(FAST, seed=1),
        "noise": replace(FAST, noise=0.6),
        "off": replace(FAST, timeline=(Segment(1, 0, "off"),)),
        "unmasked": replace(FAST, masked_levels=0),
        "enhanced": replace(FAST, fourier=Fourier()),
        "canny": replace(FAST, signals={"glyph_canny": 1.0}),
        "mixed": replace(FAST, signals={"glyph": 1.0, "glyph_canny": 0.5}),
        "draft": replace(FAST, start="draft"),
    }
    pictures = {name: finish(_edit(scene, options)) for name, options in others.items()}
    pictures["guided"] = finish(_edit(scene, replace(FAST, guidance=8.0), prompt="a red sign"))
    pictures["first"] = first
    assert len({picture.tobytes() for picture in pictures.values()}) == len(pictures)


@pytest.mark.usefixtures("models")
def test_enhancement_reaches_each_control_net_once(scene: Scene) -> None:
    def recorded(fourier: Fourier | None, signals: dict[Any, float]) -> Recorder:
        recorder = Recorder()
        options = replace(FAST, steps=1, noise=0.9, signals=signals, fourier=fourier)
        finish(_edit(scene, options, recorder=recorder))
        return recorder

    both = {"glyph": 1.0, "glyph_canny": 0.5}
    twofold = Fourier(alpha=2.0, beta=1.0, s=1.0)  # scales the control and leaves its spectrum
    plain, scaled = recorded(None, both), recorded(twofold, both)
    [levels], [doubled] = plain.passes, scaled.passes
    for index, (one, two) in enumerate(zip(levels, doubled, strict=True)):
        assert one.control.any()
        torch.testing.assert_close(two.control, one.control * (2 if index < 2 else 1))


@pytest.mark.usefixtures("models")
def test_hooks_are_gone_between_steps_and_after_stopping(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    nets: set[torch.nn.Module] = set()
    for kind in (UNet2DConditionModel, ControlNetModel):
        forward = kind.forward

        def noted(net: Any, *args: Any, _forward: Any = forward, **kwargs: Any) -> Any:
            nets.add(net)
            return _forward(net, *args, **kwargs)

        monkeypatch.setattr(kind, "forward", noted)

    def hooks() -> int:
        parts = [part for net in nets for part in net.modules()]
        return sum(len(part._forward_hooks) + len(part._forward_pre_hooks) for part in parts)

    work = _edit(scene, Options(steps=4, fourier=Fourier()))
    next(work)
    assert len(nets) == 2
    assert hooks() == 0
    other = finish(_edit(scene))  # somebody else's edit on the same networks, while the first one waits
    next(work)
    work.close()
    assert hooks() == 0
    assert (finish(_edit(scene)) == other).all()


@pytest.mark.usefixtures("models")
def test_an_edit_does_not_depend_on_another_that_runs_between_its_steps(scene: Scene) -> None:
    alone = finish(_edit(scene, Options(steps=4)))
    work = _edit(scene, Options(steps=4))
    next(work)
    finish(_edit(scene, Options(steps=3, seed=5, fourier=Fourier())))
    assert (finish(work) == alone).all()


@pytest.mark.usefixtures("models")
def test_new_pictures_have_the_size_of_their_glyph() -> None:
    glyph, position = np.zeros((2, 64, 128), np.uint8)
    position[16:48, 16:112] = 255
    glyph[28:36, 24:104] = 255
    options = Options(steps=2, noise=1)
    drawn = finish(generate("sd15", glyph, position, "a sign", options))
    assert drawn.shape == (64, 128, 3)
    assert drawn.std() > 0
    with pytest.raises(InputError, match="multiples of 64"):
        finish(generate("sd15", glyph[:60], position[:60], "", options))
    with pytest.raises(InputError, match="set it to 1"):
        finish(generate("sd15", glyph, position, "", FAST))


@pytest.mark.usefixtures("models")
def test_it_works_in_the_number_format_of_a_gpu(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(scene.image[12:36], scene.glyph[12:36], scene.position[12:36])  # few pixels: it is slow on a CPU
    options = replace(FAST, steps=1, noise=0.2, fourier=Fourier())
    expected = finish(_edit(scene, options))
    setup._base.cache_clear()
    setup._control.cache_clear()
    monkeypatch.setattr(folders, "number_format", lambda: torch.bfloat16)
    edited = finish(_edit(scene, options))
    assert (edited != expected).any()
    assert np.abs(edited.astype(int) - expected)[scene.position > 0].mean() < 3
    setup._base.cache_clear()
    setup._control.cache_clear()


@pytest.mark.usefixtures("models")
def test_what_cannot_be_done_is_said_before_anything_is_computed(scene: Scene) -> None:
    with pytest.raises(InputError, match=r"no engine called '\.\./sd15'.*sd15, sd15-hub, anytext"):
        finish(_edit(scene, engine="../sd15"))
    with pytest.raises(InputError, match="anytext has no ControlNet for depth"):
        finish(_edit(scene, replace(FAST, signals={"depth": 1.0}), engine="anytext"))
    with pytest.raises(InputError, match="caption"):
        finish(_edit(scene, prompt="a" * 1000))
    with pytest.raises(InputError, match="Steps"):
        finish(_edit(scene, Options(steps=0)))
    with pytest.raises(InputError, match="position mask is empty"):
        finish(_edit(replace(scene, position=np.zeros_like(scene.position))))
    with pytest.raises(InputError, match="do not fit together"):
        finish(_edit(replace(scene, glyph=scene.glyph[1:])))
    with pytest.raises(InputError, match="uint8"):
        finish(_edit(replace(scene, glyph=scene.glyph.astype(np.float32))))
