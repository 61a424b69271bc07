"""Requests and results as JSON: what recipes, links and programs hold of them. Pictures travel by themselves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from backends.errors import InputError, quoted
from backends.text_image.recipe import DEEPEST, MOST_CHARACTERS, depth
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

_REGION_KEYS = {field.name for field in fields(Region)} | {"box"}


def options_json(options: Options) -> Json:
    """The options as JSON; every field is there."""
    return cast(Json, json.loads(json.dumps(asdict(options))))


def options_of(data: object) -> Options:
    """The options that JSON describes; what is left out is as usual, `fourier` null switches enhancement off.

    Raises:
        InputError: for anything that is no object, an unknown field, a value of the wrong kind or out of range.
    """
    _plain(data, "The options")
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
    if isinstance(data, list) and len(data) > MOST_REGIONS:
        raise InputError(f"{len(data)} regions are too many. Give at most {MOST_REGIONS}.")
    _plain(data, "The regions")
    if not isinstance(data, list):
        raise InputError(f"The regions are {quoted(data)}. Give a list, even for one region.")
    return tuple(region for number, item in enumerate(data, 1) for region in _regions_of_item(number, item))


def _regions_of_item(number: int, item: object) -> tuple[Region, ...]:
    name = f"Region {number}"
    if isinstance(item, list):
        for cell in item:
            if isinstance(cell, bool) or not isinstance(cell, str | int | float | None):
                raise InputError(f"{name}: {quoted(cell)} is neither a number nor a text.")
        return _row(number, item)
    given = _object(item, name)
    _known(given, _REGION_KEYS, name, "has")
    if "box" in given:
        box = given["box"]
        found = _row(number, box) if isinstance(box, list) and len(box) == 4 else ()
        if not found or "corners" in given:
            raise InputError(f"{name}: its box is {quoted(box)}. Give [x, y, width, height], and no corners beside it.")
        given = {**{key: value for key, value in given.items() if key != "box"}, "corners": found[0].corners}
    try:
        return (_typed(Region, given),)
    except InputError as error:
        raise InputError(f"{name}: {error}") from error


def _row(number: int, cells: list[Any]) -> tuple[Region, ...]:
    # Empty rows before it, so that an error counts the row as its sender does.
    return regions_from_rows([*[()] * (number - 1), cells])


def generate_request_of(text: object, width: object, script: object, data: object) -> GenerateRequest:
    """A request for a new picture; its options start from noise.

    Whether the text can be drawn, and the width be used, is found out when they are.

    Raises:
        InputError: as `options_of`; and for a text or a script that is none, or a width that is no whole number.
    """
    _plain([text, width, script, data], "The request")
    given = _object(data, "The options")
    if not isinstance(text, str):
        raise InputError(f"The text is {quoted(text)}. Give it as a string.")
    if isinstance(width, bool) or not isinstance(width, int):
        raise InputError(f"The width is {quoted(width)}. Give a whole number of pixels.")
    if not isinstance(script, str | None):
        raise InputError(f"The script is {quoted(script)}. Give its name, or null to decide by the letters.")
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
    given = _recipe(data)
    named = given.get("example")
    return Recipe(
        regions_of(given.get("regions")), options_of(given.get("options", {})), named if isinstance(named, str) else ""
    )


def _recipe(data: object) -> Mapping[str, Any]:
    _plain(data, "The recipe")
    given = _object(data, "The recipe")
    if given.get("explorer") != "text_image" or given.get("version") != 1:
        raise InputError("This recipe was not made by “Text in images”, or by a later version of it.")
    return given


def generate_recipe_json(request: GenerateRequest) -> Json:
    """What made a new picture, as JSON. It has no regions: there is no picture that it began with."""
    return {
        "explorer": "text_image",
        "version": 1,
        "text": request.text,
        "width": request.width,
        "script": request.script,
        "options": options_json(request.options),
    }


def made_from_noise(data: Mapping[str, object]) -> bool:
    """Whether a recipe made a new picture, and changed none."""
    return "regions" not in data and "text" in data


def generate_request_of_recipe(data: object) -> GenerateRequest:
    """What made a new picture, from its recipe.

    Raises:
        InputError: for a recipe of something else, or one that cannot be used.
    """
    given = _recipe(data)
    return generate_request_of(given.get("text"), given.get("width"), given.get("script"), given.get("options", {}))


def report_json(result: EditResult) -> Json:
    """What is known of a result besides its pictures."""
    return {
        "lines": [asdict(line) for line in result.lines],
        "largest_difference_outside": result.outside,
        "seconds": round(result.seconds, 3),
        "variants": len(result.images),
    }


def _plain(data: object, name: str) -> None:
    """Refuses what is no JSON, or larger or deeper than any request, before anything descends into it."""
    if depth(data) > DEEPEST:
        raise InputError(f"{name} must be simpler: nested at most {DEEPEST} deep.")
    try:
        size = len(json.dumps(data, allow_nan=False, ensure_ascii=False).encode())  # half a surrogate pair fails too
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} cannot be written as JSON ({quoted(str(error), 80)}). Take that out.") from error
    if size > MOST_CHARACTERS:
        raise InputError(f"{name} must be smaller: at most {MOST_CHARACTERS >> 10} KB of JSON.")


def _object(data: object, name: str) -> Mapping[str, Any]:
    if not isinstance(data, dict):
        raise InputError(f"{name} must be an object, got {quoted(data)}.")
    return data


def _known(given: Mapping[str, Any], names: set[str], what: str, verb: str = "have") -> None:
    for name in given:
        if name not in names:
            raise InputError(f"{what} {verb} no field {quoted(name)}. There are: {', '.join(sorted(names))}.")


def _typed(kind: type[T], given: Mapping[str, Any]) -> T:
    try:
        # Through JSON and strictly: no "1" becomes 1, and no true becomes 1.
        return TypeAdapter(kind).validate_json(json.dumps(given), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        places = [str(part) for part in first["loc"]]
        if places[-1:] == ["[key]"]:
            raise InputError(f"{'.'.join(places[:-2])} has no {quoted(places[-2])}: {first['msg'].lower()}.") from error
        where = ".".join(places) or kind.__name__.lower()
        if first["type"] == "missing":
            raise InputError(f"{where} is missing. Give it too.") from error
        raise InputError(f"{where} is {quoted(first.get('input'))}: {first['msg'].lower()}.") from error
