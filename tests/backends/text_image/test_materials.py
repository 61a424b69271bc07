"""The training material: which fonts count, what a word is, and what never crosses from training to testing."""

import unicodedata
from pathlib import Path

import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont, newTable
from fontTools.ttLib.tables._f_v_a_r import Axis
from PIL import Image, ImageDraw, ImageFont

from backends.downloads import MaterialError, archive
from backends.text_image.materials import faces, fonts, words
from backends.text_image.materials.charsets import CORE, characters
from backends.text_image.materials.photos import SIDE, pieces, source_name
from backends.text_image.materials.reading import shows_text
from backends.text_image.materials.scripts import SCRIPTS
from backends.text_image.materials.splits import held_out, held_out_designs
from backends.text_image.materials.subset import FONTS

pytestmark = pytest.mark.unit

LATIN, HEBREW = SCRIPTS["latin"].sample, SCRIPTS["hebrew"].sample


def _font(path: Path, letters: str, *, family: str = "Planted", alike: str = "", blank: str = "") -> Path:
    """A font in which every letter is a bar of its own height; those `alike` are all the same, those `blank` empty."""
    order = [".notdef", *(f"g{ord(c)}" for c in letters)]
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(order)
    builder.setupCharacterMap({ord(c): f"g{ord(c)}" for c in letters})
    glyphs = {".notdef": TTGlyphPen(None).glyph()}
    for number, letter in enumerate(letters):
        pen = TTGlyphPen(None)
        if letter not in blank:
            top = 500 if letter in alike else 200 + 40 * number
            for i, corner in enumerate([(50, 0), (50, top), (450, top), (450, 0)]):
                (pen.lineTo if i else pen.moveTo)(corner)
            pen.closePath()
        glyphs[f"g{ord(letter)}"] = pen.glyph()
    builder.setupGlyf(glyphs)
    builder.setupHorizontalMetrics(dict.fromkeys(order, (500, 50)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": family, "styleName": "Regular", "fullName": f"{family} Regular"})
    builder.setupOS2(sTypoAscender=800)
    builder.setupPost()
    builder.save(path)
    return path


def test_a_font_lists_the_scripts_it_holds_and_draws(tmp_path: Path) -> None:
    face = faces.inspect(_font(tmp_path / "a.ttf", HEBREW))
    assert face is not None
    assert (face.family, face.scripts) == ("Planted", ("hebrew",))
    both = faces.inspect(_font(tmp_path / "b.ttf", HEBREW + SCRIPTS["thai"].sample))
    assert both is not None
    assert both.scripts == ("hebrew", "thai")


@pytest.mark.parametrize(
    "flaw",
    [
        {"letters": HEBREW.replace("ש", "")},
        {"letters": HEBREW, "blank": "ש"},
        {"letters": HEBREW, "alike": HEBREW},
        {"letters": HEBREW, "family": "Planted Symbols"},
    ],
    ids=["letter missing", "letter blank", "all letters alike", "symbol font by name"],
)
def test_a_font_that_cannot_write_is_left_out(tmp_path: Path, flaw: dict[str, str]) -> None:
    assert faces.inspect(_font(tmp_path / "a.ttf", **flaw)) is None


def test_latin_must_be_legible(tmp_path: Path) -> None:
    real = faces.inspect(FONTS / "latin.ttf")
    assert real is not None
    assert real.scripts == ("latin", "latin_ext", "cyrillic", "greek")
    assert (real.family, real.kind) == ("Noto Sans", "sans")
    bars = faces.inspect(_font(tmp_path / "bars.ttf", LATIN + HEBREW))
    assert bars is not None
    assert bars.scripts == ("hebrew",)


def test_a_background_with_text_is_noticed() -> None:
    noise = np.random.default_rng(0).normal(128, 24, (320, 480, 1)).clip(0, 255).astype(np.uint8)
    wall = Image.fromarray(noise.repeat(3, axis=2))
    assert not shows_text(wall)
    font = ImageFont.truetype(FONTS / "latin.ttf", 48)
    ImageDraw.Draw(wall).text((60, 120), "No parking", fill="darkred", font=font)
    assert shows_text(wall)


def test_a_script_that_needs_shaping_is_not_listed_without_its_rules(tmp_path: Path) -> None:
    face = faces.inspect(_font(tmp_path / "a.ttf", HEBREW + SCRIPTS["devanagari"].sample))
    assert face is not None
    assert face.scripts == ("hebrew",)


def test_a_broken_file_is_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = _font(tmp_path / "a.ttf", LATIN).read_bytes()
    (tmp_path / "cut.ttf").write_bytes(whole[: len(whole) // 2])
    assert faces.inspect(tmp_path / "cut.ttf") is None
    (tmp_path / "no.ttf").write_bytes(b"no font at all")
    assert list(fonts.static_faces(tmp_path / "no.ttf", tmp_path)) == []
    assert "left out no.ttf" in capsys.readouterr().out


def test_a_web_font_is_unpacked(tmp_path: Path) -> None:
    with TTFont(_font(tmp_path / "a.ttf", HEBREW)) as font:
        font.flavor = "woff"
        font.save(tmp_path / "web.woff")
    (part,) = fonts.static_faces(tmp_path / "web.woff", tmp_path)
    face = faces.inspect(part)
    assert face is not None
    assert (part.name, face.scripts) == ("web.ttf", ("hebrew",))


def test_a_variable_font_is_frozen_at_two_weights(tmp_path: Path) -> None:
    path = _font(tmp_path / "a.ttf", HEBREW)
    with TTFont(path) as font:
        fvar = newTable("fvar")
        axis = Axis()
        axis.axisTag, axis.minValue, axis.defaultValue, axis.maxValue = "wght", 300, 400, 600
        axis.axisNameID = font["name"].addName("Weight")
        fvar.axes = [axis]
        font["fvar"], font["gvar"] = fvar, newTable("gvar")
        font["gvar"].version, font["gvar"].reserved, font["gvar"].variations = 1, 0, {}
        font.save(tmp_path / "Planted[wght].ttf")
    parts = list(fonts.static_faces(tmp_path / "Planted[wght].ttf", tmp_path))
    assert [part.name for part in parts] == ["Planted-400.ttf", "Planted-600.ttf"]
    assert not any("fvar" in TTFont(part) for part in parts)


def test_names_that_mean_one_design_stay_together() -> None:
    assert faces.design("TakaoPMincho") == faces.design("IPAexMincho")
    assert faces.design("Noto Sans CJK SC") == faces.design("Noto Sans CJK JP Bold")
    assert faces.design("Noto Sans Mono CJK KR") == faces.design("Noto Sans CJK KR") != faces.design("Noto Sans")
    assert faces.design("LXGW WenKai Mono") == faces.design("LXGW WenKai")
    assert faces.design("WenQuanYi Zen Hei Sharp") == faces.design("WenQuanYi Zen Hei")
    assert faces.design("Lato Black") == faces.design("Lato") != faces.design("Lobster")
    assert faces.design("Fira Sans") == faces.design("FiraSans")


def test_the_split_holds_whole_designs_of_every_script() -> None:
    designs = {f"latin {i}": {"latin"} for i in range(40)}
    designs |= {f"han {i}": {"latin", "hans"} for i in range(8)} | {"thai a": {"thai"}, "thai b": {"thai", "latin"}}
    designs["only tamil"] = {"tamil", "latin"}
    test = held_out_designs(designs)
    train = set(designs) - test
    for script in ("latin", "hans", "thai"):
        assert any(script in designs[name] for name in test), script
        assert any(script in designs[name] for name in train), script
    assert "only tamil" in train
    assert any(designs[name] == {"latin"} for name in test)
    assert 0.1 <= len(test) / len(designs) <= 0.25


def test_the_split_does_not_depend_on_order() -> None:
    names = [f"photograph {i}" for i in range(100)]
    assert held_out(names) == held_out(reversed(names)) == held_out(names * 3)
    assert len(held_out(names)) == 15
    assert held_out(["alone"]) == set()


def test_a_photograph_is_one_in_all_its_sizes() -> None:
    wall = "usr/share/wallpapers/Kay/contents"
    assert source_name(f"{wall}/images/5120x2880.png") == source_name(f"{wall}/images_dark/1080x1920.png") == "kay"
    assert source_name("mate/abstract/Elephants_5640x3172.jpg") == source_name("mate/abstract/Elephants.jpg")
    assert source_name("gnome/wood-l.webp") == source_name("gnome/wood-d.webp") != source_name("gnome/grid-d.webp")
    assert source_name("tex/brick_01.jpg") == source_name("tex/brick_02b.jpg")


def test_a_large_photograph_is_stored_whole_and_in_crops() -> None:
    large = Image.fromarray(np.arange(3000 * 2100 * 3, dtype=np.uint32).astype(np.uint8).reshape(2100, 3000, 3))
    whole, *crops = pieces(large)
    assert max(whole.size) == SIDE
    assert [crop.size for crop in crops] == [(SIDE, SIDE)] * 4
    assert np.array_equal(np.asarray(crops[-1])[0, 0], np.asarray(large)[1050, 1500])
    assert [piece.size for piece in pieces(Image.new("RGB", (640, 480)))] == [(640, 480)]


@pytest.mark.parametrize(
    ("script", "line", "word"),
    [
        ("latin_ext", unicodedata.normalize("NFD", "façade"), "façade"),
        ("korean", unicodedata.normalize("NFD", "서울"), "서울"),
        ("hebrew", "  מדינת   ישראל ", "מדינת ישראל"),
        ("latin", "naïve", None),
        ("latin", "a" * 15, None),
        ("latin", "--", None),
        ("cyrillic", "мир2", None),
        ("hans", "龍門", None),
        ("hant", "龍門", "龍門"),
        ("japanese", "渋谷駅", "渋谷駅"),
        ("thai", "\N{THAI CHARACTER MAI THO}า", None),
        ("devanagari", "", None),
    ],
)
def test_words_are_normalised_or_refused(script: str, line: str, word: str | None) -> None:
    assert words.normal(line, script) == word


def test_a_word_list_is_the_same_whatever_the_order_it_came_in() -> None:
    lines = ["beta", "alpha", "gamma", "alpha", "x1"]
    shuffled = words.shuffled(lines, "latin")
    assert sorted(shuffled) == ["alpha", "beta", "gamma"]
    assert shuffled == words.shuffled(reversed(lines), "latin")


def test_character_sets_have_the_sizes_of_their_standards() -> None:
    assert {name: len(core) for name, core in CORE.items()} == {
        "hans": 3755,
        "hant": 5401,
        "japanese": 2965,
        "korean": 2350,
    }
    assert len(characters("gb2312", 0xB0A1, 0xF7FE)) == 6763


def test_a_sample_is_of_its_own_script() -> None:
    for name, script in SCRIPTS.items():
        letters = "".join(c for c in script.sample if not c.isdigit())
        assert script.spells(letters), name
        assert script.core >= {c for c in script.sample if c >= "\N{CJK UNIFIED IDEOGRAPH-4E00}"} or not script.core, (
            name
        )


def test_a_package_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(MaterialError, match="fonts-nowhere has not been downloaded"):
        archive("fonts-nowhere", tmp_path)
