"""Counting in a visitor's sentence: the value for so many copies of two words, measured and in closed form."""

from typing import TYPE_CHECKING, Any

import gradio as gr

from backends.attention_rules.shelf import FeatureKey
from backends.errors import InputError
from explorers.attention_rules.desk import DeskPanel
from explorers.attention_rules.pictures import count_grids
from explorers.attention_rules.words import visible
from explorers.guard import guarded
from explorers.views.svg import escape, tag

if TYPE_CHECKING:
    from backends.attention_rules.playground import Counted


class CountPanel:
    """Two words and their grid. `now` holds the ids of the sentence that is explained, and the query."""

    def __init__(self, desk: DeskPanel, now: gr.State) -> None:
        """Lays out the panel, closed."""
        with gr.Accordion("How many does it take? Count two words", open=False):
            gr.Markdown(
                "Copies of two words are strewn into what stands before the explained token, and the model is run on "
                "each text. Under one softmax the sum over sources is (n·o₊·P₊ + m·o₋·P₋ + P₀) / (n·o₊ + m·o₋ + 1): "
                "the closed form knows the odds o and promotions P of one copy only. Where the sum is positive, the "
                "feature is active unless other features of its head are larger.",
                elem_classes="atelier-hint",
            )
            with gr.Row():
                self.plus = gr.Textbox(
                    label="Word that promotes", placeholder="strongest in the sentence", max_length=100
                )
                self.minus = gr.Textbox(
                    label="Word that suppresses", placeholder="strongest in the sentence", max_length=100
                )
                self.go = gr.Button("Count", size="sm", min_width=96, scale=0)
            self.shown = gr.HTML("")
        event: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "trigger_mode": "once"}
        inputs = [desk.key, now, self.plus, self.minus]
        gr.on([self.go.click, self.plus.submit, self.minus.submit], guarded(_count), inputs, self.shown, **event)
        desk.key.change(lambda: ("", "", ""), None, [self.plus, self.minus, self.shown], **event)


def _count(key: str, now: dict[str, Any], plus: str, minus: str) -> str:
    from backends.attention_rules.playground import count

    if not now.get("ids"):
        raise InputError("Press Explain first.")
    return counted_html(count(FeatureKey.parse(key), now["ids"], int(now["query"]), plus, minus))


def counted_html(found: "Counted") -> str:
    """Both grids side by side, and where each turns positive."""
    plus, minus = (visible(word).strip() for word in (found.plus, found.minus))
    grids = count_grids(found.grid.measured, found.grid.predicted, plus, minus)
    return tag("p", escape(said(found))) + tag("div", grids, class_="atelier-columns")


def said(found: "Counted") -> str:
    """What the grid says, in a sentence or two."""
    plus, minus = (visible(word).strip() for word in (found.plus, found.minus))
    size = len(found.grid.measured)
    cells = [
        (measured > 0) == (predicted > 0)
        for own, closed in zip(found.grid.measured, found.grid.predicted, strict=True)
        for measured, predicted in zip(own, closed, strict=True)
    ]
    alone, foretold = found.grid.measured_thresholds[0], found.grid.thresholds[0]
    return (
        f"Without any “{minus}”, the sum is positive {_from(alone, plus, size)}; the closed form says "
        f"{_from(foretold, plus, size)}. It is on the right side of 0 in {sum(cells)} of {len(cells)} cells, and its "
        f"threshold is within one copy in {found.grid.within_one:.0%} of the columns."
    )


def _from(threshold: int | None, word: str, size: int) -> str:
    if threshold is None:
        return f"at no number up to {size - 1} of “{word}”"
    return f"without a single “{word}”" if threshold == 0 else f"from {threshold} of “{word}” on"
