"""The views of the explorer of rules: their values, and what they refuse."""

from typing import Any

import gradio as gr
import pytest

from backends.errors import InputError
from explorers.views.events import head_of, position_of
from explorers.views.head_map import Measure, map_value
from explorers.views.histogram import histogram
from explorers.views.ranked_list import Choice, list_value
from explorers.views.source_arcs import Source, arcs_value, edit_word_of

pytestmark = pytest.mark.unit

HEADS = [{"layer": 0, "head": h, "first": h / 2} for h in range(3)]
FIRST = Measure("first", "First", "Share.", 0, 1)


def _event(data: Any) -> gr.EventData:
    return gr.EventData(None, data)


def test_the_map_marks_heads_with_rules() -> None:
    value: Any = map_value(HEADS, [FIRST], marked=[(0, 2)], selected=(0, 1))
    assert [cell["marked"] for cell in value["cells"]] == [False, False, True]
    assert [cell["values"]["first"] for cell in value["cells"]] == [0, 0.5, 1]
    assert value["selected"] == [0, 1]


def test_the_map_holds_both_versions_of_a_measure_and_flags_constant_heads() -> None:
    heads = [{**row, "masked": 1 - row["first"]} for row in HEADS]
    value: Any = map_value(heads, [Measure("first", "First", "Share.", 0, 1, masked="masked")], constant=[(0, 0)])
    assert [cell["values"]["masked"] for cell in value["cells"]] == [1, 0.5, 0]
    assert [cell["constant"] for cell in value["cells"]] == [True, False, False]
    with pytest.raises(InputError, match="masked"):
        map_value(HEADS, [Measure("first", "First", "Share.", 0, 1, masked="masked")])


def test_a_map_needs_every_measure_of_every_head() -> None:
    with pytest.raises(InputError, match="second"):
        map_value(HEADS, [FIRST, Measure("second", "Second", "Share.", 0, 1)])
    with pytest.raises(InputError):
        map_value([], [FIRST])


def test_a_list_names_its_rows_once() -> None:
    value: Any = list_value([Choice("a", "A", share=0.5)], selected="a")
    assert value["rows"][0]["share"] == 0.5
    with pytest.raises(InputError, match="same id"):
        list_value([Choice("a", "A"), Choice("a", "B")])


def test_arcs_need_a_source_for_each_position_up_to_the_query() -> None:
    sources = [Source(0, 0.25, -2.0, -0.5, -0.5), Source(1, 0.75, 2.0, 1.5, 1.0)]
    value: Any = arcs_value(
        ["a", "b"], [0.0, 1.0], sources, query=1, foretold=[False, True], verdict="Yes.", active=0.0, strong=0.25
    )
    assert value["tokens"][1] == {"text": "b", "value": 1.0, "foretold": True}
    assert value["sources"][1]["running"] == 1.0
    with pytest.raises(InputError):
        arcs_value(
            ["a", "b"], [0.0, 1.0], sources, query=0, foretold=[False, True], verdict="", active=0.0, strong=0.25
        )


@pytest.mark.parametrize(
    "data", [None, {}, {"layer": "1", "head": 0}, {"layer": True, "head": 0}, {"layer": -1, "head": 0}]
)
def test_a_head_that_is_none_is_refused(data: Any) -> None:
    with pytest.raises(InputError):
        head_of(_event(data))


def test_events_are_read() -> None:
    assert head_of(_event({"layer": 3, "head": 8})) == (3, 8)
    assert position_of(_event({"position": 5})) == 5
    assert edit_word_of(_event({"kind": "replace", "word": "<b>"})) == ("replace", "<b>")


@pytest.mark.parametrize("data", [None, {"kind": 3}, {"kind": "replace", "word": "x" * 101}])
def test_an_edit_that_is_none_is_refused(data: Any) -> None:
    with pytest.raises(InputError):
        edit_word_of(_event(data))


def test_columns_are_as_high_as_their_counts() -> None:
    figure = histogram([10, 20, 0], high=3.0, title="Spread", x_title="activation", mark=1.0, mark_name="strong")
    assert [line.split(",")[-1] for line in figure.csv.splitlines()[1:]] == ["10", "20", "0"]
    assert "strong" in figure.svg
    with pytest.raises(InputError):
        histogram([], high=1.0, title="Spread", x_title="activation")
