"""The public endpoints through gradio_client: on planted builds, and a picture of one's own on what ships."""

import base64
import io
from collections.abc import Iterator
from typing import Any

import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError
from PIL import Image, ImageDraw

from tests.backends.visual_patterns.planted import GRID, IMAGES, LAYERS, STEPS
from tests.server import serve

pytestmark = pytest.mark.api

HOSTILE = "<script>alert(1)</script>"
NAME = "planted-s1"


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with serve("-m", "tests.explorers.visual_patterns.site") as server:
        yield Client(server.url, verbose=False)


@pytest.fixture(scope="module")
def shipped() -> Iterator[Client]:
    with serve() as server:
        yield Client(server.url, verbose=False)


def _picture(kind: str = "PNG") -> str:
    """A white ring on black, as a digit is drawn, in base64."""
    image = Image.new("L", (96, 96))
    ImageDraw.Draw(image).ellipse((24, 12, 72, 84), outline=255, width=12)
    file = io.BytesIO()
    image.save(file, kind)
    return base64.b64encode(file.getvalue()).decode()


def test_networks_are_listed(client: Client) -> None:
    found = client.predict(api_name="/patterns_networks")
    assert [one["name"] for one in found] == ["planted-s1", "planted-s2"]
    assert found[1]["classes"][1] == "<b>bee</b>"


def test_a_frame_has_all_places_and_counts(client: Client) -> None:
    found = client.predict(NAME, STEPS - 1, LAYERS - 1, api_name="/patterns_frame")
    assert len(found["regions"]) == IMAGES
    assert {len(row) for row in found["regions"]} == {GRID**2}
    assert found["counts"]["share"] == 0.75
    strict = client.predict(NAME, STEPS - 1, LAYERS - 1, 1.0, api_name="/patterns_frame")
    assert strict["counts"]["total"] == 0


def test_a_region_is_followed(client: Client) -> None:
    found = client.predict(NAME, 1, 3, api_name="/patterns_region_path")
    assert found["label"] == "bee"
    assert len(found["probabilities"]) == STEPS
    assert len(found["neighbours"]) == IMAGES - 1
    assert found["neighbours_by_features"] is None  # the planted network has no weights at these steps


def test_projections_and_networks_are_compared(client: Client) -> None:
    found = client.predict(NAME, api_name="/patterns_compare")
    assert {row["method"] for row in found["projections"]} == {"ours", "pca"}


def test_a_picture_of_ones_own_is_placed_at_every_layer(shipped: Client) -> None:
    found = shipped.predict("digits-vgg-s1", f"data:image/png;base64,{_picture()}", api_name="/patterns_classify")
    assert sum(found["probabilities"]) == pytest.approx(1, abs=1e-3)
    assert found["named"] == "0"
    assert [len(of_layer) for of_layer in found["regions"]] == [64] * len(found["layers"])


@pytest.mark.parametrize(
    ("endpoint", "arguments"),
    [
        ("/patterns_frame", (HOSTILE, 0, 0)),
        ("/patterns_frame", ("../planted-s1", 0, 0)),
        ("/patterns_frame", (NAME, STEPS, 0)),
        ("/patterns_frame", (NAME, 0, -1)),
        ("/patterns_frame", (NAME, 0, 0, 1.5)),
        ("/patterns_region_path", (NAME, IMAGES, 0)),
        ("/patterns_region_path", (NAME, 0, GRID**2)),
        ("/patterns_compare", (NAME, HOSTILE)),
        ("/patterns_compare", (NAME, "planted-s2")),  # it watches other pictures
        ("/patterns_classify", (NAME, "no base64!")),
        ("/patterns_classify", (NAME, base64.b64encode(HOSTILE.encode()).decode())),
        ("/patterns_classify", (NAME, _picture()[:200])),
    ],
)
def test_what_is_not_there_is_refused_in_words(client: Client, endpoint: str, arguments: tuple[Any, ...]) -> None:
    with pytest.raises(AppError) as error:
        client.predict(*arguments, api_name=endpoint)
    assert "Traceback" not in str(error.value)
    assert "fault of the page" not in str(error.value)
    assert len(str(error.value)) > 10
