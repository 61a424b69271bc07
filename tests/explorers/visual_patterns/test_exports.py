"""Files of what is on show, read back with libraries that are not ours; places out of links and events."""

import csv
import io
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from backends.errors import InputError
from backends.visual_patterns import shelf
from backends.visual_patterns.results import Results
from backends.visual_patterns.wire import path_json
from explorers.views.emergence import Place
from explorers.visual_patterns import exports, place
from explorers.visual_patterns.region import region_html, said
from tests.backends.visual_patterns.planted import IMAGES, LAYERS, STEPS, plant
from tests.explorers.views.reading import Page

pytestmark = pytest.mark.method

LAST = Place(STEPS - 1, LAYERS - 1)


@pytest.fixture(autouse=True)
def packed(built: Results) -> Results:
    """The planted build, packed."""
    shelf.page("planted")
    return built


def test_arrays_are_those_of_the_frame(built: Results) -> None:
    found = np.load(io.BytesIO(exports.arrays("planted", LAST)))
    assert np.array_equal(found["regions"], built.array("h", STEPS - 1, LAYERS - 1).half().numpy())
    assert found["labels"].shape == (IMAGES,)


def test_the_table_has_a_row_for_each_frame() -> None:
    rows = list(csv.DictReader(io.StringIO(exports.table("planted", LAST).csv())))
    assert len(rows) == STEPS * LAYERS
    assert (rows[-1]["step"], float(rows[-1]["points a picture"]), float(rows[-1]["reliable a picture"])) == (
        "100",
        4,
        3,
    )


def test_a_scene_holds_what_the_points_are() -> None:
    shown = exports.scene("planted", STEPS - 1, LAYERS - 1, 0.4)
    assert (shown.states == 2).sum() == 3 * IMAGES
    assert (shown.states == 1).sum() == IMAGES


def test_the_view_turns_and_keeps_lengths() -> None:
    mu = np.random.default_rng(0).normal(size=(10, 3))
    view = exports.clearest_view(mu)
    assert np.allclose(view @ view.T, np.eye(3), atol=1e-9)
    assert np.allclose(exports.clearest_view(np.pad(mu[:, :2], ((0, 0), (0, 1)))), np.eye(3))


def test_pictures_open_elsewhere() -> None:
    shown = exports.scene("planted", STEPS - 1, LAYERS - 1, 0.4)
    root = ElementTree.fromstring(exports.svg(shown))
    assert len(root.findall("{http://www.w3.org/2000/svg}polygon")) == IMAGES
    with Image.open(io.BytesIO(exports.film("planted", LAST, side=60))) as film:
        assert getattr(film, "n_frames", 1) > STEPS
    assert np.asarray(exports.picture(shown, 100)).std() > 0


def test_names_of_classes_stay_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(tmp_path / "evil" / "planted", classes=("<img src=x>", "b", "c"))
    monkeypatch.setattr(shelf, "FOLDER", tmp_path / "evil")
    shelf.page("planted")
    ElementTree.fromstring(exports.svg(exports.scene("planted", STEPS - 1, LAYERS - 1, 0.4)))
    html = region_html(path_json("planted", 0, 1), "planted", 0)
    assert "<img src=x>" not in html
    assert "script" not in Page(html).tags


def test_a_region_is_told_in_words() -> None:
    told = said(path_json("planted", 1, 3))
    assert "reliable" in told
    assert "50% of it is on the object" in told


@pytest.mark.parametrize(
    "values", [None, [], {"step": 9}, {"layer": -1}, {"tau": 2}, {"image": IMAGES}, {"region": 4}, {"step": "<b>"}]
)
def test_an_event_that_names_no_place_is_refused(values: Any) -> None:
    with pytest.raises(InputError):
        place.place_of("planted", values)


@pytest.mark.parametrize(
    "query", [{}, {"network": "../x"}, {"at": "{"}, {"at": "[]"}, {"at": '{"step": 99}'}, {"at": "[" * 100_000}]
)
def test_a_link_that_names_no_place_opens_as_usual(query: dict[str, str]) -> None:
    assert place.of_link(query) == ("planted", LAST)


def test_a_link_opens_its_place() -> None:
    at = '{"step": 1, "layer": 0, "tau": 0.6, "image": 2, "region": 3}'
    assert place.of_link({"network": "planted", "at": at}) == ("planted", Place(1, 0, 0.6, 2, 3))


def test_turned_places_keep_their_lengths(built: Results) -> None:
    view = torch.from_numpy(exports.clearest_view(built.array("directions", -1).double().numpy()))
    h = built.array("h", 0, 0).double()
    assert torch.allclose((h @ view.T).norm(dim=2), h.norm(dim=2))
