"""Lines: which script and direction, where rows end, and where they stand."""

import unicodedata
from dataclasses import replace

import numpy as np
import pytest

from backends.text_image.lettering import FACES, fitted, ink
from backends.text_image.lines import lines_of, sides
from backends.text_image.regions import box_region
from backends.text_image.requests import Region

pytestmark = pytest.mark.unit


def _texts(region: Region) -> list[str]:
    return [line.text for line in lines_of(region)]


def test_one_short_line_is_the_region_itself() -> None:
    region = box_region(10, 20, 100, 30, "Open")
    (line,) = lines_of(region)
    assert (line.corners, line.text, line.script, line.vertical) == (region.corners, "Open", "latin", False)
    assert line.face == FACES["latin"]


def test_line_breaks_part_a_box_into_rows() -> None:
    lines = lines_of(box_region(0, 0, 120, 60, "one\r\n\nthree\n"))
    assert [line.text for line in lines] == ["one", "", "three"]
    assert np.allclose(lines[1].corners, [(0, 20), (120, 20), (120, 40), (0, 40)])


def test_rows_of_a_receding_sign_grow_smaller() -> None:
    # Seen so that the upper side is half as long, a plane's middle line stands at a third of the height.
    upper, lower = lines_of(Region(((25, 0), (75, 0), (100, 90), (0, 90)), "one\ntwo"))
    assert np.allclose(upper.corners[3][1], 30, atol=1e-3)
    assert upper.corners[3] == lower.corners[0]


def test_columns_run_from_right_to_left() -> None:
    first, second = lines_of(box_region(0, 0, 40, 200, "春眠\n不覺曉"))
    assert first.vertical
    assert second.vertical
    assert np.allclose(first.corners, [(20, 0), (40, 0), (40, 200), (20, 200)])
    assert np.allclose(second.corners, [(0, 0), (20, 0), (20, 200), (0, 200)])


@pytest.mark.parametrize(
    ("text", "width", "height", "vertical"),
    [
        ("你好世界", 40, 200, True),
        ("你好世界", 40, 59, False),
        ("こんにちは", 40, 200, True),
        ("안녕", 40, 200, False),
        ("Hello", 40, 200, False),
        ("好", 40, 200, False),
        ("", 40, 200, True),
        ("", 200, 40, False),
    ],
)
def test_shape_and_script_decide_the_direction(text: str, width: int, height: int, vertical: bool) -> None:
    assert lines_of(box_region(0, 0, width, height, text))[0].vertical is vertical


def test_a_direction_that_was_asked_for_is_kept() -> None:
    region = box_region(0, 0, 40, 200, "你好")
    assert not lines_of(replace(region, vertical=False))[0].vertical
    assert lines_of(replace(region, text="안녕", vertical=True))[0].vertical


@pytest.mark.parametrize("text", ["", " \n ", "\n\n"])
def test_blank_text_is_one_empty_line(text: str) -> None:
    assert _texts(box_region(0, 0, 100, 40, text)) == [""]


def test_english_wraps_at_spaces_and_only_where_letters_grow() -> None:
    text = "noon moon soon noon"
    assert _texts(box_region(0, 0, 600, 40, text)) == [text]
    assert _texts(box_region(0, 0, 200, 90, text)) == ["noon moon", "soon noon"]
    assert _texts(box_region(0, 0, 100, 160, text)) == ["noon", "moon", "soon", "noon"]
    assert _texts(box_region(0, 0, 100, 400, "Incomprehensibility")) == ["Incomprehensibility"]


@pytest.mark.parametrize(("width", "height"), [(300, 40), (200, 90), (120, 110), (80, 160)])
def test_no_other_number_of_rows_gives_larger_letters(width: int, height: int) -> None:
    """Against every way of breaking seven words, measured by the ink that is really drawn."""
    words = ["we", "sell", "old", "books", "and", "new", "maps"]

    def letters(rows: list[str]) -> float:
        drawn = [fitted(row, FACES["latin"], width, height // len(rows)) for row in rows]
        # How wide a row's ink is against the same row at a known size.
        sizes: list[float] = [
            float(np.ptp(np.nonzero(one)[1])) / ink(row, FACES["latin"], 64).shape[1]
            for one, row in zip(drawn, rows, strict=True)
        ]
        return min(sizes)

    ways = []
    for cuts in range(2 ** (len(words) - 1)):
        rows = [words[0]]
        for index, word in enumerate(words[1:]):
            if cuts >> index & 1:
                rows.append(word)
            else:
                rows[-1] += " " + word
        ways.append(letters(rows))
    assert letters(_texts(box_region(0, 0, width, height, " ".join(words)))) > max(ways) / 1.2


def test_chinese_wraps_between_characters_but_not_before_a_stop() -> None:
    assert _texts(box_region(0, 0, 120, 60, "你好世界欢迎光临")) == ["你好世界", "欢迎光临"]
    rows = _texts(box_region(0, 0, 100, 80, "图像编辑，模型（演示）版"))
    assert "".join(rows) == "图像编辑，模型（演示）版"
    assert len(rows) > 1
    assert not any(row[0] in "，）" or row[-1] in "（" for row in rows)


def test_a_latin_word_within_chinese_stays_whole() -> None:
    assert any("Shanghai" in row for row in _texts(box_region(0, 0, 160, 120, "欢迎来到Shanghai图书馆")))


def test_a_long_column_wraps_into_columns() -> None:
    lines = lines_of(box_region(0, 0, 100, 200, "春眠不覺曉處處聞啼鳥"))
    assert [line.text for line in lines] == ["春眠不覺曉", "處處聞啼鳥"]
    assert lines[0].corners[0][0] == pytest.approx(50)


def test_thai_without_spaces_wraps_between_whole_syllables_signs() -> None:
    text = "สวัสดีชาวโลกยินดีต้อนรับ"
    rows = _texts(box_region(0, 0, 160, 120, text))
    assert len(rows) > 1
    assert "".join(rows) == text
    for row in rows:
        assert unicodedata.category(row[0]) != "Mn"
        assert row[0] not in "ะาำ"
        assert row[-1] not in "เแโใไ"
    assert _texts(box_region(0, 0, 160, 120, "สวัสดี ชาวโลก")) == ["สวัสดี", "ชาวโลก"]


def test_arabic_stays_in_logical_order() -> None:
    rows = _texts(box_region(0, 0, 160, 120, "مرحبا بالعالم الجديد"))
    assert len(rows) > 1
    assert " ".join(rows) == "مرحبا بالعالم الجديد"


def test_text_is_composed_and_each_row_has_its_script() -> None:
    latin, greek = lines_of(box_region(0, 0, 200, 80, "cafe\u0301\nκόσμε"))
    assert (latin.text, latin.script, greek.script) == ("café", "latin_ext", "greek")
    kanji, _ = lines_of(box_region(0, 0, 200, 80, "東京\nラーメン"))
    assert kanji.script == "japanese"
    assert lines_of(replace(box_region(0, 0, 200, 80, "東京"), script="hant"))[0].face == FACES["hant"]


def test_sides_are_means_of_opposite_sides() -> None:
    assert sides(((0, 0), (30, 0), (30, 40), (0, 44))) == pytest.approx(((30 + np.hypot(30, 4)) / 2, 42))
