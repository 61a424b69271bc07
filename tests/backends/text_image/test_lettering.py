"""Lettering: which font writes a line, what no font can write, and letters in the right order and shape."""

import subprocess
import sys
import unicodedata

import numpy as np
import pytest
from PIL import features

from backends.errors import InputError
from backends.text_image import lettering
from backends.text_image.lettering import FACES, Mask, checked_line, fitted, ink, missing, script_of

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("Open", "latin"),
        ("24/7 & more", "latin"),
        ("Café", "latin_ext"),
        ("Привет", "cyrillic"),
        ("Open Привет", "cyrillic"),
        ("Γειά", "greek"),
        ("你好", "hans"),
        ("學校", "hant"),
        ("OPEN 24小时", "hans"),
        ("大学へ", "japanese"),
        ("渋谷駅", "japanese"),
        ("대학", "korean"),
        ("커피 Coffee 24", "korean"),
        ("مرحبا iPhone 15", "arabic"),
        ("שלום Open", "hebrew"),
        ("नमस्ते", "devanagari"),
        ("নমস্কার", "bengali"),
        ("வணக்கம்", "tamil"),
        ("నమస్తే", "telugu"),
        ("สวัสดี OK", "thai"),
        ("", "latin"),
        # The font of the first script cannot write the rest, another can.
        ("Привет 大", "hans"),
        ("大學学", "japanese"),
        ("。", "hans"),
    ],
)
def test_a_script_is_found_whose_font_writes_the_line(text: str, script: str) -> None:
    assert script_of(text) == script
    assert not missing(text, FACES[script])
    assert checked_line(text, FACES[script]) == text


def test_the_script_of_a_mixed_line_is_the_same_in_every_process() -> None:
    """Sets of strings are ordered by a hash that changes from process to process."""
    code = "from backends.text_image.lettering import script_of as s; print(s('שלום مرحبا'), s('Ελλάδα Москва 서울'))"
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": str(seed), "PATH": ""},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in range(3)
    }
    assert said == {"hebrew greek\n"}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("서울 大學", "大 (U+5927 cjk unified ideograph-5927)"),
        ("שלום مرحبا", "م (U+0645 arabic letter meem)"),
        ("OK 🙂", "🙂 (U+1F642 slightly smiling face)"),
        ("ጤና", "ጤ (U+1324 ethiopic syllable thee)"),
    ],
)
def test_what_no_font_can_write_is_named(text: str, named: str) -> None:
    with pytest.raises(InputError) as error:
        checked_line(text, FACES[script_of(text)])
    assert named in str(error.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a" * 81, "81 characters"),
        ("a\tb", "U\\+0009"),
        ("a\u0000b", "U\\+0000"),
        ("a" + "\u0323" * 200, "200|201"),
        ("x" + "\u0323\u0331\u0330\u032d\u032e", "combining marks"),
        ("\u200b\u200d", "no visible character"),
        ("a\u2028b", "U\\+2028"),
        ("abc\u202edef", "U\\+202E"),
        ("abc\u2067def", "U\\+2067"),
    ],
)
def test_a_line_that_cannot_be_drawn_is_refused(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        checked_line(text, FACES["latin"])


@pytest.mark.parametrize("text", ["می\u200cخواهم", "क\u200dष", "\u200fabc"])
def test_marks_that_letters_need_are_kept(text: str) -> None:
    assert checked_line(text, FACES[script_of(text)]) == text


def test_a_line_is_composed_and_stripped() -> None:
    assert checked_line("  Cafe\u0301 ", FACES["latin"]) == "Café"
    assert checked_line(" \n ", FACES["latin"]) == ""


def _same(one: Mask, other: Mask) -> bool:
    """Whether two drawings agree but for a fraction of a pixel."""
    height, width = (min(a, b) for a, b in zip(one.shape, other.shape, strict=True))
    if abs(one.shape[1] - other.shape[1]) > 1 or abs(one.shape[0] - other.shape[0]) > 1:
        return False
    return float(np.abs(one[:height, :width].astype(int) - other[:height, :width]).mean()) < 25


def _tight(mask: Mask) -> Mask:
    ys, xs = np.nonzero(mask > 60)
    return mask[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1]


@pytest.mark.parametrize(
    ("text", "script", "right"), [("אל", "hebrew", True), ("رد", "arabic", True), ("Il", "latin", False)]
)
def test_the_first_letter_stands_where_the_script_begins(text: str, script: str, right: bool) -> None:
    first, whole = ink(text[0], FACES[script], 64), ink(text, FACES[script], 64)
    part = whole[:, -first.shape[1] :] if right else whole[:, : first.shape[1]]
    assert _same(_tight(part), _tight(first))


def test_latin_inside_hebrew_runs_from_left_to_right() -> None:
    whole, word = ink("אב AB", FACES["hebrew"], 64), ink("AB", FACES["hebrew"], 64)
    assert _same(_tight(whole[:, : word.shape[1]]), _tight(word))


def test_arabic_letters_join() -> None:
    apart = 3 * ink("ب", FACES["arabic"], 64).shape[1]
    joined = ink("ببب", FACES["arabic"], 64)
    assert joined.shape[1] < 0.75 * apart
    assert (joined > 60).any(axis=0).all()  # no gap between them


def test_marks_of_indic_scripts_move_round_their_letter() -> None:
    """The vowel sign i is stored after its consonant and stands before it."""
    whole, letter = ink("कि", FACES["devanagari"], 64), ink("क", FACES["devanagari"], 64)
    assert _same(_tight(whole[:, -letter.shape[1] :])[20:], _tight(letter)[20:]) or whole.shape[1] > letter.shape[1]
    parts = ink("क", FACES["devanagari"], 64).shape[1] + ink("ि", FACES["devanagari"], 64).shape[1]
    assert whole.shape[1] < parts  # the sign alone comes with a dotted circle


def test_columns_run_down() -> None:
    column, row = ink("你好世界", FACES["hans"], 40, vertical=True), ink("你好世界", FACES["hans"], 40)
    assert column.shape[0] > 3 * column.shape[1]
    assert row.shape[1] > 3 * row.shape[0]
    top = _tight(column[:38])
    assert abs(top.shape[0] - ink("你", FACES["hans"], 40).shape[0]) <= 2


def test_without_shaping_such_text_is_refused_and_other_text_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "check", lambda feature: False)
    lettering._shapes.cache_clear()
    try:
        for text, script, vertical in (("سلام", "arabic", False), ("你好", "hans", True), ("नमः", "devanagari", False)):
            with pytest.raises(InputError, match="libfribidi0"):
                ink(text, FACES[script], 30, vertical=vertical)
        assert ink("Open", FACES["latin"], 30).any()
        assert ink("你好", FACES["hans"], 30).any()
    finally:
        lettering._shapes.cache_clear()


@pytest.mark.parametrize("size", [(140, 44), (44, 44), (300, 44), (8, 24), (20, 60)])
@pytest.mark.parametrize(("text", "script"), [("Open", "latin"), ("g", "latin"), ("x" * 80, "latin"), ("你好", "hans")])
def test_a_line_fits_into_its_box_in_the_middle(text: str, script: str, size: tuple[int, int]) -> None:
    width, height = size
    box = fitted(text, FACES[script], width, height)
    assert box.shape == (height, width)
    ys, xs = np.nonzero(box)
    if len(ys):
        assert abs((ys.min() + ys.max() + 1) - height) <= 3
        assert abs((xs.min() + xs.max() + 1) - width) <= 3


def test_a_line_fills_its_box_along_the_side_that_is_tight() -> None:
    long = _tight(fitted("A long line of text", FACES["latin"], 200, 60))
    assert 0.82 * 200 <= long.shape[1] <= 200
    short = _tight(fitted("HI", FACES["latin"], 400, 60))
    assert 0.6 * 60 <= short.shape[0] <= 60
    assert not fitted("", FACES["latin"], 50, 20).any()
    assert not ink(" ", FACES["latin"], 30).size


def test_a_composed_and_a_decomposed_letter_look_alike() -> None:
    one = ink("é", FACES["latin"], 64)
    other = ink(unicodedata.normalize("NFD", "é"), FACES["latin"], 64)
    assert _same(one, other)
