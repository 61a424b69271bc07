"""Before and after: what the browser is sent, read back by Pillow, and that no text of a visitor becomes markup."""

import base64
import io
import json
from typing import Any

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from backends.errors import InputError
from explorers.views.assets import script
from explorers.views.before_after import BeforeAfter, Shot, before_after_value, photo_uri
from tests.explorers.views.reading import HOSTILE

pytestmark = pytest.mark.unit

SCENE = np.asarray(
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (6, 9, 3), dtype=np.uint8)).resize((90, 60)), np.uint8
)


def opened(uri: str) -> Image.Image:
    """The picture in a data URI."""
    head, _, body = uri.partition(",")
    assert head == "data:image/jpeg;base64"
    return Image.open(io.BytesIO(base64.b64decode(body, validate=True)))


def value_of(*after: Shot, **options: Any) -> Any:
    """The view's value for one picture before."""
    return before_after_value(Shot(SCENE, "before", "A scene"), after, **options)


def test_both_pictures_come_through_with_their_words() -> None:
    darker = SCENE // 2
    value = value_of(Shot(darker, "after 1", "Darker"), Shot(255 - SCENE, "after 2", "Turned over"), caption="Seed 1")
    shown = [opened(one["source"]) for one in (value["before"], *value["items"])]
    for image, wanted in zip(shown, (SCENE, darker, 255 - SCENE), strict=True):
        assert image.format == "JPEG"
        assert np.abs(np.asarray(image).astype(int) - wanted).mean() < 4
    # The words stand for the pictures where nobody sees them.
    assert [(one["label"], one["alt"]) for one in value["items"]] == [("after 1", "Darker"), ("after 2", "Turned over")]
    assert (value["before"]["label"], value["before"]["alt"]) == ("before", "A scene")
    assert (value["width"], value["height"], value["caption"]) == (90, 60, "Seed 1")
    assert json.loads(json.dumps(value)) == value


@pytest.mark.parametrize(
    ("shape", "size"),
    [((60, 90), (90, 60)), ((1000, 4000), (1280, 320)), ((4096, 1024), (320, 1280)), ((1, 4096), (1280, 1))],
)
def test_large_pictures_are_scaled_down_for_looking_at(shape: tuple[int, int], size: tuple[int, int]) -> None:
    assert opened(photo_uri(np.zeros((*shape, 3), np.uint8))).size == size


def test_the_longest_side_and_the_quality_can_be_asked_for() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (200, 300, 3), dtype=np.uint8)
    assert opened(photo_uri(noise, longest=150)).size == (150, 100)
    assert len(photo_uri(noise, quality=40)) < len(photo_uri(noise, quality=90)) < 200_000


def test_a_picture_that_is_not_in_one_piece_is_shown_as_it_is() -> None:
    turned = np.rot90(SCENE)[:, ::-1]
    assert np.abs(np.asarray(opened(photo_uri(turned))).astype(int) - turned).mean() < 4


def test_there_must_be_something_to_compare_with() -> None:
    with pytest.raises(InputError, match="no picture to compare"):
        value_of()


@pytest.mark.parametrize(
    ("shape", "kind"),
    [((8, 8), "uint8"), ((8, 8, 4), "uint8"), ((8, 8, 3), "float32"), ((0, 8, 3), "uint8"), ((8, 8, 3), "uint16")],
)
def test_other_arrays_are_refused(shape: tuple[int, ...], kind: str) -> None:
    with pytest.raises(InputError, match="uint8 of shape HxWx3"):
        value_of(Shot(np.zeros(shape, kind), "after", ""))


def test_hostile_words_travel_as_they_are_and_only_the_script_reads_them() -> None:
    value = value_of(Shot(SCENE, HOSTILE, HOSTILE), caption=HOSTILE)
    assert (value["caption"], value["items"][0]["alt"]) == (HOSTILE, HOSTILE)
    with gr.Blocks() as page:
        view = BeforeAfter(value, label=HOSTILE)
    assert view.html_template == '<div class="atelier-live"></div>'
    assert HOSTILE not in str(view.js_on_load)
    sent = page.get_config_file()["components"][-1]["props"]
    assert sent["value"]["caption"] == HOSTILE
    assert sent["html_template"] == view.html_template


def test_the_script_writes_text_and_no_markup() -> None:
    code = script("before_after.js")
    assert "value.caption" in code
    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"):
        assert way not in code


def test_the_view_takes_nothing_from_the_browser() -> None:
    with gr.Blocks():
        view = BeforeAfter(None, label="Before and after")
    assert view.preprocess({"caption": "sent"}) is None  # type: ignore[func-returns-value]
    assert view.postprocess(None) is None
