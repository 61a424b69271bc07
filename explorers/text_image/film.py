"""How an edit came about: its steps, what it was told, and where it changed the picture."""

import numpy as np
from PIL import Image

from backends.text_image.difference import difference
from backends.text_image.requests import EditResult, Film, Picture
from explorers.text_image.pictures import figure, frames
from explorers.views.heat_photo import heat_photo
from explorers.views.svg import Markup


def film_pictures(before: Picture, result: EditResult) -> str:
    """The steps of each line, the glyphs that controlled them, and the map of differences."""
    parts = [_film(index, film, result) for index, film in enumerate(result.films)]
    apart = difference(before, result.images[0])
    caption = f"Difference, from 0 (dark) to {int(apart.max())} grey levels (bright); 0 outside the regions"
    if result.outside:
        caption = f"Difference, up to {int(apart.max())} grey levels; {result.outside} outside the regions"
    shrunk = np.asarray(Image.fromarray(apart).reduce(max(1, max(apart.shape) // 640)))
    parts.append(frames([figure(heat_photo(shrunk), caption)], "What changed"))
    return "".join(parts)


def _film(index: int, film: Film, result: EditResult) -> Markup:
    line, canvas, glyph = result.lines[index], result.canvases[index], result.glyphs[index]
    shown = [
        figure(canvas, "before, straightened"),
        figure(np.repeat(glyph[..., None], 3, axis=2), "glyph: the control"),
        *(figure(frame, f"predicted at time {time:.2f}") for time, frame in zip(film.times, film.frames, strict=True)),
    ]
    name = line.text or "nothing (what stands there is removed)"
    return frames(shown, f"Step by step: {name}")
