"""A headless Chromium, and pages that fail on an error in the console or a request to another host."""

import os
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

from tests import chromium
from tests.server import serve

Open = Callable[..., Page]

expect.set_options(timeout=60_000)  # what is expected comes at once; only a machine under load needs a part of this


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The browser; without a Chromium its tests are skipped, and fail where CI is set."""
    executable = chromium.find()
    if executable is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("there is no Chromium: run `make test`")
    with sync_playwright() as playwright:
        browser = chromium.start(playwright, executable)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def site() -> Iterator[str]:
    """The address of the page as `make app` serves it."""
    with serve() as server:
        yield server.url


@pytest.fixture(scope="session")
def example_site() -> Iterator[str]:
    """The address of a page with the two example explorers."""
    with serve("-m", "tests.explorers.example") as server:
        yield server.url


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """`open_page(url, width=, height=)` opens a page of that size; at the end of the test it must have been clean."""
    troubles: list[str] = []
    contexts = []

    def open_at(url: str, width: int = 1440, height: int = 1000) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height}, permissions=["clipboard-read", "clipboard-write"]
        )
        contexts.append(context)
        page = context.new_page()
        host = urlsplit(url).netloc

        def on_console(message: ConsoleMessage) -> None:
            if message.type == "error":
                troubles.append(f"console: {message.text} ({message.location.get('url', '')})")

        def on_request(request: Request) -> None:
            if urlsplit(request.url).scheme in ("http", "https") and urlsplit(request.url).netloc != host:
                troubles.append(f"request to another host: {request.url}")

        page.on("console", on_console)
        page.on("pageerror", lambda error: troubles.append(f"error: {error}"))
        page.on("request", on_request)
        page.goto(url)
        return page

    yield open_at
    for context in contexts:
        context.close()
    assert troubles == []
