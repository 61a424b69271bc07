"""The inputs: what the table means, what a drawing becomes, what an uploaded picture brings, and what is refused."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from backends.errors import InputError
from backends.text_image.examples import EXAMPLES, Example, example
from backends.text_image.recipe import KEY, save_png
from backends.text_image.regions import box_region
from backends.text_image.requests import PRESETS, Fourier, GenerateRequest, Options, Picture, Region
from backends.text_image.timelines import timeline
from backends.text_image.wire import Recipe, generate_recipe_json, recipe_json
from explorers.text_image.form import FROM_NOISE, OWN_PICTURE, RESTORED, Form, thumbnails
from explorers.text_image.table import regions_of_table, rows_of
from tests.explorers.views.reading import HOSTILE, Page

pytestmark = pytest.mark.unit

BENT = Region(((20.5, 30), (140, 34.25), (138, 80), (22, 78)), "Bent")
UNUSUAL = Options(
    caption="a <b>sign</b>",
    steps=10,
    noise=0.65,
    seed=77,
    variants=3,
    guidance=2.5,
    timeline=timeline(0.9, 0.4, 0.1),
    fourier=Fourier(1.1, 0.9, 0.3, 4.5, "high"),
    signals={"depth": 0.5, "image_canny": 2.0},
    fec=False,
    masked_levels=0,
    start="draft",
    keep_colours=False,
    crisp_strokes=False,
)


@pytest.fixture(scope="module")
def form() -> Form:
    """The form with an example in it."""
    return laid_out(recipe_of_example("bakery"))


def recipe_of_example(identity: str) -> Recipe:
    """An example as it ships."""
    one = example(identity)
    return Recipe(one.regions, one.options, one.id)


def laid_out(recipe: Recipe) -> Form:
    """A form with a recipe in it."""
    with gr.Blocks():
        return Form(recipe, gr.HTML(""), lambda: None)


def request_of(form: Form, picture: str | None, table: Any, **changes: Any) -> Any:
    """The form's request, with the values that it was laid out with but for `changes` by label."""
    settings = [changes.get(str(component.label), component.value) for component in form.settings]
    return form.request("bakery", picture, table, *settings)


def saved(folder: Path, picture: Picture, recipe: dict[str, Any] | None = None) -> str:
    """A PNG of the picture, with a recipe where one is given."""
    path = folder / "picture.png"
    if recipe is None:
        Image.fromarray(picture).save(path)
    else:
        save_png(picture, recipe, path)
    return str(path)


@pytest.mark.parametrize("one", EXAMPLES, ids=lambda one: one.id)
def test_the_form_asks_for_the_example_that_was_chosen(form: Form, one: Example) -> None:
    recipe = recipe_of_example(one.id)
    shown = form.fill(recipe)
    request, asked = form.request(*(shown[component] for component in form.values))
    assert asked == recipe
    assert (request.regions, request.options) == (one.regions, one.options)
    assert np.array_equal(request.image, one.picture())


def test_the_form_of_a_link_has_all_that_it_asks_for() -> None:
    recipe = Recipe((BENT,), UNUSUAL, "cafe")
    form = laid_out(recipe)
    _, asked = request_of(form, form.fill(recipe)[form.picture], rows_of(recipe.regions))
    assert asked.options == UNUSUAL


def test_steps_that_are_no_preset_are_kept_and_can_be_left() -> None:
    recipe = Recipe((BENT,), replace(UNUSUAL, steps=7), "cafe")
    form = laid_out(recipe)
    _, asked = request_of(form, form.fill(recipe)[form.picture], rows_of(recipe.regions))
    assert asked.options.steps == 7
    shown = form.fill(recipe)[form.preset]
    assert (shown.value, [steps for _, steps in shown.choices]) == (7, [*PRESETS.values(), 7])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"Seed": None}, "Seed or variants are missing"),
        ({"Variants": None}, "Seed or variants are missing"),
        ({"Base features: β": None}, "A number is missing"),
    ],
)
def test_a_missing_number_is_asked_for(form: Form, changes: dict[str, Any], said: str) -> None:
    picture = form.fill(recipe_of_example("bakery"))[form.picture]
    with pytest.raises(InputError, match=said):
        request_of(form, picture, [["Open", "1 2 30 40"]], **changes)


def test_a_missing_or_broken_picture_is_asked_for(form: Form, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no picture"):
        request_of(form, None, [])
    (tmp_path / "broken.png").write_bytes(b"\x89PNG")
    with pytest.raises(InputError, match="no picture that can be opened|damaged"):
        request_of(form, str(tmp_path / "broken.png"), [])


def test_an_own_picture_is_no_example_and_begins_with_one_row_on_it(form: Form, scene: Picture, tmp_path: Path) -> None:
    updates, _ = form.uploaded(saved(tmp_path, scene))
    assert updates[form.example] == ""
    assert updates[form._status] == OWN_PICTURE
    (region,) = regions_of_table(updates[form.table])
    assert region == box_region(60, 88, 180, 44, "Hello")  # a fifth from the left, two from the top


def test_an_edited_picture_brings_its_settings_back(form: Form, scene: Picture, tmp_path: Path) -> None:
    recipe = Recipe((box_region(10, 20, 100, 30, HOSTILE), BENT), UNUSUAL, "a picture of somebody")
    updates, _ = form.uploaded(saved(tmp_path, scene, recipe_json(recipe)))
    assert updates[form._status] == RESTORED
    assert updates[form.example] == ""
    assert form.picture not in updates
    assert regions_of_table(updates[form.table]) == recipe.regions
    options = form.options(*(updates[component] for component in form.settings))
    assert options == UNUSUAL


def test_an_edited_example_brings_its_picture_back_too(form: Form, scene: Picture, tmp_path: Path) -> None:
    updates, _ = form.uploaded(saved(tmp_path, scene, recipe_json(Recipe((BENT,), UNUSUAL, "cafe"))))
    assert updates[form.example] == "cafe"
    assert Path(updates[form.picture]).name == "cafe.jpg"
    assert updates[form._status] == ""


def test_a_picture_from_noise_is_an_own_picture_with_settings(form: Form, scene: Picture, tmp_path: Path) -> None:
    recipe = generate_recipe_json(GenerateRequest("Open", 128, options=replace(UNUSUAL, noise=1.0)))
    updates, _ = form.uploaded(saved(tmp_path, scene, recipe))
    assert (updates[form._status], updates[form.example]) == (FROM_NOISE, "")
    assert len(regions_of_table(updates[form.table])) == 1
    options = form.options(*(updates[component] for component in form.settings))
    assert options == replace(UNUSUAL, noise=Options().noise)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        json.dumps({"regions": []}),
        json.dumps({**recipe_json(Recipe((), Options())), "regions": [{HOSTILE: 1}]}),
        json.dumps({**recipe_json(Recipe((), Options())), "options": {"start": HOSTILE}}),
        json.dumps({**recipe_json(Recipe((), Options())), "options": {"steps": True}}),
    ],
)
def test_a_picture_with_a_recipe_that_cannot_be_used_is_an_own_picture(
    form: Form, scene: Picture, tmp_path: Path, text: str
) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_itxt(KEY, text)
    Image.fromarray(scene).save(tmp_path / "hostile.png", pnginfo=info)
    updates, _ = form.uploaded(str(tmp_path / "hostile.png"))
    assert updates[form.example] == ""
    assert len(updates[form.table]) == 1
    assert str(updates[form._status]).endswith(OWN_PICTURE)
    assert len(updates[form._status]) > len(OWN_PICTURE)
    assert Page(updates[form._status]).tags == []


def drawing(*boxes: tuple[int, int, int, int], size: tuple[int, int] = (300, 220)) -> dict[str, Any]:
    """What the editor hands over: a layer for each box that was painted, on a canvas of `size`."""
    layers = []
    for x, y, w, h in boxes:
        layer = np.zeros((size[1], size[0], 4), np.uint8)
        layer[y : y + h, x : x + w] = (255, 45, 120, 255)
        layers.append(layer)
    return {"background": None, "layers": layers, "composite": None}


def test_what_was_drawn_becomes_regions_with_the_texts_of_the_rows(form: Form, scene: Picture, tmp_path: Path) -> None:
    picture = saved(tmp_path, scene)
    rows, said = form._drawn(drawing((40, 120, 100, 30), (20, 20, 120, 40)), picture, [["First", "1 2 3 4", ""]])
    assert rows == [["First", "20, 20, 120, 40", ""], ["", "40, 120, 100, 30", ""]]
    assert said.startswith("2 regions")
    rows, _ = form._drawn(drawing((20, 20, 120, 40)), picture, [["First", "", "hant"], ["Second", "", ""]])
    assert rows == [["First", "20, 20, 120, 40", "hant"]]


@pytest.mark.parametrize("times", [0.5, 2, 3])
def test_a_drawing_on_a_canvas_of_another_size_is_brought_to_the_pictures(
    form: Form, scene: Picture, tmp_path: Path, times: float
) -> None:
    x, y, w, h = (round(times * value) for value in (20, 40, 120, 40))
    size = round(times * 300), round(times * 220)
    rows, _ = form._drawn(drawing((x, y, w, h), size=size), saved(tmp_path, scene), [["First", "", ""]])
    (region,) = regions_of_table(rows)
    wanted = box_region(20, 40, 120, 40, "First")
    assert np.abs(np.array(region.corners) - np.array(wanted.corners)).max() <= 1


@pytest.mark.parametrize("drawn", [None, {}, {"layers": []}, drawing((0, 0, 0, 0)), drawing((5, 5, 2, 2))])
def test_an_empty_drawing_says_what_to_do(form: Form, scene: Picture, tmp_path: Path, drawn: Any) -> None:
    with pytest.raises(InputError, match="Nothing is drawn. Paint over the text"):
        form._drawn(drawn, saved(tmp_path, scene), [["First", "", ""]])
    with pytest.raises(InputError, match="Nothing is drawn"):
        form._drawn(drawing((5, 5, 50, 20)), None, [])


def test_the_gallery_shows_the_place_that_each_example_edits() -> None:
    value: Any = thumbnails()
    assert [item["id"] for item in value["items"]] == [one.id for one in EXAMPLES]
    assert [item["caption"] for item in value["items"]] == [one.title for one in EXAMPLES]
    assert len({item["source"] for item in value["items"]}) == len(EXAMPLES) - 1  # one place has two texts
    assert len(json.dumps(value)) < 600_000


def test_a_seed_is_kept_or_drawn_anew(form: Form) -> None:
    assert not isinstance(form.new_seed(True), int)
    seeds = {form.new_seed(False) for _ in range(5)}
    assert len(seeds) == 5
    assert all(0 <= seed < 2**31 for seed in seeds)
