"""Heat maps: colours and geometry by hand, missing cells, refusals."""

import math

import pytest

from backends.errors import InputError
from explorers.views.heat_map import heat_map
from explorers.views.picture import Picture
from tests.explorers.views.reading import HOSTILE, SVG, Page, assert_harmless, csv_rows, svg_root

pytestmark = pytest.mark.unit


def cells(picture: Picture) -> list[dict[str, str]]:
    return [dict(one.attrib) for one in svg_root(picture).iter(f"{SVG}rect") if one.attrib.get("rx") == "2"]


def test_the_ends_and_the_middle_of_the_scale() -> None:
    picture = heat_map([[0, 0.5, 1]], rows=["r"], columns=["a", "b", "c"], title="Map")
    assert [one["fill"] for one in cells(picture)] == ["#440154", "#21918c", "#fde725"]


def test_cells_stand_side_by_side() -> None:
    a, b, c = (
        float(one["x"]) for one in cells(heat_map([[1, 2, 3]], rows=["r"], columns=["a", "b", "c"], title="Map"))
    )
    assert b - a == pytest.approx(c - b)


def test_signed_values_take_the_diverging_pair() -> None:
    picture = heat_map([[-2, 0, 1]], rows=["r"], columns=["a", "b", "c"], title="Map", scale="diverging")
    painted = [one for one in cells(picture) if one["fill"] != "#f3f1eb"]
    assert [one["fill"] for one in painted] == ["#c04a12", "#0b7285", "#0b7285"]
    assert [float(one["fill-opacity"]) for one in painted] == [0.9, 0.0, 0.45]


@pytest.mark.parametrize("missing", [None, math.nan])
def test_a_missing_value_is_hatched(missing: float | None) -> None:
    picture = heat_map([[1, missing]], rows=["r"], columns=["a", "b"], title="Map")
    assert cells(picture)[1]["fill"].startswith("url(#hatch-")
    assert csv_rows(picture.csv)[1] == ["r", "1.0", ""]


def test_own_texts_replace_the_numbers() -> None:
    picture = heat_map([[1, -1]], rows=["r"], columns=["a", "b"], title="Rules", texts=[["must", "not"]])
    assert {"must", "not"} <= {one.text for one in svg_root(picture).iter(f"{SVG}text")}


def test_the_twins_hold_all_the_data() -> None:
    picture = heat_map([[0.125, 0.25], [0.5, 1]], rows=["r", "s"], columns=["a", "b"], title="Map", row_title="rule")
    assert csv_rows(picture.csv) == [["rule", "a", "b"], ["r", "0.125", "0.25"], ["s", "0.5", "1.0"]]
    assert Page(picture.html).cells == ["rule", "a", "b", "r", "0.125", "0.250", "s", "0.500", "1.00"]


def test_many_narrow_columns_are_drawn() -> None:
    names = [f"concept number {index}" for index in range(60)]
    assert len(cells(heat_map([[0.5] * 60], rows=["r"], columns=names, title="Map"))) == 60


def test_hostile_text_stays_text() -> None:
    assert_harmless(heat_map([[1]], rows=[HOSTILE], columns=[HOSTILE], title=HOSTILE, texts=[[HOSTILE]], unit=HOSTILE))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([[1, 2]], "needs 2 rows"),
        ([[1], [2]], "needs 2 rows of 2"),
        ([[None, None], [None, None]], "no finite value"),
        ([[math.inf, 1], [1, 1]], "infinite"),
    ],
)
def test_bad_matrices_are_refused(values: list[list[float | None]], message: str) -> None:
    with pytest.raises(InputError, match=message):
        heat_map(values, rows=["r", "s"], columns=["a", "b"], title="Map")
