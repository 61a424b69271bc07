"""The explorer's public endpoints: what the page shows, for programs."""

from typing import Any

from gradio.events import api

from explorers.guard import guarded
from explorers.visual_patterns.place import threshold

Json = dict[str, Any]


def patterns_networks() -> list[Json]:
    """The networks that can be looked at: classes, layers, steps, and accuracy."""
    from backends.visual_patterns.wire import networks_json

    return networks_json()


def patterns_frame(network: str, step: int, layer: int, tau: float = 0.4) -> Json:
    """One frame: where class directions, whole pictures and regions lie, what each region is, and the figures.

    Args:
        network: a network's name, see patterns_networks.
        step: position of the checkpoint, from 0.
        layer: position of the layer, from 0.
        tau: threshold of a knowledge point, a probability.
    """
    from backends.visual_patterns.wire import frame_json

    return frame_json(network, step, layer, threshold(tau))


def patterns_region_path(network: str, image: int, region: int, tau: float = 0.4) -> Json:
    """One region through all steps and layers: places, p(class), where it first is reliable, nearest regions of others.

    Args:
        network: a network's name.
        image: number of the picture, from 0.
        region: number of the region, row by row, from 0.
        tau: threshold of a knowledge point, a probability.
    """
    from backends.visual_patterns.wire import path_json

    return path_json(network, image, region, threshold(tau))


def patterns_classify(network: str, image: str, tau: float = 0.4) -> Json:
    """Your picture in a network's frames: what it is taken for, and what its regions speak for, layer by layer.

    Args:
        network: a network's name; its weights must ship.
        image: a PNG, JPEG or WebP file in base64 (a data URI will do); its middle square is looked at.
        tau: threshold of a knowledge point, a probability.
    """
    from backends.visual_patterns.wire import classify_json

    return classify_json(network, image, threshold(tau))


def patterns_compare(network: str, other: str | None = None) -> Json:
    """The radial picture beside PCA, t-SNE, UMAP and others, each with what it keeps; or two networks in one frame.

    Args:
        network: a network's name.
        other: another network that watches the same pictures; none for the projections alone.
    """
    from backends.visual_patterns.wire import compare_json

    return compare_json(network, other)


def publish() -> None:
    """Makes the endpoints part of the page that is being built."""
    for endpoint in (patterns_networks, patterns_frame, patterns_region_path, patterns_classify, patterns_compare):
        api(guarded(endpoint), api_name=endpoint.__name__)
