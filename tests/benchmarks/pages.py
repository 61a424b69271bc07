"""Pages that the benchmark of the page is measured on: `python -m tests.benchmarks.pages stock|extra`.

`stock` is an empty page of Gradio's own, the peer; `extra` is ours with a plain tab in front, so that the first
opening of every explorer's tab can be timed.
"""

import sys

import gradio as gr

from backends.settings import settings
from explorers import load_all
from explorers.explorer import Explorer, Paper
from explorers.shell import build_page, launch


class FrontExplorer(Explorer):
    """A plain tab."""

    id = "front"
    title = "Front"
    paper = Paper("None", "nobody", 2026, "https://example.org")
    backend = "backends.progress"

    def build(self) -> None:
        """A sentence in place of a picture."""
        gr.HTML('<p data-picture="front">The tab in front.</p>')


def main(kind: str) -> None:
    """Serve the page called `kind`."""
    if kind == "stock":
        with gr.Blocks(analytics_enabled=False) as page:
            gr.HTML('<p data-picture="stock">An empty page.</p>')
        page.launch(server_port=settings().port, ssr_mode=False, quiet=True)
        return
    page = build_page(settings(), [FrontExplorer, *load_all()])
    launch(page, settings())
    page.block_thread()


if __name__ == "__main__":
    main(sys.argv[1])
