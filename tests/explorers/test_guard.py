"""The guard: what a backend says reaches the visitor as text, and what went wrong inside does not."""

import inspect
import logging

import gradio as gr
import pytest

from explorers.guard import guarded
from tests.explorers.example import count, double


def test_a_good_call_passes_through() -> None:
    assert guarded(double)(4) == 8
    assert list(guarded(count)(2)) == [0.0, 1.0]


def test_an_expected_error_is_a_toast_with_title_and_escaped_text() -> None:
    with pytest.raises(gr.Error) as raised:
        guarded(double)(101)
    assert raised.value.title == "This input cannot be used"
    assert raised.value.message == "&lt;img src=x onerror=alert(1)&gt; 101 is more than 100."


def test_an_expected_error_inside_a_generator_is_one_too() -> None:
    steps = guarded(count)(5)
    assert [next(steps) for _ in range(3)] == [0.0, 1.0, 2.0]
    with pytest.raises(gr.Error, match="Three is enough"):
        next(steps)


def test_an_unexpected_error_is_logged_and_gives_nothing_away(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR), pytest.raises(gr.Error) as raised:
        guarded(double)(13)
    assert "secret" not in raised.value.message
    assert "secret detail" in caplog.text


def test_an_error_made_for_the_page_is_left_as_it_is() -> None:
    def complain() -> None:
        raise gr.Error("as it is", title="Mine")

    with pytest.raises(gr.Error) as raised:
        guarded(complain)()
    assert (raised.value.message, raised.value.title) == ("as it is", "Mine")


def test_a_generator_can_be_closed() -> None:
    steps = guarded(count)(5)
    next(steps)
    steps.close()


def test_the_documentation_of_an_endpoint_survives() -> None:
    for function in (double, count):
        wrapped = guarded(function)
        assert inspect.signature(wrapped) == inspect.signature(function)
        assert wrapped.__doc__ == function.__doc__
        assert inspect.isgeneratorfunction(wrapped) == inspect.isgeneratorfunction(function)
