"""How far to trust what is shown: fidelity, controls, seeds, and what was put in place of what was never published."""

from dataclasses import replace
from typing import Any

import gradio as gr

from backends.visual_patterns import shelf
from explorers.guard import guarded
from explorers.views.line_curve import Series, line_curve
from explorers.views.picture import Picture, Table, data_table
from explorers.views.svg import Markup, escape, join, tag
from explorers.visual_patterns.desk import DeskPanel
from explorers.visual_patterns.seeds import seeds_html

_ROWS = (
    ("reliable share", "share", "of the knowledge points at τ = 0.4"),
    ("the same under random maps", "control", "mean of five maps drawn at random"),
    ("foreground share of reliable points", "foreground", "where masks are known"),
    ("foreground share of all area", "base", ""),
    ("radial picture agrees with network", "layer_agreement", "whole pictures, this layer's mean feature"),
    ("KL of network to radial picture", "layer_kl", "nats"),
    ("strength against uncertainty", "layer_correlation", "Pearson's r with the entropy; −1 is best"),
    ("mean cosine of regions to their picture", "alignment", "weighted by importance"),
    ("residual of alignment", "layer_residual", "1 − cos after Procrustes; 0 is best"),
)
_ONE_SEED = "Of this network one seed is known: how its figures vary with the seed has not been measured."


class HonestyPanel:
    """Tables and notes of the network on the desk."""

    def __init__(self, desk: DeskPanel, name: str, tab: gr.Tab) -> None:
        """Lays out the panel; it is filled when its tab is opened or another network is chosen."""
        self.shown = gr.HTML(honesty_html(name))
        event: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        tab.select(guarded(honesty_html), desk.network, self.shown, **event)
        desk.network.change(guarded(honesty_html), desk.network, self.shown, **event)


def honesty_html(name: str) -> str:
    """What is to be said of the build `name`."""
    page = shelf.page(name)
    last = page["figures"][-1]
    stages = [f"stage {k + 1}" for k in range(len(page["layers"]))]
    rows = tuple((label, *_values(last, key), note) for label, key, note in _ROWS)
    found = shelf.seeds(name)
    return join(
        (
            tag("div", Markup(_curve(page, found).html), _notes(page), class_="atelier-columns"),
            tag("div", Table(("after training", *stages, ""), rows).html(), class_="atelier-rules"),
            seeds_html(found) if found else tag("p", escape(_ONE_SEED), class_="atelier-note"),
            data_table(_steps(page)),
        )
    )


def _values(row: list[dict[str, float | None]], key: str) -> tuple[float | None, ...]:
    return tuple(None if of[key] is None else round(float(of[key] or 0.0), 3) for of in row)


def _curve(page: dict[str, Any], found: dict[str, Any] | None) -> Picture:
    """The reliable share by stage after training, with the band of all seeds where it is known."""
    stages = [k + 1 for k in range(len(page["layers"]))]
    ours = Series("this network", stages, _row(page["figures"][-1], "share"), role="ours")
    if found:
        by_seed = list(zip(*(_row(rows, "share") for rows in found["figures"]), strict=True))
        low, high = [min(of) for of in by_seed], [max(of) for of in by_seed]
        ours = replace(ours, name=f"reliable, {len(found['seeds'])} seeds", low=low, high=high)
    control = Series("random maps", stages, _row(page["figures"][-1], "control"), role="baseline")
    return line_curve(
        [ours, control],
        title="Reliable share of knowledge points after training",
        x_title="stage",
        y_title="share",
        y_limits=(0, 1),
        whole_x=True,
    )


def _row(figures: list[dict[str, float | None]], key: str) -> list[float]:
    return [0.0 if of[key] is None else float(of[key] or 0.0) for of in figures]


def _notes(page: dict[str, Any]) -> Markup:
    accuracy = ", ".join(f"{split} {value:.1%}" for split, value in page["accuracy"].items())
    lines = (
        f"Accuracy of the network: {accuracy or 'not measured'}. n = {len(page['labels'])} watched "
        f"pictures, none trained on. T = {page['temperature']:g}, s = {page['concentration']:g}, "
        f"{page['dimensions']} dimensions.",
        "κ(l) = s·l stands in for the paper's unpublished tables; features are centred.",
        "The number of knowledge points depends on dividing by a layer's mean strength. Compare layers by the share "
        "that is reliable, and that share with the one under random maps.",
        "Correlations depend on T: compare projections at the same T only.",
        "Strength against uncertainty by stage belongs to each layer's mean feature. Compare, and the figures over "
        "seeds, fit the last feature afresh at each T, as they do for every other projection.",
        "Points between two checkpoints are drawn on straight lines; only checkpoints were measured.",
        f"The radial picture draws {len(page['cloud_image']):,} of "
        f"{len(page['labels']) * page['grid'] ** 2:,} regions, at random, every picture equally often; all "
        "are counted.",
    )
    return tag("ul", *(tag("li", escape(line)) for line in lines), class_="atelier-emergence-notes")


def _steps(page: dict[str, Any]) -> Table:
    """The fidelity of whole pictures at every checkpoint, by the penultimate layer."""
    keys = ("kl", "agreement", "correlation", "residual")
    rows = tuple(
        (f"{step:,}", accuracy, *(_values([row[-1]], key)[0] for key in keys))
        for step, accuracy, row in zip(page["steps"], page["accuracies"], page["figures"], strict=True)
    )
    return Table(("step", "network right", "KL", "agreement", "correlation", "residual"), rows)
