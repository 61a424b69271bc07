"""Named timelines by hand, and the marks of a timeline as the inverse of the timeline of marks."""

import itertools
from math import nan

import pytest

from backends.errors import InputError
from backends.text_image.pipeline import control_at, schedule
from backends.text_image.requests import PAPER_TIMELINE, Options, Segment, checked
from backends.text_image.timelines import NAMES, Marks, marks_of, named, step_times, timeline

pytestmark = pytest.mark.unit

GRID = (0.0, 0.16, 0.4, 0.5, 0.64, 0.8, 1.0)


def parts(segments: tuple[Segment, ...]) -> list[tuple[float, float, str]]:
    """The segments as plain tuples."""
    return [(one.start, one.end, one.control) for one in segments]


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("both stages (paper)", [(1, 0.5, "global"), (0.5, 0, "detail")]),
        # An edit denoises from 0.8 to 0: its last fifth are the times below 0.16.
        ("drop last 20 %", [(1, 0.5, "global"), (0.5, 0.16, "detail"), (0.16, 0, "off")]),
        ("drop last 50 %", [(1, 0.5, "global"), (0.5, 0.4, "detail"), (0.4, 0, "off")]),
        # The last four fifths take the whole detail stage, and of the global one what lies below 0.64.
        ("drop last 80 %", [(1, 0.64, "global"), (0.64, 0, "off")]),
        ("drop first 10 %", [(1, 0.72, "off"), (0.72, 0.5, "global"), (0.5, 0, "detail")]),
        ("drop first 20 %", [(1, 0.64, "off"), (0.64, 0.5, "global"), (0.5, 0, "detail")]),
        ("global only", [(1, 0, "global")]),
        ("detail only", [(1, 0, "detail")]),
    ],
)
def test_a_named_timeline_is_of_the_denoising_from_08(name: str, wanted: list[tuple[float, float, str]]) -> None:
    assert parts(timeline(*named(name, 0.8))) == wanted


@pytest.mark.parametrize(
    ("name", "noise", "wanted"),
    [
        ("drop last 50 %", 1.0, [(1, 0.5, "global"), (0.5, 0, "off")]),
        ("drop first 20 %", 1.0, [(1, 0.8, "off"), (0.8, 0.5, "global"), (0.5, 0, "detail")]),
        # An edit that begins below the split knows no global stage.
        ("drop first 20 %", 0.4, [(1, 0.32, "off"), (0.32, 0, "detail")]),
        ("drop last 50 %", 0.4, [(1, 0.5, "global"), (0.5, 0.2, "detail"), (0.2, 0, "off")]),
    ],
)
def test_shares_follow_the_noise(name: str, noise: float, wanted: list[tuple[float, float, str]]) -> None:
    assert parts(timeline(*named(name, noise))) == wanted


def test_control_that_ends_where_it_begins_is_none() -> None:
    assert parts(timeline(0.4, 0.5, 0.4)) == [(1, 0, "off")]


def test_the_first_name_is_the_papers() -> None:
    assert timeline(*named(NAMES[0], 0.3)) == PAPER_TIMELINE


@pytest.mark.parametrize("begins", GRID)
def test_marks_are_the_inverse_of_a_timeline(begins: float) -> None:
    for split, ends in itertools.product(GRID, repeat=2):
        if ends > begins:
            with pytest.raises(InputError, match="before it begins"):
                timeline(begins, split, ends)
            continue
        segments = timeline(begins, split, ends)
        assert checked(Options(timeline=segments)).timeline == segments  # from 1 down to 0 without gaps
        found = marks_of(segments)
        assert found is not None
        assert timeline(*found) == segments


@pytest.mark.parametrize(
    "segments",
    [
        (Segment(1, 0.5, "detail"), Segment(0.5, 0, "global")),
        (Segment(1, 0.7, "global"), Segment(0.7, 0.4, "off"), Segment(0.4, 0, "detail")),
        (Segment(1, 0.6, "global"), Segment(0.6, 0.3, "detail"), Segment(0.3, 0, "global")),
        (Segment(1, 0.6, "global"), Segment(0.6, 0, "global")),
    ],
)
def test_a_timeline_of_another_form_has_no_marks(segments: tuple[Segment, ...]) -> None:
    assert checked(Options(timeline=segments)).timeline == segments
    assert marks_of(segments) is None


@pytest.mark.parametrize(
    ("marks", "said"),
    [
        ((1.1, 0.5, 0), "The beginning of the control is 1.1; it must be a time from 0 to 1."),
        ((1, -0.1, 0), "The split of the control is -0.1"),
        ((1, 0.5, nan), "The end of the control is nan"),
        ((nan, 0.5, 0), "The beginning of the control is nan"),
        ((0.2, 0.5, 0.3), "Control ends at 0.3 before it begins at 0.2"),
    ],
)
def test_times_out_of_range_are_refused(marks: Marks, said: str) -> None:
    with pytest.raises(InputError) as error:
        timeline(*marks)
    assert said in str(error.value)


@pytest.mark.parametrize("name", ["", "drop last 30 %", "Global only", "drop"])
def test_an_unknown_name_is_refused_with_those_there_are(name: str) -> None:
    with pytest.raises(InputError, match="Use one of: both stages"):
        named(name, 0.8)


@pytest.mark.parametrize("noise", [0.8, 1.0, 0.45])
@pytest.mark.parametrize("steps", [3, 5, 10, 25])
def test_steps_are_told_the_control_that_they_get(noise: float, steps: int) -> None:
    told = step_times(noise, steps)
    made = [(t + 1) / 1000 for t in schedule(noise, steps)]
    assert told == pytest.approx(made, abs=6e-4)
    for name in NAMES:
        segments = timeline(*named(name, noise))
        assert [control_at(segments, time) for time in told] == [control_at(segments, time) for time in made]
