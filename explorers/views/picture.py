"""What every pure view returns, and how a drawing becomes it: a figure for the page, a file to keep, the data.

A drawing is made twice, wide and narrow, and the style sheet shows the one that fits its container: a picture that
merely shrinks is unreadable on a phone.
"""

import csv
import hashlib
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from backends.errors import InputError
from explorers.views.numbers import number
from explorers.views.palette import FONT, resolve
from explorers.views.svg import NOTHING, Markup, coordinate, escape, hatch, join, rect, tag, text

WIDE: Final = 720
NARROW: Final = 352

Cell = str | float | int | None


@dataclass(frozen=True, slots=True)
class Picture:
    """One finished picture: `html` for the page, `svg` as a stand-alone light file, `csv` with the data."""

    html: str
    svg: str
    csv: str


@dataclass(frozen=True, slots=True)
class Table:
    """The data behind a picture: what a screen reader reads and what is downloaded."""

    headers: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def csv(self) -> str:
        """The table as CSV with a header line; numbers in full precision, a missing value as an empty cell."""
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow(self.headers)
        writer.writerows(self.rows)
        return buffer.getvalue()

    def html(self) -> Markup:
        """The table as HTML, its first column the row's name."""
        head = join(tag("th", escape(name), scope="col") for name in self.headers)
        body = join(tag("tr", *_cells(row)) for row in self.rows)
        return tag("table", tag("thead", tag("tr", head)), tag("tbody", body))


def _cells(row: Sequence[Cell]) -> list[Markup]:
    shown = [escape(cell if isinstance(cell, str) else number(cell)) for cell in row]
    return [tag("th", shown[0], scope="row"), *(tag("td", cell) for cell in shown[1:])]


@dataclass(frozen=True, slots=True)
class Drawing:
    """The inside of an SVG and its height in px, drawn for one width."""

    height: float
    body: Markup


@dataclass(frozen=True, slots=True)
class Pen:
    """What a drawing function is given: the width to fill in px and the paint of the hatch."""

    width: int
    hatch: str

    @property
    def narrow(self) -> bool:
        """Whether this is the drawing for a phone."""
        return self.width < WIDE


def compose(kind: str, title: str, description: str, table: Table, draw: Callable[[Pen], Drawing]) -> Picture:
    """A Picture of `kind` from its drawing function and its data.

    `title` is shown above the picture and read first; `description` says in a sentence what the picture shows.
    Raises InputError when there is no title or no data.
    """
    if not title.strip():
        raise InputError("A picture needs a title: it is what a screen reader reads.")
    if not table.rows:
        raise InputError(f"“{title}” has nothing to show: no data were given.")
    identity = "hatch-" + hashlib.sha256((kind + title + table.csv()).encode()).hexdigest()[:10]
    wide, narrow = (_inline(title, description, pen, draw(pen), identity) for pen in _pens(identity))
    caption = tag("figcaption", escape(title))
    figure = tag(
        "figure",
        caption,
        tag("div", wide, class_="atelier-wide"),
        tag("div", narrow, class_="atelier-narrow"),
        data_table(table),
        class_="atelier-picture",
        data_picture=kind,
    )
    return Picture(figure, _standalone(title, description, draw(Pen(WIDE, f"url(#{identity})")), identity), table.csv())


def data_table(table: Table) -> Markup:
    """The table twin, folded under a disclosure; wide tables scroll inside it and take the focus for that."""
    scroller = tag("div", table.html(), class_="atelier-scroll", tabindex=0, role="region", aria_label="Data table")
    return tag("details", tag("summary", escape("Data table")), scroller, class_="atelier-twin")


def _pens(identity: str) -> tuple[Pen, Pen]:
    # Each of the two drawings holds its own pattern: a pattern inside a hidden SVG paints nothing.
    return Pen(WIDE, f"url(#{identity})"), Pen(NARROW, f"url(#{identity}-narrow)")


def _inline(title: str, description: str, pen: Pen, drawing: Drawing, identity: str) -> Markup:
    own = identity + "-narrow" if pen.narrow else identity
    return tag(
        "svg",
        tag("title", escape(title)),
        tag("desc", escape(description)),
        hatch(own) if pen.hatch in drawing.body else NOTHING,
        drawing.body,
        role="img",
        viewBox=f"0 0 {pen.width} {coordinate(drawing.height)}",
        width=pen.width,
        height=float(drawing.height),
    )


def _standalone(title: str, description: str, drawing: Drawing, identity: str) -> str:
    margin, heading = 16, 28
    width, height = WIDE + 2 * margin, drawing.height + heading + 2 * margin
    svg = tag(
        "svg",
        tag("title", escape(title)),
        tag("desc", escape(description)),
        hatch(identity),
        rect(0, 0, width, height, fill="#ffffff"),
        text(margin, margin + 12, title, font_size=14, font_weight=600, fill="var(--atelier-ink)"),
        tag("g", drawing.body, transform=f"translate({margin} {margin + heading})"),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width} {coordinate(height)}",
        width=width,
        height=float(height),
        font_family=FONT,
    )
    return resolve(svg)
