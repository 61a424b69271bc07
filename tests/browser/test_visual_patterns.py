"""The explorer of visual patterns as a person uses it: look, slide, play, choose, follow a link."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Locator, Page, expect

from tests.browser.axe import violations
from tests.browser.conftest import Open
from tests.server import serve

pytestmark = pytest.mark.browser

ADDRESS = "?tab=visual_patterns"


@pytest.fixture(scope="module")
def planted_site() -> Iterator[str]:
    """A page with the explorer on planted builds."""
    with serve("-m", "tests.explorers.visual_patterns.site") as server:
        yield server.url


def _open(open_page: Open, site: str, query: str = "", **settings: int) -> Page:
    page = open_page(f"{site}{ADDRESS}{query}", **settings)
    expect(_said(page)).to_contain_text("Truth")
    return page


def _said(page: Page) -> Locator:
    return page.locator(".atelier-emergence-said")


def _figure(page: Page, name: str) -> Locator:
    return page.get_by_role("listitem").filter(has_text=name).locator(".atelier-value")


def _slide(page: Page, label: str, value: int) -> None:
    page.get_by_label(label, exact=True).fill(str(value))


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_it_opens_with_its_picture_and_is_accessible(
    open_page: Open, planted_site: str, theme: str, width: int
) -> None:
    page = _open(open_page, planted_site, f"&__theme={theme}", width=width)
    painted = page.locator(".atelier-radial-canvas").evaluate(
        "c => new Set(c.getContext('2d').getImageData(0, 0, c.width, c.height).data).size"
    )
    assert painted > 20
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_figures_follow_the_sliders(open_page: Open, planted_site: str) -> None:
    page = _open(open_page, planted_site)
    expect(_said(page)).to_contain_text("3 reliable and 1 unreliable of 4 regions")
    expect(_figure(page, "Of them reliable")).to_have_text("75 %")
    _slide(page, "Training", 0)
    expect(page.get_by_text("step 0", exact=True)).to_be_visible()
    expect(_figure(page, "Network right")).to_have_text("33 %")
    _slide(page, "Training", 2)
    expect(_figure(page, "Of them reliable")).to_have_text("75 %")
    _slide(page, "Threshold τ", 100)
    expect(_figure(page, "Knowledge points a picture")).to_have_text("0.0")
    expect(_said(page)).to_contain_text("0 reliable and 0 unreliable")


def test_the_band_of_all_seeds_follows_the_threshold_and_the_step(open_page: Open, planted_site: str) -> None:
    page = _open(open_page, planted_site)
    said = page.get_by_text("Band: seeds 1, 2, 6 pictures each")
    expect(said.first).to_contain_text("at this step from 75 % to 75 %")
    expect(said.last).to_contain_text("at this step from 4 to 4")
    _slide(page, "Threshold τ", 100)
    expect(said.last).to_contain_text("at this step from 0 to 0")
    expect(said.first).not_to_contain_text("at this step")  # no points, so no share
    _slide(page, "Threshold τ", 40)
    _slide(page, "Training", 0)
    expect(said.first).not_to_contain_text("from 75 % to 75 %")
    page.get_by_role("tab", name="How far to trust it").click()
    expect(page.get_by_role("columnheader", name="seed 2")).to_be_visible()
    expect(page.get_by_role("row", name="reliable share 0.50 (0.50–0.50)")).to_be_visible()


def test_colour_says_the_true_class_or_what_a_region_speaks_for(open_page: Open, planted_site: str) -> None:
    page = _open(open_page, planted_site)
    canvas = page.locator(".atelier-radial-canvas")
    drawn = []
    for button, said in 2 * (("What it speaks for", "what a region speaks for most"), ("True class", "the true class")):
        page.get_by_role("button", name=button).click()
        expect(page.get_by_text(f"colour is {said}")).to_be_visible()
        drawn.append(canvas.evaluate("c => c.toDataURL()"))
    assert drawn[2:] == drawn[:2]
    assert drawn[0] != drawn[1]  # a quarter of the regions speaks for another class
    page.get_by_role("button", name="Whole pictures").click()
    expect(page.get_by_role("group", name="What the colour says")).to_be_hidden()


def test_training_plays_to_its_end(open_page: Open, planted_site: str) -> None:
    page = _open(open_page, planted_site)
    play = page.get_by_role("button", name="Play training")
    play.click()
    expect(play).to_have_attribute("aria-pressed", "true")
    expect(play).to_have_attribute("aria-pressed", "false")
    expect(page.get_by_text("step 100", exact=True)).to_be_visible()


def test_a_cell_of_the_map_leads_to_its_frame(open_page: Open, planted_site: str) -> None:
    page = _open(open_page, planted_site)
    page.get_by_role("button", name="Step 10, stage 1").first.click()
    expect(page.get_by_text("step 10", exact=True)).to_be_visible()
    expect(page.get_by_text("stage 1 of 2")).to_be_visible()


def test_a_region_is_followed(open_page: Open, planted_site: str) -> None:
    page = _open(open_page, planted_site)
    page.get_by_role("button", name="Row 2, column 1").click()
    expect(page.get_by_role("heading", name="Row 2, column 1 of a ant")).to_be_visible()
    expect(page.locator(".atelier-boxed")).to_have_count(5)


def test_another_picture_is_chosen_by_its_thumbnail(open_page: Open, planted_site: str) -> None:
    page = _open(open_page, planted_site)
    page.get_by_label("Class of the pictures to choose from").select_option("cow")
    page.get_by_role("button", name="cow 2").click()
    expect(_said(page)).to_contain_text("Truth: cow")


def test_the_keyboard_turns_the_picture(open_page: Open, planted_site: str) -> None:
    page = _open(open_page, planted_site)
    canvas = page.locator(".atelier-radial-canvas")
    canvas.focus()
    page.keyboard.press("Home")
    page.wait_for_timeout(500)  # a scrollbar that comes with the rest of the page makes the picture narrower
    before = canvas.evaluate("c => c.toDataURL()")
    page.keyboard.press("ArrowRight")
    assert canvas.evaluate("c => c.toDataURL()") != before
    page.keyboard.press("Home")
    assert canvas.evaluate("c => c.toDataURL()") == before


def test_a_link_opens_a_place_and_names_stay_text(open_page: Open, planted_site: str) -> None:
    at = quote(json.dumps({"step": 1, "layer": 0, "tau": 0.5, "image": 1, "region": 2}))
    page = _open(open_page, planted_site, f"&network=planted-s2&at={at}")
    expect(page.get_by_text("step 10", exact=True)).to_be_visible()
    expect(_said(page)).to_contain_text("Truth: <b>bee</b>")
    expect(page.get_by_role("heading", name="Row 2, column 1 of a <b>bee</b>")).to_be_visible()
    usual = _open(open_page, planted_site, "&network=..%2F&at=%7B")
    expect(usual.get_by_text("step 100", exact=True)).to_be_visible()


def test_the_other_panels_open(open_page: Open, planted_site: str) -> None:
    page = _open(open_page, planted_site)
    page.get_by_role("tab", name="Compare").click()
    expect(page.get_by_text("Whole pictures by projection").first).to_be_visible()
    page.get_by_role("tab", name="How far to trust it").click()
    expect(page.get_by_text("reliable, 2 seeds").locator("visible=true").first).to_be_visible()
    assert violations(page) == []


def test_a_picture_of_ones_own_is_shown_and_attacked(open_page: Open, site: str, tmp_path: Path) -> None:
    image = Image.new("L", (96, 96))
    ImageDraw.Draw(image).ellipse((24, 12, 72, 84), outline=255, width=12)
    image.save(tmp_path / "ring.png")
    (tmp_path / "text.png").write_text("<b>no picture</b>")
    page = _open(open_page, site, "&network=digits-vgg-s1")
    page.get_by_role("tab", name="Your image").click()
    upload = page.locator("input[type=file]:not([disabled])").last
    upload.set_input_files(tmp_path / "ring.png")
    expect(page.get_by_text("Your picture is on show above, as “0”")).to_be_visible()
    expect(_said(page)).to_contain_text("Your picture: the network says 0")
    page.get_by_label("Attack: most a pixel changes").first.fill("0.1")
    page.get_by_role("button", name="Attack the picture on show").click()
    expect(page.get_by_text("of the range: “0” (")).to_be_visible()
    expect(page.get_by_text("Which way regions took").first).to_be_visible()
    upload.set_input_files(tmp_path / "text.png")
    expect(page.get_by_test_id("toast-body")).to_be_visible()
    expect(_said(page)).to_contain_text("Your picture: the network says")  # nothing is lost


def test_a_network_is_trained_and_takes_the_desk(open_page: Open, site: str) -> None:
    page = _open(open_page, site, "&network=digits-vgg-s1")
    page.get_by_role("tab", name="Train it yourself").click()
    page.get_by_label("Epochs").first.fill("1")
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.get_by_text("test pictures at each checkpoint so far").first).to_be_visible(timeout=300_000)
    expect(page.get_by_text("It is on show above; press play.")).to_be_visible(timeout=600_000)
    expect(page.get_by_label("Network").first).to_have_value("Handwritten digits, vgg, seed 7")
    expect(_said(page)).to_contain_text("Truth")
