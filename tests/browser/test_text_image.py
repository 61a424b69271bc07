"""The explorer of text in images as a person uses it: look, choose, write, follow a link."""

from pathlib import Path
from urllib.parse import quote

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Open

pytestmark = pytest.mark.browser

ADDRESS = "?tab=text_image"


def _open(open_page: Open, site: str, query: str = "") -> Page:
    page = open_page(f"{site}{ADDRESS}{query}")
    expect(_read_back(page)).to_be_visible()
    return page


def _read_back(page: Page) -> Locator:
    return page.get_by_role("region", name="Read-back of each line").first


def _write(page: Page) -> None:
    page.get_by_role("button", name="Write", exact=True).click()


def test_it_opens_with_a_finished_edit(open_page: Open, site: str) -> None:
    page = _open(open_page, site)
    expect(_read_back(page)).to_contain_text("LIBRARY")
    expect(page.get_by_text("computed earlier").first).to_be_visible()
    expect(page.get_by_text("predicted at time").first).to_be_visible()
    expect(page.get_by_text("Spectrum at time").first).to_be_visible()


def test_it_is_laid_out_when_its_tab_is_opened_and_not_before(open_page: Open, site: str) -> None:
    page = open_page(f"{site}?tab=concepts&seed=7")
    expect(page.get_by_role("button", name="All to truth")).to_be_visible()
    expect(page.get_by_role("button", name="Write", exact=True)).to_have_count(0)
    page.get_by_role("tab", name="Text in images").click()
    expect(_read_back(page)).to_contain_text("LIBRARY")
    expect(page.get_by_label("Seed", exact=True).last).to_have_value("1")  # the link was to another tab


def test_an_example_fills_the_desk_and_shows_its_edit_at_once(open_page: Open, site: str) -> None:
    page = _open(open_page, site)
    page.get_by_role("button", name="FRESH COFFEE").first.click()
    expect(_read_back(page)).not_to_contain_text("LIBRARY")
    expect(page.get_by_text("Spectrum at time").first).to_be_hidden()  # that of another edit
    expect(page.get_by_text("computed earlier").first).to_be_visible()


def test_an_edit_is_computed_and_read_back(open_page: Open, site: str) -> None:
    page = _open(open_page, site)
    page.get_by_text("fast, 3").click()
    _write(page)
    expect(page.get_by_text("computed now").first).to_be_visible()
    expect(_read_back(page)).to_contain_text("LIBRARY")
    expect(page.get_by_text("predicted at time")).to_have_count(3)


def test_a_link_brings_text_and_settings_and_garbage_opens_as_usual(open_page: Open, site: str) -> None:
    regions = quote('[{"box": [112, 114, 456, 100], "text": "<b>ΒΙΒΛΙΑ</b>"}]')
    page = open_page(f"{site}{ADDRESS}&regions={regions}&seed=7")
    expect(page.get_by_text("Press “Write” to run the edit.").first).to_be_visible()
    expect(page.locator("table").get_by_text("ΒΙΒΛΙΑ").first).to_be_attached()
    expect(page.locator("b", has_text="ΒΙΒΛΙΑ")).to_have_count(0)
    expect(page.get_by_label("Seed", exact=True)).to_have_value("7")
    usual = _open(open_page, site, "&regions=%5B%5B&options=nothing&seed=x&example=..%2F")
    expect(_read_back(usual)).to_contain_text("LIBRARY")


def test_an_unusable_table_is_answered_in_words(open_page: Open, site: str) -> None:
    regions = quote('[{"box": [5000, 114, 456, 100], "text": "FAR"}]')
    page = open_page(f"{site}{ADDRESS}&regions={regions}")
    expect(page.get_by_text("Press “Write” to run the edit.").first).to_be_visible()
    _write(page)
    expect(page.locator(".toast-body, [data-testid=toast-body]").first).to_contain_text("Region 1")


def test_a_border_of_the_timeline_is_dragged_and_the_sliders_follow(open_page: Open, site: str) -> None:
    page = _open(open_page, site)
    page.get_by_text("Take the control apart").click()
    border = page.get_by_role("slider", name="Global hands over to detail at time").first
    expect(border).to_have_attribute("aria-valuetext", "time 0.50")
    expect(page.get_by_text("2 have global control, 3 detail control, 0 none")).to_be_visible()
    border.scroll_into_view_if_needed()
    box = border.bounding_box()
    assert box
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.75 * box["width"], middle, steps=5)
    page.mouse.up()
    expect(page.get_by_text("4 have global control, 1 detail control, 0 none")).to_be_visible()
    moved = page.get_by_role("spinbutton", name="number input for Global hands over to detail at")
    expect(moved).to_have_value("0.24")
    border.press("ArrowRight")
    expect(page.get_by_role("button", name="Write", exact=True)).to_be_enabled()


def test_every_slider_of_the_control_can_be_moved(open_page: Open, site: str) -> None:
    page = _open(open_page, site)
    page.get_by_text("Take the control apart").click()
    for tab in ("Timeline", "Frequency", "Signal", "Start"):
        page.get_by_role("tab", name=tab, exact=True).click()
        for slider in page.locator("input[type=range]:visible").all():
            expect(slider).to_be_enabled()


def test_a_picture_of_ones_own_takes_the_place_of_the_last_edit(open_page: Open, site: str, tmp_path: Path) -> None:
    Image.new("RGB", (320, 200), (120, 40, 60)).save(tmp_path / "own.png")
    page = _open(open_page, site)
    page.locator("input[type=file]").first.set_input_files(tmp_path / "own.png")
    expect(page.get_by_text("Now mark where text stands").first).to_be_visible()
    expect(page.get_by_role("region", name="Read-back of each line")).to_have_count(0)
