"""Every registered explorer, as people meet it."""

import pytest
from playwright.sync_api import Page, expect

from explorers import REGISTRY, load
from tests.browser.axe import violations
from tests.browser.conftest import Open

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("explorer", REGISTRY)]


def _wait(page: Page, explorer: str) -> None:
    tab = page.get_by_role("tab", name=load(explorer).title)
    expect(tab).to_have_attribute("aria-selected", "true")
    expect(page.locator("[data-picture]:visible").first).to_be_visible()


def test_a_link_opens_the_tab_with_a_picture(open_page: Open, site: str, explorer: str) -> None:
    _wait(open_page(f"{site}?tab={explorer}"), explorer)


def test_every_picture_has_a_name_for_those_who_do_not_see_it(open_page: Open, site: str, explorer: str) -> None:
    page = open_page(f"{site}?tab={explorer}")
    _wait(page, explorer)
    for picture in page.locator("[data-picture]:visible").all():
        named = picture.locator(
            "xpath=descendant-or-self::*[@aria-label or @aria-labelledby or self::figcaption or self::table]"
        )
        assert named.count() > 0


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_it_is_accessible(open_page: Open, site: str, explorer: str, theme: str, width: int) -> None:
    page = open_page(f"{site}?tab={explorer}&__theme={theme}", width=width)
    _wait(page, explorer)
    assert violations(page) == []


def test_nothing_scrolls_sideways_on_a_phone(open_page: Open, site: str, explorer: str) -> None:
    page = open_page(f"{site}?tab={explorer}", width=390, height=844)
    _wait(page, explorer)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_text_about_it_is_there(open_page: Open, site: str, explorer: str) -> None:
    page = open_page(f"{site}?tab={explorer}")
    _wait(page, explorer)
    page.get_by_role("button", name="What am I looking at?").locator("visible=true").click()
    link = page.get_by_role("link", name=load(explorer).paper.title).locator("visible=true")
    expect(link).to_have_attribute("href", load(explorer).paper.url)
