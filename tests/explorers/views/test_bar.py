"""Bars: geometry by hand, refusals, data twins."""

import math

import pytest

from backends.errors import InputError
from explorers.views.bar import Bar, bar_chart
from tests.explorers.views.reading import HOSTILE, SVG, Page, assert_harmless, csv_rows, svg_root

pytestmark = pytest.mark.unit


def accent_bars(svg_rects: list[dict[str, str]]) -> list[float]:
    return [float(one["width"]) for one in svg_rects if one.get("fill") == "#5a3bc2"]


def rects(bars: list[Bar], **options: object) -> list[dict[str, str]]:
    picture = bar_chart(bars, title="Bars", **options)  # type: ignore[arg-type]
    return [dict(element.attrib) for element in svg_root(picture).iter(f"{SVG}rect")]


def test_half_the_range_is_half_the_length() -> None:
    half, full = accent_bars(rects([Bar("a", 0.5), Bar("b", 1.0)], limits=(0, 1)))
    assert half == pytest.approx(full / 2, abs=0.01)


def test_signed_bars_start_at_zero() -> None:
    found = rects([Bar("for", 2), Bar("against", -2)], signed=True)
    right = next(one for one in found if one.get("fill") == "#0b7285")
    left = next(one for one in found if one.get("fill") == "#c04a12")
    assert float(left["x"]) + float(left["width"]) == pytest.approx(float(right["x"]), abs=0.02)
    assert left["width"] == right["width"]


def test_what_is_not_explained_is_hatched() -> None:
    picture = bar_chart([Bar("sidechannel", 1.0, hatched=True)], title="Bars")
    root = svg_root(picture)
    pattern = next(root.iter(f"{SVG}pattern")).attrib["id"]
    assert [one for one in root.iter(f"{SVG}rect") if one.attrib.get("fill") == f"url(#{pattern})"]


def test_the_truth_is_an_outline() -> None:
    outlined = [one for one in rects([Bar("a", 0.5, truth=True), Bar("b", 0.5)]) if one.get("fill") == "none"]
    assert len(outlined) == 1


def test_the_twins_hold_all_the_data() -> None:
    bars = [Bar("a", 0.123456789, 0.1, 0.2, 0.05, truth=True, note="new"), Bar("b", 0.5)]
    picture = bar_chart(bars, title="Bars")
    rows = csv_rows(picture.csv)
    assert [float(cell) for cell in rows[1][1:5]] == [0.123456789, 0.1, 0.2, 0.05]
    assert rows[2] == ["b", "0.5", "", "", "", "", "", ""]
    cells = Page(picture.html).cells
    assert {"a", "0.123", "0.100", "0.200", "0.050", "new"} <= set(cells)


def test_hostile_text_stays_text() -> None:
    assert_harmless(bar_chart([Bar(HOSTILE, 1.0, note=HOSTILE)], title=HOSTILE, axis_title=HOSTILE, unit=HOSTILE))


@pytest.mark.parametrize(
    ("bars", "message"),
    [
        ([], "at least one bar"),
        ([Bar("a", math.nan)], "holds nan at position 0"),
        ([Bar("a", 0.5, 0.7, 0.3)], "interval of “a”"),
    ],
)
def test_bad_bars_are_refused(bars: list[Bar], message: str) -> None:
    with pytest.raises(InputError, match=message):
        bar_chart(bars, title="Bars", limits=(0, 1))


def test_all_zero_bars_are_drawn() -> None:
    assert accent_bars(rects([Bar("a", 0.0), Bar("b", 0.0)])) == [0, 0]
