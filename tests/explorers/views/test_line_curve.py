"""Curves: geometry by hand, the band, labels that do not collide, refusals."""

import itertools
import math
import re

import pytest

from backends.errors import InputError
from explorers.views.line_curve import Series, line_curve
from explorers.views.picture import Picture
from tests.explorers.views.reading import HOSTILE, SVG, Page, assert_harmless, csv_rows, svg_root

pytestmark = pytest.mark.unit


def picture(*series: Series) -> Picture:
    return line_curve(series, title="Curve", x_title="steps", y_title="accuracy", y_limits=(0, 1))


def strokes(result: Picture, colour: str) -> list[list[tuple[float, float]]]:
    paths = [one.attrib for one in svg_root(result).iter(f"{SVG}path") if one.attrib.get("stroke") == colour]
    numbers = [[float(value) for value in re.findall(r"-?[\d.]+", one["d"])] for one in paths]
    return [list(zip(flat[::2], flat[1::2], strict=True)) for flat in numbers]


def test_the_middle_value_lies_in_the_middle() -> None:
    line = strokes(picture(Series("ours", [0, 1, 2], [0, 0.5, 1], role="ours")), "#5a3bc2")[0]
    (x0, y0), (x1, y1), (x2, y2) = line
    assert x1 == pytest.approx((x0 + x2) / 2)
    assert y1 == pytest.approx((y0 + y2) / 2)
    assert y2 < y0


def test_the_band_follows_its_bounds() -> None:
    result = picture(Series("ours", [0, 1], [0.5, 0.5], [0.25, 0.25], [0.75, 0.75], role="ours"))
    band = next(one for one in svg_root(result).iter(f"{SVG}path") if one.attrib.get("fill-opacity"))
    ys = [float(value) for value in re.findall(r"-?[\d.]+", band.attrib["d"])][1::2]
    middle = strokes(result, "#5a3bc2")[0][0][1]
    assert (min(ys) + max(ys)) / 2 == pytest.approx(middle)


def test_names_of_lines_that_end_together_keep_apart() -> None:
    result = picture(*(Series(f"line {index}", [0, 1], [0, 0.5]) for index in range(5)))
    ys = sorted(float(t.attrib["y"]) for t in svg_root(result).iter(f"{SVG}text") if (t.text or "").startswith("line"))
    assert min(b - a for a, b in itertools.pairwise(ys)) >= 16


def test_ours_is_accented_and_the_baseline_grey() -> None:
    result = picture(Series("ours", [0, 1], [0, 1], role="ours"), Series("base", [0, 1], [0, 0], role="baseline"))
    assert strokes(result, "#5a3bc2")
    assert strokes(result, "#85818f")


def test_a_single_point_is_drawn() -> None:
    assert svg_root(picture(Series("ours", [3], [0.5], role="ours"))) is not None


def test_the_twins_hold_all_the_data() -> None:
    result = picture(Series("ours", [0, 1], [0.125, 0.25], [0.1, 0.2], [0.2, 0.3]))
    assert csv_rows(result.csv)[1:] == [["ours", "0", "0.125", "0.1", "0.2"], ["ours", "1", "0.25", "0.2", "0.3"]]
    assert {"ours", "0.125", "0.250", "0.300"} <= set(Page(result.html).cells)


def test_hostile_text_stays_text() -> None:
    series = [Series(HOSTILE, [0, 1], [0, 1])]
    assert_harmless(line_curve(series, title=HOSTILE, x_title=HOSTILE, y_title=HOSTILE))


@pytest.mark.parametrize(
    ("series", "message"),
    [
        ([], "no finite value"),
        ([Series("a", [], [])], "as many of each"),
        ([Series("a", [0, 1], [0])], "as many of each"),
        ([Series("a", [0], [math.nan])], "y of “a” holds nan"),
        ([Series("a", [0, 1], [0, 1], [0])], "The band of “a”"),
    ],
)
def test_bad_series_are_refused(series: list[Series], message: str) -> None:
    with pytest.raises(InputError, match=message):
        line_curve(series, title="Curve", x_title="x", y_title="y")
