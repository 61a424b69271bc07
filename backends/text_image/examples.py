"""The examples that ship: pictures, where their texts stand, and what could stand there instead."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cache

from backends.errors import InputError, quoted
from backends.text_image.example_pictures import FOLDER, PLACES
from backends.text_image.pictures import open_picture
from backends.text_image.requests import EditRequest, Options, Picture, Region


@dataclass(frozen=True, slots=True)
class Example:
    """An edit to try. `script`: of the new text. `image_file`: in `assets/images/text_image/`."""

    id: str
    title: str
    script: str
    image_file: str
    regions: tuple[Region, ...]
    options: Options

    def picture(self) -> Picture:
        """The picture before the edit, (h, w, 3) uint8."""
        return open_picture(FOLDER / self.image_file)

    def request(self) -> EditRequest:
        """The example as a request."""
        return EditRequest(self.picture(), self.regions, self.options)


@cache
def _places() -> dict[str, dict[str, list[list[float]]]]:
    found: dict[str, dict[str, list[list[float]]]] = json.loads(PLACES.read_text(encoding="utf-8"))
    return found


def _example(
    identity: str, title: str, script: str, scene: str, texts: dict[str, str], caption: str, seed: int = 1
) -> Example:
    """An example on a scene; `texts`: name of a place -> what shall stand there."""
    regions = []
    for place, text in texts.items():
        first, second, third, fourth = ((x, y) for x, y in _places()[scene][place])
        regions.append(Region((first, second, third, fourth), text))
    options = replace(Options(), caption=caption, seed=seed)
    return Example(identity, title, script, f"{scene}.jpg", tuple(regions), options)


EXAMPLES: tuple[Example, ...] = (
    _example(
        "bakery", "BAKERY → LIBRARY", "latin", "bricks", {"board": "LIBRARY"}, "cream English text on a green sign"
    ),
    _example(
        "cafe", "FRESH COFFEE → GREEN TEA", "latin", "cafe", {"label": "GREEN TEA"}, "brown English text on cream paper"
    ),
    _example(
        "palace",
        "颐和园 → 万寿山, a column",
        "hans",
        "temple",
        {"banner": "万寿山"},
        "yellow Chinese text on a red sign",
    ),
    _example("flowers", "꽃집 → 서점", "korean", "bricks", {"flowers": "서점"}, "red Korean text on a white sign"),
    _example(
        "launch",
        "СТАРТ РАКЕТЫ → НОВОСТИ ДНЯ",
        "cyrillic",
        "launch",
        {"headline": "НОВОСТИ ДНЯ"},
        "white Cyrillic text on a red screen",
    ),
    _example(
        "odyssey", "ΟΔΥΣΣΕΙΑ → ΙΛΙΑΔΑ", "greek", "books", {"greek": "ΙΛΙΑΔΑ"}, "cream Greek text on a navy surface"
    ),
    _example(
        "mango",
        "आम ६० → चाय २०",
        "devanagari",
        "market",
        {"hindi 1": "चाय २०"},
        "yellow Devanagari text on a black surface",
    ),
    _example(
        "banana", "กล้วย ๒๕ → ชาเย็น ๓๕", "thai", "market", {"thai 2": "ชาเย็น ๓๕"}, "white Thai text on a black surface"
    ),
    _example(
        "prophets",
        "רחוב הנביאים → רחוב הזית",
        "hebrew",
        "street",
        {"hebrew": "רחוב הזית"},
        "white Hebrew text on a blue sign",
    ),
    _example(
        "olives",
        "شارع الأنبياء → شارع الزيتون",
        "arabic",
        "street",
        {"arabic": "شارع الزيتون"},
        "white Arabic text on a blue sign",
    ),
    _example(
        "ramen",
        "ラーメン → うどん",
        "japanese",
        "night",
        {"shop": "うどん"},
        "pink Japanese text glowing like neon on a black surface",
    ),
    _example("chennai", "சென்னை → மதுரை", "tamil", "stops", {"tamil": "மதுரை"}, "orange Tamil text on a black screen"),
    _example(
        "hyderabad", "హైదరాబాద్ → విజయవాడ", "telugu", "stops", {"telugu": "విజయవాడ"}, "orange Telugu text on a black screen"
    ),
    _example("kolkata", "কলকাতা → ঢাকা", "bengali", "stops", {"bengali": "ঢাকা"}, "orange Bengali text on a black screen"),
    _example(
        "dessert",
        "Crème brûlée → Thé glacé",
        "latin_ext",
        "flower",
        {"name": "Thé glacé"},
        "green European text on white paper",
    ),
    _example(
        "two",
        "Two covers at once",
        "latin",
        "books",
        {"greek": "ΑΡΓΩ", "english": "Night Ferry"},
        "cream text on a navy surface",
    ),
    _example("removed", "BAKERY removed", "latin", "bricks", {"board": ""}, "a green sign"),
)
"""All examples, in the order of the gallery."""


def example(identity: str) -> Example:
    """The example with that id.

    Raises:
        InputError: there is none; the message lists those there are.
    """
    for one in EXAMPLES:
        if one.id == identity:
            return one
    raise InputError(f"No example is called {quoted(identity)}. There are: {', '.join(one.id for one in EXAMPLES)}.")
