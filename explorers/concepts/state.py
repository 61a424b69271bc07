"""What a visitor has chosen and changed on the desk; one value, replaced whole by every event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from backends.concepts.requests import Filter, ModelRequest, Prior

History = tuple[tuple[tuple[str, float | str], ...], ...]  # hashable: Gradio watches a state by its hash
MOST_UNDO = 50


@dataclass(frozen=True, slots=True)
class Desk:
    """Two models, one sample, and the edits with their history (the last is in effect)."""

    left: ModelRequest
    right: ModelRequest
    sample: int
    history: History = field(default=())
    prior: Prior | None = None
    wanted: Filter = "all"
    start: int = 0
    output: str | None = None
    show_truth: bool = True

    @property
    def edits(self) -> dict[str, float | str]:
        """The edits in effect."""
        return dict(self.history[-1]) if self.history else {}

    @property
    def edits_before(self) -> dict[str, float | str]:
        """The edits before the last change."""
        return dict(self.history[-2]) if len(self.history) > 1 else {}

    def edited(self, edits: dict[str, float | str]) -> Desk:
        """The desk after one more change; the oldest changes are forgotten."""
        return replace(self, history=(*self.history, tuple(edits.items()))[-MOST_UNDO:])

    def undone(self) -> Desk:
        """The desk before the last change."""
        return replace(self, history=self.history[:-1])

    def on_sample(self, sample: int) -> Desk:
        """The desk with another sample and no edits."""
        return replace(self, sample=sample, history=())


def with_edit(edits: Mapping[str, float | str], name: str, value: float | str | None) -> dict[str, float | str]:
    """The edits with one more, or with one given back to the model (None)."""
    rest = {key: old for key, old in edits.items() if key != name}
    return rest if value is None else {**rest, name: value}
