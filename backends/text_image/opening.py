"""What the page shows before any model is loaded: real edits of the examples, computed earlier and stored.

`python -m backends.text_image.opening` makes them with the weights that ship. Stored are the canvases that were
predicted, not the pictures: pasting the last one into the example's picture gives the edit again, to the last bit. The
example that the page opens with has all its steps, and its spectrum; the others have the last step.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import TypeAdapter, ValidationError

from backends.errors import AtelierError, MissingFileError
from backends.progress import finish
from backends.text_image.canvas import canvas_of
from backends.text_image.examples import EXAMPLES, Example, example
from backends.text_image.ground import write_edit
from backends.text_image.lines import lines_of
from backends.text_image.pictures import open_picture
from backends.text_image.requests import EditResult, Film, Picture, Written

FOLDER = Path(__file__).parents[2] / "assets" / "precomputed" / "text_image"
OPENING = "bakery"
"""The example that the page opens with."""


@dataclass(frozen=True, slots=True)
class Curves:
    """A stored `spectrum.Spectrum`, as plain lists: part -> steps, levels, bins; level -> rows of its map."""

    steps: tuple[float, ...]
    levels: tuple[str, ...]
    frequencies: tuple[float, ...]
    curves: dict[str, list[list[list[float]]]]
    maps: dict[str, list[list[int]]]


@dataclass(frozen=True, slots=True)
class Record:
    """What an example's JSON file holds; `times` of the frames of each line's film."""

    lines: tuple[Written, ...]
    outside: int
    seconds: float
    times: tuple[tuple[float, ...], ...]
    spectrum: Curves | None


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """An example, the picture before, what came of the edit, and its spectrum where that is stored."""

    example: Example
    before: Picture
    result: EditResult
    spectrum: Curves | None


@lru_cache(maxsize=4)
def read_stored(identity: str = OPENING) -> Stored:
    """The stored edit of an example. Nothing here needs a model.

    Raises:
        InputError: there is no such example.
        MissingFileError: if its edit is not there or no longer fits the code.
    """
    chosen = example(identity)
    try:
        record = TypeAdapter(Record).validate_json((FOLDER / f"{chosen.id}.json").read_bytes())
        before = chosen.picture()
        canvases = [canvas_of(before, line) for region in chosen.regions for line in lines_of(region)]
        if [line.text for line in record.lines] != [canvas.line.text for canvas in canvases]:
            raise ValueError("stored for another text")
        after, films = before.copy(), []
        for index, (canvas, times) in enumerate(zip(canvases, record.times, strict=True)):
            strip = open_picture(FOLDER / f"{chosen.id}-{index}.png")
            if strip.shape != (len(times) * canvas.image.shape[0], *canvas.image.shape[1:]):
                raise ValueError("stored for another canvas")
            frames = tuple(np.split(strip, len(times)))
            write_edit(after, frames[-1], canvas, chosen.options)
            films.append(Film(times, frames))
    except (OSError, ValidationError, ValueError, AtelierError) as error:
        raise MissingFileError(
            f"The stored edit of the example {chosen.id} is missing or out of date. Press “Write” to compute it, or "
            "make it again with `python -m backends.text_image.opening`."
        ) from error
    result = EditResult(
        images=(after,),
        lines=record.lines,
        outside=record.outside,
        films=tuple(films),
        canvases=tuple(canvas.image for canvas in canvases),
        glyphs=tuple(canvas.glyph for canvas in canvases),
        seconds=record.seconds,
    )
    return Stored(chosen, before, result, record.spectrum)


def store(chosen: Example, *, whole: bool) -> None:
    """Edit an example and store it; `whole`: with all its steps and its spectrum."""
    from backends.text_image.edit import edit

    result = finish(edit(chosen.request()))
    FOLDER.mkdir(parents=True, exist_ok=True)
    kept = [film if whole else Film(film.times[-1:], film.frames[-1:]) for film in result.films]
    for index, film in enumerate(kept):
        Image.fromarray(np.concatenate(film.frames)).save(FOLDER / f"{chosen.id}-{index}.png", optimize=True)
    record = Record(
        result.lines,
        result.outside,
        round(result.seconds, 2),
        tuple(film.times for film in kept),
        _spectrum(chosen) if whole else None,
    )
    (FOLDER / f"{chosen.id}.json").write_bytes(TypeAdapter(Record).dump_json(record))
    read = ", ".join(f"{line.text!r} is read {line.read!r}, NED {line.ned}" for line in result.lines)
    print(f"{chosen.id}: {read}; {record.seconds} s, {record.outside} outside", flush=True)


def _spectrum(chosen: Example) -> Curves:
    from backends.text_image.spectrum import spectrum

    found = finish(spectrum(chosen.request()))
    return Curves(
        found.steps,
        found.levels,
        tuple(round(f, 4) for f in found.frequencies),
        {part: _rounded(values) for part, values in found.curves.items()},
        {level: values.astype(int).tolist() for level, values in found.maps.items()},
    )


def _rounded(values: NDArray[np.float32]) -> list[list[list[float]]]:
    found: list[list[list[float]]] = np.round(values.astype(np.float64), 3).tolist()
    return found


def main() -> None:
    """Edit and store examples from the command line."""
    parser = argparse.ArgumentParser(description="Compute the edits that the page shows at once, and store them.")
    parser.add_argument("--only", help="the id of one example; else all of them")
    parser.add_argument("--run", type=Path, help="a training run whose averages to use, in place of what ships")
    options = parser.parse_args()
    from backends.text_image.models import averaged, embedded, using

    chosen = [example(options.only)] if options.only else EXAMPLES
    with using(averaged(options.run) if options.run else embedded()):
        for one in (chosen[0], *chosen):  # the first twice: once to load what is loaded once, outside its seconds
            store(one, whole=one.id == OPENING)


if __name__ == "__main__":
    main()
