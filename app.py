"""Feature Atelier: builds the page from the registry of explorers and serves it. Also the entry of a Space."""

import logging
import sys

from backends.errors import SettingsError
from backends.settings import settings
from explorers.shell import build_page, launch


def main() -> None:
    """Serve the page until interrupted."""
    try:
        url = launch(demo, settings())
    except OSError:
        sys.exit(f"Cannot listen on {settings().host}:{settings().port}. Is it taken? Set ATELIER_PORT to another one.")
    print(f"Feature Atelier is ready: {url}", flush=True)
    demo.block_thread()


logging.basicConfig(format="%(levelname)s %(name)s: %(message)s")
try:
    demo = build_page(settings())
except SettingsError as error:
    sys.exit(str(error))

if __name__ == "__main__":
    main()
