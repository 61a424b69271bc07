"""What a link may put on the desk: what is valid is shown, anything else changes nothing and raises nothing."""

import gradio as gr
import pytest

from backends.concepts.opening import read_opening
from explorers.concepts.desk import DeskPanel

pytestmark = pytest.mark.method

LINK = {"task": "xor", "model": "crm", "beta": "0", "other": "crm", "other_beta": "0.1", "sample": "3"}


@pytest.fixture(scope="module")
def desk() -> DeskPanel:
    with gr.Blocks():
        return DeskPanel(read_opening())


def test_a_valid_link_is_shown(desk: DeskPanel) -> None:
    shown = desk.restore({**LINK, "edits": '{"first is high": 1}'})
    assert shown[desk.task] == "xor"
    assert shown[desk.sample] == 3
    assert shown[desk.edits] == {"first is high": 1}


@pytest.mark.parametrize(
    "wrong",
    [
        *({"edits": edits} for edits in ("[1]", "5", '"x"', "null", "{", '{"first is high": [1]}', '{"colour": 1}')),
        {"task": "nope"},
        {"model": "<img src=x onerror=alert(1)>"},
        {"beta": "nan"},
        {"beta": "0.123"},
        {"sample": "1000"},
        {"sample": "x"},
        {"seed": "-1"},
        {"prior": "none"},
    ],
    ids=str,
)
def test_anything_else_changes_nothing(desk: DeskPanel, wrong: dict[str, str]) -> None:
    assert desk.restore({**LINK, **wrong}) == {}
