"""Payloads from the browser: what is well formed is read, everything else is refused."""

import math

import gradio as gr
import pytest

from backends.errors import InputError
from explorers.views.events import ConceptEdit, GroupEdit, edit_of, id_of, ids_of, marks_of

pytestmark = pytest.mark.unit


def event(data: object) -> gr.EventData:
    return gr.EventData(None, data)


@pytest.mark.parametrize(
    ("data", "edit"),
    [
        ({"concept": "red", "value": 0.25}, ConceptEdit("red", 0.25)),
        ({"concept": "red", "value": 1}, ConceptEdit("red", 1.0)),
        ({"concept": "red", "value": None}, ConceptEdit("red", None)),
        ({"group": "digit", "member": "7"}, GroupEdit("digit", "7")),
        ({"group": "digit", "member": None}, GroupEdit("digit", None)),
    ],
)
def test_edits_are_read(data: object, edit: ConceptEdit | GroupEdit) -> None:
    assert edit_of(event(data)) == edit


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {"concept": 3, "value": 0.5},
        {"concept": "", "value": 0.5},
        {"concept": "x" * 201, "value": 0.5},
        {"concept": "red", "value": 1.5},
        {"concept": "red", "value": math.nan},
        {"concept": "red", "value": True},
        {"concept": "red", "value": "1"},
        {"group": "digit", "member": 7},
    ],
)
def test_other_edits_are_refused(data: object) -> None:
    with pytest.raises(InputError):
        edit_of(event(data))


def test_ids_are_read() -> None:
    assert id_of(event({"id": "a"})) == "a"
    assert ids_of(event({"ids": ["a", "b"]})) == ("a", "b")
    assert ids_of(event({"ids": []})) == ()


@pytest.mark.parametrize("data", [{}, {"ids": "ab"}, {"ids": [1]}, {"ids": ["a"] * 10_001}])
def test_other_selections_are_refused(data: object) -> None:
    with pytest.raises(InputError):
        ids_of(event(data))


def test_marks_are_read() -> None:
    assert marks_of(event({"marks": [1, 0.5, 0]})) == (1.0, 0.5, 0.0)
    assert marks_of(event({"marks": [0.3, 0.3, 0.3]})) == (0.3, 0.3, 0.3)


@pytest.mark.parametrize(
    "marks",
    [None, "1, 0, 0", [1, 0.5], [1, 0.5, 0, 0], [0.5, 0.6, 0], [1, True, 0], [1, "0", 0], [2, 1, 0], [1, math.nan, 0]],
)
def test_other_marks_are_refused(marks: object) -> None:
    with pytest.raises(InputError):
        marks_of(event({"marks": marks}))
