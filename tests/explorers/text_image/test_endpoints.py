"""The endpoints as functions, with untrained networks: what they answer, what they leave alone, what they refuse."""

import base64
import io
import json
from collections.abc import Callable
from math import inf, nan
from typing import Any

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from backends.errors import InputError
from backends.text_image.canvas import feather_mask
from backends.text_image.edit import canvases_of
from backends.text_image.examples import example
from backends.text_image.lettering import FACES, fitted
from backends.text_image.recipe import read_recipe
from backends.text_image.regions import box_region
from backends.text_image.requests import EditRequest, Options, Picture
from backends.text_image.wire import Recipe, generate_request_of, recipe_of
from explorers.guard import guarded
from explorers.text_image.endpoints import (
    publish,
    text_image_edit,
    text_image_generate,
    text_image_glyphs,
    text_image_read,
    text_image_spectrum,
    text_image_sweep,
)
from tests.explorers.views.reading import HOSTILE, Page

pytestmark = [pytest.mark.method, pytest.mark.usefixtures("editing")]

QUICK = {"steps": 1}
REGIONS: list[Any] = [{"box": [20, 30, 100, 44], "text": "Open"}, [150, 120, 120, 60, "Shut"]]
WITH_REGIONS: tuple[Callable[..., Any], ...] = (
    text_image_edit,
    text_image_glyphs,
    text_image_read,
    text_image_spectrum,
    lambda image, regions: text_image_sweep(image, regions, "steps", [1]),
)


def encoded(picture: Picture, format: str = "PNG") -> str:
    """The picture as a file in base64."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format)
    return base64.b64encode(buffer.getvalue()).decode()


def decoded(image: str) -> Picture:
    """The picture in base64 as pixels."""
    with Image.open(io.BytesIO(base64.b64decode(image, validate=True))) as opened:
        assert opened.format == "PNG"
        return np.asarray(opened.convert("RGB"))


def outside(before: Picture, request: EditRequest) -> Any:
    """Where no region's feather reaches."""
    return sum(feather_mask(before.shape, canvas) for canvas in canvases_of(request)) == 0


def test_an_edit_changes_its_regions_alone_and_says_what_it_did(scene: Picture) -> None:
    images, report = text_image_edit(encoded(scene), REGIONS, {**QUICK, "variants": 2, "seed": 5})
    regions = (box_region(20, 30, 100, 44, "Open"), box_region(150, 120, 120, 60, "Shut"))
    left = outside(scene, EditRequest(scene, regions))
    assert 0.5 < left.mean() < 0.95
    first, second = map(decoded, images)
    for after in (first, second):
        assert after.shape == scene.shape
        assert np.array_equal(after[left], scene[left])
        assert np.abs(after.astype(int) - scene)[~left].mean() > 5
    assert not np.array_equal(first, second)
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert (report["largest_difference_outside"], report["variants"]) == (0, 2)
    assert [line["text"] for line in report["lines"]] == ["Open", "Shut"]


def test_what_comes_back_carries_its_recipe_and_says_that_ai_was_at_work(scene: Picture) -> None:
    (image,), _ = text_image_edit(encoded(scene), REGIONS, {**QUICK, "seed": 5})
    content = base64.b64decode(image)
    found = read_recipe(content)
    assert found is not None
    regions = (box_region(20, 30, 100, 44, "Open"), box_region(150, 120, 120, 60, "Shut"))
    assert recipe_of(found) == Recipe(regions, Options(steps=1, seed=5))
    with Image.open(io.BytesIO(content)) as opened:
        assert "compositeWithTrainedAlgorithmicMedia" in opened.info["XML:com.adobe.xmp"]
    again, _ = text_image_edit(encoded(scene), found["regions"], found["options"])
    assert np.array_equal(decoded(again[0]), decoded(image))


def test_an_example_brings_its_picture_regions_caption_and_seed() -> None:
    shown = example("flowers")
    (image,), report = text_image_edit("example:flowers", [], QUICK)
    before, after = shown.picture(), decoded(image)
    left = outside(before, shown.request())
    assert np.array_equal(after[left], before[left])
    assert not np.array_equal(after, before)
    assert [line["text"] for line in report["lines"]] == ["서점"]
    recipe = recipe_of(read_recipe(base64.b64decode(image)))
    assert recipe.example == "flowers"
    assert (recipe.options.caption, recipe.options.seed) == (shown.options.caption, shown.options.seed)
    (other,), _ = text_image_edit("example:flowers", [[40, 40, 200, 60, "Open"]], {**QUICK, "seed": 9})
    own = recipe_of(read_recipe(base64.b64decode(other)))
    assert ([region.text for region in own.regions], own.options.seed) == (["Open"], 9)


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
def test_a_data_uri_is_taken_too(scene: Picture, format: str) -> None:
    bare = encoded(scene, format)
    shown = [text_image_glyphs(image, REGIONS) for image in (bare, f"data:image/{format.lower()};base64,{bare}")]
    assert shown[0] == shown[1]


def test_the_glyphs_are_what_the_networks_see(scene: Picture) -> None:
    shown = [decoded(one) for one in text_image_glyphs(encoded(scene), REGIONS)]
    canvases = canvases_of(
        EditRequest(scene, (box_region(20, 30, 100, 44, "Open"), box_region(150, 120, 120, 60, "Shut")))
    )
    for picture, canvas in zip(shown, canvases, strict=True):
        assert np.array_equal(picture[..., 0], np.maximum(canvas.glyph, canvas.position // 5))
    places = text_image_glyphs(encoded(scene), REGIONS, {"signals": {}})
    assert np.array_equal(decoded(places[0])[..., 0], canvases[0].position // 5)


def test_a_new_picture_is_generated_and_marked_as_such() -> None:
    images, report = text_image_generate("Open", 128, None, {**QUICK, "caption": "a sign", "variants": 2})
    assert [decoded(image).shape for image in images] == [(64, 128, 3)] * 2
    assert report["lines"][0]["text"] == "Open"
    content = base64.b64decode(images[0])
    with Image.open(io.BytesIO(content)) as opened:
        assert "/trainedAlgorithmicMedia" in opened.info["XML:com.adobe.xmp"]
    found = read_recipe(content) or {}
    request = generate_request_of(found["text"], found["width"], found["script"], found["options"])
    assert (request.text, request.width, request.options.caption) == ("Open", 128, "a sign")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("",), "There is no text"),
        (("x" * 500,), "too long"),
        (("a\x07b",), "U\\+0007"),
        (("\ud800",), "cannot be written as JSON"),
        ((5,), "The text is 5"),
        (("a", 100), "multiple of 32"),
        (("a", 128.0), "whole number of pixels"),
        (("a", 10**30), "multiple of 32"),
        (("a", 128, "klingon"), "No script is called 'klingon'"),
        (("a", 128, ["latin"]), "The script is"),
        (("a", 128, None, []), "The options must be an object"),
        (("a", 128, None, {"noise": 0.8}), "set it to 1"),
        (("a", 128, None, {"steps": 1000}), "Steps is 1000"),
    ],
)
def test_a_new_picture_that_cannot_be_made_is_refused(arguments: tuple[Any, ...], said: str) -> None:
    with pytest.raises(InputError, match=said):
        text_image_generate(*arguments)


def test_the_spectrum_has_curves_for_each_step_and_level(scene: Picture) -> None:
    found = text_image_spectrum(encoded(scene), REGIONS, {"steps": 2}, 1)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["steps"] == pytest.approx([0.8, 0.4])
    assert set(found["curves"]) == {"skip", "control", "base", "fused"}
    shape = (2, len(found["levels"]), len(found["frequencies"]))
    assert all(np.array(values).shape == shape for values in found["curves"].values())
    assert set(found["maps"]) == set(found["levels"])


@pytest.mark.parametrize(("line", "said"), [(2, "There is no line 2"), (-1, "There is no line -1")])
def test_a_line_that_is_not_there_is_refused(scene: Picture, line: int, said: str) -> None:
    with pytest.raises(InputError, match=said):
        text_image_spectrum(encoded(scene), REGIONS, QUICK, line)


@pytest.mark.parametrize("line", [0.5, 0.0, True, "0", None, [0]])
def test_a_line_must_be_a_whole_number(scene: Picture, line: Any) -> None:
    with pytest.raises(InputError, match="The line must be a whole number"):
        text_image_spectrum(encoded(scene), REGIONS, QUICK, line)


def test_a_sweep_edits_once_for_each_value(scene: Picture) -> None:
    found = text_image_sweep(encoded(scene), REGIONS[:1], "noise", [0.4, 1], {**QUICK, "variants": 3})
    assert found["control"] == "noise"
    assert [row["value"] for row in found["rows"]] == [0.4, 1]
    for row in found["rows"]:
        assert row["changed"] > 1
        assert decoded(row["image"]).shape == scene.shape
        # The recipe is that of the value, so that it makes this picture again.
        assert recipe_of(read_recipe(base64.b64decode(row["image"]))).options.noise == row["value"]
    assert found["rows"][0]["image"] != found["rows"][1]["image"]


@pytest.mark.parametrize(
    ("control", "values", "said"),
    [
        ("speed", [1], "Nothing called 'speed' can be swept"),
        ("speed", None, "Nothing called 'speed' can be swept"),
        (["alpha"], [1], "must be its name"),
        (None, [1], "must be its name"),
        ("alpha", ["1"], "must be a list of finite numbers"),
        ("alpha", [True], "must be a list of finite numbers"),
        ("alpha", [[1]], "must be a list of finite numbers"),
        ("alpha", "1", "must be a list of finite numbers"),
        ("alpha", 1, "must be a list of finite numbers"),
        ("alpha", {"1": 1}, "must be a list of finite numbers"),
        ("alpha", [nan], "must be a list of finite numbers"),
        ("alpha", [inf], "must be a list of finite numbers"),
        ("alpha", [10**400], "must be a list of finite numbers"),
        ("alpha", [10**300], "Alpha is 1000"),
        ("steps", [1.5], "Use a whole number"),
        ("steps", [10**300], "Steps is 1000"),
        ("drop late", [2], "Use a number from 0 to 1"),
        ("alpha", [1] * 13, "13 values are too many"),
    ],
)
def test_a_sweep_that_cannot_be_made_is_refused(scene: Picture, control: Any, values: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        text_image_sweep(encoded(scene), REGIONS, control, values, QUICK)


def test_what_stands_in_a_picture_is_read_by_an_engine_that_is_not_told() -> None:
    paper = np.full((200, 400, 3), 255, np.uint8)
    paper[40:90, 40:240] -= fitted("Quiet", FACES["latin"], 200, 50)[..., None]
    quiet, other = text_image_read(encoded(paper), [[40, 40, 200, 50, "Quiet"], [40, 40, 200, 50, "Quit"]])["lines"]
    assert quiet == {"read": "Quiet", "wanted": "Quiet", "ned": 1.0, "script": "latin", "judge": "RapidOCR"}
    assert (other["read"], other["wanted"]) == ("Quiet", "Quit")
    assert other["ned"] == pytest.approx(0.8)  # one letter of five
    (untold,) = text_image_read(encoded(paper), [[40, 40, 200, 50]])["lines"]
    assert (untold["read"], untold["ned"]) == ("Quiet", None)


BROKEN = encoded(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
IMAGES: dict[str, tuple[Any, str]] = {
    "nothing": ("", "There is no picture"),
    "none": (None, "There is no picture"),
    "a number": (5, "There is no picture"),
    "an object": ({"path": "/etc/passwd"}, "There is no picture"),
    "no base64": ("not base64!", "The picture is no base64"),
    "letters beyond ASCII": ("grün", "The picture is no base64"),
    "half a surrogate pair": ("\ud800", "The picture is no base64"),
    "cut base64": (BROKEN[:-3], "The picture is no base64"),
    "a path": ("/etc/passwd", "no base64|no picture"),
    "an address": ("https://example.org/a.png", "no base64"),
    "a data URI of nothing": ("data:image/png;base64,", "The file is empty"),
    "a data URI without a comma": ("data:image/png;base64", "The file is empty"),
    "a text in base64": (base64.b64encode(b"hello").decode(), "no picture that can be opened"),
    "a cut PNG": (BROKEN[: len(BROKEN) // 8 * 4], "damaged or cut off"),
    "an unknown example": ("example:nothing", "No example is called 'nothing'. There are: bakery"),
    "no example": ("example:", "No example is called ''"),
    "a path for an example": ("example:../../x", "No example is called"),
    "too many letters": ("A" * (48 * 1024 * 1024 + 4), "at most 32 MiB"),
    "too many pixels": (encoded(np.zeros((20, 30_000, 3), np.uint8)), "30,000 x 20 pixels and is too large"),
    "too few pixels": (encoded(np.zeros((1, 1, 3), np.uint8)), "too small"),
}


@pytest.mark.parametrize(("image", "said"), IMAGES.values(), ids=IMAGES)
def test_a_picture_that_cannot_be_used_is_refused(image: Any, said: str) -> None:
    for endpoint in WITH_REGIONS:
        with pytest.raises(InputError, match=said) as error:
            endpoint(image, REGIONS)
        assert len(str(error.value)) < 400


@pytest.mark.parametrize(
    ("regions", "said"),
    [
        ([], "No region is marked"),
        (None, "Give a list"),
        ("all", "Give a list"),
        ([[1, 2, 3, 4]] * 9, "9 regions are too many"),
        ([[400, 10, 50, 30, "Open"]], "off the picture"),
        ([[20, 30, 1, 1, "Open"]], "at least 8 px"),
        ([[20, 30, 100, 44, "x" * 500]], "500 characters is too long"),
        ([[20, 30, 100, 44, "x" * 100_000]], "must be smaller"),
        ([[20, 30, 100, 44, "e" + "\u0316" * 50]], "combining marks"),
        ([[20, 30, 100, 44, "a\x07b"]], "U\\+0007"),
        ([[20, 30, 100, 44, "\u200b"]], "no visible character"),
        ([[20, 30, 100, 44, "\U0001f600"]], "grinning face"),
        ([{"box": [20, 30, 100, 44], "text": "Open", "script": "klingon"}], "No script is called 'klingon'"),
        ([{"box": [20, 30, 100, 44], "text": "Open", "vertical": True}], "top to bottom"),
        ([{"box": [20, 30, 100, 44], "text": ["Open"]}], "text is \\['Open'\\]"),
        ([{"text": "Open"}], "Region 1: corners"),
        ([[20, 30, 100, nan, "Open"]], "cannot be written as JSON"),
    ],
)
def test_regions_that_cannot_be_used_are_refused(scene: Picture, regions: Any, said: str) -> None:
    for endpoint in WITH_REGIONS:
        with pytest.raises(InputError, match=said) as error:
            endpoint(encoded(scene), regions)
        assert len(str(error.value)) < 400


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "The options must be an object"),
        ("fast", "The options must be an object"),
        ({"steps": "5"}, "steps is '5'"),
        ({"colour": 1}, "Options have no field 'colour'"),
        ({"signals": {"glow": 1}}, "glow"),
        ({"noise": 0}, "Noise is 0"),
    ],
)
def test_options_that_cannot_be_used_are_refused(scene: Picture, options: Any, said: str) -> None:
    for endpoint in (text_image_edit, text_image_glyphs, text_image_spectrum):
        for image in (encoded(scene), "example:cafe"):
            with pytest.raises(InputError, match=said):
                endpoint(image, REGIONS, options)


def test_what_a_caller_is_told_holds_no_markup() -> None:
    with pytest.raises(gr.Error) as error:
        guarded(text_image_edit)(f"example:{HOSTILE}", [])
    assert "&lt;img src=x" in str(error.value)
    assert Page(str(error.value)).tags == []


def test_the_page_offers_all_six_and_describes_what_they_take() -> None:
    with gr.Blocks() as page:
        publish()
    offered: Any = page.get_api_info()
    named = offered["named_endpoints"]
    takes = {name: [one["parameter_name"] for one in endpoint["parameters"]] for name, endpoint in named.items()}
    assert takes == {
        "/text_image_edit": ["image", "regions", "options"],
        "/text_image_generate": ["text", "width", "script", "options"],
        "/text_image_glyphs": ["image", "regions", "options"],
        "/text_image_spectrum": ["image", "regions", "options", "line"],
        "/text_image_sweep": ["image", "regions", "control", "values", "options"],
        "/text_image_read": ["image", "regions"],
    }
    assert all(endpoint["description"] for endpoint in named.values())
