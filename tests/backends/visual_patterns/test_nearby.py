"""Neighbours by a network's own features are those that a search of all regions finds, and are held against places."""

from pathlib import Path

import numpy as np
import pytest
from torch import Tensor, nn

from backends.errors import InputError, MissingFileError
from backends.visual_patterns import classify, nearby, shelf, wire
from backends.visual_patterns.features import Watched
from backends.visual_patterns.results import Results
from tests.backends.visual_patterns.planted import GRID, IMAGES, LAYERS, STEPS, plant

pytestmark = pytest.mark.method

LAST = STEPS - 1, LAYERS - 1


class Colours(nn.Module):
    """Its layers pass a picture on, so that a region's feature is its mean colour."""

    def __init__(self) -> None:
        super().__init__()
        self.stages = nn.Sequential(nn.Identity(), nn.Identity())
        self.head = nn.Linear(3, 3)

    def forward(self, inputs: Tensor) -> Tensor:
        found: Tensor = self.head(self.stages(inputs).mean((2, 3)))
        return found


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Results:
    """A planted build, alone on the shelf, whose network looks at colours and ships at the last step only."""
    watched = Watched(Colours(), ("stages.0", "stages.1"), "head")
    monkeypatch.setattr(classify, "watched", lambda _: {STEPS - 1: watched})
    monkeypatch.setattr(shelf, "FOLDER", tmp_path)
    monkeypatch.setattr(shelf, "own_folder", lambda: tmp_path / "own")
    return Results(plant(tmp_path / "planted"))


def _colours(built: Results) -> np.ndarray:
    pixels = built.pictures / 127.5 - 1
    side = pixels.shape[1] // GRID
    means: np.ndarray = pixels.reshape(IMAGES, GRID, side, GRID, side, 3).mean((2, 4))
    return means.reshape(IMAGES, GRID**2, 3)


def test_the_nearest_are_those_of_a_search_of_all(built: Results) -> None:
    own = _colours(built)
    found = nearby.in_features(built, 1, 2, *LAST, count=3)
    distance = np.linalg.norm(own - own[1, 2], axis=2)
    distance[1] = np.inf
    order = distance.min(1).argsort()[:3]
    assert [one.image for one in found] == order.tolist()
    assert [one.region for one in found] == distance[order].argmin(1).tolist()
    scale = found[0].distance / distance.min()  # inputs may be scaled otherwise
    assert [one.distance for one in found] == pytest.approx(scale * np.sort(distance.min(1))[:3], rel=1e-4)


def test_how_many_are_kept_is_counted(built: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nearby, "AMONG", 5)
    share, chance = nearby.kept(built, *LAST)
    spaces = [_colours(built).reshape(-1, 3), built.array("h", *LAST).flatten(0, 1).numpy()]
    pictures = np.arange(IMAGES * GRID**2) // GRID**2
    near = []
    for space in spaces:
        distance = np.linalg.norm(space[:, None] - space, axis=2)
        distance[pictures[:, None] == pictures] = np.inf
        near.append(distance.argsort(1)[:, :5])
    expected = np.mean([len(set(a) & set(b)) / 5 for a, b in zip(*near, strict=True)])
    assert share == pytest.approx(expected)
    assert chance == 5 / (IMAGES * GRID**2 - GRID**2)


def test_places_that_are_the_features_keep_all(built: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = built.frame(*LAST)
    monkeypatch.setattr(nearby, "_regions", lambda *_: frame.h * 7)
    assert nearby.kept.__wrapped__(built, *LAST)[0] == 1


def test_at_a_step_that_does_not_ship_nothing_is_told(built: Results) -> None:
    with pytest.raises(MissingFileError, match="do not ship"):
        nearby.in_features(built, 0, 0, 0, 0)
    found = wire.path_json("planted", 0, 0, step=0)
    assert found["neighbours_by_features"] is found["neighbourhood_kept"] is None
    assert wire.path_json("planted", 0, 0)["neighbours_by_features"]


@pytest.mark.parametrize("at", [(99, 0, *LAST), (0, 99, *LAST), (0, 0, STEPS, 0), (0, 0, 0, LAYERS)])
def test_what_is_not_there_is_refused(built: Results, at: tuple[int, int, int, int]) -> None:
    with pytest.raises(InputError):
        nearby.in_features(built, *at)
