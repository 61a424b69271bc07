"""A page with the explorer on two planted builds of one network: `python -m tests.explorers.visual_patterns.site`."""

from pathlib import Path
from tempfile import TemporaryDirectory

from backends.settings import settings
from backends.visual_patterns import packing, seeds, shelf
from explorers.shell import build_page, launch
from explorers.visual_patterns import PatternsExplorer
from tests.backends.visual_patterns.planted import plant
from tests.explorers.example import SecondExplorer


def main() -> None:
    """Serve the page."""
    with TemporaryDirectory() as folder:
        shelf.FOLDER = Path(folder)
        builds = [
            plant(shelf.FOLDER / "planted-s1"),
            plant(shelf.FOLDER / "planted-s2", classes=("ant", "<b>bee</b>", "cow"), seed=1),
        ]
        for one in builds:
            packing.write(one)
        seeds.store("planted", seeds.summarise(builds, (1, 2)))
        page = build_page(settings(), (PatternsExplorer, SecondExplorer))
        launch(page, settings())
        page.block_thread()


if __name__ == "__main__":
    main()
