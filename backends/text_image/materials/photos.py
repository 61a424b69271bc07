"""Photographs and textures as JPEGs of at most 1,024 px, without text of their own as far as names tell."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from backends.downloads import opened
from backends.text_image.materials.reading import shows_text
from backends.text_image.materials.splits import held_out

SIDE = 1024
"""Longest side of a stored picture, in px."""

_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".tga"}
_SKIPPED = re.compile(
    r"logo|icon|font|sign|text(?!ure)|banner|menu|interface|effect|flare|/sfx|particle|/objects/|/planets/|levelshots|gfx|sprite"
    r"|mouse|screenshot|phantom|horse|ihc|lfw|page|cell|microaneur|color\.png|chessboard|clock|_disp|multipage|motorcycle_right"
    r"|tests?/|/doc/|skin|pixels-|symbolic|poster|focal|2004default|firstgen|common/|_(norm|glow|blend|nm|gm|sm|rm)\.|/env/|/skies"
    r"|liquids|proto2/(?!.*(wall|floor|metal|brick))|tex_(pics|shop|lights|vehicles|ufo|anim|alienb|furniture|common)|mars\d|plant\d",
    re.I,
)
_SIZES = re.compile(r"[_-]?\d{3,4}x\d{3,4}|[_-](l|d|portrait|light|dark)$|-no-logo", re.I)


def source_name(path: str) -> str:
    """The picture that `path` shows, the same for its other sizes and tints and for numbered siblings of a texture.

    A wallpaper that lies in sizes below `NAME/contents/` is called NAME.
    """
    wallpaper = re.search(r"/([^/]+)/contents/", path)
    if wallpaper:
        return wallpaper[1].casefold()
    folder, _, stem = path.rpartition("/")
    return f"{Path(folder).name}/{re.sub(r'[-_ ]*[0-9]+[a-z]?$', '', _SIZES.sub('', Path(stem).stem))}".casefold()


def pieces(image: Image.Image) -> Iterator[Image.Image]:
    """The whole picture at no more than `SIDE` px, and, of one at least twice as large, crops at full detail."""
    whole = image.copy()
    whole.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    yield whole
    if min(image.size) >= 2 * SIDE:
        columns, rows = (min(3, side // SIDE) for side in image.size)
        for left in range(columns):
            for top in range(rows):
                x, y = image.width * left // columns, image.height * top // rows
                yield image.crop((x, y, x + SIDE, y + SIDE))


def _usable(path: Path) -> Image.Image | None:
    try:
        with Image.open(path) as image:
            if min(image.size) < 200 or (
                image.mode in ("RGBA", "LA") and np.asarray(image.getchannel("A")).min() < 250
            ):
                return None
            image.draft("RGB", (4 * SIDE, 4 * SIDE))
            picture = image.convert("RGB")
    except (OSError, ValueError, Image.DecompressionBombError):
        return None
    # A picture all in one tone teaches nothing that a drawn rectangle would not.
    tones = np.asarray(picture.convert("L").resize((64, 64)))
    return None if np.ptp(tones) < 12 or shows_text(picture) else picture


def collect(packages: Sequence[str], downloads: Path, folder: Path) -> list[dict[str, str]]:
    """Stores every usable picture of `packages` under `folder/photos/`; the entries of `materials.json`, by path."""
    target = folder / "photos"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    sources: dict[str, str] = {}
    for package in packages:
        with opened(package, downloads) as inside:
            best: dict[str, Path] = {}
            for path in sorted(p for p in inside.rglob("*") if p.suffix.lower() in _SUFFIXES and not p.is_symlink()):
                name = path.relative_to(inside).as_posix()
                if path.is_file() and not _SKIPPED.search(f"/{name}"):
                    # Of one wallpaper in several sizes, the largest file is the one with most detail.
                    key = source_name(name) if "/contents/" in name else name
                    if key not in best or best[key].stat().st_size < path.stat().st_size:
                        best[key] = path
            for path in best.values():
                picture = _usable(path)
                name = source_name(path.relative_to(inside).as_posix())
                for piece in pieces(picture) if picture else ():
                    stored = f"photos/{package}-{len(sources):05d}.jpg"
                    piece.save(folder / stored, quality=92)
                    sources[stored] = f"{package}/{name}"
        print(f"{package}: {len(sources)} pictures so far", flush=True)
    test = held_out(sources.values())
    return [{"path": path, "split": "test" if name in test else "train"} for path, name in sorted(sources.items())]
