"""Tells the server that somebody is about to use the page, so that it can get ready without slowing the start.

Event: `arrive`, once per page, at the first movement, touch or key.
"""

import gradio as gr

_SCRIPT = """
const signs = ["pointermove", "pointerdown", "keydown"];
const arrive = () => {
  signs.forEach((sign) => document.removeEventListener(sign, arrive));
  trigger("arrive");
};
signs.forEach((sign) => document.addEventListener(sign, arrive));
"""


def arrival() -> gr.HTML:
    """An invisible component with the event `arrive`."""
    return gr.HTML("", js_on_load=_SCRIPT, visible="hidden")
