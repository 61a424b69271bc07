"""The endpoints as functions: what they answer on a build known by heart, and what they refuse."""

import base64
import io
from math import inf, nan
from typing import Any

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from backends.errors import InputError
from backends.visual_patterns.results import Results
from explorers.guard import guarded
from explorers.visual_patterns.endpoints import (
    patterns_classify,
    patterns_compare,
    patterns_frame,
    patterns_networks,
    patterns_region_path,
    publish,
)
from tests.backends.visual_patterns.planted import GRID, IMAGES, LAYERS, STEPS

pytestmark = pytest.mark.method

UNKNOWN = ["", "../planted", "<b>planted</b>", "x" * 5000, None, 7]
ROWS = {"step": STEPS - 1, "layer": LAYERS - 1}


@pytest.mark.usefixtures("built")
def test_networks_are_listed_with_what_they_have() -> None:
    [one] = patterns_networks()
    assert (one["name"], one["classes"], one["pictures"]) == ("planted", ["ant", "bee", "cow"], IMAGES)
    assert one["steps"] == [0, 10, 100]


def test_a_frame_is_what_the_build_holds(built: Results) -> None:
    found = patterns_frame("planted", STEPS - 1, LAYERS - 1)
    h = built.array("h", STEPS - 1, LAYERS - 1)
    assert np.abs(np.array(found["regions"]) - h.numpy()).max() <= 1e-4
    assert [row[1:] for row in found["speaks_for"]] == [[label] * 3 for label in found["labels"]]
    assert [row[0] for row in found["speaks_for"]] == [(label + 1) % 3 for label in found["labels"]]
    assert found["counts"]["total"] == GRID**2
    assert found["counts"]["share"] == 0.75
    assert found["step"] == 100
    assert found["figures"]["control"] is None


@pytest.mark.usefixtures("built")
def test_a_threshold_that_nothing_passes_leaves_no_points() -> None:
    found = patterns_frame("planted", **ROWS, tau=1.0)
    assert found["counts"] == {"total": 0.0, "reliable": 0.0, "share": None, "foreground": None, "base": 0.5}


@pytest.mark.usefixtures("built")
def test_a_path_says_where_a_region_became_reliable() -> None:
    found = patterns_region_path("planted", 1, 3)
    assert found["label"] == "bee"
    assert found["states"][-1][-1] == "reliable"
    assert found["first_reliable_layer"] is not None
    assert len(found["neighbours"]) == IMAGES - 1
    misled = patterns_region_path("planted", 1, 0)
    assert misled["states"][-1][-1] == "unreliable"


@pytest.mark.usefixtures("built")
def test_projections_come_with_their_figures() -> None:
    rows = patterns_compare("planted")["projections"]
    assert {row["method"] for row in rows} == {"ours", "pca"}
    assert {row["temperature"] for row in rows} == {1.0, 4.0}


@pytest.mark.usefixtures("built")
def test_a_network_lies_over_itself() -> None:
    found = patterns_compare("planted", "planted")
    assert found["residual"] == pytest.approx(0, abs=1e-3)


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize("name", UNKNOWN)
def test_unknown_networks_are_refused(name: Any) -> None:
    with pytest.raises(InputError, match="planted"):
        patterns_frame(name, 0, 0)
    with pytest.raises(InputError, match="planted"):
        patterns_region_path(name, 0, 0)
    with pytest.raises(InputError, match="planted"):
        patterns_compare(name)


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize("at", [-1, 99, 0.5, nan, inf, None, "1", True, [], 10**30])
def test_places_that_are_not_there_are_refused(at: Any) -> None:
    with pytest.raises(InputError, match="step"):
        patterns_frame("planted", at, 0)
    with pytest.raises(InputError, match="layer"):
        patterns_frame("planted", 0, at)
    with pytest.raises(InputError, match="picture"):
        patterns_region_path("planted", at, 0)
    with pytest.raises(InputError, match="region"):
        patterns_region_path("planted", 0, at)


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize("tau", [-0.1, 1.1, nan, inf, None, "0.4", True])
def test_a_threshold_is_a_probability(tau: Any) -> None:
    with pytest.raises(InputError, match="probability"):
        patterns_frame("planted", 0, 0, tau)


def _file(kind: str = "PNG", size: tuple[int, int] = (40, 40), mode: str = "RGB", **settings: Any) -> str:
    buffer = io.BytesIO()
    Image.new(mode, size).save(buffer, kind, **settings)
    return base64.b64encode(buffer.getvalue()).decode()


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize(
    "image",
    [
        "",
        "no base64!",
        base64.b64encode(b"no picture").decode(),
        _file()[:60],
        _file("PNG", (20_000, 16)),
        _file("GIF"),
        _file("PNG", (4, 4)),
        _file("WEBP", save_all=True, append_images=[Image.new("RGB", (40, 40), "red")]),
        None,
        7,
    ],
)
def test_what_is_no_picture_is_refused_in_words(image: Any) -> None:
    with pytest.raises(InputError) as caught:
        patterns_classify("planted", image)
    assert len(str(caught.value)) < 300


@pytest.mark.usefixtures("built")
def test_messages_reach_people_as_text() -> None:
    with pytest.raises(gr.Error) as caught:
        guarded(patterns_frame)("<img src=x onerror=alert(1)>", 0, 0)
    assert "<img" not in str(caught.value)


def test_they_are_public_by_name() -> None:
    with gr.Blocks() as page:
        publish()
    named = set(page.get_api_info()["named_endpoints"])
    assert {f"/patterns_{verb}" for verb in ("networks", "frame", "region_path", "classify", "compare")} <= named
