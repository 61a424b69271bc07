"""Small status badges: a symbol and a word, never a colour alone."""

from typing import Final, Literal

from explorers.views.svg import Markup, escape, tag

Status = Literal["agree", "disagree", "correct", "wrong", "warning", "live", "precomputed", "neutral"]

SYMBOLS: Final[dict[Status, str]] = {
    "agree": "=",
    "disagree": "×",
    "correct": "✓",
    "wrong": "✕",
    "warning": "!",
    "live": "●",
    "precomputed": "◌",
    "neutral": "·",
}


def badge(label: str, status: Status = "neutral") -> Markup:
    """A badge as HTML: `label` in plain words, before it the symbol of `status`."""
    symbol = tag("span", escape(SYMBOLS[status]), aria_hidden="true", class_="atelier-badge-symbol")
    return tag("span", symbol, escape(label), class_=f"atelier-badge atelier-badge-{status}")


def badges(*items: tuple[str, Status]) -> Markup:
    """Several badges in a row."""
    return tag("span", *(badge(label, status) for label, status in items), class_="atelier-badges")
