"""What the judges read in real renders, and what is said where one is missing."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from backends.errors import InputError
from backends.text_image import judges
from backends.text_image.judges import (
    LANGUAGES,
    RAPIDOCR_SCRIPTS,
    SCRIPTS,
    MissingJudgeError,
    available,
    judge_of,
    missing_note,
    read_line,
    read_lines,
)
from backends.text_image.scores import exact, ned
from backends.text_image.tesseract import TesseractError, prepared

pytestmark = pytest.mark.method

FONTS = Path(__file__).parents[3] / "assets" / "fonts"
WORDS = {
    "latin": ("Open Daily", "COFFEE 24"),
    "latin_ext": ("Crème brûlée", "Größe über"),
    "cyrillic": ("Добро пожаловать", "Їжак і ґанок"),
    "greek": ("Καλημέρα", "εκπαίδευση"),
    "hans": ("欢迎光临", "图书馆"),
    "hant": ("歡迎光臨", "圖書館"),
    "japanese": ("ようこそ東京", "ラーメン"),
    "korean": ("환영합니다", "서울 도서관"),
    "arabic": ("مرحبا بالعالم", "مكتبة"),
    "hebrew": ("שלום עולם", "ספרייה"),
    "devanagari": ("नमस्ते दुनिया", "पुस्तकालय"),
    "bengali": ("স্বাগতম", "বাংলাদেশ"),
    "tamil": ("வணக்கம்", "நூலகம்"),
    "telugu": ("స్వాగతం", "తెలుగు"),
    "thai": ("ยินดีต้อนรับ", "ประเทศไทย"),
}
Picture = NDArray[np.uint8]


def draw(
    text: str, script: str, *, ink: str = "black", paper: str = "white", size: int = 40, vertical: bool = False
) -> Picture:
    """The text in the shipped font, with 8 pixels around it."""
    name = "latin" if script in ("latin", "latin_ext", "cyrillic", "greek") else script
    font = ImageFont.truetype(str(FONTS / f"{name}.ttf"), size)
    direction = "ttb" if vertical else None
    left, top, right, bottom = (round(side) for side in font.getbbox(text, direction=direction))
    image = Image.new("RGB", (right - left + 16, bottom - top + 16), paper)
    ImageDraw.Draw(image).text((8 - left, 8 - top), text, ink, font, direction=direction)
    return np.asarray(image)


def need(script: str, *, vertical: bool = False) -> None:
    """Skip where the judge is not installed; where CI is set, that is a failure."""
    if not available(script, vertical=vertical):
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing_note(script, vertical=vertical))


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_clean_line_is_read(script: str) -> None:
    need(script)
    crops = [draw(text, script) for text in WORDS[script]]
    for reading, text in zip(read_lines(crops, [script, script]), WORDS[script], strict=True):
        assert ned(reading.text, text, script) >= 0.8, reading
        assert reading.judge == judge_of(script)
        assert 0.5 < reading.confidence <= 1


@pytest.mark.parametrize("script", SCRIPTS)
def test_it_is_the_picture_that_is_read(script: str) -> None:
    need(script)
    shown, other = WORDS[script]
    assert ned(read_line(draw(shown, script), script).text, other, script) < 0.5


@pytest.mark.parametrize(("script", "ink", "paper"), [("latin", "#3c2", "#a13"), ("cyrillic", "#3c2", "#a13")])
@pytest.mark.parametrize("size", [16, 150])
def test_colours_and_sizes_do_not_matter(script: str, ink: str, paper: str, size: int) -> None:
    need(script)
    text = WORDS[script][0]
    for crop in (draw(text, script, ink=ink, paper=paper, size=size), draw(text, script, ink=paper, paper=ink)):
        assert ned(read_line(crop, script).text, text, script) >= 0.8


@pytest.mark.parametrize("script", judges.VERTICAL)
def test_a_column_is_read_from_top_to_bottom(script: str) -> None:
    need(script, vertical=True)
    text = {"korean": "우리나라"}.get(script, WORDS[script][0])
    crop = draw(text, script, vertical=True)
    assert crop.shape[0] > 2 * crop.shape[1]
    assert ned(read_line(crop, script, vertical=True).text, text, script) >= 0.75


@pytest.mark.parametrize("script", ["latin", "thai"])
def test_nothing_is_read_where_nothing_is_written(script: str) -> None:
    need(script)
    for level in (0, 128, 255):
        assert read_line(np.full((48, 120, 3), level, np.uint8), script).text == ""


def test_many_lines_are_read_as_they_are_one_by_one() -> None:
    scripts = ["greek", "latin", "greek", "japanese", "hans", "thai", "greek"]
    for script in scripts:
        need(script)
    texts = [WORDS[script][index % 2] for index, script in enumerate(scripts)]
    crops = [draw(text, script) for text, script in zip(texts, scripts, strict=True)]
    crops.append(np.full((30, 60, 3), 200, np.uint8))
    crops.append(draw("東京", "japanese", vertical=True))
    scripts += ["greek", "japanese"]
    upright = [False] * 8 + [True]
    together = read_lines(crops, scripts, vertical=upright)
    alone = [read_line(c, s, vertical=v) for c, s, v in zip(crops, scripts, upright, strict=True)]
    assert together == alone
    assert all(exact(reading.text, text) for reading, text in zip(together, texts, strict=False))
    assert read_lines([], []) == []


def test_a_crop_is_made_dark_on_light() -> None:
    for ink, paper in (("white", "black"), ("black", "white"), ("#f00", "#070"), ("#070", "#f00")):
        crop = draw("Hello", "latin", ink=ink, paper=paper, size=90)
        grey = prepared(crop)
        assert grey.shape == (48, round(crop.shape[1] * 48 / crop.shape[0]))
        assert np.median(grey[0]) > 200
        assert grey.min() < 60


@pytest.mark.parametrize("script", ["latin", "korean", "arabic"])
@pytest.mark.parametrize("shape", [(4, 4), (4, 400), (300, 5)])
def test_the_smallest_crops_are_no_trouble(script: str, shape: tuple[int, int]) -> None:
    need(script)
    noise = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    assert 0 <= read_line(noise, script).confidence <= 1


@pytest.mark.parametrize(
    ("crop", "says"),
    [
        (np.zeros((20, 20), np.uint8), "uint8"),
        (np.zeros((20, 20, 4), np.uint8), "uint8"),
        (np.zeros((20, 20, 3), np.float32), "uint8"),
        (np.zeros((3, 20, 3), np.uint8), "at least 4"),
        (np.zeros((0, 20, 3), np.uint8), "at least 4"),
        (np.zeros((8, 801, 3), np.uint8), "100 times"),
    ],
)
def test_a_crop_that_cannot_be_read_is_refused(crop: Picture, says: str) -> None:
    with pytest.raises(InputError, match=says):
        read_line(crop, "latin")


def test_requests_that_make_no_sense_are_refused() -> None:
    crop = draw("Hello", "latin")
    for ask in (judge_of, available, missing_note):
        with pytest.raises(InputError, match="There are: latin"):
            ask("klingon")
    with pytest.raises(InputError, match="no script called 'klingon'"):
        read_line(crop, "klingon")
    with pytest.raises(InputError, match="top to bottom"):
        read_line(crop, "latin", vertical=True)
    with pytest.raises(InputError, match="2 crops and 1 scripts"):
        read_lines([crop, crop], ["latin"])


def test_the_judges_share_the_fifteen_scripts() -> None:
    assert set(SCRIPTS) == set(WORDS)
    assert not set(RAPIDOCR_SCRIPTS) & set(LANGUAGES)
    assert {judge_of(script) for script in RAPIDOCR_SCRIPTS} == {"RapidOCR"}
    assert {judge_of(script) for script in LANGUAGES} == {"Tesseract"}


def test_a_missing_judge_is_named_with_its_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not available("thai")
    assert available("latin")
    with pytest.raises(MissingJudgeError, match="tesseract-ocr and tesseract-ocr-tha "):
        read_line(draw("ไทย", "thai"), "thai")
    assert "tesseract-ocr-rus and tesseract-ocr-ukr" in missing_note("cyrillic")
    assert "tesseract-ocr-kor-vert" in missing_note("korean", vertical=True)
    assert "rapidocr" in missing_note("hans")


def test_a_missing_language_is_a_missing_judge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _program(tmp_path / "tesseract", "echo 'List of available languages (2):'; echo tha; echo rus")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert available("thai")
    assert not available("cyrillic")


def test_a_judge_that_breaks_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _program(
        tmp_path / "tesseract", '[ "$1" = --list-langs ] && { echo List; echo tha; exit; }; echo broken >&2; exit 1'
    )
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(TesseractError, match=r"'tha': broken\. Install"):
        read_line(draw("ไทย", "thai"), "thai")


def test_reading_is_quiet_and_loads_nothing_before() -> None:
    code = (
        "import sys, numpy as np; from backends.text_image import judges;"
        "assert 'rapidocr' not in sys.modules and 'torch' not in sys.modules;"
        "judges.read_line(np.zeros((48, 200, 3), np.uint8), 'latin')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def _program(path: Path, body: str) -> None:
    path.write_text(f"#!{shutil.which('sh')}\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
