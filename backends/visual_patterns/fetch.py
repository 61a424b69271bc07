"""Puts Fashion-MNIST into the cache folder from its Debian package: `python -m backends.visual_patterns.fetch`."""

from __future__ import annotations

import shutil
from pathlib import Path

from backends.downloads import fetch, opened
from backends.settings import settings


def fetch_fashion(downloads: Path) -> Path:
    """Downloads the package `dataset-fashion-mnist` into `downloads` and unpacks its four files; their folder.

    Needs `apt-get` and `dpkg`; raises MaterialError where they fail.
    """
    fetch(["dataset-fashion-mnist"], [], [], downloads)
    target = downloads / "fashion-mnist"
    target.mkdir(parents=True, exist_ok=True)
    with opened("dataset-fashion-mnist", downloads) as inside:
        for path in sorted(inside.rglob("*-ubyte.gz")):
            shutil.copyfile(path, target / path.name)
    return target


def main() -> None:
    """Fetches the data."""
    print(f"Fashion-MNIST is in {fetch_fashion(settings().cache_dir / 'downloads').name}/")


if __name__ == "__main__":
    main()
