"""The table of regions: a row a region, with its text, its place, and what is not to be guessed about it."""

import re
from collections.abc import Sequence
from dataclasses import replace

from backends.errors import InputError, quoted
from backends.text_image.lettering import FACES
from backends.text_image.regions import regions_from_rows
from backends.text_image.requests import Region

HEADERS = ["Text", "Where: x, y, w, h", "Script"]
NOTE = (
    "One line of text a region; an empty text removes what stands there. Eight numbers in place of four are corners, "
    "clockwise from the top left. The script is found by itself; write “hant”, “vertical” or “japanese vertical” to "
    "choose."
)
_DIRECTIONS = {"vertical": True, "horizontal": False}


def regions_of_table(table: Sequence[Sequence[object]]) -> tuple[Region, ...]:
    """The regions of the table's rows.

    Raises:
        InputError: naming the row, for a place that is not four or eight numbers, or an unknown script.
    """
    found: list[Region] = []
    for number, row in enumerate(table, 1):
        text, where, manner = (list(row) + [""] * len(HEADERS))[: len(HEADERS)]
        place = [word for word in re.split(r"[\s,;]+", str(where or "")) if word]
        if len(place) not in (0, 4, 8) or (text and not place):
            raise InputError(f"Row {number}: its place is {quoted(where or '')}. Write x, y, w, h, or four corners.")
        # Empty rows before it, so that an error counts the row as the table does.
        regions = regions_from_rows([*[()] * (number - 1), [*place, str(text or "")]]) if place else ()
        script, vertical = _manner(number, str(manner or ""))
        found += [replace(region, script=script, vertical=vertical) for region in regions]
    return tuple(found)


def _manner(number: int, cell: str) -> tuple[str | None, bool | None]:
    script: str | None = None
    vertical: bool | None = None
    for word in re.split(r"[\s,;]+", cell.strip().lower()):
        if word in _DIRECTIONS:
            vertical = _DIRECTIONS[word]
        elif word in FACES:
            script = word
        elif word:
            raise InputError(
                f"Row {number}: {quoted(word)} is no script. Leave it empty, or write vertical, horizontal or one of "
                f"{', '.join(FACES)}."
            )
    return script, vertical


def rows_of(regions: Sequence[Region]) -> list[list[str]]:
    """The table's rows: an upright box as x, y, w, h, any other quadrilateral as its corners."""
    return [[region.text, _place(region), _named(region)] for region in regions]


def _named(region: Region) -> str:
    direction = [word for word, vertical in _DIRECTIONS.items() if vertical is region.vertical]
    return " ".join([*([region.script] if region.script else []), *direction])


def _place(region: Region) -> str:
    (left, top), (right, _), (_, bottom), _ = region.corners
    upright = region.corners == ((left, top), (right, top), (right, bottom), (left, bottom))
    values = (
        (left, top, right - left, bottom - top) if upright else [value for point in region.corners for value in point]
    )
    return ", ".join(f"{value:g}" for value in values)
