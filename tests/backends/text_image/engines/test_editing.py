"""Requests answered by a larger engine: whole edits and new pictures through the same door as the embedded one."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from backends.errors import InputError
from backends.progress import Progress, finish
from backends.settings import settings
from backends.text_image.canvas import canvas_of
from backends.text_image.edit import canvases_of, edit, generate
from backends.text_image.engines.editing import on_picture
from backends.text_image.engines.table import offered
from backends.text_image.lines import lines_of
from backends.text_image.regions import box_region
from backends.text_image.requests import EditRequest, GenerateRequest, Options, Region
from backends.text_image.spectrum import spectrum

pytestmark = pytest.mark.method

FAST = Options(engine="sd15", steps=2, seed=3)
SLANTED = Region(((40, 130), (180, 110), (186, 160), (44, 180)), "NEW")


@pytest.fixture
def request_of_two() -> EditRequest:
    picture = np.random.default_rng(0).integers(0, 256, (200, 240, 3), dtype=np.uint8)
    return EditRequest(picture, (box_region(20, 20, 150, 44, "OLD"), SLANTED), FAST)


@pytest.mark.usefixtures("models")
def test_an_edit_changes_its_regions_and_not_a_bit_outside(request_of_two: EditRequest) -> None:
    result = finish(edit(request_of_two))
    assert result.outside == 0
    assert [line.text for line in result.lines] == ["OLD", "NEW"]
    for canvas in canvases_of(request_of_two):
        _, inside = on_picture(canvas, request_of_two.image.shape)
        assert (result.images[0] != request_of_two.image).any(axis=2)[inside > 250].mean() > 0.9
    assert [len(film.frames) for film in result.films] == [2, 2]
    assert result.films[0].times == pytest.approx((0.8, 0.4))
    # The last frame is what the finished picture shows at the line's place.
    assert np.array_equal(
        result.films[1].frames[-1], canvas_of(result.images[0], canvases_of(request_of_two)[1].line).image
    )


@pytest.mark.usefixtures("models")
def test_progress_runs_over_all_lines_and_variants(request_of_two: EditRequest) -> None:
    steps: list[Progress] = []
    work = edit(replace(request_of_two, options=replace(FAST, variants=2)))
    while True:
        try:
            steps.append(next(work))
        except StopIteration as stop:
            result = stop.value
            break
    fractions = [step.fraction for step in steps]
    assert fractions == sorted(fractions)
    assert len(fractions) == 2 * 2 * 2 + 1
    assert len(result.images) == 2
    assert not np.array_equal(*result.images)
    again = finish(edit(replace(request_of_two, options=replace(FAST, seed=FAST.seed + 1))))
    assert np.array_equal(again.images[0], result.images[1])


@pytest.mark.usefixtures("models")
def test_a_new_picture_is_as_large_as_the_engine_was_trained_at() -> None:
    options = replace(FAST, noise=1.0, variants=2)
    result = finish(generate(GenerateRequest("OPEN", 256, None, options)))
    assert [image.shape for image in result.images] == [(512, 512, 3)] * 2
    assert result.lines[0].text == "OPEN"
    assert len(result.films[0].frames) == 2
    with pytest.raises(InputError, match="one line"):
        finish(generate(GenerateRequest("two\nlines", 256, None, options)))
    with pytest.raises(InputError, match="no text"):
        finish(generate(GenerateRequest(" ", 256, None, options)))


def test_masks_lie_on_the_picture_where_the_region_is() -> None:
    picture = np.zeros((200, 240, 3), np.uint8)
    upright = canvas_of(picture, lines_of(box_region(20, 30, 150, 44, "MASK"))[0])
    glyph, position = on_picture(upright, picture.shape)
    rows, columns = np.nonzero(position > 127)
    assert (columns.min(), columns.max(), rows.min(), rows.max()) == (20, 169, 30, 73)
    assert (glyph[position == 0] == 0).all()
    assert (glyph > 127).any()


def test_the_spectrum_says_that_it_is_of_the_own_networks(request_of_two: EditRequest) -> None:
    with pytest.raises(InputError, match="networks that ship"):
        finish(spectrum(request_of_two))


@pytest.mark.usefixtures("models")
def test_an_unknown_engine_is_answered_with_those_there_are(request_of_two: EditRequest) -> None:
    with pytest.raises(InputError, match=r"no engine called '/etc'.*sd15, sd15-hub, anytext"):
        finish(edit(replace(request_of_two, options=replace(FAST, engine="/etc"))))
    with pytest.raises(InputError, match="The engine is 7"):
        finish(edit(replace(request_of_two, options=replace(FAST, engine=7))))  # type: ignore[arg-type]


def test_only_what_can_be_loaded_is_offered(own_models: Path, fresh_settings: pytest.MonkeyPatch) -> None:
    assert [engine.id for engine in offered()] == ["sd15", "anytext"]
    (own_models / "anytext-controlnet").rename(own_models / "elsewhere")
    assert [engine.id for engine in offered()] == ["sd15"]
    (own_models / "stable-diffusion-v1-5").rename(own_models / "nowhere")
    assert offered() == []
    fresh_settings.setenv("ATELIER_HUB", "1")
    settings.cache_clear()
    assert [engine.id for engine in offered()] == ["sd15-hub"]
