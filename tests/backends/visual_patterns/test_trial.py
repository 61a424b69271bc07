"""An attack on a shipped build: what is told of its regions is what the build itself says of them."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from backends.errors import InputError
from backends.visual_patterns import trial, wire
from backends.visual_patterns.attack import Thresholds
from backends.visual_patterns.trial import TYPES, Trial, attack_of

pytestmark = pytest.mark.method

BUILD, PICTURE = "digits-vgg-s1", 3


@pytest.fixture(scope="module")
def attacked() -> Trial:
    return trial.run(BUILD, PICTURE, None, attack_of(0.2, 10), Thresholds())


def test_the_attack_misleads_within_its_radius(attacked: Trial) -> None:
    assert attacked.before != attacked.after == attacked.rival
    assert np.abs(attacked.attacked.astype(int) - attacked.clean).max() <= 0.2 * 255 + 1
    with Image.open(io.BytesIO(attacked.png)) as picture:
        assert np.array_equal(np.asarray(picture), attacked.attacked)


def test_ways_begin_where_the_build_has_the_regions(attacked: Trial) -> None:
    results = wire.results_of(BUILD)
    mu = results.array("directions", len(results.index.steps) - 1)
    before, rival = (results.index.classes.index(one) for one in (attacked.before, attacked.rival))
    tracks = torch.tensor(attacked.tracks)
    h = results.array("h")[-1, :, PICTURE]
    assert tracks.shape == (len(h), h.shape[1], 6, 2)
    torch.testing.assert_close(tracks[:, :, 0, 0], h.float() @ mu[before].float(), atol=0.05, rtol=0.05)
    assert attacked.rays[0] == pytest.approx((1, 0), abs=2e-3)  # directions are kept in half precision
    assert attacked.rays[1] == pytest.approx((float(mu[before] @ mu[rival]), attacked.rays[1][1]), abs=2e-3)
    assert np.hypot(*attacked.rays[1]) == pytest.approx(1, abs=2e-3)


def test_every_region_has_one_type(attacked: Trial) -> None:
    assert [sum(row) for row in attacked.types] == [len(row) for row in attacked.kinds]
    assert all(0 <= kind < len(TYPES) for row in attacked.kinds for kind in row)


def test_a_file_is_attacked_like_a_watched_picture(attacked: Trial) -> None:
    file = io.BytesIO()
    Image.fromarray(attacked.clean).save(file, "PNG")
    again = trial.run(BUILD, 0, file.getvalue(), attack_of(0.2, 10), Thresholds())
    assert np.array_equal(again.attacked, attacked.attacked)


@pytest.mark.parametrize(
    ("radius", "iterations"), [(0, 10), (0.6, 10), (True, 10), ("0.1", 10), (float("nan"), 10), (0.1, 0), (0.1, 501)]
)
def test_attacks_out_of_range_are_refused(radius: object, iterations: object) -> None:
    with pytest.raises(InputError):
        attack_of(radius, iterations)


@pytest.mark.parametrize("image", [-1, 10**6, "3", None, 1.5])
def test_pictures_that_are_not_there_are_refused(image: object) -> None:
    with pytest.raises(InputError):
        trial.run(BUILD, image, None, attack_of(0.1, 5), Thresholds())


def test_a_file_that_is_no_picture_is_refused() -> None:
    with pytest.raises(InputError):
        trial.run(BUILD, 0, b"not a picture", attack_of(0.1, 5), Thresholds())
