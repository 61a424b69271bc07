"""Small pieces of SVG and HTML, each escaped where it is made.

`Markup` is text that is already safe to put into a page. Only this module turns plain text into it, so a type checker
finds a label that was not escaped.
"""

import html
import math
import unicodedata
from collections.abc import Iterable, Sequence
from typing import NewType

from explorers.views.palette import Marker

Markup = NewType("Markup", str)
Attribute = str | int | float | None

NOTHING = Markup("")


def escape(text: str) -> Markup:
    """Plain text as markup: quotes and angle brackets escaped, characters that XML forbids left out."""
    allowed = "".join(char for char in text if char in "\t\n\r" or unicodedata.category(char) not in ("Cc", "Cs"))
    return Markup(html.escape(allowed, quote=True))


def join(parts: Iterable[Markup]) -> Markup:
    """Several pieces of markup as one."""
    return Markup("".join(parts))


def tag(name: str, *children: Markup, **attributes: Attribute) -> Markup:
    """An element; `class_` reads `class`, `stroke_width` reads `stroke-width`, an attribute of None is left out."""
    pairs = (
        f' {key.rstrip("_").replace("_", "-") if key != "viewBox" else key}="{_attribute(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{''.join(pairs)}>{''.join(children)}</{name}>")


def _attribute(value: str | int | float) -> str:
    return coordinate(value) if isinstance(value, float) else escape(str(value))


def coordinate(value: float) -> str:
    """A length in px with at most two decimals, so that drawings stay small."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if math.isfinite(value) else "0"


def text(x: float, y: float, content: str, **attributes: Attribute) -> Markup:
    """A label whose baseline starts at (x, y); 12 px unless told."""
    styled: dict[str, Attribute] = {"font_size": 12, "fill": "var(--atelier-muted)", **attributes}
    return tag("text", escape(content), x=float(x), y=float(y), **styled)


def line(x1: float, y1: float, x2: float, y2: float, **attributes: Attribute) -> Markup:
    """A straight line."""
    return tag("line", x1=float(x1), y1=float(y1), x2=float(x2), y2=float(y2), **attributes)


def rect(x: float, y: float, width: float, height: float, **attributes: Attribute) -> Markup:
    """A rectangle; a negative size counts as none."""
    return tag(
        "rect", x=float(x), y=float(y), width=max(float(width), 0.0), height=max(float(height), 0.0), **attributes
    )


def path(points: Sequence[tuple[float, float]], *, closed: bool = False, **attributes: Attribute) -> Markup:
    """A line through `points`, closed into an area if asked."""
    joined = "L".join(f"{coordinate(x)} {coordinate(y)}" for x, y in points)
    return tag("path", d=f"M{joined}{'Z' if closed else ''}", **attributes)


def hatch(identity: str) -> Markup:
    """The pattern that marks what is not explained; use it as `fill="url(#identity)"`."""
    stripe = line(0, 0, 0, 6, stroke="var(--atelier-baseline)", stroke_width=2.5)
    return tag(
        "defs",
        tag(
            "pattern",
            stripe,
            id=identity,
            width=6,
            height=6,
            patternUnits="userSpaceOnUse",
            patternTransform="rotate(45)",
        ),
    )


def marker(shape: Marker, x: float, y: float, size: float, colour: str) -> Markup:
    """One data point: `size` is half its width in px; the open shapes are drawn as outlines."""
    outline: dict[str, Attribute] = {"fill": "none", "stroke": colour, "stroke_width": 1.6}
    if shape == "circle":
        return tag("circle", cx=float(x), cy=float(y), r=float(size), fill=colour)
    if shape == "ring":
        return tag("circle", cx=float(x), cy=float(y), r=float(size), **outline)
    if shape == "square":
        return rect(x - size, y - size, 2 * size, 2 * size, fill=colour)
    if shape == "diamond":
        reach = size * 1.3
        return path([(x, y - reach), (x + reach, y), (x, y + reach), (x - reach, y)], closed=True, fill=colour)
    if shape in ("triangle", "down"):
        tip = -size * 1.2 if shape == "triangle" else size * 1.2
        return path(
            [(x, y + tip), (x + size * 1.2, y - tip * 0.8), (x - size * 1.2, y - tip * 0.8)], closed=True, **outline
        )
    turn = 45 if shape == "cross" else 0
    bars = join((line(-size, 0, size, 0), line(0, -size, 0, size)))
    placed = f"translate({coordinate(x)} {coordinate(y)}) rotate({turn})"
    return tag("g", bars, transform=placed, stroke=colour, stroke_width=1.8)


def text_width(content: str, size: float = 12) -> float:
    """About how wide `content` is in px: no browser measures for us, so letters count by their class."""
    return sum(map(_ems, content)) * size


def _ems(char: str) -> float:
    if unicodedata.east_asian_width(char) in "WF":
        return 1.0
    if char in "iljtfrI.,:;'|!()[] ":
        return 0.34
    if char in "mwMW%":
        return 0.92
    return 0.67 if char.isupper() else 0.59


def fit(content: str, width: float, size: float = 12) -> str:
    """`content`, cut with an ellipsis where it would be wider than `width` px."""
    if text_width(content, size) <= width:
        return content
    kept = content
    while kept and text_width(kept + "…", size) > width:
        kept = kept[:-1]
    return kept.rstrip() + "…"


def fit_middle(content: str, width: float, size: float = 12) -> str:
    """`content`, cut in its middle where it would be too wide: names that differ at their end stay apart."""
    if text_width(content, size) <= width:
        return content
    head, tail = content[: len(content) // 2], content[len(content) // 2 :]
    while len(head) + len(tail) > 2 and text_width(f"{head}…{tail}", size) > width:
        head, tail = (head[:-1], tail) if len(head) >= len(tail) else (head, tail[1:])
    return f"{head.rstrip()}…{tail.lstrip()}"
