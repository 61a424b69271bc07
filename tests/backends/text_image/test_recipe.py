"""A recipe in a PNG: it comes back, it says that AI was at work, and hostile ones do no harm."""

from __future__ import annotations

import io
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from backends.errors import InputError
from backends.text_image.pictures import open_picture
from backends.text_image.recipe import DEEPEST, KEY, MOST_CHARACTERS, read_recipe, save_png

pytestmark = pytest.mark.unit

PICTURE = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
RECIPE = {
    "seed": 7,
    "lines": ["欢迎", "مرحبا <b>&\n\u0000"],
    "alpha": 1.4,
    "fec": True,
    "none": None,
    "deep": {"a": [1]},
}


def png_with(text: str, *, compressed: bool = False) -> bytes:
    """A PNG with this text where the recipe stands."""
    info = PngImagePlugin.PngInfo()
    info.add_itxt(KEY, text, zip=compressed)
    content = io.BytesIO()
    Image.fromarray(PICTURE).save(content, "PNG", pnginfo=info)
    return content.getvalue()


def test_settings_come_back_and_the_picture_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "edit.png"
    save_png(PICTURE, RECIPE, path)
    assert read_recipe(path) == RECIPE
    assert read_recipe(path.read_bytes()) == RECIPE
    assert np.array_equal(open_picture(path), PICTURE)


@pytest.mark.parametrize(
    ("generated", "term", "says"),
    [(False, "compositeWithTrainedAlgorithmicMedia", "edited"), (True, "trainedAlgorithmicMedia", "made")],
)
def test_the_file_says_that_ai_was_at_work(tmp_path: Path, generated: bool, term: str, says: str) -> None:
    path = tmp_path / "edit.png"
    save_png(PICTURE, RECIPE, path, generated=generated)
    with Image.open(path) as image:
        info = image.info
    assert info["Software"] == "Feature Atelier"
    assert f"{says} with AI" in info["Comment"]
    described = ElementTree.fromstring(info["XML:com.adobe.xmp"].encode()).find(
        ".//{http://www.w3.org/1999/02/22-rdf-syntax-ns#}Description"
    )
    assert described is not None
    source_type = described.attrib["{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType"]
    assert source_type == f"http://cv.iptc.org/newscodes/digitalsourcetype/{term}"
    assert described.attrib["{http://ns.adobe.com/xap/1.0/}CreatorTool"] == "Feature Atelier"


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "GIF"])
def test_other_pictures_have_none(format: str) -> None:
    content = io.BytesIO()
    Image.fromarray(PICTURE).save(content, format)
    assert read_recipe(content.getvalue()) is None


@pytest.mark.parametrize("content", [b"", b"hello", b"\x89PNG\r\n\x1a\n", b"{}"])
def test_what_is_no_picture_has_none(content: bytes) -> None:
    assert read_recipe(content) is None


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    for path in (tmp_path / "none.png", tmp_path):
        with pytest.raises(InputError, match="cannot be read"):
            read_recipe(path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no JSON"),
        ("{", "no JSON"),
        ("seed: 7", "no JSON"),
        ('{"a": NaN}', "no JSON"),
        ('{"a": -Infinity}', "no JSON"),
        ('{"a": 1e999}', "no JSON"),
        ('{"a": ' + "9" * 5000 + "}", "no JSON"),
        ('{"a": "\\ud800"}', "no JSON"),
        ("[1, 2]", "no JSON object"),
        ('"text"', "no JSON object"),
        ("null", "no JSON object"),
        ('{"a":' * 17 + "1" + "}" * 17, "more than 16 deep"),
        ("[" * 900 + "]" * 900, "JSON object|deep"),
        ("[" * 60_000, "no JSON"),
        ('{"a":' * 12_000, "no JSON"),
        ('{"a": "' + "x" * MOST_CHARACTERS + '"}', "longer than 65,536"),
    ],
)
@pytest.mark.parametrize("compressed", [False, True])
def test_hostile_recipes_are_refused(text: str, says: str, compressed: bool) -> None:
    with pytest.raises(InputError, match=says):
        read_recipe(png_with(text, compressed=compressed))


def test_a_text_that_unpacks_without_end_is_refused() -> None:
    with pytest.raises(InputError):
        read_recipe(png_with("x" * 30_000_000, compressed=True))


def test_the_longest_and_deepest_are_read(tmp_path: Path) -> None:
    deep: dict[str, object] = {"end": []}
    for _ in range(DEEPEST - 2):
        deep = {"a": deep}
    long: dict[str, object] = {"a": "x" * (MOST_CHARACTERS - 8)}
    for recipe in (deep, long):
        save_png(PICTURE, recipe, tmp_path / "edit.png")
        assert read_recipe(tmp_path / "edit.png") == recipe
    for beyond in ({"a": deep}, {"aa": long["a"]}):
        with pytest.raises(InputError):
            save_png(PICTURE, beyond, tmp_path / "edit.png")


def test_a_cut_file_is_refused_or_has_none(tmp_path: Path) -> None:
    path = tmp_path / "edit.png"
    save_png(PICTURE, RECIPE, path)
    content = path.read_bytes()
    for length in range(0, 1400, 7):
        try:
            recipe = read_recipe(content[:length])
        except InputError:
            continue
        assert recipe in (None, RECIPE)


@pytest.mark.parametrize("recipe", [{"a": object()}, {"a": float("nan")}, {"a": "\ud800"}])
def test_what_is_no_json_is_not_written(tmp_path: Path, recipe: dict[str, object]) -> None:
    with pytest.raises(InputError, match="JSON"):
        save_png(PICTURE, recipe, tmp_path / "edit.png")
    assert not (tmp_path / "edit.png").exists()


def test_what_is_no_picture_is_not_written(tmp_path: Path) -> None:
    for picture in (np.zeros((20, 20), np.uint8), np.zeros((20, 20, 3), np.uint16)):
        with pytest.raises(InputError, match="uint8"):
            save_png(picture, {}, tmp_path / "edit.png")  # type: ignore[arg-type]
