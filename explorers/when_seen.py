"""Lays out the content of a tab when it is first on the screen, so that the page's first download holds none of it.

The tab's own first event reads what a link asks for: every event of a page carries the query of the page's address. So
there is one order of things, and no race between a link and the layout.
"""

from collections.abc import Callable, Mapping
from typing import Any

import gradio as gr

# The name of the event is ours. One called "load" Gradio sends too, as the page opens: the tab would be laid out twice.
_SCRIPT = """
const seen = new IntersectionObserver((entries) => {
  if (!entries.some((entry) => entry.isIntersecting)) return;
  seen.disconnect();
  trigger("seen");
});
seen.observe(element);
"""


def waiting_line() -> gr.HTML:
    """A line that says that something is coming. Event: `seen`, once, when it is first on the screen."""
    return gr.HTML('<p class="atelier-note" role="status">Opening …</p>', js_on_load=_SCRIPT)


def lay_out_when_seen(explorer_id: str, content: Callable[[Mapping[str, str]], None]) -> None:
    """Show a line that says that something is coming, and replace it with `content` once it is on the screen.

    Args:
        explorer_id: of the tab in which this is called.
        content: lays out the tab and wires its events. It is given the parameters of the link that opened the page,
            if the link is to this tab, and else none. Their values come from whoever wrote the link.
    """
    waiting = waiting_line()
    query = gr.JSON(None, visible="hidden", label="What the link asks for")

    def read_link(request: gr.Request) -> tuple[gr.HTML, dict[str, Any]]:
        asked = {str(name): str(value) for name, value in request.query_params.items()}
        # In an object of its own, so that the value changes even where the link asks for nothing.
        return gr.HTML(visible=False), {"asked": asked if asked.pop("tab", None) == explorer_id else {}}

    def lay_out(found: dict[str, Any] | None) -> None:
        if found is not None:
            content(found["asked"])

    waiting.seen(read_link, None, [waiting, query], api_visibility="private", show_progress="hidden")
    gr.render(query, [query.change], show_progress="hidden")(lay_out)
