"""What the page gives to every explorer, seen on the example explorers: links, toasts, themes, a clean console."""

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.axe import violations
from tests.browser.conftest import Open

pytestmark = pytest.mark.browser


def test_without_a_link_the_first_tab_is_open(open_page: Open, example_site: str) -> None:
    page = open_page(example_site)
    expect(page.get_by_role("tab", name="Example")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("heading", name="Feature Atelier")).to_be_visible()


def test_a_link_opens_its_tab(open_page: Open, example_site: str) -> None:
    page = open_page(f"{example_site}?tab=second")
    expect(page.get_by_text("The second tab.")).to_be_visible()


def test_a_link_restores_the_inputs(open_page: Open, example_site: str) -> None:
    page = open_page(f"{example_site}?tab=example&n=21&name=%3Cb%3Ex")
    expect(page.get_by_label("Name")).to_have_value("<b>x")
    expect(page.get_by_label("Double")).to_have_value("42")


@pytest.mark.parametrize("query", ["tab=nowhere", "tab=example&n=NaN&view=", "tab=example&n=-1&n=2&x=%00", "tab="])
def test_a_link_that_makes_no_sense_opens_the_page_as_it_is(open_page: Open, example_site: str, query: str) -> None:
    page = open_page(f"{example_site}?{query}")
    expect(page.get_by_role("tab", name="Example")).to_have_attribute("aria-selected", "true")


def test_copying_a_link_says_so_and_the_link_leads_back(open_page: Open, example_site: str) -> None:
    page = open_page(f"{example_site}?tab=example&n=21&name=a%26b")
    expect(page.get_by_label("Name")).to_have_value("a&b")
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    assert link == f"{example_site}?tab=example&n=21&name=a%26b"
    expect(page.get_by_role("button", name="Copy link")).to_be_visible()


def test_without_the_clipboard_the_link_is_copied_the_old_way(open_page: Open, example_site: str) -> None:
    page = open_page(f"{example_site}?tab=example&n=7")
    expect(page.get_by_label("Double")).to_have_value("14")
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('refused')); }")
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == f"{example_site}?tab=example&n=7"


def test_an_error_is_a_toast_and_its_text_is_text(open_page: Open, example_site: str) -> None:
    page = open_page(f"{example_site}?tab=example&n=500")
    expect(page.get_by_text("<img src=x onerror=alert(1)> 500 is more than 100.")).to_be_visible()
    assert page.locator("img[src='x']").count() == 0


@pytest.mark.parametrize(("button", "text"), [("Use via API", "example_double"), ("Settings", "Display Theme")])
def test_the_footer_opens_the_api_and_the_settings(browser: Browser, example_site: str, button: str, text: str) -> None:
    # Not a page that must stay clean: Gradio's panel asks for what is switched off here, and the console says so.
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(example_site)
        page.get_by_role("button", name=button).click()
        expect(page.get_by_text(text).first).to_be_visible()


def test_the_page_is_as_wide_as_it_may_be(open_page: Open, example_site: str) -> None:
    page = open_page(example_site)
    expect(page.locator("[data-picture]")).to_be_visible()
    header = page.locator(".atelier-header").bounding_box()
    assert header is not None
    assert header["width"] > 1000


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_the_page_itself_is_accessible(open_page: Open, example_site: str, theme: str, width: int) -> None:
    page = open_page(f"{example_site}?__theme={theme}", width=width)
    expect(page.locator("[data-picture]")).to_be_visible()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_axe_would_find_a_violation(open_page: Open, example_site: str) -> None:
    page = open_page(example_site)
    expect(page.locator("[data-picture]")).to_be_visible()
    page.evaluate("document.querySelector('[data-picture]').append(new Image(8, 8))")
    assert any(line.startswith("image-alt") for line in violations(page))
