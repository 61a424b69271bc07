"""`python -m backends.text_image.materials DIR` fills DIR with fonts, photographs and words to train on."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from backends.downloads import fetch, fetch_tools
from backends.text_image.materials import fonts, photos, sources, words


def main() -> None:
    """Downloads the packages into `DIR/downloads`, then writes fonts, photos, words and `materials.json` beside it."""
    parser = argparse.ArgumentParser(prog="python -m backends.text_image.materials", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the material goes; about 3 GB")
    folder: Path = parser.parse_args().folder.resolve()
    downloads = folder / "downloads"
    lists = {*(name for names in words.DICTIONARIES.values() for name in names), "iso-codes"}
    fetch(
        sorted({*sources.FONTS_DEBIAN, *sources.PHOTOS_DEBIAN, *lists}),
        [*sources.FONTS_PYPI, *sources.PHOTOS_PYPI],
        sources.FONTS_NPM,
        downloads,
    )
    fetch_tools(sources.TOOLS, folder / "tools")
    material = {
        "words": words.collect(downloads, folder),
        "photos": photos.collect([*sources.PHOTOS_DEBIAN, *sources.PHOTOS_PYPI], downloads, folder),
        "fonts": fonts.collect([*sources.FONTS_DEBIAN, *sources.FONTS_PYPI, *sources.FONTS_NPM], downloads, folder),
    }
    (folder / "materials.json").write_text(json.dumps(material, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
