"""The explorer of attention rules as a person uses it: look, choose a head, follow a link, find a word."""

import pytest
from playwright.sync_api import Page, expect

from backends.attention_rules import shelf
from tests.browser.conftest import Open

pytestmark = pytest.mark.browser

ADDRESS = "?tab=attention_rules"


def _open(open_page: Open, site: str, query: str = "") -> Page:
    page = open_page(f"{site}{ADDRESS}{query}")
    expect(page.get_by_role("heading", name="Active where").first).to_be_visible()
    return page


def test_it_opens_with_a_verified_feature_and_its_rules(open_page: Open, site: str) -> None:
    page = _open(open_page, site)
    expect(page.get_by_role("region", name="The chosen feature")).to_contain_text("verified")
    expect(page.get_by_role("region", name="Best rules").get_by_role("row").nth(1)).to_be_visible()


def test_a_link_opens_its_feature_and_garbage_the_usual_one(open_page: Open, site: str) -> None:
    page = _open(open_page, site, "&feature=L05H6-s0-f1")
    expect(page.get_by_role("region", name="The chosen feature")).to_contain_text("Layer 5, head 6 · feature 1 ")
    usual = _open(open_page, site, "&feature=%3Cb%3Ex")
    key = shelf.opening()
    said = f"Layer {key.layer}, head {key.head} · feature {key.feature} "
    expect(usual.get_by_role("region", name="The chosen feature")).to_contain_text(said)


def test_a_link_opens_a_single_rule_and_a_sentence(open_page: Open, site: str) -> None:
    page = _open(open_page, site, "&feature=L05H6-s0-f1&text=Nobody%20%3Cb%3Eknew%3C%2Fb%3E%20what")
    expect(page.get_by_label("A sentence")).to_have_value("Nobody <b>knew</b> what")
    first = page.get_by_role("region", name="Best rules").get_by_role("link").first
    first.click()
    chosen = page.locator('[data-picture="rules"]:visible tr[aria-current="true"]').last
    expect(chosen).to_be_visible()
    expect(page.get_by_role("tab", name="All rules")).to_have_attribute("aria-selected", "true")


def test_a_head_of_the_map_shows_its_features(open_page: Open, site: str) -> None:
    page = _open(open_page, site)
    page.get_by_role("group", name="Map of heads").get_by_role("button", name="layer 10, head 1").click()
    expect(page.get_by_role("region", name="The chosen feature")).to_contain_text("Layer 10, head 1")
