"""The registry loads what it lists, and an explorer that is not complete is refused when it is defined."""

from typing import Any

import pytest

import explorers
from explorers.explorer import Explorer, Paper

PAPER = Paper("Title", "Authors", 2024, "https://example.org")


def test_an_unknown_explorer_is_refused_with_those_that_are_there() -> None:
    with pytest.raises(KeyError, match="concepts"):
        explorers.load("no-such-explorer")


@pytest.mark.parametrize("line", ["tests.explorers.example:SecondExplorer", "backends.progress:Progress"])
def test_a_line_that_names_something_else_is_refused(monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    monkeypatch.setitem(explorers.REGISTRY, "example", line)
    with pytest.raises(TypeError, match="example"):
        explorers.load("example")


def test_explorers_come_in_the_order_of_the_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    module = "tests.explorers.example"
    registry = {"second": f"{module}:SecondExplorer", "example": f"{module}:ExampleExplorer"}
    monkeypatch.setattr(explorers, "REGISTRY", registry)
    assert [kind.id for kind in explorers.load_all()] == ["second", "example"]


def _define(**changes: Any) -> type[Explorer]:
    attributes = {"id": "good", "title": "Good", "paper": PAPER, "backend": "backends.progress"} | changes
    body = {name: value for name, value in attributes.items() if value is not None}
    return type("Defined", (Explorer,), {"__doc__": "A text.", "build": lambda self: None, **body})


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "Not Safe"},
        {"id": "a-b"},
        {"id": "1st"},
        {"id": None},
        {"title": ""},
        {"title": "A title too long to fit a phone"},
        {"title": None},
        {"paper": None},
        {"backend": None},
        {"__doc__": ""},
    ],
)
def test_an_explorer_that_is_not_complete_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="Defined"):
        _define(**changes)


def test_the_docstring_and_the_paper_are_the_text_about_it() -> None:
    about = _define(__doc__="What it is.\n\n    More of it.").about()
    assert about == "What it is.\n\nMore of it.\n\n*[Title](https://example.org)*, Authors, 2024."


def test_nothing_is_restored_unless_an_explorer_says_how() -> None:
    explorer = _define()()
    assert list(explorer.restore({"x": "1"})) == []
    explorer.restored = [object()]  # type: ignore[list-item]
    with pytest.raises(NotImplementedError, match="restore"):
        explorer.restore({})
