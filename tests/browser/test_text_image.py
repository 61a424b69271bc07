"""The explorer of text in images as a person uses it: look, choose, follow a link."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Open

pytestmark = pytest.mark.browser

ADDRESS = "?tab=text_image"


def _open(open_page: Open, site: str) -> Page:
    page = open_page(f"{site}{ADDRESS}")
    expect(_read_back(page)).to_be_visible()
    return page


def _read_back(page: Page) -> Locator:
    return page.get_by_role("region", name="Read-back of each line").first


def test_it_opens_with_a_finished_edit(open_page: Open, site: str) -> None:
    page = _open(open_page, site)
    expect(_read_back(page)).to_contain_text("LIBRARY")
    expect(page.get_by_text("computed earlier").first).to_be_visible()
    expect(page.get_by_text("predicted at time").first).to_be_visible()


def test_an_example_fills_the_desk_and_shows_its_edit_at_once(open_page: Open, site: str) -> None:
    page = _open(open_page, site)
    page.get_by_role("button", name="FRESH COFFEE").first.click()
    expect(_read_back(page)).not_to_contain_text("LIBRARY")
    expect(page.get_by_text("computed earlier").first).to_be_visible()


def test_a_link_brings_its_settings(open_page: Open, site: str) -> None:
    page = open_page(f"{site}{ADDRESS}&seed=7")
    expect(page.get_by_text("Press “Write” to run the edit.").first).to_be_visible()
    expect(page.get_by_label("Seed", exact=True)).to_have_value("7")
