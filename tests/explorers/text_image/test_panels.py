"""The panels on the tab: what lies on them before and after a run, what is downloaded, and what is refused."""

import json
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
from gradio.components import Component
from PIL import Image

from backends.errors import InputError
from backends.text_image import opening
from backends.text_image.examples import EXAMPLES, Example, example
from backends.text_image.opening import Curves
from backends.text_image.pictures import open_picture
from backends.text_image.recipe import read_recipe
from backends.text_image.requests import PRESETS, Fourier, Options, checked
from backends.text_image.wire import Recipe, recipe_of
from explorers.stopping import Clicks, Run
from explorers.text_image import TextImageExplorer
from explorers.text_image.compare import KEPT, OTHERS, ComparePanel
from explorers.text_image.creating import CreatePanel
from explorers.text_image.desk import READY, DeskPanel
from explorers.text_image.form import OWN_PICTURE
from explorers.text_image.spectra import NOT_MEASURED, SpectrumPanel, opening_spectrum
from explorers.text_image.sweeping import SweepPanel, numbers_of

pytestmark = [pytest.mark.method, pytest.mark.usefixtures("editing")]


def run() -> Run:
    """A run that nobody stops."""
    return Run(Clicks(), 1)


def own(one: Example) -> Recipe:
    """The recipe of an example as it ships."""
    return Recipe(one.regions, one.options, one.id)


@pytest.fixture(scope="module")
def desk() -> DeskPanel:
    """The desk as a visitor finds it where nothing is stored."""
    with pytest.MonkeyPatch.context() as patch, gr.Blocks():
        patch.setattr(opening, "FOLDER", Path("nowhere"))
        opening.read_stored.cache_clear()
        return DeskPanel(own(example("flowers")))


def values(desk: DeskPanel, recipe: Recipe) -> list[Any]:
    """What the form sends with a recipe in it, in the fewest steps that the page offers."""
    shown = {**desk.form.fill(recipe), desk.form.preset: PRESETS["fast"]}
    return [shown[component] for component in desk.form.values]


def last(updates: Generator[dict[Component, Any], None, None]) -> dict[Component, Any]:
    """What a handler leaves on the page: each component's last value."""
    found: dict[Component, Any] = {}
    for update in updates:
        found |= update
    return found


def test_without_a_stored_edit_the_picture_is_shown_and_what_to_do(desk: DeskPanel) -> None:
    shown = desk.show_stored(own(example("flowers")))
    assert "missing or out of date. Press “Write”" in shown[desk.status]
    assert (shown[desk.evidence], shown[desk.lines], shown[desk.film]) == ("", "", "")
    assert shown[desk.picture]["before"]["alt"] == "The picture, not edited yet"
    changed = Recipe(example("flowers").regions, Options(seed=7), "flowers")
    assert desk.show_stored(changed)[desk.status] == READY


def test_a_link_carries_what_differs_from_the_example(desk: DeskPanel) -> None:
    recipe = own(example("cafe"))
    assert (desk.show_stored(recipe)[desk.link], desk.show_stored(recipe)[desk.link_regions]) == (None, None)
    changed = replace(recipe, options=replace(recipe.options, noise=0.6, seed=99))
    assert desk.show_stored(changed)[desk.link] == {"noise": 0.6}  # the seed has a parameter of its own
    moved = replace(recipe, regions=example("flowers").regions)
    assert desk.show_stored(moved)[desk.link_regions][0]["text"] == "서점"


def test_an_edit_is_shown_with_its_evidence_and_can_be_downloaded(desk: DeskPanel) -> None:
    recipe = own(example("flowers"))
    shown = last(desk._write(run(), True, *values(desk, recipe)))
    assert shown[desk.status] == ""
    assert "computed now" in shown[desk.lines]
    assert "서점" in shown[desk.lines]
    assert shown[desk.film].count("<img ") == 2 + PRESETS["fast"] + 1
    asked = replace(recipe, options=replace(recipe.options, steps=PRESETS["fast"]))
    assert shown[desk.recipe] == asked
    png, report = map(Path, shown[desk.kept])
    assert recipe_of(read_recipe(png)) == asked
    before, after = example("flowers").picture(), open_picture(png)
    assert after.shape == before.shape
    assert not np.array_equal(after, before)
    assert json.loads(report.read_text(encoding="utf-8"))["largest_difference_outside"] == 0


def test_another_seed_is_drawn_shown_and_used(desk: DeskPanel) -> None:
    shown = last(desk._write(run(), False, *values(desk, own(example("flowers")))))
    assert isinstance(shown[desk.form.seed], int)
    assert shown[desk.recipe].options.seed == shown[desk.form.seed]


def test_the_stored_edit_of_an_example_can_be_downloaded_and_no_other_in_its_name(
    desk: DeskPanel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "FOLDER", tmp_path)
    one = example("flowers")
    opening.store(replace(one, options=replace(one.options, steps=2)), whole=False)
    recipe = own(one)
    shown = desk.show_stored(recipe)
    assert "computed earlier" in shown[desk.lines]
    png, recipe_file = _files(desk._export(recipe, ()))
    assert recipe_of(read_recipe(png)) == recipe
    assert np.array_equal(open_picture(png), opening.read_stored("flowers").result.images[0])
    assert recipe_of(json.loads(recipe_file.read_text(encoding="utf-8"))) == recipe
    for other in (
        replace(recipe, options=replace(recipe.options, seed=7)),
        replace(recipe, example=""),
        replace(recipe, regions=()),
    ):
        with pytest.raises(InputError, match="There is no edit to download. Press “Write” first."):
            desk._export(other, ())


def _files(component: gr.Files) -> list[Path]:
    """The files that are offered for download."""
    served: Any = component.value
    return [Path(file["path"]) for file in served]


def test_a_chosen_example_fills_the_form_and_is_shown(desk: DeskPanel) -> None:
    event = gr.EventData(None, {"id": "cafe"})
    updates = desk._choose(event)
    assert updates[desk.form.example] == "cafe"
    assert updates[desk.recipe] == own(example("cafe"))
    with pytest.raises(InputError, match="No example is called"):
        desk._choose(gr.EventData(None, {"id": "nothing"}))


@pytest.mark.parametrize("name", OTHERS)
def test_every_other_setting_can_be_used(name: str) -> None:
    for one in (EXAMPLES[0].options, Options(noise=1.0), Options(noise=0.05)):
        checked(OTHERS[name](one))


def test_two_settings_are_compared_on_one_seed(desk: DeskPanel) -> None:
    with gr.Blocks():
        panel = ComparePanel(desk.form)
    asked = values(desk, own(example("flowers")))
    shown = last(panel._compare(run(), "started from a draft", None, *asked))
    picture = shown[panel._picture]
    assert (picture["before"]["label"], picture["items"][0]["label"]) == ("A", "B")
    assert picture["before"]["source"] != picture["items"][0]["source"]
    assert "started from a draft" in shown[panel._evidence]
    kept, choice, _ = panel._keep_present(*asked)
    assert choice == KEPT
    same = last(panel._compare(run(), KEPT, kept, *asked))[panel._picture]
    assert same["before"]["source"] == same["items"][0]["source"]


@pytest.mark.parametrize(("other", "said"), [(KEPT, "No setting is kept yet"), ("<b>", "Choose what B shall be")])
def test_a_comparison_with_nothing_is_refused(desk: DeskPanel, other: str, said: str) -> None:
    with gr.Blocks():
        panel = ComparePanel(desk.form)
    with pytest.raises(InputError, match=said):
        next(panel._compare(run(), other, None, *values(desk, own(example("flowers")))))


def test_another_picture_has_no_spectrum_yet(desk: DeskPanel) -> None:
    parts = {part: [[[0.0, -1.0, -2.0]]] * 2 for part in ("skip", "control", "base", "fused")}
    stored = Curves((0.8, 0.4), ("4 x 8",), (0.0, 0.5, 1.0), parts, {"4 x 8": [[0, 255]]})
    with gr.Blocks():
        panel = SpectrumPanel(desk.form, stored)
    assert panel._picture.value == opening_spectrum(stored)
    assert "Spectrum at time" in opening_spectrum(stored)
    other = panel._other("cafe")
    assert (other[panel._spectra], other[panel._picture], other[panel._maps]) == (None, "", "")
    assert other[panel._status] == NOT_MEASURED
    again = panel._other(opening.OPENING)
    assert again[panel._picture] == panel._picture.value
    assert again[panel._status] == ""


def test_an_upload_takes_the_place_of_the_last_edit(desk: DeskPanel, tmp_path: Path) -> None:
    Image.fromarray(np.full((80, 200, 3), 90, np.uint8)).save(tmp_path / "own.png")
    shown = desk._uploaded(str(tmp_path / "own.png"))
    assert shown[desk.picture]["items"][0]["label"] == "picture"
    assert (shown[desk.evidence], shown[desk.lines], shown[desk.film], shown[desk.kept]) == ("", "", "", ())
    assert shown[desk.status] == OWN_PICTURE
    with pytest.raises(InputError, match="no edit to download"):
        desk._export(shown[desk.recipe], shown[desk.kept])
    (tmp_path / "broken.png").write_bytes(b"\x89PNG")
    refused = desk._uploaded(str(tmp_path / "broken.png"))
    assert refused.keys() == {desk.form.picture, desk.status}
    assert refused[desk.form.picture] is None
    assert "picture" in refused[desk.status]
    assert desk._uploaded(None) == {}


@pytest.mark.parametrize("other", ["enhancement off", "timeline: both stages (paper)"])
def test_what_a_does_already_is_no_comparison(desk: DeskPanel, other: str) -> None:
    with gr.Blocks():
        panel = ComparePanel(desk.form)
    with pytest.raises(InputError, match="A does that already"):
        next(panel._compare(run(), other, None, *values(desk, own(example("flowers")))))


def test_every_other_b_is_another_setting() -> None:
    same = [name for name, change in OTHERS.items() if change(Options()) == Options()]
    assert same == ["timeline: both stages (paper)", "enhancement off"]
    for band in ("low", "high"):
        assert OTHERS[f"{band} band only"](Options()).fourier == Fourier(1.0, 1.0, 1.0, 2.0, band)


def test_a_sweep_shows_a_table_pictures_and_a_file(desk: DeskPanel) -> None:
    with gr.Blocks():
        panel = SweepPanel(desk.form)
    shown = last(panel._sweep(run(), "steps", "1, 2", *values(desk, own(example("cafe")))))
    assert shown[panel._picture].count("<img ") == 2
    table, *drawn = shown[panel._files].value
    steps = [read_recipe(Path(one["path"])) for one in drawn]
    assert table["path"].endswith("sweep.csv")
    assert [recipe_of(found).options.steps for found in steps if found] == [1, 2]
    assert "Read-back over steps" in shown[panel._picture]
    assert shown[panel._status] == ""


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [("", ()), ("  ", ()), ("0.5, 1,1.5", (0.5, 1, 1.5)), ("1 2;3\n4", (1, 2, 3, 4)), (", 1e-1 ,", (0.1,))],
)
def test_typed_values_are_numbers(typed: str, wanted: tuple[float, ...]) -> None:
    assert numbers_of(typed) == wanted


@pytest.mark.parametrize("typed", ["a", "1, b", "1.2.3", "<b>"])
def test_what_is_no_number_is_named(typed: str) -> None:
    with pytest.raises(InputError, match="is no number. Write values like"):
        numbers_of(typed)


def test_a_measured_spectrum_can_be_looked_at_step_by_step(desk: DeskPanel) -> None:
    with gr.Blocks():
        panel = SpectrumPanel(desk.form, None)
    assert panel._status.value == NOT_MEASURED
    shown = last(panel._measure(run(), 1, *values(desk, own(example("flowers")))))
    assert len(shown[panel._spectra].steps) == PRESETS["fast"]
    assert "Spectrum at time 0.53" in shown[panel._picture]  # the second of three steps from 0.8
    assert shown[panel._maps].count("<img ") == len(shown[panel._spectra].levels)
    with pytest.raises(InputError, match="There is no line 1"):
        last(panel._measure(run(), 2, *values(desk, own(example("flowers")))))


def test_a_picture_is_made_from_noise(desk: DeskPanel) -> None:
    with gr.Blocks():
        panel = CreatePanel(desk.form)
    shape = dict(zip(desk.form.values, values(desk, own(example("flowers"))), strict=True))
    settings = [shape[component] for component in desk.form.settings]
    shown = last(panel._create(run(), "Open", "a sign", 96.0, *settings))
    assert shown[panel._picture].count("<img ") == 1 + PRESETS["fast"]
    (png,) = _files(shown[panel._files])
    assert (read_recipe(png) or {})["text"] == "Open"
    assert panel._restored(str(png)) == {panel._text: "Open", panel._caption: "a sign", panel._width: 96}
    assert panel._restored(None) == panel._restored(str(EXAMPLES[0].id)) == {}


def test_the_tab_is_laid_out_with_any_recipe() -> None:
    with gr.Blocks() as page:
        explorer = TextImageExplorer()
        explorer.build()
        for one in (EXAMPLES[0], EXAMPLES[-1]):
            explorer._lay_out(Recipe(one.regions, Options(seed=3), one.id))
    events: Any = page.get_config_file()["dependencies"]
    public = [event["api_name"] for event in events if event["api_visibility"] == "public"]
    assert all(str(name).startswith("text_image_") for name in public)
    assert len(public) == 6
