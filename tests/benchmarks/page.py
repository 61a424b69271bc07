"""How soon the page is there, how much it takes, and whether it holds when fifty people come at once."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from threading import Barrier
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil
from gradio_client import Client
from playwright.sync_api import Browser, Page, sync_playwright

from explorers import REGISTRY, load
from tests import chromium
from tests.benchmarks.figure import Figure, quantile
from tests.browser.axe import violations
from tests.server import Server, serve

TIMES = 5
CLIENTS = 50
CALLS_EACH = 4
ENDPOINT = "/concepts_predict"
ARGUMENTS: dict[str, Any] = {"task": "xor", "model": "crm", "sample": 0, "edits": {"first is high": 1}, "beta": 0.1}

STOCK = ("-m", "tests.benchmarks.pages", "stock")
EXTRA = ("-m", "tests.benchmarks.pages", "extra")

_LARGEST_PAINT = """() => new Promise(resolve => {
  new PerformanceObserver(list => resolve(list.getEntries().at(-1).startTime))
    .observe({type: "largest-contentful-paint", buffered: true});
})"""


def run() -> Iterator[Figure]:
    """All figures of the page; ours and stock Gradio's by turns, so that both meet the same machine."""
    starts = [(_start_seconds(), _start_seconds(*STOCK)) for _ in range(TIMES)]
    yield Figure("page.start", median(ours for ours, _ in starts), "s", 6)
    yield Figure("page.start.stock_gradio", median(stock for _, stock in starts), "s")
    with sync_playwright() as playwright, serve() as server, serve(*STOCK) as stock:
        yield from _weight(server)
        browser = chromium.start(playwright, chromium.find() or "chromium")
        paints = [(_largest_paint(browser, server.url), _largest_paint(browser, stock.url)) for _ in range(TIMES)]
        yield Figure("page.largest_paint", median(ours for ours, _ in paints), "s", 2.5)
        yield Figure("page.largest_paint.stock_gradio", median(other for _, other in paints), "s")
        yield _memory("page.idle_memory.after_visits", server, None)
        yield from _manners(browser, server.url)
        with serve(*EXTRA) as extra:
            for explorer in REGISTRY:
                seconds = median(_tab_seconds(browser, extra.url, explorer) for _ in range(TIMES))
                yield Figure(f"page.tab_open.{explorer}", seconds, "s", 0.5)
        browser.close()
        yield from _crowd(server.url)


def _start_seconds(*command: str) -> float:
    with serve(*command) as server:
        return server.ready_s


def _open(browser: Browser, url: str) -> Page:
    page = browser.new_context(viewport={"width": 1440, "height": 1000}).new_page()
    page.goto(url)
    page.locator("[data-picture]:visible").first.wait_for()
    return page


def _largest_paint(browser: Browser, url: str) -> float:
    """Seconds from navigation to the largest paint, in a fresh profile."""
    page = _open(browser, url)
    page.wait_for_timeout(500)  # a larger paint may follow the first picture
    milliseconds: float = page.evaluate(_LARGEST_PAINT)
    page.context.close()
    return milliseconds / 1000


def _weight(server: Server) -> Iterator[Figure]:
    config = httpx.get(f"{server.url}config").content
    yield Figure("page.config", len(config) / 1000, "KB", 300)
    yield _memory("page.idle_memory", server, 350)


def _memory(name: str, server: Server, goal: float | None) -> Figure:
    process = psutil.Process(server.pid)
    memory = process.memory_info().rss + sum(child.memory_info().rss for child in process.children(recursive=True))
    return Figure(name, memory / 1e6, "MB", goal)


def _manners(browser: Browser, url: str) -> Iterator[Figure]:
    """Requests to other hosts, and what axe finds in each theme."""
    outside: list[str] = []
    for theme in ("light", "dark"):
        found = 0
        for explorer in REGISTRY:
            page = browser.new_context(viewport={"width": 1440, "height": 1000}).new_page()
            page.on("request", lambda request: outside.append(request.url) if _leaves(request.url, url) else None)
            page.goto(f"{url}?tab={explorer}&__theme={theme}")
            page.locator("[data-picture]:visible").first.wait_for()
            page.wait_for_timeout(1000)
            found += len(violations(page))
            page.context.close()
        yield Figure(f"page.axe_violations.{theme}", found, "", 0)
    yield Figure("page.external_requests", len(outside), "", 0)


def _leaves(address: str, home: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != urlsplit(home).netloc


def _tab_seconds(browser: Browser, url: str, explorer: str) -> float:
    """Seconds from the click on an explorer's tab, never opened before, to its picture."""
    page = _open(browser, url)
    page.wait_for_timeout(2000)  # what the first tab still loads is over
    started = time.perf_counter()
    page.get_by_role("tab", name=load(explorer).title).click()
    page.locator("[data-picture]:not([data-picture='front']):visible").first.wait_for()
    seconds = time.perf_counter() - started
    page.context.close()
    return seconds


def _crowd(url: str) -> Iterator[Figure]:
    """Many clients, each with a session of its own, that all call at the same moment."""
    clients = [Client(url, verbose=False) for _ in range(CLIENTS)]
    started = time.perf_counter()
    clients[0].predict(**ARGUMENTS, api_name=ENDPOINT)
    yield Figure("page.predict.first_call", time.perf_counter() - started, "s")
    barrier = Barrier(CLIENTS)

    def call(client: Client) -> tuple[list[float], int]:
        durations, errors = [], 0
        barrier.wait()
        for _ in range(CALLS_EACH):
            begun = time.perf_counter()
            try:
                client.predict(**ARGUMENTS, api_name=ENDPOINT)
            except Exception:  # whatever went wrong, this client got no answer
                errors += 1
            durations.append(time.perf_counter() - begun)
        return durations, errors

    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = list(pool.map(call, clients))
    durations = [seconds for each, _ in answers for seconds in each]
    yield Figure("page.crowd.errors", sum(errors for _, errors in answers), "", 0)
    yield Figure("page.crowd.median", median(durations), "s")
    yield Figure("page.crowd.p99", quantile(durations, 0.99), "s")
