"""From results to what is shown: figures by hand, texts of visitors as texts, and what could not be judged said."""

import re
from typing import Any

import numpy as np
import pytest

from backends.text_image.requests import EditResult, Film, Picture, Written
from explorers.text_image import pictures
from explorers.text_image.film import film_pictures
from tests.explorers.views.reading import HOSTILE, Page

pytestmark = pytest.mark.unit

READ = Written("Open", "latin", "latin", "Open", "RapidOCR", 1.0, 1.0, 0.25)
MISREAD = Written("Library", "latin", "latin", "Libnary", "RapidOCR", 0.85, 0.95, 0.05)
REMOVED = Written("", "latin", "latin", "", "RapidOCR", 1.0, 1.0, 0.0)
UNJUDGED = Written("서점", "korean", "korean", None, "Tesseract", None, None, None)


def result(*lines: Written, picture: Picture | None = None, **changes: Any) -> EditResult:
    """A result with these lines, of one picture."""
    image = np.zeros((40, 60, 3), np.uint8) if picture is None else picture
    given: dict[str, Any] = {
        "images": (image,),
        "lines": lines,
        "outside": 0,
        "films": (),
        "canvases": (),
        "glyphs": (),
        "seconds": 1.234,
    }
    return EditResult(**{**given, **changes})


def table(html: str) -> list[list[str]]:
    """The rows of the only table, as an HTML parser sees them."""
    page = Page(html)
    columns = html.partition("</thead>")[0].count("<th ")
    return [page.cells[at : at + columns] for at in range(0, len(page.cells), columns)]


def test_the_evidence_is_the_mean_over_the_lines_that_were_judged() -> None:
    found = {row[0]: row for row in table(pictures.evidence(result(READ, MISREAD, UNJUDGED)))}
    read = dict(zip(found["figure"], found["Read back"], strict=True))
    assert (read["value"], read["baseline"], read["n"]) == ("0.925", "0.150", "2")  # means of 1, 0.85 and 0.25, 0.05
    assert (read["low"], read["high"]) == ("0.150", "0.975")  # from the floor to the ceiling
    exact = dict(zip(found["figure"], found["Read exactly"], strict=True))
    assert (exact["value"], exact["unit"], exact["ceiling"]) == ("1", "of 2", "2")
    assert found["Changed outside"][1] == "0"
    assert found["Time"][1:3] == ["1.20", "s"]


def test_without_a_judge_the_evidence_says_so_and_claims_nothing() -> None:
    found = {row[0]: row for row in table(pictures.evidence(result(UNJUDGED)))}
    missing = found["Read back"][1]
    assert missing not in ("0", "1", "")
    assert found["Read exactly"][1] == missing
    assert pictures.evidence(result(UNJUDGED)).count("not measured") >= 2


def test_a_floor_above_its_ceiling_and_slow_edits_are_shown_too() -> None:
    odd = Written("Open", "latin", "latin", "Open", "RapidOCR", 1.0, 0.2, 0.8)
    found = {row[0]: row for row in table(pictures.evidence(result(odd, seconds=99.0, outside=3)))}
    assert found["Read back"][4:6] == ["0.800", "0.800"]
    assert found["Changed outside"][1] == "3"
    assert found["Time"][1] == "99"


def test_the_read_back_holds_each_line_beside_what_was_wanted() -> None:
    head, read, misread, removed, unjudged = table(pictures.read_back([READ, MISREAD, REMOVED, UNJUDGED]))
    assert head == ["wanted", "read", "NED", "ceiling", "floor", "script", "judge"]
    assert (read[0], read[2:]) == ("Open", ["1.00", "1.00", "0.250", "latin", "RapidOCR"])
    assert re.fullmatch(r"Open\W+exact", read[1])
    assert re.fullmatch(r"Libnary\W+differs", misread[1])
    assert removed[0] == "nothing"
    assert re.fullmatch(r"nothing\W+exact", removed[1])
    assert "Tesseract is not installed" in unjudged[1]
    assert "exact" not in unjudged[1]
    assert "differs" not in unjudged[1]
    assert len(set(unjudged[2:5])) == 1  # a dash three times


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", HOSTILE, '"><svg onload=alert(1)>'])
def test_texts_stay_texts_wherever_they_are_shown(hostile: str) -> None:
    line = Written(hostile, "latin", hostile, hostile, hostile, 1.0, 1.0, 0.0)
    unread = Written(hostile, "latin", "latin", None, hostile, None, None, None)
    shown = result(line, unread, films=(_film(2), _film(1)), canvases=(_canvas(),) * 2, glyphs=(_canvas()[..., 0],) * 2)
    for html in (
        pictures.read_back(shown.lines),
        pictures.evidence(shown),
        pictures.note(shown, stored=False),
        film_pictures(np.zeros((40, 60, 3), np.uint8), shown),
        pictures.figure(_canvas(), hostile),
        pictures.frames([], hostile),
    ):
        page = Page(html)
        assert "script" not in page.tags
        assert not {name for name in page.attributes if name.startswith("on")}
        assert set(page.tags) <= set(Page(pictures.evidence(shown)).tags) | {
            *("bdi", "em", "p", "img", "section", "h3", "title")
        }
    wanted = Page(pictures.read_back([line])).cells
    assert any("alert(1)" in cell and "<" in cell for cell in wanted)  # it is there, as a text


def _canvas() -> Picture:
    return np.full((64, 96, 3), 90, np.uint8)


def _film(frames: int) -> Film:
    times = tuple(0.8 - 0.1 * step for step in range(frames))
    return Film(times, tuple(_canvas() for _ in times))


def test_the_film_shows_every_step_the_glyph_and_what_changed() -> None:
    before = np.zeros((40, 60, 3), np.uint8)
    after = before.copy()
    after[10:20, 20:50] = 128
    parts = {"films": (_film(3),), "canvases": (_canvas(),), "glyphs": (_canvas()[..., 0],)}
    html = film_pictures(before, result(READ, picture=after, **parts))
    assert Page(html).tags.count("img") == 2 + 3 + 1
    for said in ("predicted at time 0.80", "predicted at time 0.60", "Step by step: Open", "glyph: the control"):
        assert said in html
    assert "from 0 (dark) to 128 grey levels (bright); 0 outside the regions" in html
    assert "up to 128 grey levels; 7 outside" in film_pictures(before, result(READ, picture=after, outside=7, **parts))


def test_a_large_picture_is_shown_small() -> None:
    before = np.zeros((2000, 3000, 3), np.uint8)
    noise = np.random.default_rng(0).integers(0, 256, before.shape, dtype=np.uint8)
    assert len(film_pictures(before, result(picture=noise))) < 300_000


def test_a_note_says_where_a_result_comes_from_and_that_it_is_marked() -> None:
    stored, live = (pictures.note(result(READ, REMOVED, UNJUDGED), stored=value) for value in (True, False))
    assert "computed earlier" in stored
    assert "computed now" in live
    assert "Edited with AI" in live
    assert "Glyphs drawn in latin, korean." in live
    assert "Glyphs" not in pictures.note(result(REMOVED), stored=False)  # nothing was drawn


def test_the_pictures_before_and_after_say_what_they_shall_show() -> None:
    before = np.zeros((40, 60, 3), np.uint8)
    one: Any = pictures.compared(before, [before], [READ, REMOVED], "Seed 1")
    assert [item["label"] for item in one["items"]] == ["after"]
    assert "shall say “Open”, nothing" in one["items"][0]["alt"]
    many: Any = pictures.compared(before, [before, before], [])
    assert [item["label"] for item in many["items"]] == ["after 1", "after 2"]
    for value in (pictures.preview(before, before), pictures.alone(before)):
        shown: Any = value
        assert len(shown["items"]) == 1
        assert all(part["alt"] for part in (shown["before"], *shown["items"]))
