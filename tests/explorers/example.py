"""A real explorer, as small as one can be, to test the page with."""

from collections.abc import Generator, Mapping, Sequence
from typing import Any

import gradio as gr

from backends.errors import InputError
from backends.settings import settings
from explorers.explorer import Explorer, Paper
from explorers.guard import guarded
from explorers.links import copy_link_button
from explorers.shell import build_page, launch


def double(number: float) -> float:
    """Twice the number.

    Args:
        number: at most 100.
    """
    if number == 13:
        raise RuntimeError("secret detail")
    if number > 100:
        raise InputError(f"<img src=x onerror=alert(1)> {number} is more than 100.")
    return 2 * number


def count(number: float) -> Generator[float, None, None]:
    """Count up to the number, and fail past three."""
    for i in range(int(number)):
        if i == 3:
            raise InputError("Three is enough.")
        yield float(i)


class ExampleExplorer(Explorer):
    """A number and its double.

    **Try it**: change the number.
    """

    id = "example"
    title = "Example"
    paper = Paper("On Doubling", "A. Author and B. Author", 2024, "https://example.org/doubling")
    backend = "backends.progress"

    def build(self) -> None:
        """A number, its double as a picture, and a link."""
        with gr.Row():
            number = gr.Slider(0, 1000, value=1, step=1, label="Number")
            name = gr.Textbox(label="Name")
        doubled = gr.Number(label="Double")
        picture = """<figure data-picture role="img" aria-label="a dot"><svg width="40" height="40" aria-hidden="true">
            <circle cx="20" cy="20" r="10"/></svg></figure>"""
        gr.HTML(picture)
        number.change(guarded(double), number, doubled, api_name="example_double")
        counted = gr.Number(visible=False)
        name.submit(guarded(count), number, counted, api_name="example_count")
        copy_link_button(self.id, {"n": number, "name": name})
        self.restored = [number, name]

    def restore(self, query: Mapping[str, str]) -> Sequence[Any]:
        """The number, where it is one within range, and the name."""
        text = query.get("n", "")
        number = int(text) if text.isdecimal() and int(text) <= 1000 else gr.skip()
        return [number, query.get("name", gr.skip())]


class SecondExplorer(Explorer):
    """Nothing but a sentence."""

    id = "second"
    title = "Second"
    paper = Paper("On Nothing", "C. Author", 2025, "https://example.org/nothing")
    backend = "backends.progress"

    def build(self) -> None:
        """A sentence."""
        gr.Markdown("The second tab.")


def main() -> None:
    """Serve a page of these explorers."""
    page = build_page(settings(), (ExampleExplorer, SecondExplorer))
    launch(page, settings())
    page.block_thread()


if __name__ == "__main__":
    main()
