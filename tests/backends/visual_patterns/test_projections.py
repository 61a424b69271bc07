"""Projections measured alike on planted features, and events in a history made by hand."""

import numpy as np
import pytest
import torch
from torch import Tensor

from backends.errors import InputError
from backends.visual_patterns import events, samples
from backends.visual_patterns.points import NONE, RELIABLE, UNRELIABLE
from backends.visual_patterns.projections import aligned_umap, fidelity, project

pytestmark = pytest.mark.method


@pytest.fixture(scope="module")
def planted() -> tuple[Tensor, Tensor]:
    """Features (80, 12) of four classes at different confidence, and their logits."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(80) % 4
    corners = torch.tensor([[1.0, 1, 1], [-1, -1, 1], [-1, 1, -1], [1, -1, -1]]) / 3**0.5
    at = corners[labels] * (0.2 + 1.8 * torch.rand(80, 1, generator=generator))
    features = torch.cat([at, 0.1 * torch.randn(80, 9, generator=generator)], 1)
    return features, 4 * at @ corners.T


@pytest.mark.parametrize(
    ("method", "dimensions"),
    [("pca", 2), ("pca", 3), ("lda", 2), ("lda", 3), ("tsne", 2), ("umap", 3), ("isomap", 3), ("lle", 2), ("lle", 3)],
)
def test_every_method_gives_points_that_repeat(planted: tuple[Tensor, Tensor], method: str, dimensions: int) -> None:
    features, logits = planted
    z = project(method, features, logits, dimensions=dimensions, seed=1)
    assert z.shape == (80, dimensions)
    assert z.isfinite().all()
    torch.testing.assert_close(z.mean(0), torch.zeros(dimensions), atol=1e-3, rtol=0)
    assert torch.equal(z, project(method, features, logits, dimensions=dimensions, seed=1))
    kept = fidelity(features, z, logits, temperature=1.0, concentration=4.0)
    assert 0.5 < kept.trustworthiness <= 1
    assert kept.kl >= 0


def test_figures_by_hand(planted: tuple[Tensor, Tensor]) -> None:
    features, logits = planted
    planted_space = fidelity(features, features[:, :3], logits, temperature=1.0, concentration=4.0)
    shuffled = features[torch.randperm(80, generator=torch.Generator().manual_seed(1)), :3]
    random = fidelity(features, shuffled, logits, temperature=1.0, concentration=4.0)
    # The planted directions, under which logits are 4 mu.z, leave nothing over.
    assert planted_space.kl < 0.01
    assert planted_space.agreement > 0.95
    assert planted_space.correlation < -0.85
    assert random.kl > 0.5
    assert random.agreement < 0.6
    assert abs(random.correlation) < 0.4
    assert random.trustworthiness < 0.7 < planted_space.trustworthiness
    small = fidelity(features, 1e-3 * features[:, :3], logits, temperature=1.0, concentration=4.0)
    assert small.kl == pytest.approx(planted_space.kl, abs=0.02)  # scale is found
    fixed = fidelity(features, 1e-3 * features[:, :3], logits, temperature=1.0, concentration=4.0, scaled=False)
    assert fixed.kl > 0.3


def test_ours_is_strongest_on_planted_strength(planted: tuple[Tensor, Tensor]) -> None:
    features, logits = planted
    ours = samples.fit(features, logits, samples.Settings(steps=200))
    own = fidelity(features, ours.g, logits, temperature=1.0, concentration=4.0, scaled=False)
    assert own.correlation == pytest.approx(ours.correlation, abs=1e-6)
    assert own.kl == pytest.approx(ours.kl, abs=1e-6)
    for method in ("lda", "isomap", "lle"):
        z = project(method, features, logits)
        assert own.kl < fidelity(features, z, logits, temperature=1.0, concentration=4.0).kl


def test_aligned_umap_keeps_pictures_together(planted: tuple[Tensor, Tensor]) -> None:
    features, _ = planted
    first, second = aligned_umap([features[:40], features[:40] * 1.1], dimensions=3)
    assert first.shape == second.shape == (40, 3)
    apart = (first - second).norm(dim=1).mean()
    assert apart < 0.5 * (first[:, None] - second[None]).norm(dim=2).mean()


def test_what_cannot_be_projected_is_refused(planted: tuple[Tensor, Tensor]) -> None:
    features, logits = planted
    for method, f, message in (
        ("phate", features, "no projection called 'phate'"),
        ("pca", features[:5], "at least 10 pictures"),
        ("pca", features * 0, "all the same"),
        ("pca", features / 0, "not finite"),
    ):
        with pytest.raises(InputError, match=message):
            project(method, f, logits[: len(f)])
    with pytest.raises(InputError, match="2 or 3 dimensions"):
        project("pca", features, logits, dimensions=4)
    with pytest.raises(InputError, match="two checkpoints"):
        aligned_umap([features])


def _history() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Three steps, two layers, one image of four regions."""
    states = np.full((3, 2, 1, 4), NONE, np.uint8)
    category = np.zeros((3, 2, 1, 4), np.int64)
    h = np.zeros((3, 2, 1, 4, 3), np.float32)
    h += np.arange(3)[:, None, None, None, None] * np.float32(0.1)  # all move a little
    states[1:, 1, 0, 0] = RELIABLE  # region 0: reliable from step 1 at layer 1, from step 2 at layer 0
    states[2, 0, 0, 0] = RELIABLE
    states[1, 1, 0, 1], states[2, 1, 0, 1] = UNRELIABLE, RELIABLE  # region 1 flips from class 2 to class 0
    category[1, 1, 0, 1] = 2
    h[2, 1, 0, 3] += 5  # region 3 leaps
    return states, category, h


def test_events_by_hand() -> None:
    states, category, h = _history()
    layer, step = events.first_reliable(states)
    assert layer.tolist() == [[0, 1, events.NEVER, events.NEVER]]
    assert step[1].tolist() == [[1, 2, events.NEVER, events.NEVER]]
    assert step[0].tolist() == [[2, events.NEVER, events.NEVER, events.NEVER]]
    found = events.find(states, category, h)
    columns = ["kind", "step", "layer", "region", "before", "after"]
    assert sorted(found[columns].itertuples(index=False, name=None)) == [
        ("flip", 2, 1, 1, 2, 0),
        ("move", 2, 1, 3, 0, 0),
        ("reliable", 1, 1, 0, 0, 0),
        ("reliable", 2, 0, 0, 0, 0),
        ("reliable", 2, 1, 1, 2, 0),
    ]
    assert found["step"].is_monotonic_increasing
    leap = found[found.kind == "move"]["size"].item()
    assert leap == pytest.approx(3**0.5 * 5.1, abs=0.005)  # sizes are kept to .01
    assert (events.find(states, category, h, far=1000).kind != "move").all()
    alone = events.find(states[-1:], category[-1:], h[-1:])
    assert len(alone) == 0
    assert list(alone) == list(found)


def test_histories_that_do_not_fit_are_refused() -> None:
    states, category, h = _history()
    with pytest.raises(InputError, match="steps, layers, images, regions"):
        events.find(states[0], category, h)
    with pytest.raises(InputError, match="same regions"):
        events.find(states, category[:2], h)
    with pytest.raises(InputError, match="above 0"):
        events.find(states, category, h, far=0)
