"""Reads pictures back with parsers that are not ours."""

import csv
import io
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

from explorers.views.picture import Picture

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = '<img src=x onerror="alert(1)"> "quoted" \u202eabc &amp; \x00\x1b'


class Page(HTMLParser):
    """What an HTML parser sees: the tags, their attributes, and the text of every table cell."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.cells: list[str] = []
        self._in_cell = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collects a tag; a table cell opens."""
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag in ("td", "th"):
            self._in_cell = True
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        """A table cell closes."""
        if tag in ("td", "th"):
            self._in_cell = False

    def handle_data(self, data: str) -> None:
        """Text of a table cell."""
        if self._in_cell:
            self.cells[-1] += data


def svg_root(picture: Picture) -> ElementTree.Element:
    """The stand-alone SVG as a tree; a parse error fails the test."""
    return ElementTree.fromstring(picture.svg)


def csv_rows(text: str) -> list[list[str]]:
    """The CSV's lines, the header first."""
    return list(csv.reader(io.StringIO(text)))


def assert_harmless(picture: Picture) -> None:
    """No tag and no attribute came out of the data, and both forms parse."""
    page = Page(picture.html)
    assert "img" not in page.tags
    assert "script" not in page.tags
    assert not {name for name in page.attributes if name.startswith("on")}
    assert not [element for element in svg_root(picture).iter() if element.tag.endswith("img")]
    assert "var(" not in picture.svg
