"""Sprites and grounds of scenes, and what makes their two sheets: `python -m backends.visual_patterns.sprites`.

Sprites are Noto emoji of the npm package `emoji-datasource-google`; grounds are photographs and textures of
scikit-image and scikit-learn. A fifth of each class's sprites is held out, so that nothing drawn for testing on unseen
sprites was ever seen in training.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from backends.errors import MissingFileError
from backends.settings import settings
from backends.visual_patterns import picture_sheet
from backends.visual_patterns.picture_sheet import Pixels

FOLDER = Path(__file__).parents[2] / "assets" / "images" / "visual_patterns"
SPRITE = 64
"""Side of a sprite in px."""

GROUND = 192
"""Side of a ground in px."""

COLUMNS = 24
MOST = 48
"""Sprites of one class at most."""

HELD_OUT = 0.2
SEED = 5
MAX_BYTES = 3_000_000

# Class -> (subcategories, names that do not belong). Faces are spread over all kinds of expression.
_CLASSES: Mapping[str, tuple[str, str]] = {
    "face": (
        r"face-(smiling|affection|tongue|glasses|neutral-skeptical|sleepy|unwell|concerned|negative|hat)",
        r"skull",
    ),
    "mammal": (r"animal-mammal", r"feet|pig_nose|guide_dog|service_dog"),
    "bird or bug": (r"animal-(bird|bug)", r"feather|wing|spider_web|microbe|hatch"),
    "fruit": (r"food-(fruit|vegetable)", r"^$"),
    "vehicle": (
        r"transport-(ground|air|water)",
        r"station|busstop|light|construction|sign|wheel|oil|motorway|track|skate|chair|fuel|seat|anchor|ring_buoy|satellite",
    ),
    "building": (r"place-(building|religious)", r"bricks|rock|wood|wedding|construction|kaaba|liberty"),
    "flag": (r"country-flag", r"^$"),
    "clock": (r"time", r"hourglass"),
    "clothing": (r"clothing", r"lipstick|ring|gem|beads|fan|pick|satchel|bags|eyeglasses|sunglasses|goggles|briefs"),
    "heart": (r"heart", r"letter|bandage|kiss"),
}
CLASSES = tuple(_CLASSES)

# Crops (left, top, right, bottom) keep out what could be taken for one of the classes.
_GROUNDS: Mapping[str, tuple[str, tuple[float, float, float, float]]] = {
    "brick": ("brick.png", (0, 0, 1, 1)),
    "grass": ("grass.png", (0, 0, 1, 1)),
    "gravel": ("gravel.png", (0, 0, 1, 1)),
    "coffee": ("coffee.png", (0, 0, 1, 1)),
    "galaxies": ("hubble_deep_field.jpg", (0.1, 0.1, 0.6, 0.6)),
    "launch": ("rocket.jpg", (0.5, 0.35, 1, 1)),
    "flower": ("flower.jpg", (0, 0, 1, 1)),
    "leaves": ("china.jpg", (0, 0.79, 0.45, 1)),
}


@dataclass(frozen=True, slots=True)
class Sprites:
    """Everything scenes are drawn from.

    Attributes:
        pictures: (n, 64, 64, 4) uint8, RGBA, cut to their outline and centred.
        names: the emoji's names.
        labels: (n,) int64, positions in `CLASSES`.
        held_out: (n,) bool, whether a sprite is kept for testing.
        grounds: (m, 192, 192, 3) uint8.
    """

    pictures: Pixels
    names: tuple[str, ...]
    labels: NDArray[np.int64]
    held_out: NDArray[np.bool_]
    grounds: Pixels


@cache
def load(folder: Path = FOLDER) -> Sprites:
    """The sprites and grounds that ship in `folder`; MissingFileError if they are not there."""
    try:
        rows = json.loads((folder / "sprites.json").read_text(encoding="utf-8"))
        sheet = np.asarray(Image.open(folder / "sprites.webp").convert("RGBA"))
        grounds = np.asarray(Image.open(folder / "grounds.jpg").convert("RGB"))
    except FileNotFoundError as error:
        path = Path(str(error.filename)).name
        raise MissingFileError(
            f"{path} is missing. Restore it from git, or run: python -m backends.visual_patterns.sprites"
        ) from None
    return Sprites(
        picture_sheet.cut(sheet, SPRITE)[: len(rows)],
        tuple(row["name"] for row in rows),
        np.array([CLASSES.index(row["class"]) for row in rows]),
        np.array([row["held_out"] for row in rows]),
        picture_sheet.cut(grounds, GROUND)[: len(_GROUNDS)],
    )


def choose(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of `sprites.json` from the package's `emoji.json`: at most `MOST` a class, a fifth of them held out."""
    rng = np.random.default_rng(SEED)
    rows = []
    for label, (kinds, not_ours) in _CLASSES.items():
        own = [
            e
            for e in sorted(entries, key=lambda e: int(e["sort_order"]))
            if e["has_img_google"]
            and re.fullmatch(kinds, e["subcategory"])
            and not re.search(not_ours, e["short_name"])
        ]
        kept = sorted(rng.permutation(len(own))[:MOST])
        out = set(rng.permutation(kept)[: round(HELD_OUT * len(kept))].tolist())
        for i in kept:
            name = own[i]["short_name"]
            rows.append({"name": name, "class": label, "held_out": int(i) in out, "image": own[i]["image"]})
    return rows


def centred(image: Image.Image) -> Pixels:
    """A sprite (64, 64, 4) cut to what is not transparent, scaled to fill 60 px, in the middle."""
    colours = image.convert("RGBA")
    box = colours.getchannel("A").point(lambda a: 255 if a > 16 else 0).getbbox()
    part = colours.crop(box)
    scale = (SPRITE - 4) / max(part.size)
    part = part.resize(
        (max(1, round(part.width * scale)), max(1, round(part.height * scale))), Image.Resampling.LANCZOS
    )
    canvas = Image.new("RGBA", (SPRITE, SPRITE))
    canvas.paste(part, ((SPRITE - part.width) // 2, (SPRITE - part.height) // 2))
    return np.asarray(canvas)


def _ground(path: Path, crop: tuple[float, float, float, float]) -> Pixels:
    image = Image.open(path).convert("RGB")
    w, h = image.size
    part = image.crop((int(crop[0] * w), int(crop[1] * h), int(crop[2] * w), int(crop[3] * h)))
    side = min(part.size)
    left, top = (part.width - side) // 2, (part.height - side) // 2
    square = part.crop((left, top, left + side, top + side))
    return np.asarray(square.resize((GROUND, GROUND), Image.Resampling.LANCZOS))


def make(downloads: Path, folder: Path) -> int:
    """Fetches the packages into `downloads` and writes the sheets into `folder`; the number of sprites.

    Raises:
        MaterialError: a package cannot be fetched (see `backends.downloads`).
    """
    from backends.downloads import MaterialError, fetch, opened

    fetch([], ["scikit-image", "scikit-learn"], ["emoji-datasource-google"], downloads)
    with opened("emoji-datasource-google", downloads) as inside:
        rows = choose(json.loads((inside / "package" / "emoji.json").read_text(encoding="utf-8")))
        images = inside / "package" / "img" / "google" / "64"
        sprites = np.stack([centred(Image.open(images / row.pop("image"))) for row in rows])
    with opened("scikit-image", downloads) as photos, opened("scikit-learn", downloads) as others:
        parts = {p.name: p for place in (photos, others) for p in place.rglob("*") if p.suffix in (".png", ".jpg")}
        grounds = np.stack([_ground(parts[file], crop) for file, crop in _GROUNDS.values()])
    folder.mkdir(parents=True, exist_ok=True)
    # 256 colours a sheet would show bands; transparent pixels carry no colour, which halves the file.
    sprites = np.where(sprites[..., 3:] > 0, sprites, 0).astype(np.uint8)
    path = folder / "sprites.webp"
    picture_sheet.save(path, picture_sheet.lay(sprites, COLUMNS))
    if path.stat().st_size > MAX_BYTES:
        raise MaterialError(f"The sheet takes {path.stat().st_size} bytes; it may take {MAX_BYTES}. Lower MOST.")
    Image.fromarray(picture_sheet.lay(grounds, len(_GROUNDS))).save(folder / "grounds.jpg", quality=90)
    text = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    (folder / "sprites.json").write_text(f"[\n{text}\n]\n", encoding="utf-8")
    return len(rows)


def main() -> None:
    """Makes the sheets again."""
    parser = argparse.ArgumentParser(prog="python -m backends.visual_patterns.sprites", description=__doc__)
    parser.add_argument("--downloads", type=Path, default=settings().cache_dir / "downloads")
    print(f"{make(parser.parse_args().downloads, FOLDER)} sprites in {FOLDER.name}/")


if __name__ == "__main__":
    main()
