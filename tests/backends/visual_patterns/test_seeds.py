"""What all seeds of a network say together is what each of them says; builds of different shape are refused."""

import base64
import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from backends.errors import InputError, WeightsError
from backends.progress import finish
from backends.settings import settings
from backends.visual_patterns import packing, seeds, shelf
from backends.visual_patterns.build import Plan
from backends.visual_patterns.samples import Settings
from backends.visual_patterns.train import Request
from tests.backends.visual_patterns.planted import IMAGES, LAYERS, STEPS, plant

pytestmark = pytest.mark.method


@pytest.fixture
def builds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Two planted builds of one network, alone on the shelf."""
    monkeypatch.setattr(shelf, "FOLDER", tmp_path)
    monkeypatch.setattr(shelf, "own_folder", lambda: tmp_path / "own")
    found = [plant(tmp_path / f"planted-s{seed}", seed=seed) for seed in (1, 2)]
    for one in found:
        packing.write(one)
    return found


def test_counts_of_every_seed_are_kept(builds: list[Path]) -> None:
    found = seeds.summarise(builds, (1, 2))
    assert (found["seeds"], found["images"], found["regions"]) == ([1, 2], IMAGES, 4)
    for key in ("total", "reliable"):
        counts = np.frombuffer(base64.b64decode(found[key]), "<u2").reshape(2, STEPS, LAYERS, 101)
        for own, build in zip(counts, builds, strict=True):
            assert np.array_equal(own, shelf.page(build.name)[key])
        assert not np.array_equal(*counts), "the two seeds differ"
    assert [len(rows) for rows in found["figures"]] == [LAYERS, LAYERS]
    assert {row["method"] for row in found["projections"][1]} == {"ours", "pca"}


def test_the_page_finds_them_by_the_name_of_a_build(builds: list[Path]) -> None:
    assert shelf.seeds("planted-s1") is None, "nothing is stored yet"
    whole = seeds.summarise(builds, (1, 2))
    seeds.store("planted", whole)
    assert shelf.seeds("planted-s1") == shelf.seeds("planted-s2") == whole


def test_a_build_with_other_steps_has_no_band(builds: list[Path]) -> None:
    seeds.store("planted", {**seeds.summarise(builds, (1, 2)), "steps": [0, 5]})
    assert shelf.seeds("planted-s1") is None


def test_a_damaged_file_is_said_to_be_damaged(builds: list[Path]) -> None:
    seeds.store("planted", seeds.summarise(builds, (1, 2))).write_text("{")
    with pytest.raises(WeightsError, match="damaged"):
        shelf.seeds("planted-s1")


def test_one_build_or_builds_of_different_shape_are_refused(builds: list[Path]) -> None:
    with pytest.raises(InputError, match="two seeds"):
        seeds.summarise(builds[:1], (1,))
    page = shelf.read_page(builds[1])
    (builds[1] / shelf.PAGE_FILE).write_bytes(
        gzip.compress(json.dumps({**page, "labels": page["labels"][:-1]}).encode())
    )
    with pytest.raises(InputError, match="differ"):
        seeds.summarise(builds, (1, 2))


def test_a_network_is_trained_and_built_once() -> None:
    request = Request("digits", "vgg", seed=3, epochs=1, pictures=128)
    plan = Plan(request, images=20, settings=Settings(steps=20), compare=("pca",))
    folder = finish(seeds.built(plan))
    assert folder.is_relative_to(settings().cache_dir)
    assert (folder / shelf.PAGE_FILE).is_file()
    before = (folder / "index.json").stat().st_mtime_ns
    assert finish(seeds.built(plan)) == folder
    assert (folder / "index.json").stat().st_mtime_ns == before
