"""The concepts explorer as a person uses it: overrule, compare, explain, choose, train, link, export."""

import json
import re

import pytest
from playwright.sync_api import Locator, Page, expect

from backends.concepts.opening import read_opening
from tests.browser.conftest import Open

pytestmark = pytest.mark.browser

ADDRESS = "?tab=concepts"


def _open(open_page: Open, site: str, query: str = "") -> Page:
    page = open_page(f"{site}{ADDRESS}{query}")
    expect(page.locator(".atelier-card").first).to_be_visible()
    return page


def _answers(page: Page) -> Locator:
    """The four answers: A and B, each with its sidechannel and on concepts alone."""
    return page.locator(".atelier-card-answer strong")


def _all_to_truth(page: Page) -> None:
    page.get_by_role("button", name="All to truth").click()


def test_one_model_follows_its_concepts_and_the_other_does_not(open_page: Open, site: str) -> None:
    page = _open(open_page, site)
    truth = read_opening().comparison.left.result.truth_answer
    for answer in _answers(page).all():
        assert answer.inner_text() != truth
    _all_to_truth(page)
    expect(_answers(page).nth(2)).to_have_text(truth)
    expect(_answers(page).nth(3)).to_have_text(truth)
    assert _answers(page).nth(0).inner_text() != truth
    expect(page.locator(".atelier-card-changed").nth(0)).to_be_visible()


def test_undo_and_reset_give_the_first_answers_back(open_page: Open, site: str) -> None:
    page = _open(open_page, site)
    before = _answers(page).all_inner_texts()
    for way_back in ("Undo", "Reset"):
        _all_to_truth(page)
        expect(page.locator(".atelier-card-changed").first).to_be_visible()
        page.get_by_role("button", name=way_back).click()
        expect(page.locator(".atelier-card-changed")).to_have_count(0)
        assert _answers(page).all_inner_texts() == before


def test_a_digit_is_chosen_from_its_list(open_page: Open, site: str) -> None:
    page = _open(open_page, site)
    page.locator("select").nth(1).select_option(label="8")
    expect(_answers(page).nth(2)).to_have_text("17")


def test_another_sample_can_be_chosen_and_filtered(open_page: Open, site: str) -> None:
    page = _open(open_page, site)
    found = page.get_by_text(re.compile(r"of \d+ test samples"))
    unfiltered = found.inner_text()
    page.get_by_role("radio", name="modes disagree").check()
    expect(found).not_to_have_text(unfiltered)
    sample = page.locator(".atelier-sample figcaption")
    before = sample.inner_text()
    page.locator(".atelier-inputs [role=option], .atelier-inputs [role=radio] img, .atelier-inputs img").nth(2).click()
    expect(sample).not_to_have_text(before)


def test_a_task_with_yes_or_no_concepts(open_page: Open, site: str) -> None:
    page = _open(open_page, site, "&task=xor&model=lrm&beta=0&other=crm&other_beta=0.1&sample=3")
    expect(page.get_by_text("LRM (linear residual), β 0, seed 1").first).to_be_visible()
    expect(page.get_by_text("head's pull comes from concepts").first).to_be_visible()
    slider = page.get_by_role("slider", name=re.compile("first is high")).first
    slider.focus()
    for key in ("Home", "End"):  # one of the two ends lies on the other side of 0.5
        slider.press(key)
        page.wait_for_timeout(300)
    expect(page.get_by_text("edited").first).to_be_visible()


@pytest.mark.parametrize(
    ("model", "said"),
    [("dcr", "How much each literal matters"), ("cmr-tree", "selected on the test split"), ("cem", "were different")],
)
def test_every_family_has_its_own_explanation(open_page: Open, site: str, model: str, said: str) -> None:
    page = _open(open_page, site, f"&task=xor&model={model}&beta=0.1&other=crm&other_beta=0&sample=1")
    expect(page.get_by_text(said).first).to_be_visible()


def test_the_plot_and_the_curves_are_there(open_page: Open, site: str) -> None:
    page = _open(open_page, site)
    page.get_by_role("tab", name="Accuracy and SIS").click()
    expect(page.locator("canvas").first).to_be_visible()
    page.get_by_role("tab", name="Interventions").click()
    expect(page.get_by_text("B, concepts alone").locator("visible=true").first).to_be_visible()


def test_a_model_is_trained_and_put_on_the_desk(open_page: Open, site: str) -> None:
    page = _open(open_page, site, "&task=xor&model=crm&beta=0&other=crm&other_beta=0.1&sample=0")
    expect(page.get_by_text("no linear head can use them")).to_be_visible()
    page.get_by_role("tab", name="Train it yourself").click()
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.get_by_text("It is model A now.")).to_be_visible()
    expect(page.get_by_role("heading", name=re.compile("A · CRM .* β 0.05, seed 4")).first).to_be_visible()


def test_a_training_is_stopped_and_another_started_at_once(open_page: Open, site: str) -> None:
    page = _open(open_page, site)
    page.get_by_role("tab", name="Train it yourself").click()
    page.get_by_label("Model", exact=True).fill("tree rules")  # the longest training on offer
    page.get_by_role("option", name=re.compile("tree rules")).click()
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.get_by_text(re.compile(r"epoch \d+ of 40"))).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Stopped; nothing was kept.")).to_be_visible()
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.get_by_text(re.compile(r"epoch \d+ of 40"))).to_be_visible()
    expect(page.get_by_role("heading", name="A · CRM (concept residual), β 0, seed 1").first).to_be_visible()


def test_a_copied_link_brings_the_edits_back(open_page: Open, site: str) -> None:
    page = _open(open_page, site)
    _all_to_truth(page)
    expect(page.locator(".atelier-card-changed").first).to_be_visible()
    answers = _answers(page).all_inner_texts()
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    again = open_page(link)
    expect(again.locator(".atelier-card-changed").first).to_be_visible()
    assert _answers(again).all_inner_texts() == answers


@pytest.mark.parametrize(
    "query", ["&task=nope&model=crm&other=crm", "&task=xor&model=<img src=x onerror=alert(1)>&other=crm"]
)
def test_a_broken_link_opens_the_page_as_usual(open_page: Open, site: str, query: str) -> None:
    page = _open(open_page, site, query)
    page.wait_for_timeout(1000)
    expect(page.get_by_text("A · CRM (concept residual), β 0, seed 1").first).to_be_visible()


def test_the_export_holds_edits_metrics_and_seed(open_page: Open, site: str) -> None:
    page = _open(open_page, site)
    _all_to_truth(page)
    expect(page.locator(".atelier-card-changed").first).to_be_visible()
    page.get_by_role("button", name="Export edits, metrics, seed").click()
    link = page.locator("a[download='concepts-desk.json']").first
    expect(link).to_be_visible()
    with page.expect_download() as download:
        link.click()
    found = json.loads(download.value.path().read_text(encoding="utf-8"))
    assert found["edits"] == {"left digit": "left is 9", "right digit": "right is 8"}
    assert found["left"]["model"]["seed"] == 1
    assert found["left"]["scores"]["metrics"]["n"] == 2000
