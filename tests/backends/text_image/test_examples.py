"""The examples that ship: enough of them, in many scripts, each on its picture, and each of them usable."""

import re
import unicodedata

import cv2
import numpy as np
import pytest

from backends.errors import InputError
from backends.text_image.example_pictures import FOLDER, PLACES, SCENES
from backends.text_image.examples import EXAMPLES, Example, example
from backends.text_image.lettering import FACES, missing
from backends.text_image.lines import lines_of
from backends.text_image.regions import checked_regions
from backends.text_image.requests import checked

pytestmark = pytest.mark.unit

PICTURES = sorted(FOLDER.glob("*.jpg"))


@pytest.fixture(params=EXAMPLES, ids=lambda one: one.id)
def one(request: pytest.FixtureRequest) -> Example:
    """Each example in turn."""
    found: Example = request.param
    return found


def test_there_are_enough_over_many_scripts() -> None:
    assert len(EXAMPLES) >= 12
    assert len({one.script for one in EXAMPLES}) >= 8
    assert len({one.id for one in EXAMPLES}) == len(EXAMPLES)
    assert len({one.title for one in EXAMPLES}) == len(EXAMPLES)
    assert {one.script for one in EXAMPLES} <= FACES.keys()
    assert any(not region.text for one in EXAMPLES for region in one.regions)
    assert any(len(one.regions) > 1 for one in EXAMPLES)


def test_an_id_can_stand_in_a_link_and_in_a_files_name(one: Example) -> None:
    assert re.fullmatch(r"[a-z]+", one.id)
    assert example(one.id) is one


def test_its_regions_lie_on_its_picture_and_need_no_moving(one: Example) -> None:
    picture = one.picture()
    height, width = picture.shape[:2]
    assert checked_regions(one.regions, width, height) == one.regions
    assert checked(one.options) == one.options
    assert one.options.caption


def test_its_text_is_in_its_script_and_has_a_font(one: Example) -> None:
    lines = [line for region in one.regions for line in lines_of(region)]
    assert all(not missing(line.text, line.face) for line in lines)
    written = {line.script for line in lines if line.text}
    assert one.script in written or (one.id == "two" and written == {"latin", "greek"}) or not written


def test_its_regions_hold_the_old_text(one: Example) -> None:
    """Letters stand out: inside a region the picture varies more than a plain ground would."""
    picture = cv2.cvtColor(one.picture(), cv2.COLOR_RGB2GRAY)
    for region in one.regions:
        inside = np.zeros(picture.shape, np.uint8)
        cv2.fillPoly(inside, [np.rint(np.array(region.corners)).astype(np.int32)], 1)
        assert picture[inside > 0].std() > 20


def test_the_title_names_what_is_written(one: Example) -> None:
    texts = [region.text for region in one.regions]
    if len(texts) == 1 and texts[0]:
        assert f"→ {texts[0]}" in unicodedata.normalize("NFC", one.title)


def test_an_unknown_example_is_refused_with_those_there_are() -> None:
    with pytest.raises(InputError, match="No example is called '../x'. There are: bakery, "):
        example("../x")
    with pytest.raises(InputError) as error:
        example("x" * 1_000_000)
    assert len(str(error.value)) < 400


def test_every_picture_is_described_small_and_used() -> None:
    notes = (FOLDER.parent / "README.md").read_text(encoding="utf-8")
    assert {path.stem for path in PICTURES} == set(SCENES) == {one.image_file.removesuffix(".jpg") for one in EXAMPLES}
    for path in PICTURES:
        (row,) = [line for line in notes.splitlines() if f"`{path.name}`" in line.partition("|")[2].partition("|")[0]]
        assert re.search(r"CC0|CC BY|public domain|Apache-2\.0", row), path.name
        assert path.stat().st_size < 200_000
    assert sum(path.stat().st_size for path in (*PICTURES, PLACES)) < 1_500_000


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.name)
def test_a_picture_opens_in_a_size_for_a_page(path: object) -> None:
    named = next(one for one in EXAMPLES if FOLDER / one.image_file == path)
    height, width, channels = named.picture().shape
    assert channels == 3
    assert 400 <= height <= 1000
    assert 400 <= width <= 1000
