"""The base of the interactive views: a `gr.HTML` that a script draws and that speaks only through events.

The server sends a plain JSON value and the script renders it. Nothing is read back from the component itself: what a
browser returns is not to be trusted, so a view's events carry small payloads that `events.py` checks.
"""

from abc import ABCMeta
from typing import Any, ClassVar

import gradio as gr
from gradio.component_meta import ComponentMeta, updateable

from explorers.views.assets import script

JsonValue = dict[str, object]


class _QuietMeta(ComponentMeta):
    """Gradio's metaclass writes a `.pyi` file beside the source of every subclass on import; this one does not."""

    def __new__(mcs, name: str, bases: tuple[type, ...], attrs: dict[str, Any]) -> "_QuietMeta":
        if "__init__" in attrs:
            attrs["__init__"] = updateable(attrs["__init__"])
        return ABCMeta.__new__(mcs, name, bases, attrs)


class LiveView(gr.HTML, metaclass=_QuietMeta):
    """An interactive view: `label` names it for screen readers, `value` is what its builder function returned.

    Subclasses name their script, and the `parts` that it builds on; it replaces the content of one empty element and
    redraws when `value` changes.
    """

    script_name: ClassVar[str]
    parts: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        value: JsonValue | None = None,
        *,
        label: str,
        visible: bool = True,
        elem_id: str | None = None,
        elem_classes: list[str] | None = None,
        render: bool = True,
        key: str | None = None,
    ) -> None:
        super().__init__(
            value=value,
            label=label,
            html_template='<div class="atelier-live"></div>',
            js_on_load=script(*self.parts, self.script_name),
            apply_default_css=False,
            visible=visible,
            elem_id=elem_id,
            elem_classes=elem_classes,
            render=render,
            key=key,
        )

    def preprocess(self, payload: object) -> None:
        """Nothing: listen to the view's events instead of reading its value."""

    def postprocess(self, value: JsonValue | None) -> JsonValue | None:  # type: ignore[override]
        """The value as it is; it is rendered by DOM text nodes, so it needs no escaping."""
        return value

    def api_info(self) -> dict[str, Any]:
        """The value is a JSON object."""
        return {"type": "object"}

    def example_payload(self) -> None:
        """No payload is read."""

    def example_value(self) -> None:
        """No example value."""
