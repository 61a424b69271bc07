"""Photographs every explorer for README: `python -m tests.screenshots`."""

import sys
from io import BytesIO
from urllib.parse import urlencode

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from explorers import REGISTRY, load
from tests import chromium
from tests.server import ROOT, serve

FOLDER = ROOT / "assets" / "screenshots"
SHOTS = {"light": ("light", 1440, 1000), "dark": ("dark", 1440, 1000), "phone": ("light", 390, 844)}
"""Name -> theme, width and height in px."""


def main() -> None:
    """Write `<explorer>-<shot>.webp` for each explorer and shot."""
    executable = chromium.find()
    if executable is None:
        sys.exit("There is no Chromium to take screenshots with: run `make test` first, which installs one.")
    FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright, serve() as server:
        browser = chromium.start(playwright, executable)
        for explorer in REGISTRY:
            for shot in SHOTS:
                _take(browser, server.url, explorer, shot)
        browser.close()


def _take(browser: Browser, url: str, explorer: str, shot: str) -> None:
    theme, width, height = SHOTS[shot]
    page = browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce").new_page()
    page.goto(f"{url}?{urlencode({'tab': explorer, **load(explorer).showcase, '__theme': theme})}")
    page.locator("[data-picture]:visible").first.wait_for()
    page.wait_for_timeout(8000)  # the showcase is computed, its model loaded
    path = FOLDER / f"{explorer}-{shot}.webp"
    with Image.open(BytesIO(page.screenshot())) as picture:
        picture.save(path, quality=82, method=6)  # a quarter of the PNG, and letters stay sharp
    page.context.close()
    print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
