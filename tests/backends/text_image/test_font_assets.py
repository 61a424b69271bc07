"""The fonts that ship: each writes its scripts, shapes them, says under which licence, and stays small."""

from pathlib import Path

import pytest
from fontTools.ttLib import TTFont
from PIL import ImageFont, features

from backends.text_image.materials.scripts import SCRIPTS, WRITABLE
from backends.text_image.materials.subset import FONTS, SHIPPED

pytestmark = pytest.mark.unit

EUROPEAN = ("latin", "latin_ext", "cyrillic", "greek")
FILES = {script: "latin" if script in EUROPEAN else script for script in SCRIPTS}

TEXTS = {
    "latin": "Hello, World! 2026 (50%) – “open” & €9.99",
    "latin_ext": "Zażółć gęślą jaźń · Tiếng Việt · İstanbul · Äpfel",
    "cyrillic": "Съешь ещё этих мягких булок; Їжак",
    "greek": "Καλημέρα κόσμε, ἀρχή",
    "hans": "图像编辑模型：你好，世界！《龙》￥100",
    "hant": "圖像編輯模型：你好，世界！「龍」",
    "japanese": "画像編集モデル、こんにちは世界。「ラーメン」々",
    "korean": "이미지 편집 모델, 안녕하세요!",
    "arabic": "مرحبا بالعالم، ٢٠٢٦ لا",
    "hebrew": "שלום עולם 2026",
    "devanagari": "नमस्ते दुनिया, क्षेत्र १२३।",
    "bengali": "ওহে বিশ্ব, ক্ষুদ্র ১২৩।",
    "tamil": "வணக்கம் உலகம்",
    "telugu": "హలో ప్రపంచం",
    "thai": "สวัสดีชาวโลก ๑๒๓",
}


def _characters(path: Path) -> set[str]:
    with TTFont(path, lazy=True) as font:
        return set(map(chr, font.getBestCmap()))


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_script_can_be_written(script: str) -> None:
    held = _characters(FONTS / f"{FILES[script]}.ttf")
    assert set(TEXTS[script]) | set(SCRIPTS[script].sample) <= held


@pytest.mark.parametrize(("script", "share"), [("hans", 1.0), ("hant", 0.99), ("japanese", 0.99), ("korean", 1.0)])
def test_a_large_script_holds_its_national_character_set(script: str, share: float) -> None:
    wanted = SCRIPTS[script].core if script == "korean" else WRITABLE[script]
    held = _characters(FONTS / f"{script}.ttf")
    assert SCRIPTS[script].core <= held
    letters = {c for c in wanted if c.isalpha()}
    assert len(letters & held) >= share * len(letters)


@pytest.mark.parametrize(
    ("script", "apart", "joined"),
    [("arabic", "ل‌ا", "لا"), ("devanagari", "क्‌ष", "क्ष"), ("bengali", "ক্‌ষ", "ক্ষ")],
)
def test_letters_join_as_the_script_asks(script: str, apart: str, joined: str) -> None:
    assert features.check("raqm"), "the page draws with a Pillow that shapes text"
    font = ImageFont.truetype(FONTS / f"{script}.ttf", 64)
    assert font.getlength(joined) < font.getlength(apart)


@pytest.mark.parametrize("script", ["hans", "hant", "japanese", "korean"])
def test_cjk_keeps_its_vertical_forms(script: str) -> None:
    with TTFont(FONTS / f"{script}.ttf", lazy=True) as font:
        assert "vert" in {record.FeatureTag for record in font["GSUB"].table.FeatureList.FeatureRecord}
        assert {"vhea", "vmtx"} <= set(font.keys())


@pytest.mark.parametrize("name", SHIPPED)
def test_a_font_is_static_and_of_its_weight_with_its_licence_beside_it(name: str) -> None:
    with TTFont(FONTS / f"{name}.ttf", lazy=True) as font:
        assert "fvar" not in font
        assert font["OS/2"].usWeightClass == SHIPPED[name].weight
    licence = (FONTS / f"{name}.OFL.txt").read_text(encoding="utf-8")
    assert licence.startswith("Copyright")
    assert "SIL OPEN FONT LICENSE Version 1.1" in licence


def test_the_folder_holds_what_is_listed_and_is_small() -> None:
    fonts = {path.stem for path in FONTS.glob("*.ttf")}
    assert fonts == set(SHIPPED)
    readme = (FONTS / "README.md").read_text(encoding="utf-8")
    assert all(f"`{name}.ttf`" in readme for name in fonts)
    sizes = [path.stat().st_size for path in FONTS.iterdir()]
    assert max(sizes) <= 5 * 1024 * 1024
    assert sum(sizes) <= 14 * 1024 * 1024
