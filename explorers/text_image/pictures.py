"""From what the editor answers to what people see: the only place that knows both."""

from __future__ import annotations

from collections.abc import Sequence

from backends.text_image.requests import EditResult, Picture, Written
from backends.text_image.scores import exact
from explorers.views.badge import badge
from explorers.views.before_after import Shot, before_after_value, photo_uri
from explorers.views.evidence import Evidence, evidence_strip
from explorers.views.live import JsonValue
from explorers.views.numbers import number
from explorers.views.svg import NOTHING, Markup, escape, join, tag


def compared(before: Picture, images: Sequence[Picture], lines: Sequence[Written], caption: str = "") -> JsonValue:
    """The picture before and after, with every variant."""
    said = ", ".join(f"“{one.text}”" if one.text else "nothing" for one in lines) or "text"
    many = len(images) > 1
    after = [
        Shot(image, f"after {index}" if many else "after", f"The picture after the edit, which shall say {said}")
        for index, image in enumerate(images, 1)
    ]
    return before_after_value(Shot(before, "before", "The picture before the edit"), after, caption=caption)


def preview(before: Picture, unfinished: Picture) -> JsonValue:
    """The same while the edit runs; coarser, because it is sent again and again."""
    shot = Shot(unfinished, "so far", "The picture with the text as it is predicted so far")
    return before_after_value(Shot(before, "before", "The picture before the edit"), [shot], quality=72)


def alone(before: Picture) -> JsonValue:
    """A picture that nothing was written into yet."""
    shot = Shot(before, "picture", "The picture, not edited yet")
    return before_after_value(shot, [shot])


def evidence(result: EditResult) -> str:
    """The figures under the picture."""
    judged = [one for one in result.lines if one.ned is not None]
    right = sum(exact(one.read or "", one.text, one.script) for one in judged)
    floor, ceiling = _mean([one.floor for one in judged]), _mean([one.ceiling for one in judged])
    items = [
        Evidence(
            "Read back",
            _mean([one.ned for one in judged]),
            0,
            1,
            floor,
            floor,
            None if floor is None or ceiling is None else max(floor, ceiling),
            len(judged),
            symbol="NED",
            meaning=(
                "How much of the wanted text an OCR engine reads: 1 is all, letter by letter. The tick is what it "
                "reads in the picture before (floor); the band reaches to what it reads in the clean glyph (ceiling)."
            ),
        ),
        Evidence(
            "Read exactly",
            right if judged else None,
            0,
            max(1, len(judged)),
            n=len(judged),
            unit=f"of {len(judged)}" if judged else "",
            meaning="Lines in which the engine reads the wanted text without any mistake, of those that it can judge.",
        ),
        Evidence(
            "Changed outside",
            result.outside,
            0,
            255,
            meaning="The largest difference outside the regions and their soft edge, of 255 grey levels. 0: not a bit.",
        ),
        Evidence(
            "Time",
            round(result.seconds, 1),
            0,
            max(10.0, result.seconds),
            unit="s",
            meaning="Of the whole edit, reading included, where it was computed.",
        ),
    ]
    return evidence_strip(items).html


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def read_back(lines: Sequence[Written]) -> str:
    """What an OCR engine reads in each line, beside what it should."""
    names = ("wanted", "read", "NED", "ceiling", "floor", "script", "judge")
    head = join(tag("th", escape(name), scope="col") for name in names)
    table = tag("table", tag("thead", tag("tr", head)), tag("tbody", *map(_read_row, lines)))
    scroller = tag("div", table, class_="atelier-rules", tabindex=0, role="region", aria_label="Read-back of each line")
    return tag("div", scroller, class_="atelier-section")


def _read_row(one: Written) -> Markup:
    wanted = tag("bdi", escape(one.text)) if one.text else tag("em", escape("nothing"))
    if one.read is None:
        found = badge(f"{one.judge} is not installed", "warning")
    elif not one.read:
        found = tag("em", escape("nothing"))
    else:
        found = tag("bdi", escape(one.read))
    verdict = NOTHING
    if one.read is not None:
        right = exact(one.read, one.text, one.script)
        verdict = join((escape(" "), badge("exact", "correct") if right else badge("differs", "wrong")))
    figures = (tag("td", escape(number(value))) for value in (one.ned, one.ceiling, one.floor))
    rest = (tag("td", escape(word)) for word in (one.script, one.judge))
    return tag("tr", tag("th", wanted, scope="row"), tag("td", found, verdict), *figures, *rest)


def note(result: EditResult, *, stored: bool) -> str:
    """Where the result comes from, and that its pictures are marked."""
    origin = badge("computed earlier", "precomputed") if stored else badge("computed now", "live")
    said = "Edited with AI: every picture that you download says so in its metadata and carries its recipe."
    drawn = ", ".join(dict.fromkeys(one.font for one in result.lines if one.text))
    font = f" Glyphs drawn in {drawn}." if drawn else ""
    return tag("p", origin, escape(f" {said}{font}"), class_="atelier-note")


def figure(pixels: Picture, caption: str, *, alt: str | None = None) -> Markup:
    """One small picture with its words."""
    image = tag("img", src=photo_uri(pixels, longest=640), alt=alt or caption, loading="lazy")
    return tag("figure", image, tag("figcaption", escape(caption)), class_="atelier-frame")


def frames(figures: Sequence[Markup], name: str) -> Markup:
    """Small pictures in rows under a heading."""
    return tag(
        "section",
        tag("h3", escape(name)),
        tag("div", *figures, class_="atelier-frames"),
        class_="atelier-section",
        data_picture="frames",
        aria_label=name,
    )
