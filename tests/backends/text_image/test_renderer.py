"""The renderer: the same scene by the same seed, splits kept apart, and letters where and as they should be."""

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from backends.errors import InputError
from backends.text_image.lettering import FACES, Mask, fitted, ink
from backends.text_image.materials.subset import FONTS
from backends.text_image.renderer.effects import paint, photographed
from backends.text_image.renderer.ground import ground
from backends.text_image.renderer.material import Material, is_test_word, load_material
from backends.text_image.renderer.scene import HEIGHT, Scene, SceneMaker, _scene_mask
from backends.text_image.renderer.style import COLOURS, luminance, sample_style

pytestmark = pytest.mark.unit

Pictures = ("image", "old", "clean", "glyph", "position")


@pytest.fixture(scope="module")
def train(material: Path) -> Material:
    return load_material(material, "train")


def _scenes(material: Material, count: int, *, words_only: bool = False, **scripts: float) -> list[Scene]:
    maker = SceneMaker(material, scripts=scripts or None)
    return [maker.scene(seed, (96, 128, 256)[seed % 3], words_only=words_only) for seed in range(count)]


def test_the_same_seed_gives_the_same_scene_to_every_maker(train: Material) -> None:
    for seed in range(12):
        one, same = (SceneMaker(train).scene(seed, 128) for _ in range(2))
        assert (one.text, one.caption, one.script) == (same.text, same.caption, same.script)
        assert all(np.array_equal(getattr(one, name), getattr(same, name)) for name in Pictures)


def test_seeds_and_widths_give_other_scenes(train: Material) -> None:
    maker = SceneMaker(train)
    found = {maker.scene(seed, 128).image.tobytes() for seed in range(12)}
    assert len(found) == 12
    assert (
        maker.scene(0, 128).text != maker.scene(0, 160).text
        or maker.scene(0, 128).caption != maker.scene(0, 160).caption
    )


def test_splits_share_no_word_font_or_photograph(material: Path, train: Material) -> None:
    test = load_material(material, "test")
    for script, words in train.words.items():
        assert not set(words) & set(test.words[script])
        assert not any(map(is_test_word, words))
        assert all(map(is_test_word, test.words[script]))
    paths = [{face.path for of in m.families.values() for faces in of for face in faces} for m in (train, test)]
    assert paths[1] == {FONTS / "latin-serif.ttf"}
    assert not paths[0] & paths[1]
    assert (len(train.photos), len(test.photos)) == (3, 1)


def test_scenes_of_real_words_hold_words_of_their_split_alone(train: Material) -> None:
    known = set(train.words["latin"])
    for scene in _scenes(train, 30, words_only=True, latin=1):
        assert {word.lower() for word in scene.text.split()} <= known


def test_no_material_is_an_error_that_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="python -m backends.text_image.materials"):
        load_material(tmp_path, "train")


def test_a_scene_is_one_picture_but_for_its_text(train: Material) -> None:
    for index, scene in enumerate(_scenes(train, 30)):
        width = (96, 128, 256)[index % 3]
        assert scene.image.shape == scene.old.shape == scene.clean.shape == (HEIGHT, width, 3)
        assert scene.glyph.shape == scene.position.shape == (HEIGHT, width)
        assert scene.image.dtype == scene.glyph.dtype == np.uint8
        inside = scene.position > 127
        assert 0.05 < inside.mean() < 0.95
        assert (scene.glyph[~inside] > 127).sum() <= 0.05 * max(1, (scene.glyph > 127).sum())
        assert bool(scene.text) == bool(scene.glyph.any())
        if scene.text:
            changed = np.abs(scene.image.astype(int) - scene.clean).mean(axis=2)
            assert changed[scene.glyph > 200].mean() > 3 * changed[~inside].mean()
        else:
            assert np.array_equal(scene.image, scene.clean)


def test_some_scenes_lose_their_text_but_not_where_words_are_asked_for(train: Material) -> None:
    assert any(not scene.text for scene in _scenes(train, 40, latin=1))
    assert all(scene.text for scene in _scenes(train, 40, words_only=True, latin=1))


def _overlap(one: Mask, other: Mask) -> float:
    """Share of ink in common, 0 to 1."""
    a, b = one > 127, other > 127
    return float((a & b).sum() / (a | b).sum())


@pytest.mark.parametrize(
    ("text", "script", "face"),
    [
        ("Open", "latin", "latin"),
        ("Việt Nam", "latin_ext", "latin"),
        ("e\u0302\u0301x", "latin_ext", "latin"),
        ("你好世界", "hans", "hans"),
        ("커피 한잔", "korean", "korean"),
        ("שלום עולם", "hebrew", "hebrew"),
        ("مرحبا بكم", "arabic", "arabic"),
        ("नमस्ते", "devanagari", "devanagari"),
        ("ที่นี่", "thai", "thai"),
    ],
)
def test_in_the_standard_font_the_scene_shows_the_glyph_itself(text: str, script: str, face: str) -> None:
    """Letters in order, marks on their letters: the same ink as a drawing of the whole line."""
    glyph = fitted(text, FACES[script], 220, 48)
    drawn = _scene_mask(text, FONTS / f"{face}.ttf", script, glyph, vertical=False)
    assert drawn is not None
    assert _overlap(glyph, drawn) > 0.7
    assert _overlap(glyph, glyph[:, ::-1]) < 0.6


def test_in_another_font_each_letter_stays_in_its_place() -> None:
    glyph = fitted("H o H i", FACES["latin"], 240, 48)
    drawn = _scene_mask("H o H i", FONTS / "latin-serif.ttf", "latin", glyph, vertical=False)
    assert drawn is not None
    middles = []
    for mask in (glyph, drawn):
        inked = np.flatnonzero((mask > 127).any(axis=0))
        groups = np.split(inked, np.flatnonzero(np.diff(inked) > 1) + 1)
        middles.append([float(group.mean()) for group in groups])
    assert len(middles[0]) == len(middles[1]) == 4
    assert np.abs(np.subtract(middles[0], middles[1])).max() < 8


def test_columns_of_a_scene_run_down() -> None:
    glyph = fitted("你好世界", FACES["hans"], 44, 180, vertical=True)
    drawn = _scene_mask("你好世界", FONTS / "hans.ttf", "hans", glyph, vertical=True)
    assert drawn is not None
    assert _overlap(glyph, drawn) > 0.7


def test_nothing_to_draw_is_an_empty_mask() -> None:
    empty = np.zeros((44, 100), np.uint8)
    assert np.array_equal(_scene_mask("", FACES["latin"], "latin", empty, vertical=False), empty)  # type: ignore[arg-type]


@pytest.mark.parametrize("effect", ["plain", "gradient", "outline", "shadow", "neon", "emboss"])
def test_every_effect_paints_letters_and_little_else(effect: str) -> None:
    style = replace(sample_style(random.Random(0)), effect=effect, colour=COLOURS["white"], opacity=1.0)  # type: ignore[arg-type]
    letters = np.zeros((64, 128), np.float32)
    shape = ink("AB", FACES["latin"], 40)
    letters[16 : 16 + shape.shape[0], 40 : 40 + shape.shape[1]] = shape / 255
    scene = np.full((64, 128, 3), 90, np.float32)
    painted = paint(scene, letters, style)
    assert painted.dtype == np.float32
    assert (scene == 90).all()  # what is given is not painted on
    changed = np.abs(painted - scene).max(axis=2)
    assert changed[letters > 0.9].mean() > 20
    assert changed[:, 100:].max() < (45 if effect == "neon" else 1)
    if effect in ("plain", "outline", "shadow"):
        assert np.abs(painted[letters > 0.99] - COLOURS["white"]).max() < 4


@pytest.mark.parametrize("kind", ["photo", "sign", "paper", "screen", "plain"])
def test_letters_stand_out_from_every_ground(train: Material, kind: str) -> None:
    box = np.array([[20, 10], [108, 10], [108, 54], [20, 54]], np.float32)
    for seed in range(10):
        style = replace(sample_style(random.Random(seed)), ground=kind)  # type: ignore[arg-type]
        scene = ground(train.photos, style, box, random.Random(seed), 128, 64)
        assert scene.shape == (64, 128, 3)
        assert scene.dtype == np.float32
        behind = scene[14:50, 24:104].mean(axis=(0, 1))
        assert abs(luminance(tuple(behind)) - luminance(style.colour)) > 30


def test_a_camera_adds_noise_and_loss_but_keeps_the_picture() -> None:
    style = replace(sample_style(random.Random(0)), blur=0.0, noise=3.0, quality=95)
    scene = np.full((64, 96, 3), 120, np.float32)
    grain = np.random.default_rng(0).standard_normal((64, 96, 3)).astype(np.float32)
    image = photographed(scene, style, grain)
    assert image.dtype == np.uint8
    assert 2.5 < image.astype(float).std() < 3.5
    packed = photographed(scene, replace(style, quality=50), grain)
    assert not np.array_equal(packed, image)
    assert abs(packed.astype(float).mean() - 120) < 2


def test_a_caption_says_the_look_and_not_the_text(train: Material) -> None:
    for scene in _scenes(train, 20):
        assert any(name in scene.caption for name in COLOURS)
        assert not scene.text or scene.text not in scene.caption
