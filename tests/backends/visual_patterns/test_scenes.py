"""Scenes: masks that are true, sprites that never cross the split, the same scenes from the same seed."""

import numpy as np
import pytest
from PIL import Image

from backends.errors import MissingFileError
from backends.visual_patterns import scenes, sprites
from backends.visual_patterns.sprites import CLASSES, FOLDER, MAX_BYTES, SPRITE, Sprites, centred, choose, load


def _planted() -> Sprites:
    """One opaque red sprite a class, on grounds that are all blue."""
    pictures = np.zeros((len(CLASSES), SPRITE, SPRITE, 4), np.uint8)
    pictures[:, 8:56, 8:56] = (255, 0, 0, 255)
    grounds = np.zeros((2, sprites.GROUND, sprites.GROUND, 3), np.uint8)
    grounds[..., 2] = 255
    n = len(CLASSES)
    return Sprites(pictures, CLASSES, np.arange(n), np.zeros(n, np.bool_), grounds)


def test_the_mask_is_where_the_sprite_is() -> None:
    made = scenes.draw(_planted(), 1, 40, unseen=False)
    red = made.pictures[..., 0].astype(int) - made.pictures[..., 2]
    # Half covered pixels may fall on either side; a distractor may be red, but never so purely.
    agreement = (made.masks == (red > 60)).mean()
    assert agreement > 0.98
    inside = made.pictures[made.masks]
    assert (inside[:, 1] < 40).mean() > 0.98
    assert made.masks.any(axis=(1, 2)).all()


def test_scenes_follow_from_their_seed_however_many_are_made() -> None:
    few, more = scenes.make("test", 3), scenes.make("test", 6)
    np.testing.assert_array_equal(few.pictures, more.pictures[:3])
    np.testing.assert_array_equal(few.masks, more.masks[:3])
    assert (few.pictures != scenes.make("train", 3).pictures).any()


def test_held_out_sprites_are_never_trained_on() -> None:
    train, test, unseen = (set(scenes.make(name, 600).sprite) for name in ("train", "test", "unseen"))
    held_out = set(np.flatnonzero(load().held_out))
    assert not (train | test) & held_out
    assert unseen <= held_out
    assert {int(load().labels[i]) for i in unseen} == set(range(len(CLASSES)))


def test_the_sheet_holds_what_its_index_says() -> None:
    sheet = load()
    assert (FOLDER / "sprites.webp").stat().st_size <= MAX_BYTES
    assert len(set(sheet.names)) == len(sheet.names) == len(sheet.pictures) == len(sheet.labels)
    drawn = (sheet.pictures[..., 3] > 128).sum(axis=(1, 2))
    assert drawn.min() > 100
    assert len({picture.tobytes() for picture in sheet.pictures}) > 0.98 * len(sheet.pictures)
    per_class = np.bincount(sheet.labels, minlength=len(CLASSES))
    assert per_class.min() >= 20
    shares = [sheet.held_out[sheet.labels == label].mean() for label in range(len(CLASSES))]
    np.testing.assert_allclose(shares, 0.2, atol=0.03)
    assert sheet.grounds.std(axis=(1, 2, 3)).min() > 10


def test_missing_sheets_say_how_to_get_them(tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(MissingFileError, match=r"sprites\.json is missing.*python -m backends"):
        load(tmp_path_factory.mktemp("empty"))


def test_a_sprite_is_cut_and_centred() -> None:
    image = Image.new("RGBA", (64, 64))
    image.paste((0, 255, 0, 255), (2, 2, 12, 7))  # 10 x 5 px in a corner
    rows, columns = np.nonzero(centred(image)[..., 3] > 128)
    assert (columns.min(), columns.max()) == (2, 61)
    assert abs((rows.min() + rows.max() + 1) / 2 - 32) <= 1
    assert rows.max() - rows.min() + 1 == 30


def test_choosing_keeps_to_the_classes_and_the_most() -> None:
    faces = [
        {"short_name": f"f{i}", "subcategory": "face-smiling", "sort_order": i, "image": "", "has_img_google": i != 3}
        for i in range(60)
    ]
    other = [{**faces[0], "short_name": "skull", "subcategory": "face-negative"}, {**faces[0], "subcategory": "hand"}]
    rows = choose(faces + other)
    assert {row["class"] for row in rows} == {"face"}
    assert len(rows) == sprites.MOST
    assert "f3" not in {row["name"] for row in rows}
    assert sum(row["held_out"] for row in rows) == round(sprites.HELD_OUT * sprites.MOST)
