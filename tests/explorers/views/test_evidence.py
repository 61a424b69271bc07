"""The evidence strip: the bar's geometry by hand, what is said to a screen reader, refusals."""

import pytest

from backends.errors import InputError
from explorers.views.badge import badges
from explorers.views.evidence import Evidence, evidence_strip
from tests.explorers.views.reading import HOSTILE, SVG, Page, assert_harmless, csv_rows, svg_root

pytestmark = pytest.mark.unit

SIS = Evidence("Agreement", 0.5, 0, 1, 0.25, 0.4, 0.6, 500, meaning="What it means.", symbol="SIS")


def test_the_middle_fills_half_the_bar() -> None:
    found = [dict(one.attrib) for one in svg_root(evidence_strip([SIS])).iter(f"{SVG}rect")]
    track = next(one for one in found if one["fill"] == "#e5e1d8")
    fill = next(one for one in found if one["fill"] == "#5a3bc2")
    assert float(fill["width"]) == pytest.approx(float(track["width"]) / 2)


def test_the_baseline_is_ticked_at_its_value() -> None:
    ticks = [one.attrib for one in svg_root(evidence_strip([SIS])).iter(f"{SVG}line")]
    grey = next(one for one in ticks if one["stroke"] == "#85818f")
    assert float(grey["x1"]) == pytest.approx(1 + 0.25 * 158)


def test_a_peer_is_grey_and_ours_in_the_accent() -> None:
    ours, peer = (
        evidence_strip([Evidence("F1", 0.5, 0, 1, low=0.4, high=0.6, peer=peer)]).html for peer in (False, True)
    )
    assert "--atelier-accent" in ours
    assert "--atelier-accent" not in peer
    assert peer.replace("--atelier-baseline", "--atelier-accent") == ours


def test_the_spoken_figure_says_everything() -> None:
    assert (
        "Agreement: 0.500 on a scale from 0 to 1; baseline 0.250 · 0.400 to 0.600 · n 500" in evidence_strip([SIS]).html
    )


def test_the_meaning_belongs_to_its_button() -> None:
    html = evidence_strip([SIS]).html
    identity = html.split('aria-describedby="')[1].split('"')[0]
    assert f'id="{identity}"' in html


def test_an_unmeasured_figure_says_so() -> None:
    assert "not measured" in evidence_strip([Evidence("Agreement", None, 0, 1)]).html


def test_the_twins_hold_all_the_data() -> None:
    picture = evidence_strip([SIS])
    row = ["Agreement", "0.5", "", "0.25", "0.4", "0.6", "500", "0", "1", "SIS", "What it means."]
    assert csv_rows(picture.csv)[1] == row
    assert {"Agreement", "0.500", "500", "What it means."} <= set(Page(picture.html).cells)


def test_hostile_text_stays_text() -> None:
    assert_harmless(evidence_strip([Evidence(HOSTILE, 1, 0, 2, unit=HOSTILE, meaning=HOSTILE, symbol=HOSTILE)]))


@pytest.mark.parametrize(
    ("items", "message"), [([], "1 to 7"), ([SIS] * 8, "1 to 7"), ([Evidence("a", 1, 1, 1)], "low < high")]
)
def test_bad_strips_are_refused(items: list[Evidence], message: str) -> None:
    with pytest.raises(InputError, match=message):
        evidence_strip(items)


def test_a_badge_says_it_in_words_and_symbol() -> None:
    html = badges(("modes <disagree>", "disagree"), ("right", "correct"))
    assert "×" in html
    assert "modes &lt;disagree&gt;" in html
