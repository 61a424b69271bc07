"""What programs and the page ask of a build, as JSON."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from backends.errors import InputError, MissingFileError
from backends.visual_patterns import classify, compare, events, nearby, points, shelf, tracing
from backends.visual_patterns.results import Results
from backends.visual_patterns.tracing import Neighbour

Json = dict[str, Any]

STATES = ("none", "unreliable", "reliable")
_LONGEST = 48 * 1024 * 1024  # of base64: somewhat more than the largest file that is opened


def results_of(name: object) -> Results:
    """The build called `name`; InputError for another name."""
    folder = shelf.folder_of(name)
    return _opened(folder, (folder / "index.json").stat().st_mtime_ns)


@lru_cache(maxsize=8)
def _opened(folder: Any, _changed: int) -> Results:
    return Results(folder)


def networks_json() -> list[Json]:
    """The builds that are there: name, title, classes, layers, steps, accuracy and how many pictures are watched."""
    rows = []
    for name in shelf.names():
        about = shelf.index(name)
        rows.append({"name": name, **about, "pictures": len(shelf.array(name, "labels"))})
    return rows


def frame_json(name: str, step: object, layer: object, tau: float = points.TAU) -> Json:
    """One frame: places of directions, whole pictures and regions, what each region is, counts and figures."""
    results = results_of(name)
    s = shelf.position(step, len(results.index.steps), "step")
    k = shelf.position(layer, len(results.index.layers), "layer")
    frame = results.frame(s, k)
    verdict = frame.verdict
    counts = points.count(verdict.states(tau), frame.cells)
    return {
        "network": name,
        "step": results.index.steps[s],
        "layer": results.index.layers[k],
        "tau": tau,
        "classes": list(results.index.classes),
        "labels": frame.labels.tolist(),
        "directions": _rounded(frame.directions),
        "pictures": _rounded(frame.layer_g),
        "regions": _rounded(frame.h),
        "speaks_for": verdict.category.tolist(),
        "probability": _rounded(verdict.probability),
        "state": verdict.states(tau).tolist(),
        "states": list(STATES),
        "counts": {
            "total": _finite(counts.total),
            "reliable": _finite(counts.reliable),
            "share": _finite(counts.share),
            "foreground": _finite(counts.foreground),
            "base": _finite(counts.base),
        },
        "figures": {key: _finite(value) for key, value in frame.figures.items()},
    }


def path_json(name: str, image: object, region: object, tau: float = points.TAU, step: object = None) -> Json:
    """One region over all steps and layers, where it first is reliable, and its neighbours in the last layer, twice."""
    results = results_of(name)
    about = results.index
    i = shelf.position(image, len(results.array("labels")), "picture")
    r = shelf.position(region, about.grid**2, "region")
    s = len(about.steps) - 1 if step is None else shelf.position(step, len(about.steps), "step")
    found = tracing.trace(results, i, r, tau)
    near = tracing.neighbours(results, i, r, s, len(about.layers) - 1, tau=tau)
    names = about.classes
    return {
        "network": name,
        "image": i,
        "region": r,
        "label": names[found.label],
        "steps": list(about.steps),
        "layers": list(about.layers),
        "places": _rounded(found.places),
        "probabilities": _rounded(found.probabilities),
        "classes": list(names),
        "states": [[STATES[one] for one in row] for row in found.states.tolist()],
        "first_reliable_layer": None if found.first_layer == events.NEVER else about.layers[found.first_layer],
        "first_reliable_step": [None if one == events.NEVER else about.steps[one] for one in found.first_step],
        "foreground": found.foreground,
        "neighbours": [_neighbour(one, names) for one in near],
        **_by_features(results, i, r, s, tau),
    }


def _by_features(results: Results, image: int, region: int, step: int, tau: float) -> Json:
    """Neighbours by the network's own features, and how many of those the radial picture keeps; null if not known."""
    last = len(results.index.layers) - 1
    try:
        near = nearby.in_features(results, image, region, step, last, tau=tau)
        share, chance = nearby.kept(results, step, last)
    except MissingFileError:
        return {"neighbours_by_features": None, "neighbourhood_kept": None}
    return {
        "neighbours_by_features": [_neighbour(one, results.index.classes) for one in near],
        "neighbourhood_kept": {"share": round(share, 4), "chance": round(chance, 4), "among": nearby.AMONG},
    }


def _neighbour(one: Neighbour, names: Sequence[str]) -> Json:
    return {
        "image": one.image,
        "region": one.region,
        "distance": round(one.distance, 4),
        "label": names[one.label],
        "speaks_for": names[one.category],
        "probability": round(one.probability, 4),
        "state": STATES[one.state],
    }


def classify_json(name: str, image: object, tau: float = points.TAU) -> Json:
    """A picture in base64 in the frames of a build: the network's classes, and its regions layer by layer."""
    results = results_of(name)
    pixels = classify.opened(results, picture_bytes(image))
    found = classify.place(results, pixels[None])
    last = torch.softmax(found.logits[-1, 0], 0)
    named = int(last.argmax())
    best = found.log_p[-1, :, 0].max(2)
    verdict = points.Verdict(best.values.exp(), best.indices, best.indices == named)
    return {
        "network": name,
        "classes": list(results.index.classes),
        "probabilities": _rounded(last),
        "named": results.index.classes[named],
        "layers": list(results.index.layers),
        "steps_seen": [results.index.steps[one] for one in found.steps],
        "regions": _rounded(found.h[-1, :, 0]),
        "speaks_for": verdict.category.tolist(),
        "probability": _rounded(verdict.probability),
        "knowledge_points": (verdict.states(tau) > points.NONE).sum(1).tolist(),
        "for_the_named_class": (verdict.states(tau) == points.RELIABLE).sum(1).tolist(),
    }


def own_picture(name: str, image: bytes) -> Json:
    """A visitor's picture in the form of `shelf.picture`: its number is -1, its class the one that is named.

    Steps whose weights do not ship repeat the nearest one that does; `seen` names those that were really looked at.
    """
    results = results_of(name)
    pixels = classify.opened(results, image)
    found = classify.place(results, pixels[None])
    places = torch.stack([found.h[_nearest(found.steps, s), :, 0] for s in range(len(results.index.steps))])
    odds = torch.stack([found.logits[_nearest(found.steps, s), 0] for s in range(len(results.index.steps))]).softmax(1)
    reach = max(float(places.abs().max()), 1e-6)
    return {
        "image": -1,
        "label": int(odds[-1].argmax()),
        "source": shelf.data_uri(pixels, enlarged=results.index.grid * 40),
        "reach": reach,
        "places": shelf.encoded((places / reach * 32767).round().to(torch.int16).numpy().astype("<i2")),
        "weights": "",
        "cells": None,
        "probabilities": _rounded(odds),
        "seen": [results.index.steps[one] for one in found.steps],
    }


def compare_json(name: str, other: str | None = None) -> Json:
    """The projections of a build with their figures; with `other`, both networks over the pictures they share."""
    results = results_of(name)
    answer: Json = {
        "network": name,
        "projections": [
            {k: v if isinstance(v, str) else _finite(float(v)) for k, v in row.items()}
            for row in results.projections.to_dict("records")
        ],
    }
    if other is None:
        return answer
    both = compare.pair(results, results_of(other))
    return {
        **answer,
        "other": other,
        "labels": both.labels.tolist(),
        "places": {name: _rounded(both.first), other: _rounded(both.second)},
        "residual": round(both.residual, 4),
        "share_by_layer": {
            key: [_finite(value) for value in shares] for key, shares in zip((name, other), both.shares, strict=True)
        },
    }


def picture_bytes(image: object) -> bytes:
    """The file in a base64 text or data URI; InputError for anything else, or for one too long."""
    if not isinstance(image, str) or not image:
        raise InputError("Send a PNG, JPEG or WebP picture in base64.")
    if len(image) > _LONGEST:
        raise InputError("The picture is too large. Send it smaller.")
    text = image.partition(",")[2] if image.startswith("data:") else image
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InputError("This is no base64. Send a PNG, JPEG or WebP picture in base64.") from None


def _nearest(steps: tuple[int, ...], step: int) -> int:
    return int(np.argmin([abs(one - step) for one in steps]))


def _rounded(values: Tensor) -> list[Any]:
    found: list[Any] = np.round(values.double().numpy(), 4).tolist()
    return found


def _finite(value: float) -> float | None:
    return round(float(value), 6) if math.isfinite(value) else None
