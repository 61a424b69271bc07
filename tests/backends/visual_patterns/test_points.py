"""Knowledge points on features made by hand, and alignment on a rotation that is known."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch

from backends.errors import InputError
from backends.visual_patterns import alignment, samples
from backends.visual_patterns.alignment import procrustes
from backends.visual_patterns.points import NONE, RELIABLE, UNRELIABLE, count, curve, foreground_cells, judge

MU = torch.eye(3)


def _rotation(angle: float) -> torch.Tensor:
    c, s = math.cos(angle), math.sin(angle)
    return torch.tensor([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]])


def test_points_by_hand() -> None:
    # Strengths 3, 1, 1, 3: their mean is 2, so h is halved.
    h = torch.tensor([[[3.0, 0, 0], [0, 1.0, 0]], [[0, 1.0, 0], [0, 0, 3.0]]])
    verdict = judge(h, MU, torch.tensor([0, 2]), concentration=2.0)
    strong, weak = math.exp(3) / (math.exp(3) + 2), math.e / (math.e + 2)
    assert verdict.probability.flatten().tolist() == pytest.approx([strong, weak, weak, strong], rel=1e-5)
    assert verdict.category.tolist() == [[0, 1], [1, 2]]
    assert verdict.states(0.4).tolist() == [[RELIABLE, UNRELIABLE], [UNRELIABLE, RELIABLE]]
    assert verdict.states(0.7).tolist() == [[RELIABLE, NONE], [NONE, RELIABLE]]
    assert verdict.states(0.95).tolist() == [[NONE, NONE], [NONE, NONE]]
    cells = torch.tensor([[1.0, 0.0], [0.0, 0.5]])
    low, high, none = curve(verdict, (0.4, 0.7, 0.95), cells)
    assert (low.total, low.reliable, low.share, low.foreground, low.base) == (2, 1, 0.5, 0.75, 0.375)
    assert (high.total, high.share) == (1, 1)
    assert none.total == 0
    assert math.isnan(none.share)
    assert math.isnan(none.foreground)
    assert math.isnan(count(verdict.states()).base)


@pytest.mark.parametrize("tau", [-0.1, 1.5, math.nan])
def test_thresholds_are_probabilities(tau: float) -> None:
    verdict = judge(torch.zeros(1, 2, 3), MU, torch.tensor([0]), 4.0)
    assert verdict.probability.flatten().tolist() == pytest.approx([1 / 3, 1 / 3])
    with pytest.raises(InputError, match="from 0 to 1"):
        verdict.states(tau)


def test_foreground_of_cells_by_hand() -> None:
    mask = np.zeros((1, 4, 4), np.bool_)
    mask[0, :2, :2] = True
    mask[0, 3, 3] = True
    assert foreground_cells(mask, 2)[0].tolist() == [1, 0, 0, 0.25]


def test_procrustes_finds_a_known_rotation_among_outliers() -> None:
    generator = torch.Generator().manual_seed(0)
    target = torch.randn(60, 3, generator=generator)
    true = _rotation(2.0)
    source = target @ true.T
    clean = procrustes(source, target)
    torch.testing.assert_close(clean.rotation, true, rtol=1e-4, atol=1e-4)
    assert clean.residual < 1e-5
    source[:5] *= -1.0  # the tenth that fits worst is left out
    trimmed, whole = procrustes(source, target), procrustes(source, target, trim=0.0)
    torch.testing.assert_close(trimmed.rotation, true, rtol=1e-3, atol=1e-3)
    assert not trimmed.kept[:5].any()
    assert int(trimmed.kept.sum()) == 54
    assert trimmed.residual < 1e-3 < whole.residual
    rotation = trimmed.rotation @ trimmed.rotation.T
    torch.testing.assert_close(rotation, torch.eye(3), rtol=1e-5, atol=1e-5)


def test_reflections_can_be_forbidden() -> None:
    target = torch.randn(40, 3, generator=torch.Generator().manual_seed(0))
    source = target * torch.tensor([1.0, 1.0, -1.0])
    assert procrustes(source, target).residual < 1e-5
    proper = procrustes(source, target, reflect=False)
    assert torch.linalg.det(proper.rotation).item() == pytest.approx(1.0, abs=1e-5)
    assert proper.residual > 0.1


def test_points_that_cannot_be_aligned_are_refused() -> None:
    for source, target, trim in (
        (torch.zeros(5, 3), torch.zeros(4, 3), 0.1),
        (torch.zeros(2, 3), torch.zeros(2, 3), 0.1),
        (torch.zeros(5, 3), torch.zeros(5, 3), 0.9),
    ):
        with pytest.raises(InputError):
            procrustes(source, target, trim=trim)


def test_checkpoints_stay_in_one_frame() -> None:
    generator = torch.Generator().manual_seed(1)
    labels = torch.arange(60) % 4
    codes = 2 * torch.eye(4, 8) - 0.5  # no class stands between the others
    settings = samples.Settings(steps=150)
    steps = []
    for strength in (0.5, 0.7, 0.9, 1.1):  # the same network, ever more certain
        features = strength * codes[labels] + 0.1 * torch.randn(60, 8, generator=generator)
        steps.append((features, 4 * strength * torch.eye(4)[labels]))
    frames = list(alignment.series(steps, settings))
    assert frames[0][1] == 0.0
    for (before, _), (after, residual) in pairwise(frames):
        assert (before.directions * after.directions).sum(1).min() > 0.9
        assert residual < 1.0
        features = steps[-1][0]
    last = frames[-1][0]
    torch.testing.assert_close((features - last.centre) / last.scale @ last.projection.T, last.g, rtol=1e-3, atol=1e-3)
    found = samples.fit(*steps[-1], settings)
    mirrored, residual = alignment.onto(found, last.g)
    assert residual < 0.2
    assert (mirrored.directions * last.directions).sum(1).min() > 0.95
