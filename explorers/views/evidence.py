"""The evidence strip: two to seven figures under a picture, each with the baseline that tells whether it is good."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from backends.errors import InputError
from explorers.views.axes import Scale
from explorers.views.numbers import fixed, number, with_unit
from explorers.views.palette import FONT, resolve
from explorers.views.picture import Picture, Table, data_table
from explorers.views.svg import NOTHING, Markup, escape, fit, join, line, rect, tag, text

_BAR_WIDTH: Final = 160
_BAR_HEIGHT: Final = 16
_COLUMN: Final = 184
_LIMIT: Final = 7


@dataclass(frozen=True, slots=True)
class Evidence:
    """One figure: `value` between `floor` and `ceiling` in `unit`, its `baseline`, its interval and the n behind it.

    `meaning` is one plain sentence, `symbol` the paper's name for it. A value of None reads "not measured". What `peer`
    marks is not ours, and its bar is grey.
    """

    label: str
    value: float | None
    floor: float
    ceiling: float
    baseline: float | None = None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    unit: str = ""
    meaning: str = ""
    symbol: str = ""
    peer: bool = False


def evidence_strip(items: Sequence[Evidence]) -> Picture:
    """The strip of 1 to 7 figures; raises InputError for none, more, or a floor not below its ceiling."""
    if not 1 <= len(items) <= _LIMIT:
        raise InputError(f"An evidence strip shows 1 to {_LIMIT} figures, got {len(items)}.")
    table = _table(items)
    identity = "evidence-" + hashlib.sha256(table.csv().encode()).hexdigest()[:10]
    entries = (_entry(item, f"{identity}-{index}") for index, item in enumerate(items))
    strip = tag("ul", *entries, class_="atelier-evidence-items")
    name = escape("Evidence")
    html = tag(
        "figure",
        tag("figcaption", name, class_="atelier-hidden"),
        strip,
        data_table(table),
        class_="atelier-picture atelier-evidence",
        data_picture="evidence",
    )
    return Picture(html, _standalone(items), table.csv())


def _entry(item: Evidence, identity: str) -> Markup:
    value = tag("span", escape(with_unit(item.value, item.unit)), class_="atelier-value")
    bar = tag(
        "svg",
        tag("title", escape(_spoken(item))),
        _bar(item),
        role="img",
        viewBox=f"0 0 {_BAR_WIDTH} {_BAR_HEIGHT}",
        width=_BAR_WIDTH,
        height=_BAR_HEIGHT,
    )
    small = tag("span", escape(_small(item)), class_="atelier-small")
    return tag("li", _label(item, identity), value, bar, small)


def _label(item: Evidence, identity: str) -> Markup:
    words = join((escape(item.label), _symbol(item)))
    if not item.meaning:
        return tag("span", words, class_="atelier-term")
    tip = tag("span", escape(item.meaning), class_="atelier-tip", role="tooltip", id=identity)
    return join((tag("button", words, type="button", class_="atelier-term", aria_describedby=identity), tip))


def _symbol(item: Evidence) -> Markup:
    return tag("span", escape(" " + item.symbol), class_="atelier-symbol") if item.symbol else NOTHING


def _bar(item: Evidence) -> Markup:
    """The bar from floor to ceiling: the value filled, the interval around its end, the baseline as a grey tick."""
    scale = Scale(item.floor, item.ceiling, 1, _BAR_WIDTH - 1)
    middle = _BAR_HEIGHT / 2
    paint = "var(--atelier-baseline)" if item.peer else "var(--atelier-accent)"
    track = rect(scale.start, middle - 2, scale.end - scale.start, 4, rx=2, fill="var(--atelier-line)")
    parts = [track]
    if item.value is not None:
        parts.append(rect(scale.start, middle - 2, scale(item.value) - scale.start, 4, rx=2, fill=paint))
    if item.low is not None and item.high is not None:
        left, right = scale(item.low), scale(item.high)
        parts.append(rect(left, middle - 5, right - left, 10, rx=2, fill=paint, fill_opacity=0.28))
    if item.value is not None:
        x = scale(item.value)
        parts.append(line(x, middle - 5, x, middle + 5, stroke=paint, stroke_width=2))
    if item.baseline is not None:
        x = scale(item.baseline)
        parts.append(line(x, 0, x, _BAR_HEIGHT, stroke="var(--atelier-baseline)", stroke_width=2))
    return join(parts)


def _small(item: Evidence) -> str:
    return " · ".join(_details(item))


def _details(item: Evidence) -> list[str]:
    """The small print: the baseline, then the interval with its n."""
    if item.value is None:
        return ["not measured"]
    details = [f"baseline {number(item.baseline)}"] if item.baseline is not None else []
    if item.low is not None and item.high is not None:
        details.append(f"{number(item.low)} to {number(item.high)}")
    if item.n is not None:
        details.append(f"n {fixed(item.n, 0)}")
    return details


def _spoken(item: Evidence) -> str:
    scale = f"on a scale from {number(item.floor)} to {number(item.ceiling)}"
    return f"{item.label}: {with_unit(item.value, item.unit)} {scale}; {_small(item)}"


def _standalone(items: Sequence[Evidence]) -> str:
    width, height = _COLUMN * len(items) + 8, 136
    columns = (
        tag(
            "g",
            text(0, 12, fit(f"{item.label} {item.symbol}".strip(), _BAR_WIDTH)),
            text(0, 42, with_unit(item.value, item.unit), font_size=24, font_weight=600, fill="var(--atelier-ink)"),
            tag("g", _bar(item), transform="translate(0 48)"),
            *(text(0, 80 + 16 * row, detail) for row, detail in enumerate(_details(item))),
            transform=f"translate({16 + _COLUMN * index} 8)",
        )
        for index, item in enumerate(items)
    )
    spoken = "; ".join(_spoken(item) for item in items)
    svg = tag(
        "svg",
        tag("title", escape("Evidence")),
        tag("desc", escape(spoken)),
        rect(0, 0, width, height, fill="#ffffff"),
        *columns,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width} {height}",
        width=width,
        height=height,
        font_family=FONT,
    )
    return resolve(svg)


def _table(items: Sequence[Evidence]) -> Table:
    headers = ("figure", "value", "unit", "baseline", "low", "high", "n", "floor", "ceiling", "symbol", "meaning")
    rows = tuple(
        (i.label, i.value, i.unit, i.baseline, i.low, i.high, i.n, i.floor, i.ceiling, i.symbol, i.meaning)
        for i in items
    )
    return Table(headers, rows)
