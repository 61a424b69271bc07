"""The interactive views in a real browser: what they send by mouse and by keyboard, and that anybody can read them."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests import gallery
from tests.browser.axe import violations
from tests.browser.conftest import Open
from tests.server import serve

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The address of the gallery."""
    with serve("-m", "tests.gallery") as server:
        yield server.url


@pytest.fixture
def page(open_page: Open, address: str) -> Page:
    """The gallery, freshly opened on a laptop."""
    opened = open_page(address, width=1280)
    expect(opened.locator("#table .atelier-concept").first).to_be_visible()
    expect(opened.locator("#scatter canvas").last).to_be_visible()
    return opened


def log(page: Page) -> Locator:
    """Where the gallery writes the last event it received."""
    return page.locator("#log textarea, #log input")


def concept(page: Page, name: str) -> Locator:
    """The row of one concept or group."""
    return page.locator("#table").get_by_role("group", name=name, exact=True)


def test_a_concept_is_switched_by_mouse(page: Page) -> None:
    concept(page, "red").get_by_role("radio", name="off").click()
    expect(log(page)).to_have_value("ConceptEdit(concept='red', value=0.0)")
    expect(concept(page, "red").locator(".atelier-concept-flag")).to_have_text("edited")
    concept(page, "red").get_by_role("radio", name="model").click()
    expect(log(page)).to_have_value("ConceptEdit(concept='red', value=None)")


def test_a_concept_is_switched_by_keyboard_and_keeps_the_focus(page: Page) -> None:
    concept(page, "red").get_by_role("radio", name="model").focus()
    page.keyboard.press("ArrowRight")
    expect(log(page)).to_have_value("ConceptEdit(concept='red', value=1.0)")
    expect(concept(page, "red").get_by_role("radio", name="on")).to_be_focused()
    expect(concept(page, "red").get_by_role("radio", name="on")).to_have_attribute("aria-checked", "true")


def test_a_slider_sends_its_value(page: Page) -> None:
    slider = concept(page, "large").get_by_role("slider")
    slider.focus()
    page.keyboard.press("ArrowRight")
    expect(log(page)).to_have_value("ConceptEdit(concept='large', value=0.62)")
    expect(concept(page, "large").locator(".atelier-concept-number")).to_have_text("0.62")


def test_a_group_is_set_by_its_menu_and_by_its_strip(page: Page) -> None:
    row = concept(page, "second digit")
    row.get_by_role("combobox").select_option(label="4")
    expect(log(page)).to_have_value("GroupEdit(group='second digit', member='second digit = 4')")
    row.get_by_role("button", name="3:").click()
    expect(log(page)).to_have_value("GroupEdit(group='second digit', member='second digit = 3')")
    row.get_by_role("button", name="3:").click()
    expect(log(page)).to_have_value("GroupEdit(group='second digit', member=None)")


def test_a_strip_has_one_tab_stop_and_arrow_keys(page: Page) -> None:
    row = concept(page, "first digit")
    assert row.locator(".atelier-cell[tabindex='0']").count() == 1
    row.get_by_role("button", name="0:").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(log(page)).to_have_value("GroupEdit(group='first digit', member='first digit = 1')")


@pytest.mark.parametrize(("label", "event"), [("All to truth", "truth"), ("Undo", "undo"), ("Reset", "reset")])
def test_the_table_has_actions(page: Page, label: str, event: str) -> None:
    page.locator("#table").get_by_role("button", name=label).click()
    expect(log(page)).to_have_value(event)


def test_the_truth_can_be_hidden(page: Page) -> None:
    truth = concept(page, "red").locator(".atelier-track-truth")
    expect(truth).to_be_visible()
    page.get_by_label("Show the truth").click()
    expect(truth).to_be_hidden()
    expect(concept(page, "large").locator(".atelier-concept-flag")).to_have_text("")


def test_names_are_text_and_never_markup(page: Page) -> None:
    expect(concept(page, gallery.HOSTILE_NAME)).to_contain_text(gallery.HOSTILE_NAME)
    assert page.locator("#table img").count() == 0


def at(page: Page, x: float, y: float) -> tuple[float, float]:
    """The place of a data point of the scatter in the window: its axes run from 0 to 1."""
    box = page.locator("#scatter canvas").last.bounding_box()
    assert box is not None
    return box["x"] + 56 + x * (box["width"] - 72), box["y"] + box["height"] - 48 - y * (box["height"] - 80)


def test_a_click_opens_a_point(page: Page) -> None:
    page.locator("#scatter").scroll_into_view_if_needed()
    page.mouse.click(*at(page, *gallery.LONE_POINT))
    expect(log(page)).to_have_value("lone")


def test_a_lasso_selects_what_it_encloses(page: Page) -> None:
    page.locator("#scatter").scroll_into_view_if_needed()
    x, y = gallery.LONE_POINT
    page.mouse.move(*at(page, x - 0.05, y - 0.05))
    page.mouse.down()
    for dx, dy in ((0.05, -0.05), (0.05, 0.05), (-0.05, 0.05)):
        page.mouse.move(*at(page, x + dx, y + dy), steps=4)
    page.mouse.up()
    expect(log(page)).to_have_value("1 selected")
    page.keyboard.press("Escape")
    page.locator("#scatter canvas").last.focus()
    page.keyboard.press("Escape")
    expect(log(page)).to_have_value("0 selected")


def test_shift_click_adds_to_the_selection(page: Page) -> None:
    page.locator("#scatter").scroll_into_view_if_needed()
    page.keyboard.down("Shift")
    page.mouse.click(*at(page, *gallery.LONE_POINT))
    page.keyboard.up("Shift")
    expect(log(page)).to_have_value("1 selected")


def test_arrow_keys_move_between_points(page: Page) -> None:
    page.locator("#scatter canvas").last.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".atelier-scatter-tip")).to_be_visible()
    expect(page.locator("#scatter [aria-live]")).to_contain_text("agreement (SIS)")
    page.keyboard.press("Enter")
    expect(log(page)).to_have_value("run-0")


def test_the_legend_filters(page: Page) -> None:
    button = page.locator("#scatter").get_by_role("button", name="alone")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")
    page.mouse.move(*at(page, *gallery.LONE_POINT))
    expect(page.locator(".atelier-scatter-tip")).to_be_hidden()


def test_a_table_twin_holds_every_point(page: Page) -> None:
    page.locator("#scatter summary").click()
    expect(page.locator("#scatter tbody tr")).to_have_count(401)


def test_thumbnails_are_chosen_by_mouse_and_keyboard(page: Page) -> None:
    grid = page.get_by_role("group", name="Samples")
    grid.get_by_role("button", name="1 + 8").click()
    expect(log(page)).to_have_value("t1")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(log(page)).to_have_value("t2")
    expect(grid.get_by_role("button", name="2 + 7")).to_have_attribute("aria-pressed", "true")


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("colours", ["light", "dark"])
def test_nothing_is_inaccessible(open_page: Open, address: str, colours: str, width: int) -> None:
    page = open_page(f"{address}?__theme={colours}", width=width)
    for tab in ("Concepts", "Pictures"):
        page.get_by_role("tab", name=tab).click()
        expect(page.get_by_role("tab", name=tab)).to_have_attribute("aria-selected", "true")
        expect(page.locator("figure:visible").first).to_be_visible()
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_phone_shows_picture_then_evidence_then_inputs(open_page: Open, address: str) -> None:
    page = open_page(address, width=390)
    tops = []
    for selector in ("#table", ".atelier-evidence", "#grid"):
        expect(page.locator(selector).first).to_be_visible()
        box = page.locator(selector).first.bounding_box()
        assert box is not None
        tops.append(box["y"])
    assert tops == sorted(tops)


def test_the_scatter_follows_the_theme(page: Page) -> None:
    canvas = page.locator("#scatter canvas").first
    before = canvas.evaluate("node => node.toDataURL()")
    page.evaluate("document.body.classList.toggle('dark')")
    page.wait_for_function("before => document.querySelector('#scatter canvas').toDataURL() !== before", arg=before)
