"""Where a visitor is, out of an event or a link: checked, because both come from a browser."""

import json
import math
from collections.abc import Mapping

import gradio as gr

from backends.errors import AtelierError, InputError
from backends.visual_patterns import shelf
from explorers.views.emergence import Place


def opening(name: str) -> Place:
    """Where a build opens: its last step and layer, and the picture that is its example."""
    page = shelf.page(name)
    return Place(len(page["steps"]) - 1, len(page["layers"]) - 1, page["tau"], page["example"])


def place_of(name: str, values: object) -> Place:
    """The place in a build that `values` name; what they leave out is as at the opening.

    Raises:
        InputError: if it is no object, or names a step, layer, picture or region that is not there.
    """
    if not isinstance(values, Mapping):
        raise InputError("A place is an object with step, layer, tau, image and region.")
    about, usual = shelf.index(name), opening(name)
    images = len(shelf.array(name, "labels"))
    region = values.get("region")
    return Place(
        shelf.position(values.get("step", usual.step), len(about["steps"]), "step"),
        shelf.position(values.get("layer", usual.layer), len(about["layers"]), "layer"),
        threshold(values.get("tau", usual.tau)),
        shelf.position(values.get("image", usual.image), images, "picture"),
        None if region is None else shelf.position(region, about["grid"] ** 2, "region"),
    )


def threshold(tau: object) -> float:
    """`tau` as a probability; InputError if it is none."""
    if isinstance(tau, bool) or not isinstance(tau, int | float) or not math.isfinite(tau) or not 0 <= tau <= 1:
        raise InputError("The threshold tau is a probability, from 0 to 1.")
    return float(tau)


def place_of_event(name: str, event: gr.EventData) -> Place:
    """The place that an event of the view carries; InputError as `place_of`."""
    return place_of(name, event._data)


def of_link(query: Mapping[str, str]) -> tuple[str, Place]:
    """The network and the place that a link asks for; the opening's where it asks for nothing that is there."""
    known = shelf.names()
    name = query.get("network", known[0])
    if name not in known:
        return known[0], opening(known[0])
    try:
        return name, place_of(name, json.loads(query.get("at", "{}")))
    except (AtelierError, ValueError, RecursionError):
        return name, opening(name)
