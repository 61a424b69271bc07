"""Sweeps: the arithmetic of timelines by hand, and one edit for each value."""

from dataclasses import replace
from math import nan
from typing import Any

import numpy as np
import pytest

from backends.errors import InputError
from backends.progress import finish
from backends.text_image.edit import edit
from backends.text_image.regions import box_region
from backends.text_image.requests import NEUTRAL, EditRequest, Options, Segment, checked
from backends.text_image.sweep import CONTROLS, MOST_VALUES, drop_early, drop_late, split_at, sweep, with_control

QUICK = Options(steps=2)


def _parts(timeline: tuple[Segment, ...]) -> list[tuple[Any, Any, str]]:
    return [(pytest.approx(s.start), pytest.approx(s.end), s.control) for s in timeline]


@pytest.mark.unit
@pytest.mark.parametrize(
    ("timeline", "parts"),
    [
        (split_at(0.5), [(1, 0.5, "global"), (0.5, 0, "detail")]),
        (split_at(0.2), [(1, 0.2, "global"), (0.2, 0, "detail")]),
        (split_at(0), [(1, 0, "global")]),
        (split_at(1), [(1, 0, "detail")]),
        (drop_late(0), [(1, 0.5, "global"), (0.5, 0, "detail")]),
        (drop_late(0.2), [(1, 0.5, "global"), (0.5, 0.2, "detail"), (0.2, 0, "off")]),
        (drop_late(0.8), [(1, 0.8, "global"), (0.8, 0, "off")]),
        (drop_late(0.5, 0.8), [(1, 0.5, "global"), (0.5, 0.4, "detail"), (0.4, 0, "off")]),
        (drop_late(1), [(1, 0, "off")]),
        (drop_early(0), [(1, 0.5, "global"), (0.5, 0, "detail")]),
        (drop_early(0.1), [(1, 0.9, "off"), (0.9, 0.5, "global"), (0.5, 0, "detail")]),
        (drop_early(0.6), [(1, 0.4, "off"), (0.4, 0, "detail")]),
        (drop_early(0.1, 0.8), [(1, 0.72, "off"), (0.72, 0.5, "global"), (0.5, 0, "detail")]),
        (drop_early(1), [(1, 0, "off")]),
    ],
)
def test_timelines_by_hand(timeline: tuple[Segment, ...], parts: list[tuple[float, float, str]]) -> None:
    assert _parts(timeline) == parts
    checked(Options(timeline=timeline))


@pytest.mark.unit
@pytest.mark.parametrize(
    ("control", "value", "expected"),
    [
        ("alpha", 0.6, {"fourier": replace(NEUTRAL, alpha=0.6)}),
        ("beta", 0.8, {"fourier": replace(NEUTRAL, beta=0.8)}),
        ("s", 1.0, {"fourier": NEUTRAL}),
        ("radius", 4.0, {"fourier": replace(NEUTRAL, s=0.2, radius=4.0)}),
        ("noise", 0.4, {"noise": 0.4}),
        ("guidance", 2.0, {"guidance": 2.0}),
        ("glyph weight", 0.5, {"signals": {"glyph": 0.5, "depth": 1.0}}),
        ("steps", 5.0, {"steps": 5}),
        ("split", 0.35, {"timeline": split_at(0.35)}),
        # An edit begins at its noise of 0.8: dropping its first tenth ends at 0.72.
        ("drop early", 0.1, {"timeline": drop_early(0.1, 0.8)}),
        ("drop late", 0.5, {"timeline": drop_late(0.5, 0.8)}),
    ],
)
def test_one_control_changes_and_nothing_else(control: str, value: float, expected: dict[str, Any]) -> None:
    options = Options(seed=4, signals={"glyph": 1.0, "depth": 1.0})
    assert with_control(options, control, value) == replace(options, **expected)


@pytest.mark.unit
def test_every_value_of_every_grid_can_be_used() -> None:
    assert all(with_control(Options(), name, value) for name, values in CONTROLS.items() for value in values)


@pytest.mark.unit
@pytest.mark.parametrize(
    ("control", "value"),
    [
        *(("split", 1.2), ("split", nan), ("drop late", 1.1), ("drop late", -0.1), ("drop early", nan)),
        *(("steps", 2.5), ("steps", nan), ("steps", 0.0), ("alpha", 9.0), ("noise", 0.0), ("glow", 1.0)),
    ],
)
def test_what_cannot_be_swept_is_refused(control: str, value: float) -> None:
    with pytest.raises(InputError):
        with_control(Options(), control, value)


@pytest.fixture
def request_() -> EditRequest:
    image = np.random.default_rng(0).integers(60, 200, (80, 200, 3), dtype=np.uint8)
    return EditRequest(image, (box_region(20, 20, 100, 44, "Open"),), QUICK)


@pytest.mark.method
@pytest.mark.usefixtures("editing")
def test_a_sweep_is_an_edit_for_each_value(request_: EditRequest) -> None:
    result = finish(sweep(replace(request_, options=replace(QUICK, variants=3)), "noise", (0.3, 0.9)))
    assert [(result.control, row.value) for row in result.rows] == [("noise", 0.3), ("noise", 0.9)]
    alone = finish(edit(replace(request_, options=replace(QUICK, noise=0.9))))
    assert np.array_equal(result.rows[1].image, alone.images[0])
    assert not np.array_equal(result.rows[0].image, result.rows[1].image)
    assert result.rows[1].ned == alone.lines[0].ned
    changed = np.abs(alone.images[0].astype(int) - request_.image)
    # By hand: the mean over the box alone, which the feather widens by 4 pixels of the canvas.
    assert result.rows[1].changed == pytest.approx(changed[16:68, 16:124].mean(), rel=0.05)


@pytest.mark.method
@pytest.mark.usefixtures("editing")
def test_progress_goes_once_from_0_to_1_and_names_the_value(request_: EditRequest) -> None:
    steps = list(sweep(request_, "steps", (1, 2)))
    fractions = [step.fraction for step in steps]
    assert fractions == sorted(fractions)
    assert steps[0].message.startswith("steps 1: ")
    assert steps[-1].message.startswith("steps 2: ")


@pytest.mark.method
@pytest.mark.usefixtures("editing")
@pytest.mark.parametrize(
    ("control", "values", "said"),
    [
        ("glow", (), "Nothing called 'glow' can be swept"),
        ("glow", (1.0,), "Nothing called 'glow' can be swept"),
        ("noise", (0.5, 7.0), "Noise is 7"),
        ("noise", tuple([0.5] * (MOST_VALUES + 1)), "too many"),
    ],
)
def test_a_sweep_is_refused_before_its_first_edit(
    request_: EditRequest, control: str, values: tuple[float, ...], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        next(sweep(request_, control, values))
