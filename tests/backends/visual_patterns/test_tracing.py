"""A region's way and its neighbours, on a build whose places are known by heart."""

import math
from pathlib import Path

import pytest
import torch

from backends.errors import InputError
from backends.visual_patterns import points, tracing
from backends.visual_patterns.results import Results
from tests.backends.visual_patterns.planted import CLASSES, LAYERS, STEPS, plant

pytestmark = pytest.mark.method


@pytest.fixture
def built(tmp_path: Path) -> Results:
    """A planted build."""
    return Results(plant(tmp_path / "planted"))


def test_a_region_becomes_reliable_where_it_was_planted(built: Results) -> None:
    found = tracing.trace(built, image=1, region=2)
    assert found.label == 1
    assert int(found.states[-1, -1]) == points.RELIABLE
    assert found.first_step[-1] in range(STEPS)
    assert found.places.shape == (STEPS, LAYERS, 3)
    assert found.probabilities.sum(2).allclose(torch.ones(STEPS, LAYERS), atol=1e-5)
    assert found.foreground == 0.5


def test_the_posterior_is_the_softmax_of_strength_and_angle(built: Results) -> None:
    found = tracing.trace(built, image=0, region=1)
    h = found.places[-1, -1].tolist()  # the directions are the axes, s is 4
    odds = [math.exp(4 * value) for value in h]
    assert found.probabilities[-1, -1].tolist() == pytest.approx([o / sum(odds) for o in odds], abs=1e-5)


def test_states_of_a_trace_are_those_of_its_frames(built: Results) -> None:
    for image, region in ((0, 0), (3, 2), (5, 3)):
        found = tracing.trace(built, image, region, tau=0.6)
        for step in range(STEPS):
            for layer in range(LAYERS):
                own = built.frame(step, layer).verdict.states(0.6)[image, region]
                assert int(found.states[step, layer]) == int(own)


def test_a_region_that_misleads_is_never_first_reliable_at_the_last_layer(built: Results) -> None:
    found = tracing.trace(built, image=2, region=0, tau=0.9)
    assert int(found.states[-1, -1]) in (points.UNRELIABLE, points.NONE)


def test_neighbours_are_of_other_pictures_nearest_first(built: Results) -> None:
    found = tracing.neighbours(built, 1, 2, STEPS - 1, LAYERS - 1, count=3)
    assert 1 not in {one.image for one in found}
    assert len({one.image for one in found}) == 3
    assert [one.distance for one in found] == sorted(one.distance for one in found)
    h = built.array("h", STEPS - 1, LAYERS - 1)
    for one in found:
        assert one.distance == pytest.approx(float((h[one.image, one.region] - h[1, 2]).norm()), abs=1e-5)
    assert found[0].category == 1  # both speak for the second class
    assert len(tracing.neighbours(built, 0, 0, 0, 0, count=50)) == 5


@pytest.mark.parametrize(("image", "region"), [(-1, 0), (6, 0), (0, 4), (0, -1)])
def test_a_region_that_is_not_there_is_refused(built: Results, image: int, region: int) -> None:
    with pytest.raises(InputError, match="regions"):
        tracing.trace(built, image, region)
    with pytest.raises(InputError, match="regions"):
        tracing.neighbours(built, image, region, 0, 0)


@pytest.mark.parametrize("count", [0, 51, -1])
def test_the_number_of_neighbours_has_bounds(built: Results, count: int) -> None:
    with pytest.raises(InputError, match="neighbours"):
        tracing.neighbours(built, 0, 0, 0, 0, count)


def test_classes_are_as_many_as_planted(built: Results) -> None:
    assert tracing.trace(built, 0, 0).probabilities.shape[2] == CLASSES
