"""The colours keep their contrast in both themes; the reference is WCAG's own formula on known pairs."""

import itertools
from collections.abc import Mapping

import pytest

from explorers.views.palette import (
    DARK,
    LIGHT,
    SERIES,
    contrast,
    diverging,
    resolve,
    sequential,
    text_on_diverging,
    text_on_sequential,
)

pytestmark = pytest.mark.unit

THEMES = pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])


def test_contrast_agrees_with_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_both_themes_name_the_same_tokens() -> None:
    assert set(LIGHT) == set(DARK)


@THEMES
@pytest.mark.parametrize(
    ("ground", "texts"),
    [
        ("paper", ("ink", "muted", "accent", "alert", "good")),
        ("surface", ("ink", "muted", "accent", "alert", "good")),
        ("sunken", ("ink", "muted", "good")),
        ("accent-soft", ("ink", "muted", "accent")),
        ("alert-soft", ("alert",)),
        ("mark", ("ink", "muted")),
    ],
)
def test_text_is_readable(theme: Mapping[str, str], ground: str, texts: tuple[str, ...]) -> None:
    assert min(contrast(theme[text], theme[ground]) for text in texts) >= 4.5


@THEMES
def test_graphics_stand_out(theme: Mapping[str, str]) -> None:
    drawn = ["edge", "baseline", "promote", "suppress", "accent", *(style.colour for style in SERIES)]
    assert min(contrast(theme[name], theme["paper"]) for name in drawn) >= 3
    assert contrast(theme["on-accent"], theme["accent"]) >= 4.5


def test_series_differ_by_marker_and_by_dash() -> None:
    for first, second in itertools.combinations(SERIES, 2):
        assert first.marker != second.marker
        assert first.dash != second.dash


def test_the_sequential_scale_is_viridis() -> None:
    assert sequential(0) == "#440154"
    assert sequential(0.5) == "#21918c"
    assert sequential(1) == "#fde725"
    assert sequential(7) == sequential(1)


def test_text_on_the_sequential_scale_is_readable() -> None:
    steps = [index / 100 for index in range(101)]
    assert min(contrast(sequential(step), text_on_sequential(step)) for step in steps) >= 4.5


@THEMES
def test_text_on_the_diverging_scale_is_readable(theme: Mapping[str, str]) -> None:
    for signed in [index / 50 - 1 for index in range(101)]:
        reference, opacity = diverging(signed)
        colour = _mixed(_colour(reference, theme), theme["sunken"], opacity)
        assert contrast(colour, _colour(text_on_diverging(signed), theme)) >= 3.9


def test_resolve_leaves_no_token_behind() -> None:
    assert resolve('fill="var(--atelier-ink)"') == f'fill="{LIGHT["ink"]}"'


def _colour(reference: str, theme: Mapping[str, str]) -> str:
    return reference if reference.startswith("#") else theme[reference.removeprefix("var(--atelier-").rstrip(")")]


def _mixed(over: str, under: str, opacity: float) -> str:
    pairs = [(int(over[at : at + 2], 16), int(under[at : at + 2], 16)) for at in (1, 3, 5)]
    return "#" + "".join(f"{round(a * opacity + b * (1 - opacity)):02x}" for a, b in pairs)
