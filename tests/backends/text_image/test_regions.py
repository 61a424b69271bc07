"""Regions: what is refused and in which words, what a table says, and what a drawing means."""

import math
from dataclasses import replace

import cv2
import numpy as np
import pytest

from backends.errors import InputError
from backends.text_image.regions import box_region, checked_regions, regions_from_drawing, regions_from_rows
from backends.text_image.requests import MOST_REGIONS, Region

pytestmark = pytest.mark.unit

BOX = box_region(10, 20, 100, 30, "Open")


def test_a_box_has_its_corners_in_reading_order() -> None:
    assert BOX.corners == ((10, 20), (110, 20), (110, 50), (10, 50))
    assert checked_regions([BOX, BOX], 200, 100) == (BOX, BOX)


def test_what_reaches_off_the_picture_is_cut_at_its_edge() -> None:
    (region,) = checked_regions([box_region(-30, 80, 100, 60, "Open")], 200, 100)
    assert region.corners == ((0, 80), (70, 80), (70, 100), (0, 100))


@pytest.mark.parametrize(
    ("region", "said"),
    [
        (box_region(300, 0, 50, 20, "a"), "off the picture"),
        (box_region(-60, 0, 50, 20, "a"), "off the picture"),
        (box_region(-45, 0, 50, 20, "a"), "at least 8 px wide"),
        (box_region(0, 0, 50, 1, "a"), "50 x 1 px"),
        (Region(((0, 0), (90, 5), (180, 10), (90, 6)), "a"), "at least 8 px"),
        (Region(((10, 20), (110, 50), (110, 20), (10, 50)), "a"), "crossed"),
        (Region(((10, 20), (110, 20), (40, 30), (10, 90)), "a"), "dented"),
        (Region(((110, 20), (10, 20), (10, 50), (110, 50)), "a"), "wrong way round"),
        (Region(((0, 0), (50, 0), (100, 0), (50, 40)), "a"), "nearly flat"),
        (Region(((math.nan, 0), (50, 0), (50, 30), (0, 30)), "a"), "not a number"),
        (Region(((0, 0), (math.inf, 0), (50, 30), (0, 30)), "a"), "not a number"),
        (Region(((0, 0), (50, 0), (50, 30)), "a"), "Give four"),  # type: ignore[arg-type]
        (replace(BOX, text="x" * 500), "500 characters is too long"),
        (replace(BOX, text="e" + "\u0301" * 200), "too long"),
        (replace(BOX, text="e" + "\u0316" * 50), "combining marks"),
        (replace(BOX, text="a\x07b"), "U\\+0007"),
        (replace(BOX, text="a\nb\nc\nd"), "4 rows are too many"),
        (replace(BOX, text="\U0001f600"), "grinning face"),
        (replace(BOX, script="klingon"), "No script is called 'klingon'"),
        (replace(BOX, text="Open", vertical=True), "does not run from top to bottom"),
        (replace(BOX, text=7), "Give it as a string"),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_written_in_is_refused_by_number(region: Region, said: str) -> None:
    with pytest.raises(InputError, match=f"Region 2: .*{said}"):
        checked_regions([BOX, region], 200, 100)


@pytest.mark.parametrize(("count", "said"), [(0, "No region"), (MOST_REGIONS + 1, "at most 8")])
def test_too_few_or_too_many_regions_are_refused(count: int, said: str) -> None:
    with pytest.raises(InputError, match=said):
        checked_regions([BOX] * count, 200, 100)


def test_a_table_holds_boxes_quadrilaterals_and_empty_rows() -> None:
    rows: list[list[object]] = [
        ["10", " 20 ", 100, 30.0, "Open"],
        [0, 0, 50, 1, 49, 30, 2, 28, "Bent"],
        [None, "", math.nan, "", None],
        [1, 2, 30, 40, "", None, None, None, None],
        [1, 2, 30, 40, 24.0],
    ]
    box, bent, removed, number = regions_from_rows(rows)
    assert box == BOX
    assert bent == Region(((0, 0), (50, 1), (49, 30), (2, 28)), "Bent")
    assert removed == box_region(1, 2, 30, 40, "")
    assert number.text == "24"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (["a", 2, 3, 4, "t"], "Row 2, column 1 holds 'a'"),
        ([1, 2, math.inf, 4, "t"], "Row 2, column 3 holds inf"),
        ([1, True, 3, 4, "t"], "Row 2, column 2 holds True"),
        ([1, 2, 3, "t"], "Row 2, column 4 holds 't'"),
        ([1, 2, 3], "Row 2 has 3 filled cells"),
        ([1, 2, -30, 4, "t"], "Row 2: The box is -30 wide"),
    ],
)
def test_a_table_names_the_row_that_is_wrong(row: list[object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        regions_from_rows([[10, 20, 100, 30, "Open"], row])


def test_strokes_become_upright_boxes_in_reading_order() -> None:
    mask = np.zeros((200, 300), np.uint8)
    mask[120:150, 20:120] = 9
    mask[20:50, 160:260] = 255
    mask[26:56, 20:120] = 1
    mask[90:93, 90:93] = 255  # a speck
    assert regions_from_drawing(mask) == [
        ((20, 26), (120, 26), (120, 56), (20, 56)),
        ((160, 20), (260, 20), (260, 50), (160, 50)),
        ((20, 120), (120, 120), (120, 150), (20, 150)),
    ]


@pytest.mark.parametrize("angle", [-50, -20, 12, 35, 55])
def test_a_turned_stroke_becomes_a_rectangle_that_reads_along_it(angle: float) -> None:
    mask = np.zeros((400, 400), np.uint8)
    turn = np.deg2rad(angle)
    ahead, down = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])
    wanted = [200 + a * ahead + d * down for a, d in ((-100, -20), (100, -20), (100, 20), (-100, 20))]
    cv2.fillPoly(mask, [np.rint(wanted).astype(np.int32)], 255)
    (found,) = regions_from_drawing(mask)
    assert np.abs(np.array(found) - wanted).max() < 2.5


@pytest.mark.parametrize("axes", [(60, 60), (90, 40)])
def test_a_round_or_shaky_stroke_is_an_upright_box(axes: tuple[int, int]) -> None:
    mask = np.zeros((200, 300), np.uint8)
    cv2.ellipse(mask, (150, 100), axes, 3, 0, 360, 255, -1)
    (found,) = regions_from_drawing(mask)
    assert found[0][1] == found[1][1]
    assert found[0][0] == found[3][0]


def test_a_drawing_of_too_many_parts_or_of_colours_is_refused() -> None:
    mask = np.zeros((40, 400), bool)
    for at in range(0, 360, 40):
        mask[5:25, at : at + 20] = True
    with pytest.raises(InputError, match="9 parts"):
        regions_from_drawing(mask)
    with pytest.raises(InputError, match="opacity alone"):
        regions_from_drawing(np.zeros((4, 4, 4), np.uint8))
    assert regions_from_drawing(np.zeros((40, 40))) == []
