"""How well the editor writes: each script beside what could be read at best, and what parts of the control do."""

import gradio as gr

from backends.text_image.measured import COMMAND, Measured, Score, measured
from explorers.views.bar import Bar, bar_chart
from explorers.views.numbers import fixed
from explorers.views.picture import Table
from explorers.views.svg import Markup, escape, join, tag

NAMES = {
    "latin": "English",
    "latin_ext": "European",
    "hans": "Chinese, simplified",
    "hant": "Chinese, traditional",
}
SCENES = (
    "Scenes rendered from fonts, words and photographs that no training saw, edited in 5 steps and read back by an OCR "
    "engine at the known place. NED is 1 less the share of letters that are wrong, missing or too many. The mark is "
    "what the engine reads in the same scene rendered with the wanted text, so what it would read of a perfect edit."
)
CHANGES = (
    "English and Chinese scenes. The first, which the mark repeats, is ours without crisp strokes: those would lend "
    "letters what a setting takes from them. Each of the others changes one thing of it. “Paper” is the paper's way "
    "alone: without a draft shown to the detail stage, and without the old text's colours held."
)


class MeasuredPanel:
    """Two charts and a table, stored."""

    def __init__(self) -> None:
        gr.HTML(measured_html(measured()))


def measured_html(found: Measured) -> str:
    """What was measured, by script and by setting."""
    scripts = bar_chart(
        [
            Bar(
                name_of(one.script), one.edit.ned, *_between(one.edit.ned, one.ned_sd), one.truth.ned, note=f"n {one.n}"
            )
            for one in found.scripts
        ],
        title="Letters written right, by script",
        description=SCENES,
        axis_title="NED, mean and s.d. over three seeds",
        limits=(0, 1),
    )
    reference = found.findings[0].ned
    settings = bar_chart(
        [Bar(one.name, one.ned, *_between(one.ned, one.sd), reference) for one in found.findings],
        title="Letters written right, by what the control does",
        description=CHANGES,
        axis_title=f"NED, mean and s.d. over three seeds, n {found.n}",
        limits=(0, 1),
    )
    columns = (
        "edited",
        "made from noise",
        "clean glyph (ceiling)",
        "rendered with the text",
        "glyph pasted",
        "unedited",
    )
    rows = tuple(
        (
            name_of(one.script),
            *(_score(s) for s in (one.edit, one.generate, one.ceiling, one.truth, one.composited, one.floor)),
        )
        for one in found.scripts
    )
    return join(
        (
            tag(
                "div",
                tag("div", tag("p", escape(SCENES)), Markup(scripts.html)),
                tag("div", tag("p", escape(CHANGES)), Markup(settings.html)),
                class_="atelier-columns",
            ),
            tag(
                "section",
                tag("h3", escape("All scores "), tag("small", escape("share of texts read exactly / NED"))),
                tag("div", Table(("script", *columns), rows).html(), class_="atelier-rules"),
                tag("p", escape(f"Precomputed: what {COMMAND} printed of these weights."), class_="atelier-note"),
                class_="atelier-section",
            ),
        )
    )


def name_of(script: str) -> str:
    """A script, for people."""
    return NAMES.get(script, script.capitalize())


def _between(value: float, spread: float) -> tuple[float, float]:
    return max(value - spread, 0.0), min(value + spread, 1.0)


def _score(score: Score) -> str:
    return f"{fixed(score.accuracy, 2)} / {fixed(score.ned, 2)}"
