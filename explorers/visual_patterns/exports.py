"""What is on show as files: the frame as CSV, NPZ, SVG and PNG, and the whole emergence as an animated GIF.

Pictures are drawn from the side from which the class directions lie farthest apart, as the page opens.
"""

import io
import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from backends.visual_patterns import shelf
from explorers.views.emergence import Place
from explorers.views.export import export_bytes, export_file
from explorers.views.palette import FONT, LIGHT
from explorers.views.picture import Table
from explorers.views.svg import escape, join, line, rect, tag, text

SIDE = 720
_BETWEEN = 5  # pictures of the GIF from one checkpoint to the next
_SHARP = 2  # drawn so many times larger, then scaled down
Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scene:
    """A frame as it is drawn: places on the picture from -1 to 1, and what each point is.

    Attributes:
        points: (m, 2), far ones first; `labels` (m,) and `states` (m,) of them.
        rays: the ends of the class directions (C, 2).
        classes: their names; `title` says what is shown.
    """

    points: Points
    labels: NDArray[Any]
    states: NDArray[Any]
    rays: Points
    classes: list[str]
    title: str


def files(name: str, place: Place) -> list[str]:
    """The paths of all files of a place in a build."""
    now = scene(name, place.step, place.layer, place.tau)
    stem = f"patterns-{''.join(c if c.isalnum() else '-' for c in name.lower())}"[:60]
    return [
        export_file(table(name, place).csv(), stem, "csv"),
        export_bytes(arrays(name, place), stem, "npz"),
        export_file(svg(now), stem, "svg"),
        export_bytes(_encoded([picture(now)], "PNG"), stem, "png"),
        export_bytes(film(name, place), stem, "gif"),
    ]


def table(name: str, place: Place) -> Table:
    """The counts and figures of all frames of a build at the place's threshold."""
    page = shelf.page(name)
    at, n = round(place.tau * 100), len(page["labels"])
    keys = tuple(page["figures"][0][0])
    rows = []
    for s, step in enumerate(page["steps"]):
        for k, layer in enumerate(page["layers"]):
            total, reliable = page["total"][s][k][at], page["reliable"][s][k][at]
            figures = page["figures"][s][k]
            rows.append((step, layer, place.tau, total / n, reliable / n, *(figures[key] for key in keys)))
    names = tuple(f"{key} (tau {page['tau']})" if key in ("total", "reliable", "share") else key for key in keys)
    return Table(("step", "layer", "tau", "points a picture", "reliable a picture", *names), tuple(rows))


def arrays(name: str, place: Place) -> bytes:
    """The places of one frame as NPZ: directions, pictures, regions, labels and importance."""
    at = (place.step, place.layer)
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        directions=shelf.part(name, "directions", (place.step,)),
        pictures=shelf.part(name, "layer_g", at),
        regions=shelf.part(name, "h", at),
        importance=shelf.part(name, "w", at),
        labels=shelf.array(name, "labels"),
    )
    return buffer.getvalue()


def scene(name: str, step: float, layer: int, tau: float) -> Scene:
    """The frame at `step`, which may lie between two checkpoints, seen from the clearest side."""
    page, cloud, directions = _places(name, (shelf.folder_of(name) / shelf.PAGE_FILE).stat().st_mtime_ns)
    low = int(step)
    high = min(low + 1, len(cloud) - 1)
    h = cloud[low, layer] + (cloud[high, layer] - cloud[low, layer]) * (step - low)
    mu = directions[low] + (directions[high] - directions[low]) * (step - low)
    mu = mu / np.maximum(np.linalg.norm(mu, axis=1, keepdims=True), 1e-9)
    scores = page["concentration"] * h @ mu.T
    odds = np.exp(scores - scores.max(1, keepdims=True))
    odds /= odds.sum(1, keepdims=True)
    labels = np.asarray(page["labels"])[page["cloud_image"]]
    states = np.where(odds.max(1) > tau, np.where(odds.argmax(1) == labels, 2, 1), 0)
    last = np.linalg.norm(cloud[-1, -1], axis=1)
    reach = max(float(np.quantile(last, 0.985)), 1e-9) * 1.3
    view = clearest_view(directions[-1])
    turned = h @ view.T / reach
    order = turned[:, 2].argsort()
    said = f"step {page['steps'][round(step)]:,}, stage {layer + 1}"
    rays = (mu @ view.T)[:, :2] / 1.3
    return Scene(turned[order, :2], labels[order], states[order], rays, page["classes"], f"{page['title']}: {said}")


@lru_cache(maxsize=4)
def _places(name: str, _changed: int) -> tuple[dict[str, Any], Points, Points]:
    page = shelf.page(name)
    images, regions = page["cloud_image"], page["cloud_region"]
    h = shelf.part(name, "h", (slice(None),))[:, :, images, regions].astype(np.float64)
    mu = shelf.array(name, "directions").astype(np.float64)
    wide = ((0, 0), (0, 0), (0, 3 - mu.shape[2]))
    return page, np.pad(h, ((0, 0), *wide)), np.pad(mu, wide)


def clearest_view(mu: Points) -> Points:
    """The rotation (3, 3) after which directions (C, 3) lie farthest apart in the first two coordinates."""
    best, found = -1.0, np.eye(3)
    if not mu[:, 2].any():
        return found  # two dimensions need no turning
    for i in range(160):
        yaw, pitch = i * 2.39996, math.asin((i + 0.5) / 160 * 2 - 1)
        cy, sy, cp, sp = math.cos(yaw), math.sin(yaw), math.cos(pitch), math.sin(pitch)
        view = np.array([[cy, 0, sy], [sp * sy, cp, -sp * cy], [-cp * sy, sp, cp * cy]])
        ends = (mu @ view.T)[:, :2]
        apart = np.linalg.norm(ends[:, None] - ends[None], axis=2)[np.triu_indices(len(ends), 1)].min()
        worth = float(apart + 0.3 * np.linalg.norm(ends, axis=1).mean())
        if worth > best:
            best, found = worth, view
    return found


def svg(shown: Scene) -> str:
    """The scene as a stand-alone SVG."""
    half = SIDE / 2
    rays = [
        join(
            (
                line(half, half, half + x * half, half - y * half, stroke=_colour(c), stroke_opacity=0.5),
                text(half + x * half * 1.06, half - y * half * 1.06 + 4, shown.classes[c], text_anchor="middle"),
            )
        )
        for c, (x, y) in enumerate(shown.rays)
    ]
    marks = [
        _mark(half + x * half, half - y * half, _colour(label), state)
        for (x, y), label, state in zip(shown.points, shown.labels, shown.states, strict=True)
    ]
    ground = rect(0, 0, SIDE, SIDE, fill="#ffffff")
    title = tag("title", escape(shown.title))
    whole = tag(
        "svg",
        *(title, ground, *rays, *marks, text(8, SIDE - 12, shown.title)),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {SIDE} {SIDE}",
        font_family=FONT,
        font_size=13,
    )
    return str(whole).replace("var(--atelier-muted)", LIGHT["muted"])


def picture(shown: Scene, side: int = SIDE) -> Image.Image:
    """The scene as pixels."""
    size = side * _SHARP
    image = Image.new("RGB", (size, size), "white")
    pen = ImageDraw.Draw(image)
    half = size / 2
    for c, (x, y) in enumerate(shown.rays):
        pen.line((half, half, half + x * half, half - y * half), fill=_colour(c), width=_SHARP)
    unit = size / 360
    for (x, y), label, state in zip(shown.points, shown.labels, shown.states, strict=True):
        px, py, colour = half + x * half, half - y * half, _colour(label)
        if state == 1:
            corners = [(px, py - 1.8 * unit), (px + 1.6 * unit, py + unit), (px - 1.6 * unit, py + unit)]
            pen.polygon(corners, outline=colour)
        else:
            r = (1.5 if state == 2 else 0.5) * unit
            pen.ellipse((px - r, py - r, px + r, py + r), fill=colour)
    for c, (x, y) in enumerate(shown.rays):
        at = (half + x * half * 1.06, half - y * half * 1.06)
        pen.text(
            at,
            shown.classes[c],
            fill=LIGHT["ink"],
            anchor="mm",
            font_size=11 * unit,
            stroke_width=2,
            stroke_fill="white",
        )
    pen.text((8 * _SHARP, size - 20 * _SHARP), shown.title, fill=LIGHT["muted"], font_size=7 * unit)
    return image.resize((side, side), Image.Resampling.LANCZOS)


def film(name: str, place: Place, side: int = 400) -> bytes:
    """All checkpoints at the place's layer, with points moving in between, as an animated GIF."""
    steps = len(shelf.index(name)["steps"])
    times = np.linspace(0, steps - 1, (steps - 1) * _BETWEEN + 1)
    pictures = [picture(scene(name, float(t), place.layer, place.tau), side) for t in times]
    return _encoded(
        pictures, "GIF", save_all=True, append_images=pictures[1:], duration=[100] * (len(times) - 1) + [2000], loop=0
    )


def _encoded(pictures: list[Image.Image], kind: str, **settings: Any) -> bytes:
    buffer = io.BytesIO()
    pictures[0].save(buffer, kind, **settings)
    return buffer.getvalue()


def _colour(label: int) -> str:
    return LIGHT[f"series-{int(label) % 10 + 1}"]


def _mark(x: float, y: float, colour: str, state: int) -> Any:
    if state == 1:
        corners = f"{x:.1f},{y - 4:.1f} {x + 3.6:.1f},{y + 2.6:.1f} {x - 3.6:.1f},{y + 2.6:.1f}"
        return tag("polygon", points=corners, fill="none", stroke=colour)
    return tag("circle", cx=round(x, 1), cy=round(y, 1), r=3 if state == 2 else 1, fill=colour, fill_opacity=0.8)
