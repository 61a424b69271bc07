"""How a scene looks: the choices that all its texts share, and the caption that says them in words."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal

Effect = Literal["plain", "gradient", "outline", "shadow", "neon", "emboss"]
Ground = Literal["photo", "sign", "paper", "screen", "plain"]
Colour = tuple[int, int, int]

COLOURS: dict[str, Colour] = {
    "white": (245, 245, 242),
    "black": (22, 22, 24),
    "grey": (128, 128, 130),
    "red": (200, 36, 40),
    "orange": (236, 126, 30),
    "yellow": (246, 210, 50),
    "green": (38, 140, 70),
    "teal": (20, 140, 150),
    "blue": (36, 84, 190),
    "navy": (22, 34, 90),
    "purple": (118, 54, 160),
    "pink": (236, 120, 170),
    "brown": (110, 70, 40),
    "cream": (240, 226, 196),
}
_EFFECTS: dict[Effect, float] = {"plain": 5, "gradient": 1.5, "outline": 2, "shadow": 2, "neon": 1, "emboss": 0.6}
_GROUNDS: dict[Ground, float] = {"photo": 5, "sign": 2.5, "paper": 1, "screen": 1, "plain": 1.5}
_LANGUAGES = {
    "latin": "English",
    "latin_ext": "European",
    "hans": "Chinese",
    "hant": "traditional Chinese",
}
_KINDS = {"sans": "", "serif": "serif ", "mono": "typewriter ", "script": "handwritten ", "display": "decorative "}
_WITH = {
    "plain": "",
    "gradient": " with a colour gradient",
    "outline": " with an outline",
    "shadow": " with a shadow",
    "neon": " glowing like neon",
    "emboss": " in relief",
}
_ON = {
    "photo": "a photograph",
    "sign": "a {} sign",
    "paper": "{} paper",
    "screen": "a {} screen",
    "plain": "a {} surface",
}


def luminance(colour: Colour) -> float:
    """Perceived brightness of an RGB colour, 0 to 255 (ITU-R BT.601 weights)."""
    return 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]


def near(colour: Colour, rng: random.Random, spread: int = 22) -> Colour:
    """A colour near `colour`: no two red signs are the same red."""
    red, green, blue = (min(255, max(0, part + rng.randint(-spread, spread))) for part in colour)
    return red, green, blue


@dataclass(frozen=True, slots=True)
class Style:
    """What all texts of one scene share. `tilt`: degrees. `blur`: sigma in pixels. `noise`: sigma in grey levels."""

    effect: Effect
    ground: Ground
    name: str
    colour: Colour
    second: Colour
    ground_name: str
    ground_colour: Colour
    opacity: float
    tilt: float
    corners: tuple[float, ...]
    bend: float
    blur: float
    noise: float
    quality: int

    def caption(self, script: str, kind: str) -> str:
        """The scene in words, without what the text says."""
        language = _LANGUAGES.get(script, script.capitalize())
        ground = _ON[self.ground].format(self.ground_name)
        return f"{self.name} {_KINDS[kind]}{language} text{_WITH[self.effect]} on {ground}"


def sample_style(rng: random.Random, *, upright: bool = False) -> Style:
    """A look at random, with letters that stand out from a plain ground; `upright`: without tilt and bend."""
    effect = rng.choices(list(_EFFECTS), list(_EFFECTS.values()))[0]
    ground = rng.choices(list(_GROUNDS), list(_GROUNDS.values()))[0]
    ground_name = rng.choice(["white", "cream", "yellow"]) if ground == "paper" else rng.choice(list(COLOURS))
    ground_colour = near(COLOURS[ground_name], rng)
    name = rng.choice(list(COLOURS))
    while abs(luminance(COLOURS[name]) - luminance(ground_colour)) < 70:
        name = rng.choice(list(COLOURS))
    free = not upright
    return Style(
        effect=effect,
        ground=ground,
        name=name,
        colour=near(COLOURS[name], rng),
        second=near(COLOURS[rng.choice(["black", "white"] if effect != "gradient" else list(COLOURS))], rng),
        ground_name=ground_name,
        ground_colour=ground_colour,
        opacity=rng.uniform(0.8, 1.0),
        tilt=rng.uniform(-5, 5) if free and rng.random() < 0.4 else 0.0,
        corners=tuple(rng.uniform(-3, 3) if free else 0.0 for _ in range(8)),
        bend=rng.uniform(-5, 5) if free and rng.random() < 0.1 else 0.0,
        blur=max(0.0, rng.gauss(0.15, 0.35)),
        noise=abs(rng.gauss(0, 4)),
        quality=rng.randint(50, 97),
    )
