"""The scatter's value and its still twin."""

import math

import pytest

from backends.errors import InputError
from explorers.views.scatter import (
    Axis,
    Front,
    Point,
    Reference,
    scatter_csv,
    scatter_picture,
    scatter_svg,
    scatter_value,
)
from tests.explorers.views.reading import HOSTILE, SVG, Page, assert_harmless, csv_rows, svg_root

pytestmark = pytest.mark.unit

X, Y = Axis("agreement", (0, 1)), Axis("accuracy", (0, 1))


def point(identity: str, x: float = 0.5, y: float = 0.5, series: str = "ours") -> Point:
    return Point(identity, x, y, f"label {identity}", series)


def test_points_travel_with_their_series() -> None:
    value = scatter_value([point("a"), point("b", series="other")], x=X, y=Y, selected=["b"])
    assert value["points"] == [
        ["a", 0.5, 0.5, "label a", 0, None, False, ""],
        ["b", 0.5, 0.5, "label b", 1, None, False, ""],
    ]
    assert value["selected"] == ["b"]


def test_the_middle_lies_in_the_middle() -> None:
    picture = scatter_picture([point("a", 0, 0), point("b", 0.5, 0.5), point("c", 1, 1)], title="Points", x=X, y=Y)
    # Three points, in front of them the legend's marker.
    found = [(float(one.attrib["cx"]), float(one.attrib["cy"])) for one in svg_root(picture).iter(f"{SVG}circle")][1:]
    (ax, ay), (bx, by), (cx, cy) = found
    assert bx == pytest.approx((ax + cx) / 2)
    assert by == pytest.approx((ay + cy) / 2)
    assert cy < ay


def test_fronts_and_references_are_drawn() -> None:
    picture = scatter_picture(
        [point("a")],
        title="Points",
        x=X,
        y=Y,
        fronts=[Front("best", [(0, 1), (1, 0)])],
        references=[Reference("chance", y=0.1)],
    )
    assert list(svg_root(picture).iter(f"{SVG}path"))
    assert "chance" in picture.svg


def test_the_twins_hold_all_the_data() -> None:
    points = [Point("a", 0.125, 0.25, "A", "ours", note="seed 1")]
    assert csv_rows(scatter_csv(points, x=X, y=Y))[1] == ["a", "A", "ours", "0.125", "0.25", "seed 1"]
    assert {"a", "A", "0.125", "0.250", "seed 1"} <= set(Page(scatter_picture(points, title="P", x=X, y=Y).html).cells)


def test_hostile_text_stays_text() -> None:
    points = [Point(HOSTILE, 0, 0, HOSTILE, HOSTILE, note=HOSTILE)]
    assert_harmless(scatter_picture(points, title=HOSTILE, x=Axis(HOSTILE), y=Axis(HOSTILE)))
    assert "<img" not in scatter_svg(points, title=HOSTILE, x=X, y=Y)


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([], "1 to 10000"),
        ([point("a"), point("a")], "same id"),
        ([point("a", math.inf)], "agreement holds inf"),
        ([point(str(index), series=str(index)) for index in range(9)], "8 series"),
    ],
)
def test_bad_points_are_refused(points: list[Point], message: str) -> None:
    with pytest.raises(InputError, match=message):
        scatter_value(points, x=X, y=Y)
