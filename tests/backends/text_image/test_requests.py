"""Options: what is refused and what the message says; equal options are one key."""

from dataclasses import replace
from math import inf, nan
from typing import Any

import numpy as np
import pytest

from backends.errors import InputError
from backends.text_image.requests import PRESETS, Fourier, Options, Segment, checked

pytestmark = pytest.mark.unit


def test_the_defaults_are_the_papers() -> None:
    options = checked(Options(fourier=Fourier()))
    assert options.noise == 0.8
    assert [(s.start, s.end, s.control) for s in options.timeline] == [(1.0, 0.5, "global"), (0.5, 0.0, "detail")]
    assert options.masked_levels == 2
    assert options.fourier == Fourier(alpha=1.4, beta=1.2, s=0.2, radius=1.0, band="all")
    assert all(checked(Options(steps=steps)) for steps in PRESETS.values())


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("steps", (1, 50, np.int64(5)), (0, 51, 5.0, "5", None, True, nan)),
        ("noise", (0.05, 1, 1.0, np.float32(0.5)), (0, 0.04, 1.01, nan, inf, "0.8", None, True)),
        ("seed", (0, 2**63 - 1), (-1, 2**63, 1.5, None)),
        ("variants", (1, 4), (0, 5, 1.5)),
        ("guidance", (1, 10, 2.5), (0.9, 11, nan)),
        ("masked_levels", (0, 3), (-1, 4, 1.5)),
        ("start", ("paper", "draft"), ("", "original", None)),
        ("keep_colours", (True, False), (0, 1, None, "yes")),
        ("crisp_strokes", (True, False), (0, 1, None, "yes")),
        ("fec", (True, False), (0, 1, None, "yes")),
        ("caption", ("", "a" * 300), ("a" * 301, None, 5)),
        (
            "signals",
            ({}, {"glyph": 0.0}, {"depth": 2, "image_canny": 0.5}),
            ({"glow": 1.0}, {"glyph": -1}, {"glyph": nan}),
        ),
        (
            "fourier",
            (None, Fourier(), Fourier(0, 0, 0, 0, "low")),
            (Fourier(alpha=5), Fourier(beta=nan), Fourier(s=-1)),
        ),
        ("fourier", (Fourier(radius=32),), (Fourier(radius=33), Fourier(band="middle"))),  # type: ignore[arg-type]
    ],
)
def test_each_value_has_its_range(name: str, good: tuple[Any, ...], bad: tuple[Any, ...]) -> None:
    for value in good:
        checked(replace(Options(), **{name: value}))
    for value in bad:
        with pytest.raises(InputError):
            checked(replace(Options(), **{name: value}))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (Options(steps=99), "Steps is 99; it must be a whole number from 1 to 50."),
        (Options(noise=0), "Noise is 0; it must be a number from 0.05 to 1."),
        (Options(signals={"glow": 1}), "No signal is called 'glow'. Use some of: glyph, "),  # type: ignore[dict-item]
        (Options(signals={"glyph": 3}), "The weight of glyph is 3"),
        (Options(seed=-1), "whole number from 0 to 9223372036854775807"),
        (Options(start="best"), "'best'"),  # type: ignore[arg-type]
    ],
)
def test_a_message_says_what_to_do(options: Options, said: str) -> None:
    with pytest.raises(InputError) as error:
        checked(options)
    assert said in str(error.value)


@pytest.mark.parametrize(
    "segments",
    [
        (),
        ((1.0, 0.5, "global"),),
        ((0.9, 0.0, "global"),),
        ((1.0, 0.6, "global"), (0.5, 0.0, "detail")),
        ((1.0, 0.4, "global"), (0.5, 0.0, "detail")),
        ((1.0, 1.0, "off"), (1.0, 0.0, "detail")),
        ((1.0, -0.1, "global"),),
        ((1.0, nan, "global"), (nan, 0.0, "detail")),
        ((1.0, 0.0, "both"),),
    ],
)
def test_a_timeline_has_no_gaps(segments: tuple[tuple[float, float, Any], ...]) -> None:
    with pytest.raises(InputError):
        checked(Options(timeline=tuple(Segment(*segment) for segment in segments)))


def test_a_timeline_may_have_many_parts() -> None:
    timeline = tuple(Segment(1 - i / 10, 1 - (i + 1) / 10, ("off", "global", "detail")[i % 3]) for i in range(10))
    assert checked(Options(timeline=timeline)).timeline == timeline


def test_equal_options_have_one_hash() -> None:
    one = Options(signals={"glyph": 1.0, "depth": 0.5}, steps=5)
    same = Options(signals={"depth": 0.5, "glyph": 1}, steps=5)
    assert one == same
    assert hash(one) == hash(same)
    assert len({one, same, replace(one, seed=1), replace(one, fourier=Fourier())}) == 3
