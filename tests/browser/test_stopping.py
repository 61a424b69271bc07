"""The stop button in a real browser. The work that it ends would never end by itself, so no machine is too fast."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.conftest import Open
from tests.server import serve

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def counting() -> Iterator[str]:
    """The address of a page where only one visitor at a time can count, for ever or to three."""
    with serve("-m", "tests.explorers.counting") as server:
        yield server.url


@pytest.fixture
def page(open_page: Open, counting: str) -> Page:
    """The page, freshly opened."""
    return _ready(open_page(counting))


def _ready(page: Page) -> Page:
    expect(page.get_by_text("Nothing is counted.")).to_be_visible()
    return page


def _button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def _expect(page: Page, text: str | re.Pattern[str]) -> None:
    expect(page.get_by_text(text)).to_be_visible()


def _click_at_once(page: Page, *names: str) -> None:
    """Clicks without a pause: no answer of the server can come in between."""
    buttons = [_button(page, name).element_handle() for name in names]
    page.evaluate("buttons => buttons.forEach(button => button.click())", buttons)


def test_what_runs_is_stopped_and_says_so_to_the_end(page: Page) -> None:
    for _ in range(5):
        _button(page, "Count for ever").click()
        _expect(page, re.compile(r"at number \d+"))
        _button(page, "Stop").click()
        _expect(page, "Stopped; nothing was kept.")
    _button(page, "Count to three").click()
    _expect(page, "Counted to 3.")


def test_a_stop_right_after_the_start_stops_it(page: Page) -> None:
    _click_at_once(page, "Count for ever", "Stop")
    _expect(page, "Stopped; nothing was kept.")


def test_a_start_right_after_the_stop_starts_anew(page: Page) -> None:
    _button(page, "Count for ever").click()
    _expect(page, re.compile(r"at number \d+"))
    _click_at_once(page, "Stop", "Count for ever", "Stop", "Count to three")
    _expect(page, "Counted to 3.")


def test_a_run_that_was_stopped_before_its_turn_does_not_talk_over_a_later_one(
    page: Page, open_page: Open, counting: str
) -> None:
    held: list[Route] = []

    def hold_the_first(route: Route) -> None:
        if held:
            route.continue_()
        else:
            held.append(route)

    page.route("**/queue/join*", hold_the_first)
    _click_at_once(page, "Count for ever", "Stop", "Count to three")
    _expect(page, "Counted to 3.")
    with page.expect_response("**/queue/join*"):
        held[0].continue_()
    other = _ready(open_page(counting))
    _button(other, "Count to three").click()
    _expect(other, "Counted to 3.")  # so the run that was held has had its turn
    _expect(page, "Counted to 3.")


def test_a_stop_after_the_end_changes_nothing(page: Page) -> None:
    _button(page, "Count to three").click()
    _expect(page, "Counted to 3.")
    with page.expect_response(lambda response: response.request.method == "POST"):
        _button(page, "Stop").click()
    _expect(page, "Counted to 3.")
    _button(page, "Count for ever").click()
    _expect(page, re.compile(r"at number \d+"))


def test_what_waits_for_its_turn_is_stopped_and_no_other_visitor_is(page: Page, open_page: Open, counting: str) -> None:
    other = _ready(open_page(counting))
    _button(page, "Count for ever").click()
    _expect(page, re.compile(r"at number \d+"))
    _click_at_once(other, "Count for ever", "Stop", "Count to three")
    before = page.get_by_text(re.compile(r"at number \d+")).inner_text()
    expect(page.get_by_text("at number")).not_to_have_text(before)
    _button(page, "Stop").click()
    _expect(page, "Stopped; nothing was kept.")
    _expect(other, "Counted to 3.")


def test_closing_the_tab_ends_what_runs_in_it(page: Page, open_page: Open, counting: str) -> None:
    closing = _ready(open_page(counting))
    _button(closing, "Count for ever").click()
    _expect(closing, re.compile(r"at number \d+"))
    _button(page, "Count to three").click()
    closing.close()
    _expect(page, "Counted to 3.")
