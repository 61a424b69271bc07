"""Your image, and an attack on it: where its regions lie in the same picture, layer by layer."""

from pathlib import Path
from typing import Any

import gradio as gr

from backends.visual_patterns import shelf
from explorers.guard import guarded
from explorers.views.bar import Bar, bar_chart
from explorers.views.before_after import BeforeAfter, Shot, before_after_value
from explorers.views.emergence import picked_value
from explorers.views.heat_map import heat_map
from explorers.views.line_curve import Series, line_curve
from explorers.views.paths import PathPanel, path_panels
from explorers.views.svg import Markup, escape, tag
from explorers.visual_patterns.desk import DeskPanel
from explorers.visual_patterns.place import place_of

IDLE = (
    "Choose a PNG, JPEG or WebP file: its middle square is shown to the network and laid into the picture above. Move "
    "the layers to see its regions gain strength and direction."
)


class OwnPanel:
    """Takes a visitor's picture, and attacks the one on show."""

    def __init__(self, desk: DeskPanel) -> None:
        """Lays out the panel; nothing is computed."""
        self.file = gr.State(None)
        with gr.Row():
            self.upload = gr.UploadButton("Choose a picture", file_types=["image"], size="sm", variant="primary")
            self.radius = gr.Slider(
                0.005, 0.1, 0.03, step=0.005, label="Attack: most a pixel changes", interactive=True
            )
            self.attack = gr.Button("Attack the picture on show", size="sm")
        with gr.Accordion("What counts as which path", open=False), gr.Row():
            self.cosine = gr.Number(0.9, label="of a class: cosine above", minimum=0, maximum=1, interactive=True)
            self.strength = gr.Number(1.0, label="and strength above", minimum=0, maximum=10, interactive=True)
            self.chance = gr.Number(0.5, label="of the other class: p above", minimum=0, maximum=1, interactive=True)
        self.status = gr.HTML(tag("p", escape(IDLE), class_="atelier-note"))
        self.shots = BeforeAfter(None, label="Clean and attacked", visible=False)
        self.shown = gr.HTML("")
        event: dict[str, Any] = {"api_visibility": "private", "concurrency_id": "patterns", "concurrency_limit": 1}
        outputs = [desk.picked, self.file, self.status, self.shots, self.shown]
        self.upload.upload(guarded(self._open), [desk.network, self.upload], outputs, **event)
        chosen = [desk.network, desk.at, self.file, self.radius, self.cosine, self.strength, self.chance]
        self.attack.click(guarded(self._attack), chosen, outputs, **event)
        desk.view.image(lambda: None, None, self.file, api_visibility="private", show_progress="hidden")

    def _open(self, name: str, path: str) -> tuple[Any, ...]:
        from backends.visual_patterns.wire import own_picture

        content = Path(path).read_bytes()
        found = own_picture(name, content)
        odds = found["probabilities"][-1]
        names = shelf.index(name)["classes"]
        order = sorted(range(len(names)), key=lambda c: -odds[c])[:5]
        chart = bar_chart(
            [Bar(names[c], odds[c]) for c in order],
            title="What the trained network takes it for",
            axis_title="probability",
            limits=(0, 1),
        )
        steps = found["seen"]
        seen = f"Seen at {len(steps)} of {len(found['probabilities'])} checkpoints; others repeat the nearest."
        status = tag(
            "p", escape(f"Your picture is on show above, as “{names[order[0]]}”. {seen}"), class_="atelier-note"
        )
        return (
            picked_value(name, found),
            content,
            status,
            BeforeAfter(label="Clean and attacked", visible=False),
            chart.html,
        )

    def _attack(
        self,
        name: str,
        at: dict[str, Any],
        content: bytes | None,
        radius: float,
        cosine: float,
        strength: float,
        p: float,
    ) -> tuple[Any, ...]:
        from backends.visual_patterns.attack import Thresholds
        from backends.visual_patterns.trial import attack_of, run
        from backends.visual_patterns.wire import own_picture

        how = attack_of(radius, 20)
        trial = run(
            name, place_of(name, at).image, content, how, Thresholds(cosine=cosine, strength=strength, probability=p)
        )
        said = (
            f"{how.iterations} steps of projected gradient descent within ±{how.radius:g} of the range: "
            f"“{trial.before}” ({max(trial.odds[0]):.2f}) became “{trial.after}” "
            f"({max(trial.odds[1]):.2f}). It is on show above."
        )
        shots = before_after_value(
            Shot(trial.clean, trial.before, "The clean picture"),
            [Shot(trial.attacked, trial.after, "The attacked picture")],
            caption="Drag the edge: what changed is hard to see.",
        )
        return (
            picked_value(name, own_picture(name, trial.png)),
            content,
            tag("p", escape(said), class_="atelier-note"),
            BeforeAfter(shots, label="Clean and attacked", visible=True),
            trial_html(trial),
        )


def trial_html(trial: Any) -> str:
    """How regions moved under an attack, layer by layer."""
    from backends.visual_patterns.trial import TYPES

    stages = [f"stage {k + 1}" for k in range(len(trial.types))]
    ways = heat_map(
        trial.types,
        rows=stages,
        columns=TYPES,
        title="Which way regions took, by number of regions",
        column_title="path",
    )
    at = list(range(1, len(stages) + 1))
    moved = line_curve(
        [
            Series("direction, 1 − cos", at, trial.turned, role="ours"),
            Series("strength, in mean strengths", at, trial.strengthened),
        ],
        title="How far regions moved on average",
        x_title="stage",
        y_title="change",
        whole_x=True,
    )
    panels = [PathPanel(*parts) for parts in zip(stages, trial.tracks, trial.kinds, strict=True)]
    names = [f"to {trial.before}", f"to {trial.rival}"]
    paths = path_panels(
        panels,
        list(zip(names, trial.rays, strict=True)),
        TYPES,
        title="Regions from the clean picture (ring) to the attacked one (dot), in the plane of two classes",
    )
    return paths.html + tag("div", Markup(moved.html), Markup(ways.html), class_="atelier-columns")
