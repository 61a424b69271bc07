"""One region: its way through training and layers, where it first became reliable, and what lies near it."""

from typing import Any

import gradio as gr

from backends.visual_patterns import shelf
from explorers.guard import guarded
from explorers.views.heat_map import heat_map
from explorers.views.image_grid import data_uri
from explorers.views.line_curve import Series, line_curve
from explorers.views.svg import Markup, escape, join, tag
from explorers.visual_patterns.desk import DeskPanel
from explorers.visual_patterns.place import place_of, place_of_event

IDLE = "Click a region of the picture, or a point, and its whole way is shown here."
_THUMBNAIL = 88
_SHOWN_CLASSES = 4
_SYMBOLS = {"none": "·", "unreliable": "△", "reliable": "●"}


class RegionPanel:
    """Follows the region that was clicked."""

    def __init__(self, desk: DeskPanel) -> None:
        """Lays out the panel; nothing is computed."""
        self.shown = gr.HTML(tag("p", escape(IDLE), class_="atelier-note"))
        desk.view.region(
            guarded(self._follow),
            [desk.network, desk.at],
            self.shown,
            api_visibility="private",
            show_progress="hidden",
            trigger_mode="always_last",
        )

    def _follow(self, name: str, at: dict[str, Any], event: gr.EventData) -> str:
        from backends.visual_patterns.wire import path_json

        place = place_of_event(name, event)
        tau = place_of(name, at).tau
        return region_html(path_json(name, place.image, place.region or 0, tau, place.step), name, place.layer)


def region_html(found: dict[str, Any], name: str, layer: int) -> str:
    """All that `wire.path_json` says of a region of the build `name`, with `layer` as the one to plot."""
    grid = shelf.index(name)["grid"]
    row, column = divmod(found["region"], grid)
    title = tag("h3", escape(f"Row {row + 1}, column {column + 1} of a {found['label']}"))
    steps = [f"{step:,}" for step in found["steps"]]
    own = found["classes"].index(found["label"])
    layers = [f"stage {k + 1}" for k in range(len(found["layers"]))]
    of_truth = [[p[own] for p in of_step] for of_step in found["probabilities"]]
    by_layer = [[row[k] for row in of_truth] for k in range(len(layers))]
    heat = heat_map(
        by_layer[::-1],
        rows=layers[::-1],
        columns=steps,
        title=f"p({found['label']}) of this region, by layer and training step",
        column_title="training step",
        limits=(0, 1),
    )
    head = tag("div", title, tag("p", escape(said(found))), class_="atelier-section")
    pictures = tag("div", Markup(heat.html), Markup(_curve(found, layer).html), class_="atelier-columns")
    return join((head, pictures, _neighbours(found, name, grid)))


def said(found: dict[str, Any]) -> str:
    """The region's history in two sentences."""
    first = found["first_reliable_layer"]
    reached = [
        f"stage {k + 1} from step {step:,}" for k, step in enumerate(found["first_reliable_step"]) if step is not None
    ]
    where = (
        "After training it is reliable at no layer."
        if first is None
        else f"After training it is first reliable at stage {found['layers'].index(first) + 1}."
    )
    when = f" While training it first was at {', '.join(reached)}." if reached else " It never was while training."
    inside = found["foreground"]
    share = "" if inside is None else f" {inside:.0%} of it is on the object."
    return where + when + share


def _curve(found: dict[str, Any], layer: int) -> Any:
    rows = [of_step[layer] for of_step in found["probabilities"]]
    ranked = sorted(range(len(found["classes"])), key=lambda c: -max(row[c] for row in rows))
    own = found["classes"].index(found["label"])
    picked = [own, *[c for c in ranked if c != own][: _SHOWN_CLASSES - 1]]
    series = [
        Series(
            found["classes"][c] + (" (true)" if c == own else ""),
            list(range(len(rows))),
            [row[c] for row in rows],
            role="ours" if c == own else "other",
        )
        for c in picked
    ]
    return line_curve(
        series,
        title=f"What it speaks for at stage {layer + 1}, checkpoint by checkpoint",
        x_title="checkpoint",
        y_title="p(class)",
        y_limits=(0, 1),
        whole_x=True,
    )


def _neighbours(found: dict[str, Any], name: str, grid: int) -> Markup:
    """What lies near it in the radial picture, and below it what lies near it by the features it was made from."""
    by_features = found["neighbours_by_features"]
    title = tag("h3", escape("Nearest regions of other pictures"), tag("small", escape("last stage, this step")))
    rows = [tag("p", escape("In the radial picture")), _patches(found["neighbours"], name, grid)]
    if by_features is None:
        rows.append(tag("p", escape("By the network's own features: its weights at this step do not ship.")))
    else:
        kept = found["neighbourhood_kept"]
        words = (
            f"By the network's own features. Over all regions, {kept['share']:.0%} of the {kept['among']} nearest by "
            f"features are among the {kept['among']} nearest in the radial picture (by chance {kept['chance']:.1%})."
        )
        rows += [tag("p", escape(words)), _patches(by_features, name, grid)]
    return tag("div", title, *rows, class_="atelier-section")


def _patches(neighbours: list[dict[str, Any]], name: str, grid: int) -> Markup:
    items = [
        tag(
            "figure",
            boxed(name, one["image"], one["region"], grid, f"a {one['label']}"),
            tag(
                "figcaption",
                tag("strong", escape(one["label"])),
                escape(f"{_SYMBOLS[one['state']]} {one['speaks_for']} {one['probability']:.2f}"),
            ),
            class_="atelier-patch",
        )
        for one in neighbours
    ]
    return tag("div", *items, class_="atelier-patches")


def boxed(name: str, image: int, region: int, grid: int, alt: str) -> Markup:
    """A picture of a build with one of its regions outlined."""
    side = _THUMBNAIL / grid
    row, column = divmod(region, grid)
    style = f"left:{column * side:g}px;top:{row * side:g}px;width:{side:g}px;height:{side:g}px"
    pixels = shelf.pictures(name)[image]
    picture = tag("img", src=data_uri(pixels), alt=alt, width=_THUMBNAIL, height=_THUMBNAIL)
    return tag("span", picture, tag("i", style=style), class_="atelier-boxed")
