"""The concept table's value: grouping, short names, refusals, CSV."""

import json
import math

import pytest

from backends.errors import InputError
from explorers.views.concept_table import ConceptRow, ConceptTable, concepts_csv, rows_value, short_names
from tests.explorers.views.reading import csv_rows

pytestmark = pytest.mark.unit


def row(name: str, group: str | None = None, predicted: float = 0.5, truth: int | None = 1) -> ConceptRow:
    return ConceptRow(name, group, predicted, truth, predicted)


def test_members_gather_where_the_first_of_them_stands() -> None:
    value = rows_value([row("a = 0", "a"), row("red"), row("a = 1", "a")])
    items = value["items"]
    assert isinstance(items, list)
    assert [item["name"] for item in items] == ["a", "red"]
    assert [member["short"] for member in items[0]["members"]] == ["0", "1"]


@pytest.mark.parametrize(
    ("names", "shorts"),
    [
        (["first digit = 0", "first digit = 9"], ["0", "9"]),
        (["shape: circle", "shape: cross"], ["circle", "cross"]),
        (["red", "green"], ["red", "green"]),
        (["digit_1", "digit_10"], ["1", "10"]),
        (["only one"], ["one"]),
    ],
)
def test_short_names_lose_what_they_share(names: list[str], shorts: list[str]) -> None:
    assert short_names(names) == shorts


def test_the_value_is_plain_json_and_reaches_the_page() -> None:
    value = rows_value([row("red")], show_truth=False, reads_soft=False)
    table = ConceptTable(value, label="Concepts")
    assert json.loads(json.dumps(table.get_config()["value"])) == value


def test_csv_has_a_line_per_concept() -> None:
    rows = csv_rows(concepts_csv([row("red"), row("a = 0", "a", 0.125, None)]))
    assert rows[2] == ["a = 0", "a", "0.125", "", "0.125", "0", "0", ""]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "at least one"),
        ([row("a"), row("a")], "same name"),
        ([row("a", predicted=1.2)], "between 0 and 1"),
        ([row("a", predicted=math.nan)], "between 0 and 1"),
        ([row("a", truth=2)], "0, 1 or unknown"),
    ],
)
def test_bad_rows_are_refused(rows: list[ConceptRow], message: str) -> None:
    with pytest.raises(InputError, match=message):
        rows_value(rows)
