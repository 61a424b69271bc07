"""Every view on one page, with made-up data, to look at and to test by hand: `python -m tests.gallery`."""

import math
from dataclasses import replace

import gradio as gr
import numpy as np

from backends.settings import settings
from explorers.shell import launch
from explorers.views.badge import badges
from explorers.views.bar import Bar, bar_chart
from explorers.views.concept_table import ConceptRow, ConceptTable, rows_value
from explorers.views.events import ConceptEdit, GroupEdit, edit_of, id_of, ids_of
from explorers.views.evidence import Evidence, evidence_strip
from explorers.views.export import export_file
from explorers.views.heat_map import heat_map
from explorers.views.image_grid import ImageGrid, Thumbnail, grid_value, image_tag
from explorers.views.line_curve import Series, line_curve
from explorers.views.live import JsonValue
from explorers.views.picture import Picture
from explorers.views.scatter import Axis, Front, Point, Reference, Scatter, scatter_picture, scatter_value

_HEADER = """<header class="atelier-header"><h1>Feature Atelier</h1><p class="atelier-purpose">Look inside neural
networks: change what they work with, see what follows, and how far to trust it.</p></header>"""
HOSTILE_NAME = '<img src=x onerror="alert(1)"> \u0645\u0631\u062d\u0628\u0627'
LONE_POINT = (0.1, 0.5)
_RANDOM = np.random.default_rng(7)


def evidence() -> Picture:
    """Five figures, one of them not measured."""
    return evidence_strip(
        [
            Evidence(
                "Did the model listen?",
                0.942,
                0,
                1,
                0.31,
                0.921,
                0.958,
                500,
                "",
                "Share of samples that keep their prediction when the head reads only concepts.",
                "SIS",
            ),
            Evidence(
                "Accuracy",
                0.968,
                0,
                1,
                0.10,
                0.949,
                0.981,
                500,
                "",
                "Share of test samples whose sum is right; the baseline always guesses the commonest.",
                "",
            ),
            Evidence(
                "Concepts right",
                0.991,
                0,
                1,
                0.5,
                0.986,
                0.994,
                10000,
                "",
                "Share of all concepts predicted on their true side of 0.5.",
            ),
            Evidence("Answer time", 38, 0, 150, None, None, None, 5, "ms", "Median time of the server for one edit."),
            Evidence(
                "Soft agreement",
                None,
                0,
                1,
                0.5,
                meaning="One minus the mean total variation between both modes.",
                symbol="sSIS",
            ),
        ]
    )


def curve() -> Picture:
    """Three policies with bands and a baseline."""
    x = list(range(0, 21, 2))

    def rise(speed: float, top: float) -> list[float]:
        return [top - (top - 0.62) * math.exp(-speed * v) for v in x]

    def series(name: str, role: str, y: list[float], spread: float) -> Series:
        return Series(name, x, y, [v - spread for v in y], [min(1, v + spread) for v in y], role)  # type: ignore[arg-type]

    return line_curve(
        [
            series("CRM, β = 0.1, most uncertain first", "ours", rise(0.2, 0.99), 0.012),
            series("CRM, β = 0", "other", rise(0.05, 0.86), 0.02),
            series("CEM with RandInt", "other", rise(0.12, 0.95), 0.016),
            series("random order", "baseline", rise(0.08, 0.97), 0.02),
        ],
        title="How accuracy grows with each concept set to its truth",
        x_title="concepts set to the truth",
        y_title="accuracy",
        whole_x=True,
    )


def classes() -> Picture:
    """Class probabilities, the true one outlined, 0.5 deciding."""
    return bar_chart(
        [
            Bar("sum 11", 0.81, 0.74, 0.86, 0.1, truth=True, note="was 0.52"),
            Bar("sum 12", 0.12, 0.08, 0.17, 0.09),
            Bar("sum 10", 0.05, baseline=0.1),
            Bar("sum 2", 0.02, baseline=0.04),
        ],
        title="What it predicts now",
        axis_title="probability",
        limits=(0, 1),
        threshold=0.5,
    )


def weights() -> Picture:
    """Signed contributions, the sidechannel hatched."""
    return bar_chart(
        [
            Bar("first digit = 7", 2.31),
            Bar("second digit = 4", 1.87),
            Bar("second digit = 9", -1.42),
            Bar("everything not in a concept", 0.96, hatched=True, note="sidechannel"),
            Bar("prior", -0.3),
        ],
        title="What speaks for and against sum 11",
        axis_title="contribution to the logit",
        signed=True,
    )


def weight_map() -> Picture:
    """Concepts by classes, signed, with the sidechannel and a missing cell."""
    values: list[list[float | None]] = _RANDOM.normal(0, 1, (12, 19)).tolist()
    values[3][4] = None
    rows = [f"first digit = {d}" for d in range(10)] + ["colour", "sidechannel"]
    return heat_map(
        values,
        rows=rows,
        columns=[str(s) for s in range(19)],
        title="Weights of the head",
        column_title="sum",
        row_title="concept",
        scale="diverging",
        hatched_rows=["sidechannel"],
    )


def rule_book() -> Picture:
    """Rules by concepts: what must hold, what must not, what does not matter."""
    roles: list[list[float | None]] = [[1, -1, 0, 0, 1, 0], [-1, 1, 0, 1, 0, 0], [0, 0, 1, -1, 0, 1]]
    words = [["must" if v == 1 else "not" if v == -1 else "" for v in row] for row in roles]
    columns = ["red", "round", "large", "striped", "touches the edge", "three of them"]
    return heat_map(
        roles,
        rows=["rule 1 · 61 %", "rule 2 · 30 %", "rule 3 · 9 %"],
        columns=columns,
        title="The rule book of class A",
        scale="diverging",
        texts=words,
    )


def confusion() -> Picture:
    """A sequential map."""
    values: list[list[float | None]] = (np.eye(6) * 0.8 + _RANDOM.uniform(0, 0.2, (6, 6))).tolist()
    names = ["circle", "square", "triangle", "star", "ring", "cross"]
    return heat_map(
        values,
        rows=names,
        columns=names,
        title="Which shape is taken for which",
        row_title="true",
        column_title="predicted",
        limits=(0, 1),
        unit="share",
    )


def concept_rows() -> list[ConceptRow]:
    """Two digits and three binary concepts."""
    rows: list[ConceptRow] = []
    for group, truth, guess in (("first digit", 7, 7), ("second digit", 4, 9)):
        p = _RANDOM.dirichlet(np.ones(10) * 0.2) * 0.3
        p[guess] += 1 - p.sum()
        q = _RANDOM.dirichlet(np.ones(10) * 0.2) * 0.2
        q[truth] += 1 - q.sum()
        rows += [
            ConceptRow(f"{group} = {d}", group, float(p[d]), int(d == truth), float(p[d]), other=float(q[d]))
            for d in range(10)
        ]
    rows += [
        ConceptRow("red", None, 0.93, 1, 0.93, other=0.88),
        ConceptRow("large", None, 0.61, 0, 0.61, other=0.2),
        ConceptRow("striped", None, 0.08, 0, 1.0, edited=True, other=0.11),
        ConceptRow(HOSTILE_NAME, None, 0.5, 0, 0.5, other=0.4),
        ConceptRow("touches the edge", None, 0.34, 1, 0.34, changed=True, other=0.71),
    ]
    return rows


def scatter_points(count: int = 400) -> list[Point]:
    """Made-up runs: agreement against accuracy."""
    names = ("CRM", "LRM", "CEM", "CBM", "CMR")
    points = []
    for index in range(count):
        which = index % len(names)
        x = float(np.clip(_RANDOM.normal(0.3 + 0.15 * which, 0.12), 0, 1))
        y = float(np.clip(0.98 - 0.3 * x * x + _RANDOM.normal(0, 0.03), 0, 1))
        points.append(
            Point(
                f"run-{index}",
                x,
                y,
                f"{names[which]} β {0.1 * (index % 4):.1f}",
                names[which],
                emphasised=index == 42,
                note=f"seed {index % 3}",
            )
        )
    return points


def scatter_data() -> JsonValue:
    """The scatter's value with a front, a reference and one point far from all others."""
    points = [*scatter_points(), Point("lone", *LONE_POINT, "far from all", "alone")]
    front: list[tuple[float, float]] = []
    for point in sorted(points, key=lambda one: -one.y):
        if not front or point.x > front[-1][0]:
            front.append((point.x, point.y))
    return scatter_value(
        points,
        x=Axis("agreement (SIS)", (0, 1)),
        y=Axis("accuracy", (0, 1)),
        fronts=[Front("best trade-off", front)],
        references=[Reference("chance", y=0.3)],
    )


def thumbnails() -> list[Thumbnail]:
    """Eight tiny digits' worth of noise, and one in colour."""
    ramp = np.linspace(0, 255, 64).reshape(8, 8)
    grey = [np.clip(np.roll(ramp, k * 7) + _RANDOM.normal(0, 20, (8, 8)), 0, 255).astype(np.uint8) for k in range(8)]
    items = [
        Thumbnail(f"t{k}", pixels, f"{k} + {9 - k}", (("differs", "disagree"),) if k == 2 else ())
        for k, pixels in enumerate(grey)
    ]
    colour = np.stack([np.tile(np.arange(64, dtype=np.uint8) * 4, (64, 1))] * 3, axis=2)
    colour[..., 1] = 90
    return [*items, Thumbnail("scene", colour, "a scene", (("right", "correct"),))]


def build() -> gr.Blocks:
    """The gallery page."""
    page = gr.Blocks(title="Gallery", analytics_enabled=False)
    with page:
        gr.HTML(_HEADER)
        with gr.Tabs():
            with gr.Tab("Concepts", id="concepts"):
                _interactive()
            with gr.Tab("Pictures", id="pictures"):
                for make in (classes, weights, curve, weight_map, rule_book, confusion):
                    gr.HTML(make().html)
                gr.HTML(
                    scatter_picture(
                        scatter_points(120),
                        title="Agreement against accuracy",
                        x=Axis("agreement (SIS)"),
                        y=Axis("accuracy"),
                    ).html
                )
        gr.HTML('<footer class="atelier-footer">Feature Atelier · <a href="#">call it from Python</a></footer>')
    return page


def _interactive() -> None:
    with gr.Row():
        with gr.Column(elem_classes="atelier-inputs"):
            gr.Dropdown(["digits addition", "digits parity"], label="Task", value="digits addition", interactive=True)
            gr.Radio(["CRM", "LRM", "CEM"], label="Model", value="CRM", interactive=True)
            gr.Slider(0, 1, 0.1, label="β, weight of the agreement", interactive=True)
            show = gr.Checkbox(True, label="Show the truth")
            gr.Textbox(label="Search", placeholder="a concept", interactive=True)
            gr.Number(7, label="Seed", precision=0, interactive=True)
            grid = ImageGrid(grid_value(thumbnails(), selected="t2"), label="Samples", elem_id="grid")
            with gr.Row():
                gr.Button("Next sample", variant="primary")
                gr.Button("Copy link")
                gr.Button("Stop", variant="stop")
            gr.DownloadButton("Download CSV", value=export_file(evidence().csv, "evidence", "csv"))
        with gr.Column(elem_classes="atelier-stage"):
            gr.HTML(
                str(image_tag(thumbnails()[3].pixels, "The sample", 96))
                + badges(
                    ("both modes agree", "agree"),
                    ("wrong sum", "wrong"),
                    ("precomputed", "precomputed"),
                    ("live", "live"),
                    ("modes disagree", "disagree"),
                )
            )
            table = ConceptTable(
                rows_value(concept_rows(), model="CRM β 0.1", other_model="CRM β 0"), label="Concepts", elem_id="table"
            )
            gr.HTML(evidence().html)
            scatter = Scatter(scatter_data(), label="Agreement against accuracy", elem_id="scatter")
            log = gr.Textbox(label="Last event", elem_id="log")
    with gr.Accordion("What am I looking at?", open=False, elem_classes="atelier-about"):
        gr.Markdown("A model that first names **concepts**. [Paper](https://example.org)")
    _wire(table, scatter, grid, show, log)


def _wire(table: ConceptTable, scatter: Scatter, grid: ImageGrid, show: gr.Checkbox, log: gr.Textbox) -> None:
    rows = gr.State(concept_rows())

    def on_edit(event: gr.EventData, current: list[ConceptRow]) -> tuple[list[ConceptRow], JsonValue, str]:
        edit = edit_of(event)
        changed = [_apply(row, edit) for row in current]
        return changed, rows_value(changed, model="CRM β 0.1", other_model="CRM β 0"), repr(edit)

    def on_show(shown: bool, current: list[ConceptRow]) -> JsonValue:
        return rows_value(current, show_truth=shown)

    table.edit(on_edit, rows, [rows, table, log])
    for name in ("truth", "undo", "reset"):
        getattr(table, name)(lambda name=name: name, None, log)
    scatter.select(_select, None, log)
    scatter.lasso(_lasso, None, log)
    grid.select(_select, None, log)
    show.change(on_show, [show, rows], table)


def _select(event: gr.EventData) -> str:
    return id_of(event)


def _lasso(event: gr.EventData) -> str:
    return f"{len(ids_of(event))} selected"


def _apply(row: ConceptRow, edit: ConceptEdit | GroupEdit) -> ConceptRow:
    if isinstance(edit, GroupEdit):
        if row.group != edit.group:
            return row
        value = row.predicted if edit.member is None else float(row.name == edit.member)
        return replace(row, value=value, edited=edit.member is not None, changed=False)
    if row.name != edit.concept:
        return row
    value = row.predicted if edit.value is None else edit.value
    return replace(row, value=value, edited=edit.value is not None, changed=False)


def main() -> None:
    """Serve the gallery until interrupted."""
    page = build()
    print(launch(page, settings()), flush=True)
    page.block_thread()


if __name__ == "__main__":
    main()
