"""Finds the Chromium that browser tests and screenshots drive; run as a module, installs one if there is none."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Browser, Playwright, sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find() -> str | None:
    """The path of a Chromium on this machine: the system's, or else Playwright's own; None if there is neither."""
    for name in _NAMES:
        if path := shutil.which(name):
            return path
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if Path(own).exists() else None


def start(playwright: Playwright, executable: str) -> Browser:
    """Start the Chromium at `executable`, headless and without any traffic of its own."""
    return playwright.chromium.launch(executable_path=executable, args=list(_ARGUMENTS))


def _install() -> None:
    if hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "update", "-qq"], check=False, stdout=subprocess.DEVNULL)
        fonts = ["fonts-noto-core", "fonts-noto-cjk"]  # the examples' names are in many scripts
        command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium", *fonts]
    else:
        command = [sys.executable, "-m", "playwright", "install", "chromium"]
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)


def main() -> int:
    """Make sure of a Chromium; without one, say which tests that leaves out (and fail where CI is set)."""
    if find() is None:
        _install()
    if find() is None:
        print("Could not install Chromium: the tests in tests/browser are left out.", file=sys.stderr)
        return 1 if os.environ.get("CI") else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
