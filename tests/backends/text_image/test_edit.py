"""Edits from request to result, with the real networks untrained: what changes, what must not, and what is refused."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch

from backends.errors import InputError
from backends.progress import Progress, finish
from backends.text_image.canvas import HEIGHT, canvas_of, feather_mask
from backends.text_image.edit import canvases_of, denoised, edit, generate, to_pictures
from backends.text_image.ground import with_own_ground
from backends.text_image.models import pipeline, using
from backends.text_image.networks import noise_schedule
from backends.text_image.pipeline import TextGenPipeline
from backends.text_image.regions import box_region
from backends.text_image.requests import EditRequest, EditResult, GenerateRequest, Options, Region, Segment

pytestmark = [pytest.mark.method, pytest.mark.usefixtures("editing")]

QUICK = Options(steps=3)
ONE, NEXT = box_region(20, 30, 100, 44, "Open"), box_region(20, 120, 100, 44, "Shut")
WIDE = box_region(20, 200, 200, 44, "Entrance")


def _request(*regions: Region, **options: Any) -> EditRequest:
    image = np.random.default_rng(1).integers(60, 200, (280, 300, 3), dtype=np.uint8)
    return EditRequest(image, regions, replace(QUICK, **options))


def _watched(request: EditRequest) -> tuple[list[Progress], EditResult]:
    steps, work = [], edit(request)
    while True:
        try:
            steps.append(next(work))
        except StopIteration as stop:
            return steps, stop.value


def test_pictures_are_rounded_to_levels() -> None:
    images = torch.tensor([-1.0, -0.5, 0.0, 1.0]).reshape(1, 1, 1, 4).expand(1, 3, 1, 4)
    assert to_pictures(images)[0][0, :, 0].tolist() == [0, 64, 128, 255]


def test_an_edit_changes_its_regions_and_nothing_else() -> None:
    request = _request(ONE, WIDE)
    result = finish(edit(request))
    reached = sum(feather_mask(request.image.shape, canvas) for canvas in canvases_of(request)) > 0
    (after,) = result.images
    assert after.shape == request.image.shape
    assert np.array_equal(after[~reached], request.image[~reached])
    assert result.outside == 0
    assert np.abs(after.astype(int) - request.image)[reached].mean() > 5
    assert [line.text for line in result.lines] == ["Open", "Entrance"]
    assert [line.script for line in result.lines] == ["latin", "latin"]
    assert [canvas.shape for canvas in result.canvases] == [(HEIGHT, 128, 3), (HEIGHT, 224, 3)]
    assert [film.times for film in result.films] == [pytest.approx((0.8, 0.533, 0.267))] * 2
    assert [len(film.frames) for film in result.films] == [3, 3]
    assert not result.glyphs[0][canvases_of(request)[0].position == 0].any()
    assert result.seconds > 0


def test_progress_rises_and_previews_end_in_the_picture() -> None:
    steps, result = _watched(_request(ONE, WIDE, variants=2))
    fractions = [step.fraction for step in steps]
    assert all(before <= after for before, after in pairwise(fractions))
    # Two widths of three steps, two variants, and the reading.
    assert len(steps) == 13
    assert steps[0].preview is not None
    assert np.array_equal(steps[11].preview, result.images[1])  # type: ignore[arg-type]
    assert steps[0].message == "global control, step 1 of 3"


def test_a_region_does_not_depend_on_its_neighbours() -> None:
    alone = finish(edit(_request(NEXT))).films[0].frames[-1]
    for regions in ((ONE, NEXT), (WIDE, NEXT), (NEXT, ONE)):
        result = finish(edit(_request(*regions)))
        beside = result.films[regions.index(NEXT)].frames[-1]
        assert np.abs(beside.astype(int) - alone).max() <= 1


def test_requests_repeat_and_variants_and_seeds_differ() -> None:
    first = finish(edit(_request(ONE, variants=2)))
    again = finish(edit(_request(ONE, variants=2)))
    other = finish(edit(_request(ONE, seed=1)))
    assert all(np.array_equal(*pair) for pair in zip(first.images, again.images, strict=True))
    assert not np.array_equal(first.images[0], first.images[1])
    assert not np.array_equal(first.images[0], other.images[0])
    assert len(first.films) == 1


def test_interleaved_edits_are_those_of_each_alone() -> None:
    requests = [
        _request(ONE, fourier=None, seed=3),
        _request(ONE, timeline=(Segment(1, 0, "off"),), guidance=2, seed=3),
    ]
    alone = [finish(edit(request)).images[0] for request in requests]
    waiting: list[tuple[int, Any]] = list(enumerate(map(edit, requests)))
    found: dict[int, EditResult] = {}
    while waiting:
        index, work = waiting.pop(0)
        try:
            next(work)
            waiting.append((index, work))
        except StopIteration as stop:
            found[index] = stop.value
    assert all(np.array_equal(found[index].images[0], alone[index]) for index in (0, 1))


def test_an_edit_that_is_stopped_leaves_room_for_the_next(editing: TextGenPipeline) -> None:
    stopped = edit(_request(ONE))
    next(stopped)
    assert not torch.is_inference_mode_enabled()
    stopped.close()
    nets = editing.unet, editing.global_control, editing.detail_control
    assert not any(part._forward_hooks or part._forward_pre_hooks for net in nets for part in net.modules())
    assert finish(edit(_request(ONE))).outside == 0


def test_removing_text_and_turned_columns_are_edited_too() -> None:
    turned = Region(((150, 20), (250, 60), (236, 100), (136, 60)), "Tilted")
    column = Region(((20, 20), (64, 20), (64, 200), (20, 200)), "你好世界")
    result = finish(edit(_request(turned, column, box_region(100, 220, 150, 44, ""))))
    assert result.outside == 0
    assert [line.text for line in result.lines] == ["Tilted", "你好世界", ""]
    assert [glyph.any() for glyph in result.glyphs] == [True, True, False]


def test_a_draft_begins_with_the_glyph_in_the_picture() -> None:
    request = _request(ONE, steps=1)
    paper, draft = (
        finish(edit(replace(request, options=replace(request.options, start=s)))) for s in ("paper", "draft")
    )
    assert not np.array_equal(paper.images[0], draft.images[0])
    assert np.array_equal(paper.canvases[0], draft.canvases[0])


def test_canvases_of_one_width_are_denoised_together() -> None:
    canvases = canvases_of(_request(ONE, WIDE, NEXT))
    steps = list(denoised(canvases, QUICK))
    assert [group for _, group, _ in steps] == [[0, 2]] * 3 + [[1]] * 3
    shares = [share for share, _, _ in steps]
    # Two canvases of 128 and one of 224 columns.
    assert shares == pytest.approx(
        [256 / 480 * i / 3 for i in (1, 2, 3)] + [(256 + 224 * i / 3) / 480 for i in (1, 2, 3)]
    )


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (_request(), "No region is marked"),
        (_request(ONE, steps=0), "Steps is 0"),
        (_request(ONE, caption="a" * 301), "The caption is"),
        (_request(replace(ONE, text="\ue000")), "U\\+E000"),
        (_request(replace(ONE, script="klingon")), "klingon"),
        (_request(replace(ONE, text="x" * 500)), "too long"),
    ],
)
def test_what_cannot_be_used_is_refused_before_the_first_step(request_: EditRequest, said: str) -> None:
    with pytest.raises(InputError, match=said):
        next(edit(request_))


def test_a_new_picture_is_made_from_noise() -> None:
    request = GenerateRequest("Open", 128, options=replace(QUICK, noise=1.0, variants=2))
    result = finish(generate(request))
    assert [image.shape for image in result.images] == [(HEIGHT, 128, 3)] * 2
    assert not np.array_equal(result.images[0], result.images[1])
    assert np.array_equal(result.films[0].frames[-1], result.images[0])
    assert result.films[0].times == pytest.approx((1.0, 0.667, 0.333))
    assert result.lines[0].text == "Open"


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (GenerateRequest("Open", options=QUICK), "set it to 1"),
        (GenerateRequest("  "), "There is no text"),
        (GenerateRequest("Open", 100), "multiple of 32"),
        (GenerateRequest("Open", 1024), "multiple of 32"),
        (GenerateRequest("Open", script="klingon"), "klingon"),
        (GenerateRequest("你好" * 10, 96), "one line"),
    ],
)
def test_a_new_picture_that_cannot_be_made_is_refused(request_: GenerateRequest, said: str) -> None:
    with pytest.raises(InputError, match=said):
        next(generate(request_))


def test_another_pipeline_is_used_inside_alone(editing: TextGenPipeline) -> None:
    other = TextGenPipeline(editing.unet, editing.detail_control, editing.detail_control, noise_schedule())
    assert pipeline() is editing
    with using(other):
        assert pipeline() is other
    assert pipeline() is editing


def test_the_canvas_read_back_is_that_of_the_finished_picture() -> None:
    """What the judge is shown is cut from the picture itself, feather and rounding included."""
    request = _request(ONE)
    result = finish(edit(request))
    (canvas,) = canvases_of(request)
    shown = canvas_of(result.images[0], canvas.line).image
    last = with_own_ground(canvas.image, result.films[0].frames[-1], canvas.glyph, canvas.position)
    assert np.abs(shown.astype(int) - last)[canvas.position == 255].max() <= 1


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Sums in the same order in every batch that a test compares."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
