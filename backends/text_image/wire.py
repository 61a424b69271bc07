"""Requests and results as JSON: what recipes, links and programs hold of them. Pictures travel by themselves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from backends.errors import InputError, quoted
from backends.text_image.regions import regions_from_rows
from backends.text_image.requests import (
    MOST_REGIONS,
    EditResult,
    Fourier,
    GenerateRequest,
    Options,
    Region,
    Segment,
    checked,
)

Json = dict[str, Any]
T = TypeVar("T")

_MOST_CHARACTERS = 64 * 1024
_REGION_KEYS = {field.name for field in fields(Region)} | {"box"}


def options_json(options: Options) -> Json:
    """The options as JSON; every field is there."""
    return cast(Json, json.loads(json.dumps(asdict(options))))


def options_of(data: object) -> Options:
    """The options that JSON describes; what is left out is as usual, `fourier` null switches enhancement off.

    Raises:
        InputError: for anything that is no object, an unknown field, a value of the wrong kind or out of range.
    """
    given = _object(data, "The options")
    _known(given, {field.name for field in fields(Options)}, "Options")
    if isinstance(given.get("fourier"), dict):
        _known(given["fourier"], {field.name for field in fields(Fourier)}, "Fourier")
    segments = given.get("timeline")
    for segment in segments if isinstance(segments, list) else ():
        _known(_object(segment, "A segment"), {field.name for field in fields(Segment)}, "Segments")
    return checked(_typed(Options, given))


def changed_options(options: Options, usual: Options) -> Json:
    """What of the options differs from `usual`, as JSON."""
    ours, theirs = options_json(options), options_json(usual)
    return {name: value for name, value in ours.items() if value != theirs[name]}


def regions_json(regions: tuple[Region, ...]) -> list[Json]:
    """The regions as JSON, each with its corners."""
    return [cast(Json, json.loads(json.dumps(asdict(region)))) for region in regions]


def regions_of(data: object) -> tuple[Region, ...]:
    """Regions from JSON: objects with `corners` or `box` [x, y, w, h], and `text`; or rows of x, y, w, h, text.

    Whether they lie on the picture is found out when they are used.

    Raises:
        InputError: for anything else; the message names the region.
    """
    if not isinstance(data, list):
        raise InputError(f"The regions are {quoted(data)}. Give a list, even for one region.")
    if len(data) > MOST_REGIONS:
        raise InputError(f"{len(data)} regions are too many. Give at most {MOST_REGIONS}.")
    found: list[Region] = []
    for number, item in enumerate(data, 1):
        if isinstance(item, list):
            found.extend(regions_from_rows([item]))
            continue
        given = _object(item, f"Region {number}")
        _known(given, _REGION_KEYS, f"Region {number}")
        if "box" in given:
            box, text = given["box"], given.get("text", "")
            if not isinstance(box, list) or len(box) != 4:
                raise InputError(f"Region {number}: its box is {quoted(box)}. Give [x, y, width, height].")
            corners = regions_from_rows([[*box, text]])[0].corners
            given = {**{key: value for key, value in given.items() if key != "box"}, "corners": corners}
        found.append(_typed(Region, {"text": "", **given}))
    return tuple(found)


def generate_request_of(text: str, width: int, script: str | None, data: object) -> GenerateRequest:
    """A request for a new picture; its options start from noise.

    Raises:
        InputError: as `options_of`.
    """
    given = _object(data, "The options")
    return GenerateRequest(text, width, script, options_of({"noise": 1.0, **given}))


@dataclass(frozen=True, slots=True)
class Recipe:
    """What made a picture, but for the picture it began with; `example` names that where it ships."""

    regions: tuple[Region, ...]
    options: Options
    example: str = ""


def recipe_json(recipe: Recipe) -> Json:
    """The recipe as JSON, as PNG files carry it."""
    return {
        "explorer": "text_image",
        "version": 1,
        "example": recipe.example,
        "regions": regions_json(recipe.regions),
        "options": options_json(recipe.options),
    }


def recipe_of(data: object) -> Recipe:
    """The recipe in a picture's metadata or in a file.

    Raises:
        InputError: for a recipe of something else, or with regions or options that cannot be used.
    """
    given = _object(data, "The recipe")
    if given.get("explorer") != "text_image" or given.get("version") != 1:
        raise InputError("This recipe was not made by “Text in images”, or by a later version of it.")
    named = given.get("example")
    return Recipe(
        regions_of(given.get("regions")), options_of(given.get("options", {})), named if isinstance(named, str) else ""
    )


def report_json(result: EditResult) -> Json:
    """What is known of a result besides its pictures."""
    return {
        "lines": [asdict(line) for line in result.lines],
        "largest_difference_outside": result.outside,
        "seconds": round(result.seconds, 3),
        "variants": len(result.images),
    }


def _object(data: object, name: str) -> Mapping[str, Any]:
    if not isinstance(data, dict):
        raise InputError(f"{name} must be an object, got {quoted(data)}.")
    if len(data) > 64 or len(json.dumps(data, default=str)) > _MOST_CHARACTERS:
        raise InputError(f"{name} must be smaller: at most {_MOST_CHARACTERS >> 10} KB of JSON.")
    return data


def _known(given: Mapping[str, Any], names: set[str], what: str) -> None:
    for name in given:
        if name not in names:
            raise InputError(f"{what} have no field {quoted(name)}. There are: {', '.join(sorted(names))}.")


def _typed(kind: type[T], given: Mapping[str, Any]) -> T:
    try:
        # Through JSON and strictly: no "1" becomes 1, and no true becomes 1.
        return TypeAdapter(kind).validate_json(json.dumps(given, allow_nan=False), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or kind.__name__.lower()
        raise InputError(f"{where} is {quoted(first.get('input'))}: {first['msg'].lower()}.") from error
    except (ValueError, TypeError, RecursionError) as error:
        raise InputError(f"This is no JSON that can be used: {quoted(str(error), 80)}.") from error
