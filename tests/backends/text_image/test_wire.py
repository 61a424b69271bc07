"""Requests as JSON: what is written comes back, and what is sent by strangers is taken exactly or refused in words."""

import json
from dataclasses import replace
from math import inf, nan
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backends.errors import InputError
from backends.text_image.examples import EXAMPLES
from backends.text_image.recipe import read_recipe, save_png
from backends.text_image.regions import box_region
from backends.text_image.requests import (
    MOST_REGIONS,
    EditResult,
    Fourier,
    GenerateRequest,
    Options,
    Region,
    Segment,
    Written,
)
from backends.text_image.wire import (
    Recipe,
    changed_options,
    generate_recipe_json,
    generate_request_of,
    generate_request_of_recipe,
    made_from_noise,
    options_json,
    options_of,
    recipe_json,
    recipe_of,
    regions_json,
    regions_of,
    report_json,
)

pytestmark = pytest.mark.unit

BOX = box_region(10, 20, 100.5, 30, "Open")
BENT = Region(((0, 0.1), (50, 1), (49, 30), (2, 28)), "你好\n世界", "hans", vertical=True)
UNUSUAL = Options(
    caption="a “red” sign <b>",
    steps=7,
    noise=0.61,
    seed=2**63 - 1,
    variants=3,
    guidance=2.5,
    timeline=(Segment(1.0, 0.7, "off"), Segment(0.7, 0.2, "detail"), Segment(0.2, 0.0, "global")),
    fourier=Fourier(1.1, 0.9, 0.3, 4.5, "high"),
    signals={"depth": 0.5, "image_canny": 2.0},
    fec=False,
    masked_levels=0,
    start="draft",
    keep_colours=False,
    crisp_strokes=False,
)
RECIPE = Recipe((BOX, BENT), UNUSUAL, "bakery")


def nested(times: int) -> list[Any]:
    """A list in a list in a list, and so on."""
    value: list[Any] = []
    for _ in range(times):
        value = [value]
    return value


HOSTILE: dict[str, Any] = {
    "null": None,
    "true": True,
    "minus one": -1,
    "half": 1.5,
    "NaN": nan,
    "infinity": -inf,
    "400 digits": 10**400,
    "5000 digits": 10**5000,
    "a text": "<script>",
    "half a surrogate pair": "\ud800",
    "100,000 letters": "x" * 100_000,
    "bytes": b"x",
    "no items": [],
    "no fields": {},
    "an item": [1],
    "a field": {"a": 1},
    "30,000 items": ["x"] * 30_000,
    "10,000 fields": {str(at): at for at in range(10_000)},
    "four nulls": [None] * 4,
    "four truths": [True] * 4,
    "four lists": [[1]] * 4,
    "four of 400 digits": [10**400] * 4,
    "17 deep": nested(16),
    "950 deep": nested(950),
    "10,000 deep": nested(10_000),
}
OPTIONS_FIELDS = tuple(options_json(Options()))


def refused_or_used(function: Any, data: Any) -> None:
    """Any answer will do, and so will an InputError that a person can read; nothing else will."""
    said = ""
    try:
        function(data)
    except InputError as error:
        said = str(error)
    assert not said or (20 < len(said) < 400 and said.endswith("."))


@pytest.mark.parametrize(
    "options", [Options(), UNUSUAL, Options(fourier=None, signals={})], ids=["usual", "all", "none"]
)
def test_options_come_back_through_text(options: Options) -> None:
    assert options_of(json.loads(json.dumps(options_json(options)))) == options


def test_what_is_left_out_is_as_usual() -> None:
    assert options_of({}) == Options()
    assert options_of({"steps": 3, "fourier": {"alpha": 2}}) == Options(steps=3, fourier=Fourier(alpha=2.0))
    assert options_of({"noise": 1, "signals": {"glyph": 1}}) == Options(noise=1.0)


def test_only_what_differs_is_written_and_restores_the_options() -> None:
    changed = replace(Options(), steps=9, fourier=Fourier())
    difference = changed_options(changed, Options())
    assert set(difference) == {"steps", "fourier"}
    assert options_of({**options_json(Options()), **difference}) == changed
    assert changed_options(UNUSUAL, UNUSUAL) == {}


def test_regions_come_back_through_text() -> None:
    assert regions_of(json.loads(json.dumps(regions_json((BOX, BENT))))) == (BOX, BENT)


def test_a_region_may_be_a_box_or_a_row() -> None:
    found = regions_of(
        [
            {"box": [10, 20, 100.5, 30], "text": "Open"},
            [10, 20, 100.5, 30, "Open"],
            [],
            [0, 0.1, 50, 1, 49, 30, 2, 28, "Bent"],
            {"box": [10, 20, 100.5, 30], "script": "greek", "text": ""},
        ]
    )
    assert found == (
        BOX,
        BOX,
        replace(BENT, text="Bent", script=None, vertical=None),
        replace(BOX, text="", script="greek"),
    )


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ([], "The options must be an object"),
        ("{}", "The options must be an object"),
        ({"zoom": 1}, "Options have no field 'zoom'. There are: caption, "),
        ({"<img src=x>": 1}, "no field '<img src=x>'"),
        ({"steps": "5"}, "steps is '5': input should be a valid integer"),
        ({"steps": True}, "steps is True"),
        ({"steps": 5.5}, "steps is 5.5"),
        ({"steps": 51}, "from 1 to 50"),
        ({"noise": "0.8"}, "noise is '0.8': input should be a valid number"),
        ({"noise": True}, "noise is True"),
        ({"noise": 10**400}, "Noise is inf"),
        ({"noise": nan}, "cannot be written as JSON"),
        ({"seed": None}, "seed is None"),
        ({"caption": 5}, "caption is 5: input should be a valid string"),
        ({"caption": "x" * 301}, "at most 300 characters"),
        ({"caption": "x" * 70_000}, "at most 64 KB"),
        ({"start": "nowhere"}, "input should be 'paper' or 'draft'"),
        ({"fourier": True}, "fourier is True"),
        ({"fourier": {"gamma": 1}}, "Fourier have no field 'gamma'"),
        ({"fourier": {"alpha": "2"}}, "fourier.alpha is '2'"),
        ({"fourier": {"alpha": -1}}, "Alpha is -1"),
        ({"signals": ["glyph"]}, "signals is ['glyph']"),
        ({"signals": {"glow": 1}}, "'glyph', 'glyph_canny', 'image_canny' or 'depth'"),
        ({"signals": {"glyph": True}}, "signals.glyph is True"),
        ({"timeline": "paper"}, "timeline is 'paper'"),
        ({"timeline": [[1, 0, "off"]]}, "A segment must be an object"),
        ({"timeline": [{"start": 1, "end": 0, "control": "off", "speed": 2}]}, "Segments have no field 'speed'"),
        ({"timeline": [{"start": 1, "end": 0}]}, "timeline.0.control"),
        ({"timeline": [{"start": 0.9, "end": 0, "control": "off"}]}, "without gaps"),
        ({"timeline": [{"start": 1, "end": 0, "control": "off"}] * 2000}, "at most 64 KB"),
    ],
)
def test_bad_options_are_refused_by_name(data: object, said: str) -> None:
    with pytest.raises(InputError) as error:
        options_of(data)
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("item", "said"),
    [
        (5, "Region 2 must be an object"),
        ({}, "Region 2: corners"),
        ({"box": [1, 2, 3]}, "Region 2: its box is [1, 2, 3]. Give [x, y, width, height]"),
        ({"box": "1, 2, 3, 4"}, "Region 2: its box is '1, 2, 3, 4'"),
        ({"box": [None] * 4}, "Region 2: its box is [None"),
        ({"box": [1, 2, 3, None]}, "Row 2 has 3 filled cells"),
        ({"box": [1, 2, True, 4]}, "Row 2, column 3 holds True"),
        ({"box": [1, 2, 3, 10**400]}, "Row 2, column 4 holds 1000"),
        ({"box": [1, 2, 3, -4]}, "Row 2: The box is 3 wide and -4 high"),
        ({"box": [1, 2, 3, 4], "corners": [[0, 0], [1, 0], [1, 1], [0, 1]]}, "no corners beside it"),
        ({"box": [1, 2, 3, 4], "text": 5}, "Region 2: text is 5: input should be a valid string"),
        ({"box": [1, 2, 3, 4], "text": ["a"]}, "Region 2: text is ['a']"),
        ({"box": [1, 2, 3, 4]}, "Region 2: text is missing"),
        ({"box": [1, 2, 3, 4], "text": "a", "vertical": 1}, "Region 2: vertical is 1"),
        ({"box": [1, 2, 3, 4], "text": "a", "script": 1}, "Region 2: script is 1"),
        ({"box": [1, 2, 3, 4], "colour": "red"}, "Region 2 has no field 'colour'. There are: box, corners"),
        ({"corners": [[0, 0], [1, 0], [1, 1]]}, "Region 2: corners.3"),
        ({"corners": [["0", 0], [1, 0], [1, 1], [0, 1]]}, "Region 2: corners.0.0 is '0'"),
        ([1, 2, 3], "Row 2 has 3 filled cells"),
        (["a", 2, 3, 4, "text"], "Row 2, column 1 holds 'a'"),
        ([1, 2, 3, 4, ["text"]], "Region 2: ['text'] is neither a number nor a text"),
        ([1, 2, 3, 4, True], "Region 2: True is neither"),
        ([1, 2, 3, 4, "\ud800"], "cannot be written as JSON"),
    ],
)
def test_a_bad_region_is_refused_by_its_number(item: object, said: str) -> None:
    with pytest.raises(InputError) as error:
        regions_of([[10, 20, 100, 30, "Open"], item])
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (None, "The regions are None. Give a list"),
        ({"box": [1, 2, 3, 4]}, "Give a list, even for one region"),
        ([[1, 2, 3, 4]] * (MOST_REGIONS + 1), "9 regions are too many. Give at most 8."),
        ([[1, 2, 3, 4]] * 1_000_000, "1000000 regions are too many"),
    ],
)
def test_what_is_no_list_of_regions_is_refused(data: object, said: str) -> None:
    with pytest.raises(InputError) as error:
        regions_of(data)
    assert said in str(error.value)


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
def test_whatever_is_sent_is_used_or_refused(value: Any) -> None:
    for function in (options_of, regions_of, recipe_of):
        refused_or_used(function, value)
    for name in (*OPTIONS_FIELDS, "other"):
        refused_or_used(options_of, {name: value})
    for name in ("alpha", "band", "other"):
        refused_or_used(options_of, {"fourier": {name: value}})
    for name in ("start", "end", "control"):
        refused_or_used(options_of, {"timeline": [{"start": 1, "end": 0, "control": "off", name: value}]})
    refused_or_used(options_of, {"signals": {"glyph": value}})
    for name in ("box", "corners", "text", "script", "vertical", "other"):
        refused_or_used(regions_of, [{"box": [1, 2, 30, 40], name: value}])
    refused_or_used(regions_of, [{"corners": [[value, 0], [1, 0], [1, 1], [0, 1]]}])
    for row in ([value], [value, 2, 30, 40, "a"], [1, 2, 30, 40, value]):
        refused_or_used(regions_of, [row])
    for name in ("regions", "options", "example", "version", "explorer"):
        refused_or_used(recipe_of, {**recipe_json(RECIPE), name: value})
    refused_or_used(lambda given: generate_request_of(given, 256, None, {}), value)
    refused_or_used(lambda given: generate_request_of("a", given, None, {}), value)
    refused_or_used(lambda given: generate_request_of("a", 256, given, {}), value)
    refused_or_used(lambda given: generate_request_of("a", 256, None, given), value)


def test_a_recipe_comes_back_through_a_picture(tmp_path: Path) -> None:
    path = tmp_path / "edit.png"
    picture = np.zeros((20, 30, 3), np.uint8)
    for recipe in (RECIPE, *(Recipe(one.regions, one.options, one.id) for one in EXAMPLES)):
        save_png(picture, recipe_json(recipe), path)
        found = read_recipe(path)
        assert found is not None
        assert recipe_of(found) == recipe


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"explorer": "concepts"}, "not made by “Text in images”"),
        ({"version": 2}, "by a later version"),
        ({"regions": [5]}, "Region 1 must be an object"),
        ({"options": None}, "The options must be an object"),
    ],
)
def test_a_recipe_of_something_else_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        recipe_of({**recipe_json(RECIPE), **changes})


def test_a_recipes_example_is_a_name_or_nothing() -> None:
    assert recipe_of({**recipe_json(RECIPE), "example": ["bakery"]}).example == ""


def test_a_new_picture_is_asked_for_from_noise_alone() -> None:
    request = generate_request_of("Open", 128, "latin", {"steps": 3})
    assert request.text == "Open"
    assert (request.width, request.script, request.options) == (128, "latin", Options(steps=3, noise=1.0))


@pytest.mark.parametrize(
    ("text", "width", "script", "options", "said"),
    [
        (None, 128, None, {}, "The text is None. Give it as a string."),
        ("a", 128.0, None, {}, "The width is 128.0. Give a whole number"),
        ("a", True, None, {}, "The width is True"),
        ("a", 128, ["latin"], {}, "The script is \\['latin'\\]"),
        ("a", 128, None, [], "The options must be an object"),
    ],
)
def test_a_new_picture_of_another_kind_is_refused(
    text: object, width: object, script: object, options: object, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        generate_request_of(text, width, script, options)


def test_the_recipe_of_a_new_picture_asks_for_it_again(tmp_path: Path) -> None:
    request = GenerateRequest("Ouvert é", 128, "latin_ext", replace(UNUSUAL, noise=1.0))
    save_png(np.zeros((20, 30, 3), np.uint8), generate_recipe_json(request), tmp_path / "new.png", generated=True)
    found = read_recipe(tmp_path / "new.png") or {}
    assert made_from_noise(found)
    again = generate_request_of_recipe(found)
    assert (again.text, again.width, again.script, again.options) == (
        *(request.text, request.width, request.script),
        request.options,
    )


def test_a_report_holds_all_but_the_pictures() -> None:
    line = Written("Open", "latin", "latin", "0pen", "RapidOCR", 0.75, 1.0, 0.0)
    unread = Written("Ανοιχτό", "greek", "latin", None, "Tesseract", None, None, None)
    picture = np.zeros((20, 30, 3), np.uint8)
    report = report_json(EditResult((picture, picture), (line, unread), 0, (), (), (), 1.23456))
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert report["variants"] == 2
    assert report["largest_difference_outside"] == 0
    assert report["seconds"] == 1.235
    assert [one["read"] for one in report["lines"]] == ["0pen", None]
    assert report["lines"][0]["ned"] == 0.75
