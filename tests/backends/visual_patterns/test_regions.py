"""The regional stage: equal to the published procedure written out, and right on planted regions."""

import pytest
import torch
from torch import Tensor

from backends.errors import InputError
from backends.visual_patterns import points, regions, samples
from backends.visual_patterns.importance import (
    choose_partners,
    divergence_and_gradients,
    log_similarity,
    match_regions,
    products,
    weigh,
)
from backends.visual_patterns.regions import random_regions, ridge_start
from tests.backends.visual_patterns import published


def planted(n: int = 48, classes: int = 4, grid: int = 4) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Regions (n, 16, 96) of which four carry their picture's class and the others common noise.

    Also logits (n, C), labels (n,) and where the telling regions are (n, 16) bool.
    """
    generator = torch.Generator().manual_seed(4)
    labels = torch.arange(n) % classes
    inside = torch.zeros(n, grid * grid, dtype=torch.bool)
    for i in range(n):
        x, y = torch.randint(0, grid - 1, (2,), generator=generator).tolist()
        for place in (y * grid + x, y * grid + x + 1, (y + 1) * grid + x, (y + 1) * grid + x + 1):
            inside[i, place] = True
    f = 0.3 * torch.rand(n, grid * grid, 96, generator=generator)
    f[..., 64:] += torch.rand(n, grid * grid, 32, generator=generator) * ~inside[..., None]
    for c in range(classes):
        f[:, :, 16 * c : 16 * c + 16] += (inside & (labels == c)[:, None])[..., None]
    logits = 6 * torch.eye(classes)[labels] + 0.3 * torch.randn(n, classes, generator=generator)
    return f, logits, labels, inside


def test_partners_are_others_and_each_once() -> None:
    chosen = choose_partners(9, 5, seed=1)
    assert chosen.shape == (9, 5)
    for i, row in enumerate(chosen.tolist()):
        assert len(set(row)) == 5
        assert i not in row
    assert choose_partners(4, 100, seed=1).shape == (4, 3)
    with pytest.raises(InputError, match="at least 3 pictures"):
        choose_partners(2, 1, seed=0)


def test_similarity_by_hand() -> None:
    log_p = torch.tensor([[0.8, 0.2], [0.8, 0.2], [0.2, 0.8]]).log()
    found = log_similarity(log_p, torch.tensor([[1, 2]] * 3)).exp()
    other = 0.32 / 0.68  # cos of (0.8, 0.2) and (0.2, 0.8)
    weights = torch.tensor([5.0, 5 * other]).softmax(0)
    torch.testing.assert_close(found[0], weights)


def test_matching_is_that_of_the_full_tensor() -> None:
    f = torch.rand(5, 6, 7, generator=torch.Generator().manual_seed(0))
    v = torch.rand(7, generator=torch.Generator().manual_seed(1))
    fast = match_regions(f[0], v, f[1:])
    slow = torch.stack([published.matched(f[0], other, v) for other in f[1:]])
    assert torch.equal(fast, slow)


def test_gradients_are_those_of_autograd() -> None:
    generator = torch.Generator().manual_seed(0)
    f = torch.nn.functional.normalize(torch.rand(6, 5, 8, generator=generator), dim=2)
    pairs = products(f[0], f[1:], match_regions(f[0], torch.ones(8), f[1:])).double()
    target = torch.log_softmax(torch.randn(5, generator=generator).double(), 0)
    w = torch.rand(5, generator=generator).double().requires_grad_()
    v = (0.02 * torch.rand(8, generator=generator)).double().requires_grad_()

    def divergence(w: Tensor, v: Tensor) -> Tensor:
        each = torch.log_softmax(1000 * (pairs @ v).reshape(5, 5), 0)
        return (target.exp() * (target - torch.log_softmax(each @ w, 0))).sum()

    kl = divergence(w, v)
    kl.backward()
    found = divergence_and_gradients(pairs, target, w.detach(), v.detach())
    for mine, theirs in zip(found, (kl.detach(), w.grad, v.grad), strict=True):
        assert theirs is not None
        torch.testing.assert_close(mine, theirs)


def test_importance_is_that_of_the_published_procedure() -> None:
    f, logits, _, _ = planted(12)
    log_p = samples.log_target(logits, 1.0)
    found = weigh(f, log_p, partners=6, steps=5)
    target = log_similarity(log_p, found.partners)
    w, v, kl = published.importance(f, target, found.partners, 5, rematch=False)
    torch.testing.assert_close(found.regions, w, rtol=2e-3, atol=1e-4)
    torch.testing.assert_close(found.channels, v, rtol=2e-3, atol=1e-4)
    torch.testing.assert_close(found.kl, kl, rtol=2e-3, atol=1e-3)
    again, _, _ = published.importance(f, target, found.partners, 5, rematch=True)
    # Matching anew at each step changes little.
    assert samples.correlation(found.regions.flatten(), again.flatten()) > 0.8
    _, _, start = published.importance(f, target, found.partners, 0, rematch=True)
    _, _, plain = published.importance(f, target, found.partners, 5, rematch=True, plain=True)
    assert found.kl.mean() < 0.9 * start.mean()
    assert found.kl.mean() < plain.mean()


def test_losses_are_those_of_the_published_procedure() -> None:
    f, logits, _, _ = planted(8)
    found = weigh(f, samples.log_target(logits, 1.0), partners=5, steps=2)
    generator = torch.Generator().manual_seed(2)
    h = torch.randn(8, 16, 3, generator=generator)
    g = torch.randn(8, 3, generator=generator)
    rows = torch.tensor([1, 6])
    similarity, alignment = regions.losses(h, g, found, rows, 4.0)
    for k, i in enumerate(rows.tolist()):
        slow = published.losses(h, g, found.regions, i, found.partners[i], found.match[i], found.log_target[i], 4.0)
        torch.testing.assert_close(torch.stack([similarity[k], alignment[k]]), slow, rtol=1e-4, atol=1e-5)


def test_a_ridge_start_finds_a_linear_map() -> None:
    generator = torch.Generator().manual_seed(0)
    f = torch.randn(200, 4, 6, generator=generator)
    w = torch.full((200, 4), 0.25)
    true = torch.randn(3, 6, generator=generator)
    found = ridge_start(f, w, f.mean(1) @ true.T)
    torch.testing.assert_close(found, true, rtol=0.05, atol=0.05)


def test_planted_regions_are_found_and_the_control_finds_none() -> None:
    f, logits, labels, inside = planted()
    whole = samples.fit(f.mean(1), logits, samples.Settings(steps=300))
    found = weigh(f, samples.log_target(logits, 1.0))
    assert found.regions.sum(1).tolist() == pytest.approx([1.0] * 48, abs=1e-5)
    assert found.regions[inside].mean() > 1.5 * found.regions[~inside].mean()
    layer = regions.fit(f, found, whole.g)
    assert layer.alignment > 0.3  # regions of noise have weight too, and no direction
    states = points.judge(layer.h, whole.directions, labels, 4.0).states(0.6)
    assert (states[inside] == points.RELIABLE).float().mean() > 0.95
    counts = points.count(states, inside.float())
    assert counts.share > 0.8
    assert counts.foreground > 2 * counts.base
    control = [
        points.count(points.judge(h, whole.directions, labels, 4.0).states(0.6)).share
        for h in random_regions(f, 3, 5, seed=0)
    ]
    assert sum(control) / 5 < counts.share - 0.25


def test_tables_that_do_not_fit_are_refused() -> None:
    f, logits, _, _ = planted(8)
    log_p = samples.log_target(logits, 1.0)
    with pytest.raises(InputError, match="one row a picture"):
        weigh(f, log_p[:4])
    found = weigh(f, log_p, steps=1)
    for features, g, message in (
        (f[:, :9], torch.zeros(8, 3), "same pictures"),
        (f * torch.inf, torch.zeros(8, 3), "not finite"),
        (f * 0, torch.zeros(8, 3), "All features are 0"),
    ):
        with pytest.raises(InputError, match=message):
            regions.fit(features, found, g, steps=1)
