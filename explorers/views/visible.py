"""Tells the server that a part of the page has come into view, so that what is large can be built only then.

Event: `load`, once a page, when the component is first on the screen; not before its tab is opened.
"""

import gradio as gr

_SCRIPT = """
const seen = new IntersectionObserver((entries) => {
  if (!entries.some((entry) => entry.isIntersecting)) return;
  seen.disconnect();
  // A link's inputs arrive together with the change of tab that brings this into view, and must be in place first.
  setTimeout(() => trigger("load"), 150);
});
seen.observe(element);
"""


def seen() -> gr.HTML:
    """A line that says that something is coming; replace it when `load` has happened."""
    return gr.HTML('<p class="atelier-note" role="status">Opening …</p>', js_on_load=_SCRIPT)
