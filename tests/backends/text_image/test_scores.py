"""How readings and edits are scored, by values worked out by hand."""

import math

import numpy as np
import pytest

from backends.errors import InputError
from backends.text_image.scores import exact, largest_difference_outside, ned, normalise, psnr_outside

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("one", "other", "script"),
    [
        ("Cafe\u0301", "Café", "latin_ext"),  # combining accent
        ("が", "か\u3099", "japanese"),
        ("한글", "\u1112\u1161\u11ab\u1100\u1173\u11af", "korean"),  # jamo
        ("\u00b5m", "\u03bcm", "greek"),  # micro sign, mu
        ("ด\u0e33", "ด\u0e4d\u0e32", "thai"),  # am in one part and in two
        ("ＡＢＣ：１", "ABC:1", "hans"),
        ("ﾊﾞｽ", "バス", "japanese"),
        ("ﬁn", "fin", "latin"),
        ("\ufefb", "\u0644\u0627", "arabic"),  # presentation form of lam-alef
        ("’tis “so”", '\'tis "so"', "latin"),
        ("\u200fשלום\u200e", "שלום", "hebrew"),
        ("क्\u200dष", "क्ष", "devanagari"),
        ("so\u00adft \ufeff", "soft", "latin"),
        ("葛\U000e0100", "葛", "japanese"),
        ("  two \t\n words\u00a0", "two words", "latin"),
        ("你好 世界", "你好世界", "hans"),
        ("สวัสดี ชาวโลก", "สวัสดีชาวโลก", "thai"),
    ],
)
def test_what_looks_the_same_is_the_same(one: str, other: str, script: str) -> None:
    assert normalise(one, script) == normalise(other, script)
    assert exact(one, other, script)
    assert ned(one, other, script) == 1


@pytest.mark.parametrize(
    ("one", "other", "script"),
    [
        ("Word", "word", "latin"),
        ("x²", "x2", "latin"),
        ("①", "1", "hans"),
        ("½", "1⁄2", "latin"),
        ("resume", "résumé", "latin"),
        ("안녕 하세요", "안녕하세요", "korean"),
        ("two words", "twowords", "latin"),
        ("end.", "end", "latin"),
        ("国", "國", "hant"),
        ("٣", "3", "arabic"),
    ],
)
def test_what_looks_different_is_different(one: str, other: str, script: str) -> None:
    assert not exact(one, other, script)
    assert ned(one, other, script) < 1


def test_normalising_twice_changes_nothing() -> None:
    for text in ("Ａ\u200b  ﬁ²\u0301", "ｶﾞ ½", "น้ำ  ก", "´ x ´"):
        for script in ("latin", "thai", None):
            assert normalise(normalise(text, script), script) == normalise(text, script)


@pytest.mark.parametrize(
    ("read", "wanted", "score"),
    [
        ("kitten", "sitting", 1 - 3 / 7),
        ("", "", 1),
        ("", "abc", 0),
        ("abc", "", 0),
        ("abc", "xyz", 0),
        ("OPFN", "OPEN", 0.75),
        ("नमस्ते", "नमस्ती", 2 / 3),  # three clusters, one wrong, of six code points
        ("กิน", "กิ\u0e48น", 0.5),  # a tone mark is part of its letter
    ],
)
def test_the_distance_is_the_one_worked_out_by_hand(read: str, wanted: str, score: float) -> None:
    assert ned(read, wanted) == pytest.approx(score)
    assert ned(wanted, read) == pytest.approx(score)


def test_nothing_but_the_edit_changes_nothing() -> None:
    before = np.full((8, 9, 3), 40, np.uint8)
    after = before.copy()
    after[2:5, 3:6] = 255
    mask = np.zeros((8, 9), np.uint8)
    mask[2:5, 3:6] = 255
    assert largest_difference_outside(before, after, mask) == 0
    assert psnr_outside(before, after, mask) == math.inf
    assert psnr_outside(before, after, mask > 0) == math.inf


def test_a_change_outside_is_measured_both_ways() -> None:
    before = np.full((4, 5, 3), 250, np.uint8)
    after = before.copy()
    after[0, 0, 1] = 240  # one value of 4 * 5 * 3 - 3 outside, by 10
    mask = np.zeros((4, 5), bool)
    mask[3, 4] = True
    assert largest_difference_outside(before, after, mask) == 10
    assert largest_difference_outside(after, before, mask) == 10
    assert psnr_outside(before, after, mask) == pytest.approx(10 * math.log10(255**2 / (100 / 57)))
    assert largest_difference_outside(np.zeros_like(before), np.full_like(before, 255), mask) == 255


def test_what_cannot_be_compared_is_refused() -> None:
    picture = np.zeros((4, 5, 3), np.uint8)
    outside = np.zeros((4, 5), bool)
    with pytest.raises(InputError, match="one size"):
        psnr_outside(picture, picture[:3], outside)
    with pytest.raises(InputError, match="uint8"):
        psnr_outside(picture, picture.astype(np.float32), outside)
    with pytest.raises(InputError, match="mask is"):
        largest_difference_outside(picture, picture, outside[:3])


def test_an_edit_of_the_whole_picture_leaves_nothing_outside_to_change() -> None:
    before, after = np.zeros((4, 5, 3), np.uint8), np.full((4, 5, 3), 255, np.uint8)
    everywhere = np.ones((4, 5), bool)
    assert largest_difference_outside(before, after, everywhere) == 0
    assert psnr_outside(before, after, everywhere) == math.inf
