"""The table of regions: what a row means, and that regions come back from their rows."""

from dataclasses import replace

import pytest

from backends.errors import InputError
from backends.text_image.examples import EXAMPLES
from backends.text_image.lettering import FACES
from backends.text_image.regions import box_region
from backends.text_image.requests import Region
from explorers.text_image.table import regions_of_table, rows_of
from tests.explorers.views.reading import HOSTILE

pytestmark = pytest.mark.unit

BENT = Region(((20.5, 30), (140, 34.25), (138, 80), (22, 78)), "Bent")


def test_a_row_is_a_box_or_a_quadrilateral_and_empty_rows_count_for_nothing() -> None:
    found = regions_of_table(
        [
            ["Open", "10, 20, 100, 30"],
            ["", ""],
            [None, None],
            ["Bent", " 20.5 30; 140 34.25, 138,80 ,22 78, "],
            [None, "1 2 30 40"],
            ["24", "1 2 30 40"],
        ]
    )
    assert found == (
        box_region(10, 20, 100, 30, "Open"),
        BENT,
        box_region(1, 2, 30, 40, ""),
        box_region(1, 2, 30, 40, "24"),
    )


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (["Open", ""], "Row 2: its place is ''. Write x, y, w, h, or four corners."),
        (["Open", None], "Row 2: its place is ''"),
        (["", "1, 2, 3"], "Row 2: its place is '1, 2, 3'"),
        # Numbers are taken from the place alone: a text of digits is none of them.
        (["24", "1, 2, 30"], "Row 2: its place is '1, 2, 30'"),
        (["24", "1 2 3 4 5 6 7"], "Row 2: its place is '1 2 3 4 5 6 7'"),
        (["Open", "1, 2, 3, 4, 5"], "Row 2: its place is '1, 2, 3, 4, 5'"),
        (["Open", "one, 2, 3, 4"], "Row 2, column 1 holds 'one', which is no number of pixels."),
        (["Open", "1, 2, nan, 4"], "Row 2, column 3 holds 'nan'"),
        (["Open", "1, 2, 3, 1e999"], "Row 2, column 4 holds '1e999'"),
        (["Open", "1, 2, 30, 0"], "Row 2: The box is 30 wide and 0 high"),
        (["Open", "1" * 5000], "Row 2: its place is '1111"),
    ],
)
def test_a_row_that_is_wrong_is_named(row: list[object], said: str) -> None:
    with pytest.raises(InputError) as error:
        regions_of_table([["Open", "10, 20, 100, 30"], row])
    assert said in str(error.value)
    assert len(str(error.value)) < 200


def test_rows_bring_the_regions_back() -> None:
    assert rows_of([box_region(10, 20.5, 100, 30, "Open"), BENT]) == [
        ["Open", "10, 20.5, 100, 30", ""],
        ["Bent", "20.5, 30, 140, 34.25, 138, 80, 22, 78", ""],
    ]
    for one in EXAMPLES:
        assert regions_of_table(rows_of(one.regions)) == one.regions


@pytest.mark.parametrize("script", [None, *FACES])
@pytest.mark.parametrize("vertical", [None, True, False])
def test_script_and_direction_come_back(script: str | None, vertical: bool | None) -> None:
    region = replace(BENT, script=script, vertical=vertical)
    assert regions_of_table(rows_of([region])) == (region,)


def test_script_and_direction_are_read_as_people_write_them() -> None:
    (region,) = regions_of_table([["Open", "1 2 30 40", " Vertical,  HANT "]])
    assert (region.script, region.vertical) == ("hant", True)
    with pytest.raises(InputError, match=r"Row 2: 'klingon' is no script\. .* vertical, .*thai"):
        regions_of_table([["", "", ""], ["Open", "1 2 30 40", "klingon"]])


def test_a_text_is_kept_letter_by_letter() -> None:
    for text in (HOSTILE, "שלום 24", "a,b; c", "1, 2, 3", "  in front"):
        (region,) = regions_of_table([[text, "10, 20, 100, 30"]])
        assert region.text == text
        assert rows_of([region])[0][0] == text
