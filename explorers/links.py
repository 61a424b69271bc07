"""Links that open a tab again with the inputs it had."""

import json
import re
from collections.abc import Mapping

import gradio as gr
from gradio.components import Component

from backends.settings import settings

_LABEL = "Copy link"

# A Space is shown in a frame of huggingface.co, which hands the query of its own address down to the page.
_COPY = """async (...values) => {
  const names = %(names)s, space = %(space)s;
  const framed = space && window.self !== window.top;
  const link = new URL(framed ? "https://huggingface.co/spaces/" + space : location.origin + location.pathname);
  link.searchParams.set("tab", %(tab)s);
  names.forEach((name, i) => {
    const value = values[i];
    if (value === null || value === undefined || value === "") return;
    link.searchParams.set(name, typeof value === "object" ? JSON.stringify(value) : String(value));
  });
  const text = link.toString();
  try {
    await navigator.clipboard.writeText(text);
    return "Copied";
  } catch {
    const field = document.createElement("textarea");
    field.value = text;
    document.body.append(field);
    field.select();
    const copied = document.execCommand("copy");
    field.remove();
    if (!copied) window.prompt("Copy this link", text);
    return copied ? "Copied" : %(label)s;
  }
}"""

_REVERT = "() => new Promise(resolve => setTimeout(() => resolve(%s), 2000))"


def copy_link_button(explorer_id: str, fields: Mapping[str, Component]) -> gr.Button:
    """A button that copies a link to this tab with the present values of `fields`; runs in the browser alone.

    Args:
        explorer_id: the tab that the link opens.
        fields: parameter name -> component whose value it takes. Objects travel as JSON; empty values are left out.

    Raises:
        ValueError: for a name that is not made of a-z, 0-9 and `_`, or is `tab`, `view` or starts with `__`
            (Gradio's own).
    """
    for name in fields:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or name in ("tab", "view"):
            raise ValueError(f"{name!r} cannot name a field of a link")
    button = gr.Button(_LABEL, size="sm", elem_classes="atelier-copy-link")
    script = _COPY % {
        "names": json.dumps(list(fields)),
        "space": json.dumps(settings().space),
        "tab": json.dumps(explorer_id),
        "label": json.dumps(_LABEL),
    }
    copied = button.click(None, list(fields.values()), button, js=script, api_visibility="private")
    copied.then(None, None, button, js=_REVERT % json.dumps(_LABEL), api_visibility="private")
    return button
