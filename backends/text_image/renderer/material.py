"""What scenes are made of: fonts by family, photographs and words, each kept apart for training and for testing."""

from __future__ import annotations

import json
import random
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from backends.errors import InputError
from backends.text_image.lettering import missing

Split = Literal["train", "test"]
Picture = NDArray[np.uint8]

_ONE_IN_TEN = 10


def is_test_word(word: str) -> bool:
    """Whether a word is held out: one in ten, chosen by its own checksum, the same for ever."""
    return zlib.crc32(word.encode()) % _ONE_IN_TEN == 0


@dataclass(frozen=True, slots=True)
class Face:
    """One font file. `kind`: sans, serif, mono, script or display."""

    path: Path
    kind: str


@dataclass(frozen=True, slots=True)
class Material:
    """One split of the material that `python -m backends.text_image.materials` gathered.

    `families`: script -> faces of each family. `words`: script -> words. `photos`: (h, w, 3) uint8 pictures.
    """

    families: dict[str, list[list[Face]]]
    words: dict[str, list[str]]
    photos: list[Picture]

    def word(self, script: str, rng: random.Random) -> str:
        """A word of the script."""
        return rng.choice(self.words[script])

    def face(self, script: str, text: str, rng: random.Random) -> Face | None:
        """A face that can write `text`, each family as likely as another; None if eight draws find none."""
        for _ in range(8):
            face = rng.choice(rng.choice(self.families[script]))
            if not missing(text, face.path):
                return face
        return None


def load_material(folder: Path, split: Split, *, longest_side: int = 640) -> Material:
    """Read one split of the material in `folder`; photographs are kept at most `longest_side` pixels long.

    Raises:
        InputError: if the folder holds no material.
    """
    index = folder / "materials.json"
    if not index.is_file():
        raise InputError(f"No material in {folder}. Fetch it: python -m backends.text_image.materials {folder}")
    listed = json.loads(index.read_text())
    families: dict[str, dict[str, list[Face]]] = {script: {} for script in listed["words"]}
    for entry in listed["fonts"]:
        if entry["split"] == split:
            face = Face(folder / entry["path"], entry["kind"])
            for script in entry["scripts"]:
                families[script].setdefault(entry["family"], []).append(face)
    words = {
        script: [w for w in (folder / file).read_text().splitlines() if is_test_word(w) == (split == "test")]
        for script, file in listed["words"].items()
    }
    photos = []
    for entry in listed["photos"]:
        if entry["split"] == split:
            with Image.open(folder / entry["path"]) as opened:
                opened.thumbnail((longest_side, longest_side))
                photos.append(np.asarray(opened.convert("RGB")))
    return Material({script: list(found.values()) for script, found in families.items()}, words, photos)
