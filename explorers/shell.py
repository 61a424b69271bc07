"""The page around the explorers: header, a tab for each, links that open one, footer, and how it is served."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import gradio as gr

from backends.settings import Settings
from explorers import __version__, load_all
from explorers.explorer import Explorer
from explorers.guard import guarded
from explorers.theme import CSS, theme

PURPOSE = "Look inside neural networks: change what they work with, see what follows, and how far to trust it."

_HEADER = f"""<header class="atelier-header"><h1>Feature Atelier</h1>
<p class="atelier-purpose">{PURPOSE}</p></header>"""

_FOOTER = f"""<footer class="atelier-footer">Feature Atelier {__version__} · Apache-2.0 ·
<button data-opens="show-api">Use via API</button> · <button data-opens="settings">Settings</button></footer>"""

# Gradio opens these two panels from its own footer alone, so ours presses the buttons there, and is the one seen.
_FOOTER_SCRIPT = """element.querySelectorAll("[data-opens]").forEach(button => button.onclick = () =>
  document.querySelector("footer:not(.atelier-footer) ." + button.dataset.opens).click())"""

_FRAME = """
.gradio-container { width: 100%; }
footer:not(.atelier-footer) { display: none !important; }
.atelier-footer button { color: var(--atelier-accent); text-decoration: underline; text-underline-offset: 3px; }
"""

_AT_ONCE = 4  # light requests computed at the same time; what needs the accelerator takes turns in `runtime.gpu`
_HOUR = 3600


def build_page(settings: Settings, explorers: Sequence[type[Explorer]] | None = None) -> gr.Blocks:
    """The page with a tab for each of `explorers` (all in the registry if None), ready to be launched."""
    built = [kind() for kind in (load_all() if explorers is None else explorers)]
    page = gr.Blocks(title="Feature Atelier", analytics_enabled=False, delete_cache=(_HOUR, _HOUR))
    with page:
        gr.HTML(_HEADER)
        with gr.Tabs() as tabs:
            for explorer in built:
                _add_tab(explorer)
        gr.HTML(_FOOTER, js_on_load=_FOOTER_SCRIPT)
        _open_links(page, tabs, built)
    page.queue(max_size=settings.queue_size, default_concurrency_limit=_AT_ONCE)
    if settings.zero_gpu:
        for explorer in built:
            import_module(explorer.backend)
    return page


def launch(page: gr.Blocks, settings: Settings) -> str:
    """Serve `page` in the background and return its address once it answers.

    Raises:
        OSError: if the port is taken.
    """
    _, local_url, _ = page.launch(
        server_name=settings.host,
        server_port=settings.port,
        theme=theme(),
        css=CSS + _FRAME,
        max_file_size=f"{settings.max_upload_mb}mb",
        footer_links=["api", "settings"],
        run_history=False,
        enable_monitoring=False,
        strict_cors=True,
        show_error=False,
        ssr_mode=False,
        share=False,
        quiet=True,
        prevent_thread_lock=True,
    )
    return local_url


def _add_tab(explorer: Explorer) -> None:
    with gr.Tab(explorer.title, id=explorer.id):
        explorer.build()
        with gr.Accordion("What am I looking at?", open=False, elem_classes="atelier-about"):
            gr.Markdown(explorer.about())


def _open_links(page: gr.Blocks, tabs: gr.Tabs, explorers: Sequence[Explorer]) -> None:
    """Let `?tab=<id>&...` open a tab and hand the rest of the query to its explorer."""

    def open_link(request: gr.Request) -> list[Any]:
        query = {str(name): str(value) for name, value in request.query_params.items()}
        tab = query.pop("tab", None)
        selected: Any = gr.skip()
        updates: list[Any] = []
        for explorer in explorers:
            if explorer.id == tab:
                selected = gr.Tabs(selected=tab)
                updates += explorer.restore(query)
            else:
                updates += [gr.skip() for _ in explorer.restored]
        return [selected, *updates]

    outputs = [tabs, *(component for explorer in explorers for component in explorer.restored)]
    page.load(guarded(open_link), outputs=outputs, api_visibility="private", show_progress="hidden")
