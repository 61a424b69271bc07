"""How patterns emerge: regions and pictures in the radial space, moved by two sliders, with one picture outlined.

Everything between two clicks happens in the browser: the frames of a network are delivered once. Events: `image` with
`{"image"}`, `region` with `{"image", "region", "step", "layer"}`, and, when things rest, `rest` with all of these and
`tau`. What they carry is checked by whoever listens.
"""

from dataclasses import asdict, dataclass
from typing import ClassVar

from explorers.views.live import JsonValue, LiveView


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody is: positions of step and layer, the threshold, the picture, and the region if one is chosen."""

    step: int
    layer: int
    tau: float = 0.4
    image: int = 0
    region: int | None = None


class Emergence(LiveView):
    """The view; give it `emergence_value(...)`, and a `PickedPicture` beside it the regions of the chosen picture."""

    script_name = "emergence.js"
    parts: ClassVar[tuple[str, ...]] = (
        "emergence_space.js",
        "emergence_canvas.js",
        "emergence_picture.js",
        "emergence_bands.js",
        "emergence_figures.js",
    )


class PickedPicture(LiveView):
    """Carries one picture's regions (`picked_value`) to the `Emergence` on the page; it shows nothing itself."""

    script_name = "emergence_picked.js"


def emergence_value(page: JsonValue, start: Place, seeds: JsonValue | None = None) -> JsonValue:
    """The view's value: the packed frames of a network, where to begin, and the counts of all its seeds, if known."""
    kept = ("seeds", "images", "steps", "layers", "regions", "total", "reliable")
    return {"page": page, "start": asdict(start), "seeds": seeds and {key: seeds[key] for key in kept}}


def picked_value(name: str, picture: JsonValue) -> JsonValue:
    """The value of `PickedPicture`: the network's `name` tells to which frames the regions belong."""
    return {"name": name, **picture}
