"""Paths: ends where they belong, kinds in the legend, faint ones first, hostile names as text, bad input refused."""

import re

import pytest

from backends.errors import InputError
from explorers.views.paths import PathPanel, path_panels

pytestmark = pytest.mark.unit

RAYS = [("to a <b>cat</b>", (1.0, 0.0)), ("to a dog", (0.0, 1.0))]
KINDS = ("another way", "class to class")
PANELS = [PathPanel("stage 1", [[(0.0, 0.0), (1.0, 0.0), (0.0, 2.0)], [(0.5, 0.0), (0.0, 0.0)]], [1, 0])]


def test_a_path_goes_from_its_first_point_to_its_last_on_one_scale() -> None:
    svg = path_panels(PANELS, RAYS, KINDS, title="Ways").svg
    lines = re.findall(r'points="([^"]+)"', svg)
    assert len(lines) == 2
    places = [[tuple(map(float, pair.split(","))) for pair in one.split()] for one in lines]
    faint, strong = places  # the faint one is drawn first
    assert len(faint) == 2
    assert len(strong) == 3
    middle = strong[0]
    assert strong[1][1] == pytest.approx(middle[1], abs=0.11)  # along x
    assert strong[2][0] == pytest.approx(middle[0], abs=0.11)  # up
    assert middle[1] - strong[2][1] == pytest.approx(2 * (strong[1][0] - middle[0]), abs=0.3)


def test_the_table_holds_both_ends_and_the_kind() -> None:
    csv = path_panels(PANELS, RAYS, KINDS, title="Ways").csv
    assert csv.splitlines()[1:3] == ["stage 1,0,class to class,0,0.0,0.0", "stage 1,0,class to class,2,0.0,2.0"]


def test_hostile_names_stay_text() -> None:
    html = path_panels(PANELS, RAYS, ("<script>", "b"), title="Ways").html
    assert "<script>" not in html
    assert "<b>cat" not in html


@pytest.mark.parametrize("panels", [[], [PathPanel("a", [[(0.0, 0.0)]], [])], [PathPanel("a", [], [])]])
def test_bad_panels_are_refused(panels: list[PathPanel]) -> None:
    with pytest.raises(InputError):
        path_panels(panels, RAYS, KINDS, title="Ways")
