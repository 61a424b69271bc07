"""The builds that ship, as a browser takes them: listed and read without torch, so that a page opens at once.

A build's `page.json.gz` is what `packing` made of it: all frames of whole pictures and of a sample of regions, the
counts at every threshold and the figures. The regions of one picture are read when somebody asks for that picture.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import re
import zlib
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
from numpy.typing import NDArray
from PIL import Image
from safetensors import SafetensorError

from backends.errors import InputError, MissingFileError, WeightsError, quoted
from backends.settings import settings
from backends.visual_patterns import picture_sheet

FOLDER = Path(__file__).parents[2] / "assets" / "precomputed" / "visual_patterns"
PAGE_FILE = "page.json.gz"
Json = dict[str, Any]

_COMMAND = "python -m backends.visual_patterns.build"
_FIRST = (
    "emoji-resnet-s1",
    "emoji-resnet-s1-unseen",
    "emoji-resnet-s1-student-outputs-e10",
    "emoji-efficientnet-lite0-s1",
    "fashion-vgg-s1",
)
"""What a visitor is offered first; what is not named here follows by name."""


def names() -> tuple[str, ...]:
    """The names of the builds that are there, the best to begin with first; MissingFileError if there is none."""
    found = {path.parent.name for root in _roots() if root.is_dir() for path in root.glob("*/index.json")}
    if not found:
        raise MissingFileError(f"No network has been built for this explorer. Run: {_COMMAND}")
    rank = {name: place for place, name in enumerate(_FIRST)}
    return tuple(sorted(found, key=lambda name: (rank.get(name, len(rank)), name)))


def folder_of(name: object) -> Path:
    """The folder of the build called `name`; InputError, with those there are, for anything else."""
    known = names()
    if not isinstance(name, str) or name not in known:
        raise InputError(f"There is no network called {quoted(str(name))}. There are: {', '.join(known)}.")
    return next(root / name for root in _roots() if (root / name / "index.json").is_file())


def own_folder() -> Path:
    """Where networks that were trained on this server are put, beside those that ship."""
    return settings().cache_dir / "visual_patterns" / "built"


def _roots() -> tuple[Path, Path]:
    return FOLDER, own_folder()


def index(name: str) -> Json:
    """The build's index (see `results.Index`); errors as of `folder_of`, WeightsError if it is damaged."""
    return _read_json(folder_of(name) / "index.json")


def page(name: str) -> Json:
    """All that a browser needs to move through the frames of a build (see `packing.pack`).

    Where it was not packed with the build, that is done now, which takes seconds.
    """
    folder = folder_of(name)
    if not (folder / PAGE_FILE).is_file():
        from backends.visual_patterns.packing import write

        write(folder)
    return _page(folder / PAGE_FILE, (folder / PAGE_FILE).stat().st_mtime_ns)


def read_page(folder: Path) -> Json:
    """What a browser needs of the build in `folder`, which need not be on the shelf; WeightsError if it is damaged."""
    return _read_json(folder / PAGE_FILE)


def seeds_file(family: str) -> Path:
    """Where the figures of all seeds of one network are, of a `family` such as emoji-resnet."""
    return FOLDER / "seeds" / f"{family}.json"


def seeds(name: str) -> Json | None:
    """What all seeds of this build's network say together (see `seeds.summarise`).

    None where that is not known, or where the build had other steps or layers. WeightsError if the file is damaged.
    """
    about = index(name)
    family = re.fullmatch(r"(.+)-s\d+", name)
    path = seeds_file(family.group(1)) if family else None
    if path is None or not path.is_file():
        return None
    found = _page(path, path.stat().st_mtime_ns)
    return found if (found["steps"], found["layers"]) == (about["steps"], about["layers"]) else None


def picture(name: str, image: object) -> Json:
    """One picture of a build with all its regions, ready for a browser.

    Keys: `image` (its number), `source` (a data URI), `reach` and `places` (base64 of int16, (S, L, R, d'), in
    units of `reach` / 32767), `weights` (base64 of uint8 (S, L, R), 255 the heaviest region of a frame), `cells` (the
    share of foreground of each region, or null) and `probabilities` (the network's, by step and class).

    Raises:
        InputError: for a picture that is not there.
        WeightsError: if the build is damaged.
    """
    about = index(name)
    labels = array(name, "labels")
    number = position(image, len(labels), "picture")
    h = part(name, "h", (slice(None), slice(None), number)).astype(np.float32)
    w = part(name, "w", (slice(None), slice(None), number)).astype(np.float32)
    logits = part(name, "logits", (slice(None), number)).astype(np.float64)
    heaviest = np.maximum(w.max(2, keepdims=True), 1e-12)
    reach = max(float(np.abs(h).max()), 1e-6)
    cells = array(name, "cells")[number].astype(float) if "cells" in _keys(folder_of(name)) else None
    odds = np.exp(logits - logits.max(1, keepdims=True))
    return {
        "image": number,
        "label": int(labels[number]),
        "source": data_uri(pictures(name)[number], enlarged=about["grid"] * 40),
        "reach": reach,
        "places": encoded(np.rint(h / reach * 32767).astype("<i2")),
        "weights": encoded(np.rint(w / heaviest * 255).astype(np.uint8)),
        "cells": None if cells is None else np.round(cells, 3).tolist(),
        "probabilities": np.round(odds / odds.sum(1, keepdims=True), 4).tolist(),
    }


def position(value: object, count: int, what: str) -> int:
    """`value` as a position below `count`; InputError if it is none, saying `what` is counted."""
    if isinstance(value, bool) or not (isinstance(value, int) or (isinstance(value, float) and value.is_integer())):
        raise InputError(f"The {what} must be a whole number, counted from 0.")
    if not 0 <= value < count:
        raise InputError(f"The {what} must be from 0 to {count - 1}, got {int(value)}.")
    return int(value)


def array(name: str, key: str) -> NDArray[Any]:
    """A whole array of a build as it is stored; kept, because it is asked for with every picture."""
    folder = folder_of(name)
    return _array(folder, key, (folder / "arrays.safetensors").stat().st_mtime_ns)


def pictures(name: str) -> NDArray[np.uint8]:
    """The pictures (n, side, side, 3) of a build; WeightsError if they are damaged."""
    folder = folder_of(name)
    count = len(array(name, "labels"))
    try:
        return _pictures(folder, count, (folder / picture_sheet.FILE).stat().st_mtime_ns)
    except OSError as error:
        raise _damaged(folder, error) from None


def common(name: str, other: str) -> int:
    """How many pictures two builds both watch (see `picture_sheet.shared`)."""
    return picture_sheet.shared(pictures(name), pictures(other))


def part(name: str, key: str, at: tuple[Any, ...]) -> NDArray[Any]:
    """The part of a build's array at these positions and slices; WeightsError if the file is damaged."""
    folder = folder_of(name)
    try:
        with safetensors.safe_open(folder / "arrays.safetensors", "np") as file:
            found: NDArray[Any] = file.get_slice(key)[at]
            return found
    except (SafetensorError, OSError) as error:
        raise _damaged(folder, error) from None


def encoded(values: NDArray[Any]) -> str:
    """The bytes of an array in base64."""
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode()


def data_uri(pixels: NDArray[np.uint8], *, enlarged: int = 0) -> str:
    """A picture (H, W, 3) as PNG in a data URI; with `enlarged`, smoothly to that many px where it is smaller."""
    image = Image.fromarray(np.ascontiguousarray(pixels))
    if image.width < enlarged and image.width > 32:
        image = image.resize((enlarged, enlarged), Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


@lru_cache(maxsize=64)
def _array(folder: Path, key: str, _changed: int) -> NDArray[Any]:
    try:
        with safetensors.safe_open(folder / "arrays.safetensors", "np") as file:
            found: NDArray[Any] = file.get_tensor(key)
            return found
    except (SafetensorError, OSError) as error:
        raise _damaged(folder, error) from None


@lru_cache(maxsize=16)
def _pictures(folder: Path, count: int, _changed: int) -> NDArray[np.uint8]:
    return picture_sheet.read(folder, count)


@lru_cache(maxsize=16)
def _page(path: Path, _changed: int) -> Json:
    return _read_json(path)


@lru_cache(maxsize=16)
def _keys(folder: Path) -> frozenset[str]:
    try:
        with safetensors.safe_open(folder / "arrays.safetensors", "np") as file:
            return frozenset(file.keys())
    except (SafetensorError, OSError) as error:
        raise _damaged(folder, error) from None


def _read_json(path: Path) -> Json:
    try:
        content = path.read_bytes()
        found: Json = json.loads(gzip.decompress(content) if path.suffix == ".gz" else content)
        return found
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise _damaged(path.parent, error) from None


def _damaged(folder: Path, error: Exception) -> WeightsError:
    return WeightsError(f"The build {folder.name} is damaged ({error}). Build it again: {_COMMAND}")
