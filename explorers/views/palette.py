"""Every colour of the page, once: light and dark tokens, the series colours and the two kinds of scale.

Pictures name a colour as `var(--atelier-NAME)`, so that one drawing serves both themes; `resolve` replaces the
names by the light values where no style sheet will be there (a saved SVG, print).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Marker = Literal["circle", "triangle", "square", "diamond", "cross", "down", "ring", "plus"]

LIGHT: Final[Mapping[str, str]] = {
    "paper": "#fbfaf7",
    "surface": "#ffffff",
    "sunken": "#f3f1eb",
    "line": "#e5e1d8",
    "edge": "#8b8694",
    "ink": "#1d1a29",
    "muted": "#5c5868",
    "accent": "#5a3bc2",
    "accent-soft": "#eee9fb",
    "on-accent": "#ffffff",
    "baseline": "#85818f",
    "promote": "#0b7285",
    "suppress": "#c04a12",
    "good": "#0b7285",
    "alert": "#b3400c",
    "alert-soft": "#fbece3",
    "mark": "#f7eec6",
    "series-1": "#5a3bc2",
    "series-2": "#d55e00",
    "series-3": "#00805d",
    "series-4": "#2a86bd",
    "series-5": "#bd4f8a",
    "series-6": "#8f7209",
    "series-7": "#7a4a2b",
    "series-8": "#4b5563",
    "series-9": "#c2182b",
    "series-10": "#5a8600",
}

DARK: Final[Mapping[str, str]] = {
    "paper": "#131218",
    "surface": "#1b1a22",
    "sunken": "#24232d",
    "line": "#34323f",
    "edge": "#7f7a8d",
    "ink": "#edebf3",
    "muted": "#aca8ba",
    "accent": "#ab9cff",
    "accent-soft": "#2b2547",
    "on-accent": "#15121f",
    "baseline": "#918c9e",
    "promote": "#45bcc9",
    "suppress": "#f28c50",
    "good": "#45bcc9",
    "alert": "#f59a63",
    "alert-soft": "#3a2519",
    "mark": "#38341f",
    "series-1": "#ab9cff",
    "series-2": "#ff9a4d",
    "series-3": "#3ccb9b",
    "series-4": "#6cc5f5",
    "series-5": "#f08cc0",
    "series-6": "#e3c34b",
    "series-7": "#d9a27e",
    "series-8": "#b4bcc8",
    "series-9": "#ff7078",
    "series-10": "#a6d84f",
}

FONT: Final = (
    '-apple-system, BlinkMacSystemFont, "Segoe UI", Roboto, "Noto Sans", Ubuntu, "Helvetica Neue", Arial, '
    "system-ui, sans-serif"
)

_VIRIDIS: Final = (
    (68, 1, 84),
    (72, 36, 117),
    (65, 68, 135),
    (53, 95, 141),
    (42, 120, 142),
    (33, 145, 140),
    (34, 168, 132),
    (68, 191, 112),
    (122, 209, 81),
    (189, 223, 38),
    (253, 231, 37),
)
_STRONGEST: Final = 0.9
_BLACK_TEXT_FROM: Final = 0.6
_TOKEN: Final = re.compile(r"var\(--atelier-([a-z0-9-]+)\)")


@dataclass(frozen=True, slots=True)
class Style:
    """How one series is drawn: its colour token, its marker and its dash, so that it is never told by colour alone."""

    colour: str
    marker: Marker
    dash: str


SERIES: Final[tuple[Style, ...]] = (
    Style("series-1", "circle", ""),
    Style("series-2", "triangle", "6 3"),
    Style("series-3", "square", "2 3"),
    Style("series-4", "diamond", "8 3 2 3"),
    Style("series-5", "cross", "1 3"),
    Style("series-6", "down", "10 4"),
    Style("series-7", "ring", "4 2"),
    Style("series-8", "plus", "6 2 2 2"),
)


def token(name: str) -> str:
    """The CSS reference of a colour token; raises KeyError for a name that the palette lacks."""
    LIGHT[name]
    return f"var(--atelier-{name})"


def resolve(markup: str) -> str:
    """The same markup with every token replaced by its light value, for files that travel without our style sheet."""
    return _TOKEN.sub(lambda match: LIGHT[match[1]], markup)


def sequential(fraction: float) -> str:
    """Viridis at `fraction` of its range (0 dark, 1 bright), as `#rrggbb`; the same in both themes."""
    position = min(max(fraction, 0.0), 1.0) * (len(_VIRIDIS) - 1)
    index = min(int(position), len(_VIRIDIS) - 2)
    share = position - index
    pairs = zip(_VIRIDIS[index], _VIRIDIS[index + 1], strict=True)
    return "#" + "".join(f"{round(low + share * (high - low)):02x}" for low, high in pairs)


def text_on_sequential(fraction: float) -> str:
    """Black or white, whichever reads better (WCAG contrast) on `sequential(fraction)`."""
    return "#000000" if luminance(sequential(fraction)) > 0.179 else "#ffffff"


def diverging(signed: float) -> tuple[str, float]:
    """Colour and opacity for a value in [-1, 1]: suppresses below zero, promotes above, nothing at zero."""
    name = "promote" if signed >= 0 else "suppress"
    return token(name), round(min(abs(signed), 1.0) * _STRONGEST, 3)


def text_on_diverging(signed: float) -> str:
    """The text colour that reads best (never below 4:1) on `diverging(signed)` in either theme."""
    return "#000000" if min(abs(signed), 1.0) * _STRONGEST >= _BLACK_TEXT_FROM else token("ink")


def luminance(colour: str) -> float:
    """WCAG relative luminance of `#rrggbb`, 0 (black) to 1 (white)."""
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    """WCAG contrast ratio of two `#rrggbb` colours, 1 to 21."""
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)
