"""Other projections of the same features beside ours, and two networks in one frame."""

from typing import Any

import gradio as gr

from backends.errors import InputError
from backends.visual_patterns import shelf
from explorers.guard import guarded
from explorers.views.bar import Bar, bar_chart
from explorers.views.line_curve import Series, line_curve
from explorers.views.numbers import fixed
from explorers.views.picture import Table, data_table
from explorers.views.point_panels import Panel, point_panels
from explorers.views.svg import Markup, escape, join, tag
from explorers.visual_patterns.desk import DeskPanel


class ComparePanel:
    """Projections of the network on the desk; another network over the same pictures."""

    def __init__(self, desk: DeskPanel, tab: gr.Tab) -> None:
        """Lays out the panel; it is filled when its tab is first opened, because that needs torch."""
        self.shown = gr.HTML(tag("p", escape("Opening …"), class_="atelier-note"))
        with gr.Row():
            self.other = gr.Dropdown([], label="Another network that watches the same pictures", interactive=True)
        self.both = gr.HTML("")
        event: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        for trigger in (tab.select, desk.network.change):
            trigger(guarded(self._open), desk.network, [self.shown, self.other, self.both], **event)
        self.other.input(guarded(both_html), [desk.network, self.other], self.both, **event)

    def _open(self, name: str) -> tuple[str, gr.Dropdown, str]:
        choices = [(shelf.index(one)["title"], one) for one in rivals(name)]
        return projections_html(name), gr.Dropdown(choices, value=None), ""


def rivals(name: str) -> list[str]:
    """The builds that watch the same pictures as `name`."""
    return [one for one in shelf.names() if one != name and shelf.common(name, one)]


def projections_html(name: str) -> str:
    """All projections of a build side by side, and their figures."""
    from backends.visual_patterns.projections import TITLES
    from backends.visual_patterns.wire import compare_json

    rows = compare_json(name)["projections"]
    about = shelf.index(name)
    labels = shelf.array(name, "labels").tolist()
    usual = [row for row in rows if row["temperature"] == about["temperature"]] or rows
    panels = []
    for row in usual:
        places = shelf.array(name, f"projection/{row['method']}").astype(float)
        last = places[-1] if places.ndim == 3 else places
        note = f"r {fixed(row['correlation'], 2)} · agrees {row['agreement']:.0%}"
        panels.append(Panel(TITLES[row["method"]], note, [(float(p[0]), float(p[1])) for p in last]))
    picture = point_panels(
        panels,
        labels,
        about["classes"],
        title=f"Whole pictures by projection, two of their dimensions, T = {about['temperature']:g}",
    )
    charts = [_bars(rows, temperature, TITLES) for temperature in sorted({row["temperature"] for row in rows})]
    keys = ("correlation", "agreement", "kl", "trustworthiness")
    table = Table(
        ("projection", "T", *keys), tuple((TITLES[r["method"]], r["temperature"], *(r[k] for k in keys)) for r in rows)
    )
    note = (
        "r: strength against the network's uncertainty, −1 is best; “agrees”: the class read off the projection is the "
        f"network's. All on the same {len(labels)} pictures; t-SNE, UMAP and the like give strength no meaning."
    )
    return join(
        (
            Markup(picture.html),
            tag("p", escape(note), class_="atelier-note"),
            tag("div", *(Markup(chart.html) for chart in charts), class_="atelier-columns"),
            data_table(table),
        )
    )


def _bars(rows: list[dict[str, Any]], temperature: float, titles: Any) -> Any:
    own = [row for row in rows if row["temperature"] == temperature and row["correlation"] is not None]
    bars = [Bar(titles[row["method"]], row["correlation"], truth=row["method"] == "ours") for row in own]
    return bar_chart(bars, title=f"Strength against uncertainty at T = {temperature:g} (−1 is best)", signed=True)


def both_html(name: str, other: str | None) -> str:
    """Two networks over the same pictures: whole pictures in one frame, and the reliable share by layer."""
    from backends.visual_patterns.wire import compare_json

    if not other:
        raise InputError("Choose another network.")
    found = compare_json(name, other)
    titles = [shelf.index(one)["title"] for one in (name, other)]
    about = shelf.index(name)
    labels = found["labels"]
    notes = (f"as it is, {len(labels)} pictures", f"turned over it, residual {found['residual']:.2f}")
    panels = [
        Panel(title, note, [(p[0], p[1]) for p in places])
        for title, note, places in zip(titles, notes, found["places"].values(), strict=True)
    ]
    picture = point_panels(
        panels, labels, about["classes"], title="Both networks after training, in one frame", across=2
    )
    ours, theirs = ([value or 0.0 for value in share] for share in found["share_by_layer"].values())
    stages = [k + 1 for k in range(len(ours))]
    series = [Series(titles[0], stages, ours, role="ours"), Series(titles[1], stages, theirs)]
    curve = line_curve(
        series, title="Reliable share by stage", x_title="stage", y_title="share", y_limits=(0, 1), whole_x=True
    )
    return tag("div", Markup(picture.html), Markup(curve.html), class_="atelier-columns")
