"""What a browser is handed of a build is what the build holds, and what is not there is refused in words."""

import base64
import io
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from backends.errors import InputError, MissingFileError, WeightsError
from backends.visual_patterns import packing, points, shelf
from backends.visual_patterns.results import Results
from tests.backends.visual_patterns.planted import CLASSES, GRID, IMAGES, LAYERS, STEPS, plant

pytestmark = pytest.mark.method

HOSTILE = ["../secret", "", "<b>", None, 3, "planted/..", "x" * 10_000]


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Results:
    """A planted build, and a shelf on which it is the only one."""
    monkeypatch.setattr(shelf, "FOLDER", tmp_path)
    monkeypatch.setattr(shelf, "own_folder", lambda: tmp_path / "own")
    return Results(plant(tmp_path / "planted"))


def decoded(text: str, reach: float, *shape: int) -> np.ndarray:
    """Places as a browser reads them."""
    return np.frombuffer(base64.b64decode(text), "<i2").reshape(shape) * (reach / 32767)


def test_places_travel_to_within_a_step_of_their_grid(built: Results) -> None:
    page = shelf.page("planted")
    n = len(page["cloud_image"])
    h = built.array("h").flatten(2, 3)
    at = torch.tensor(page["cloud_image"]) * GRID**2 + torch.tensor(page["cloud_region"])
    cloud = decoded(page["cloud"], page["reach"], STEPS, LAYERS, n, 3)
    assert np.abs(cloud - h[:, :, at].numpy()).max() <= page["reach"] / 32767
    pictures = decoded(page["pictures"], page["picture_reach"], STEPS, LAYERS, IMAGES, 3)
    assert np.abs(pictures - built.array("layer_g").numpy()).max() <= page["picture_reach"] / 32767
    mu = decoded(page["directions"], 1.0, STEPS, CLASSES, 3)
    assert np.abs(mu - built.array("directions").numpy()).max() <= 1 / 32767


def test_counts_at_any_threshold_are_those_of_the_frames(built: Results) -> None:
    page = shelf.page("planted")
    for step in range(STEPS):
        for layer in range(LAYERS):
            for tau in (0.0, 0.4, 0.77, 1.0):
                own = built.frame(step, layer).counts(tau)
                at = round(tau * 100)
                assert page["total"][step][layer][at] == round(own.total * IMAGES)
                assert page["reliable"][step][layer][at] == round(own.reliable * IMAGES)
    last = page["reliable"][-1][-1][40], page["total"][-1][-1][40]
    assert last == (3 * IMAGES, 4 * IMAGES)  # all but the first region of each picture speak for its class


@pytest.mark.usefixtures("built")
def test_what_is_not_defined_is_null() -> None:
    page = shelf.page("planted")
    assert page["figures"][0][0]["control"] is None
    assert page["figures"][2][1]["layer_agreement"] == 0.8
    assert page["accuracies"] == [pytest.approx(1 / 3, abs=1e-3)] * 2 + [1.0]
    assert page["name"] == "planted"


def test_the_cloud_takes_of_every_picture_equally_many() -> None:
    chosen = packing.cloud(7, 64, 30, seed=0)
    assert torch.bincount(chosen // 64).tolist() == [4] * 7
    assert len(set(chosen.tolist())) == 28
    assert len(packing.cloud(3, 4, 1000, seed=0)) == 12


def test_the_sheet_holds_the_pictures_in_order() -> None:
    pixels = np.zeros((5, 32, 32, 3), np.uint8)
    pixels[np.arange(5), :, :] = np.arange(5)[:, None, None, None] * 50
    uri, columns, side = packing.sheet(pixels)
    whole = np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))).convert("L"))
    middles = [int(whole[k // columns * side + side // 2, k % columns * side + side // 2]) for k in range(5)]
    assert middles == pytest.approx([0, 50, 100, 150, 200], abs=4)


def test_a_picture_comes_with_all_its_regions(built: Results) -> None:
    found = shelf.picture("planted", 4)
    places = decoded(found["places"], found["reach"], STEPS, LAYERS, GRID**2, 3)
    assert np.abs(places - built.array("h")[:, :, 4].numpy()).max() <= found["reach"] / 32767
    assert found["label"] == 1
    assert found["cells"] == [0.0, 1.0, 0.5, 0.5]
    odds = math.exp(4) / (math.exp(4) + 2)
    assert found["probabilities"][-1] == pytest.approx([(1 - odds) / 2, odds, (1 - odds) / 2], abs=1e-4)
    assert set(base64.b64decode(found["weights"])) == {255}  # all weigh the same


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize("image", [-1, IMAGES, 1.5, None, "0", True, math.nan, math.inf])
def test_a_picture_that_is_not_there_is_refused(image: object) -> None:
    with pytest.raises(InputError, match="picture"):
        shelf.picture("planted", image)


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize("name", HOSTILE)
def test_an_unknown_network_is_refused_with_those_there_are(name: object) -> None:
    with pytest.raises(InputError, match="planted") as caught:
        shelf.folder_of(name)
    assert len(str(caught.value)) < 400


def test_without_a_build_the_command_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf, "FOLDER", tmp_path / "none")
    monkeypatch.setattr(shelf, "own_folder", lambda: tmp_path / "own")
    with pytest.raises(MissingFileError, match="visual_patterns.build"):
        shelf.names()


def test_a_damaged_build_is_named(built: Results, tmp_path: Path) -> None:
    assert built.index.title == "Planted"
    (tmp_path / "planted" / "arrays.safetensors").write_bytes(b"nothing")
    with pytest.raises(WeightsError, match="planted"):
        shelf.picture("planted", 0)
    (tmp_path / "planted" / "index.json").write_text("{")
    with pytest.raises(WeightsError, match="planted"):
        shelf.index("planted")


def test_thresholds_count_what_lies_strictly_above() -> None:
    assert points.TAU == 0.4
    assert packing._above(torch.tensor([0.2, 0.4, 0.4, 0.9]), torch.tensor([0.0, 0.4, 0.5, 1.0])) == [4, 1, 1, 0]


def test_the_example_is_named_rightly_and_speaks_most(built: Results) -> None:
    assert packing.example(built) == 0  # all are alike, and the first of them is taken
