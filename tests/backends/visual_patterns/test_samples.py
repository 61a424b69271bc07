"""The sample stage: its formulas by hand, that strength trains, and that huge kappa stays finite."""

import math

import pytest
import torch

from backends.errors import InputError
from backends.visual_patterns.samples import (
    Settings,
    class_directions,
    correlation,
    divergence,
    entropy,
    fit,
    log_posterior,
    log_target,
)


def _planted(n: int = 120, classes: int = 4, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Features that carry class and confidence in three of ten dimensions; logits that follow from them."""
    generator = torch.Generator().manual_seed(seed)
    corners = torch.tensor([[1.0, 1, 1], [-1, -1, 1], [-1, 1, -1], [1, -1, -1]])[:classes] / math.sqrt(3)
    labels = torch.arange(n) % classes
    strength = torch.rand(n, 1, generator=generator) * 2
    planted = corners[labels] * strength
    features = torch.cat([planted, 0.05 * torch.randn(n, 7, generator=generator)], 1)
    return features, 4 * planted @ corners.T, strength[:, 0]


def test_the_posterior_by_hand() -> None:
    point = torch.tensor([[3.0, 4.0]])  # l = 5, o = (0.6, 0.8)
    mu = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    prior = torch.tensor([0.75, 0.25])
    s = 0.5  # kappa = 2.5, so kappa cos = 1.5 and 2
    weights = [0.75 * math.exp(1.5), 0.25 * math.exp(2.0)]
    expected = [w / sum(weights) for w in weights]
    found = log_posterior(point, mu, s, prior.log()).exp()[0]
    assert found.tolist() == pytest.approx(expected, rel=1e-5)
    without = log_posterior(point, mu, s).exp()[0]
    assert without.tolist() == pytest.approx([1 / (1 + math.exp(0.5)), 1 / (1 + math.exp(-0.5))], rel=1e-5)


def test_means_and_priors_by_hand() -> None:
    g = torch.tensor([[2.0, 0.0], [0.0, 1.0]])
    log_p = torch.tensor([[0.5, 0.5], [0.8, 0.2]]).log()
    mu, log_prior = class_directions(g, log_p)
    assert log_prior.exp().tolist() == pytest.approx([0.65, 0.35])
    # sum_i P(y|x_i) g_i is (1, 0.8) and (1, 0.2)
    assert mu[0].tolist() == pytest.approx([1 / math.hypot(1, 0.8), 0.8 / math.hypot(1, 0.8)])
    assert mu[1].tolist() == pytest.approx([1 / math.hypot(1, 0.2), 0.2 / math.hypot(1, 0.2)])


def test_divergence_and_entropy_by_hand() -> None:
    p, q = torch.tensor([[0.5, 0.5]]), torch.tensor([[0.9, 0.1]])
    assert float(divergence(p.log(), q.log())) == pytest.approx(0.5 * math.log(0.5 / 0.9) + 0.5 * math.log(5))
    assert float(entropy(p.log())) == pytest.approx(math.log(2))
    certain = torch.tensor([[1.0, 0.0]]).log()
    assert (float(entropy(certain)), float(divergence(certain, certain.clamp_min(-50)))) == (0.0, 0.0)


def test_targets_are_tempered() -> None:
    logits = torch.tensor([[4.0, 0.0]])
    assert float(log_target(logits, 4.0).exp()[0, 0]) == pytest.approx(1 / (1 + math.exp(-1)))


def test_gradients_train_strength_and_direction() -> None:
    g = torch.tensor([[0.3, 0.1], [-0.1, 0.4], [0.2, 0.3]], requires_grad=True)
    log_p = torch.tensor([[0.99, 0.01], [0.01, 0.99], [0.5, 0.5]]).log()
    mu, prior = class_directions(g, log_p)
    divergence(log_p, log_posterior(g, mu, 4.0, prior)).sum().backward()
    assert g.grad is not None
    radial = (g.grad * g.detach()).sum(1) / g.detach().norm(dim=1)
    # Confident pictures are pushed outwards; the gradient also turns them.
    assert radial[0] < -0.01
    assert radial[1] < -0.01
    assert (g.grad - radial[:, None] * g.detach() / g.detach().norm(dim=1, keepdim=True)).norm() > 0.01


@pytest.mark.parametrize("strength", [1e-12, 1e6])
def test_log_space_holds_for_tiny_and_huge_kappa(strength: float) -> None:
    points = strength * torch.eye(3)
    mu = torch.eye(3)
    found = log_posterior(points, mu, 10_000.0)
    assert found.isfinite().all()
    assert found.exp().sum(1).tolist() == pytest.approx([1, 1, 1], rel=1e-5)
    expected = 1.0 if strength > 1 else 1 / 3
    assert float(found.exp()[0, 0]) == pytest.approx(expected, rel=1e-4)
    zero = torch.zeros(2, 3, requires_grad=True)
    mu, prior = class_directions(zero, torch.full((2, 2), 0.5).log())
    log_posterior(zero, mu, 10_000.0, prior).sum().backward()
    assert zero.grad is not None
    assert zero.grad.isfinite().all()


def test_the_planted_space_is_found() -> None:
    features, logits, strength = _planted()
    found = fit(features, logits, Settings(steps=300))
    assert found.kl < 0.02
    assert found.agreement >= 0.97
    # Entropy falls with strength, but not on a line; what was planted says how far from one.
    planted = correlation(strength, entropy(log_target(logits, 1.0)))
    assert planted < -0.85
    assert found.correlation == pytest.approx(planted, abs=0.03)
    assert correlation(found.g.norm(dim=1), strength) > 0.97
    # Four directions that repel each other equally stand at the corners of a tetrahedron: cos = -1/3.
    cosines = (found.directions @ found.directions.T)[~torch.eye(4, dtype=torch.bool)]
    assert cosines.mean().item() == pytest.approx(-1 / 3, abs=0.05)
    flat = fit(features, logits, Settings(steps=300, dimensions=2))
    assert flat.kl > found.kl


def test_places_have_mean_zero_and_do_not_depend_on_the_seed() -> None:
    features, logits, _ = _planted()
    positive = torch.relu(features + 1)  # as after a ReLU: all on one side
    fits = [fit(positive, logits, Settings(temperature=4.0, steps=300, seed=seed)) for seed in range(3)]
    for found in fits:
        torch.testing.assert_close(found.g.mean(0), torch.zeros(3), atol=1e-4, rtol=0)
    assert max(found.kl for found in fits) < 1.2 * min(found.kl for found in fits) + 1e-3
    spread = [found.correlation for found in fits]
    assert max(spread) - min(spread) < 0.05
    assert max(spread) < -0.85


def test_a_fit_repeats_and_goes_on_from_where_it_was() -> None:
    features, logits, _ = _planted()
    settings = Settings(steps=200)
    first, second = fit(features, logits, settings), fit(features, logits, settings)
    assert torch.equal(first.g, second.g)
    short = Settings(steps=1)
    assert fit(features, logits, short, start=first.projection).kl < fit(features, logits, short).kl


@pytest.mark.parametrize(
    "bad",
    [
        {"temperature": 0},
        {"temperature": float("nan")},
        {"concentration": -1},
        {"dimensions": 4},
        {"steps": 0},
    ],
)
def test_settings_out_of_range_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(InputError):
        Settings(**bad)  # type: ignore[arg-type]


def test_features_that_cannot_be_used_are_refused() -> None:
    features, logits, _ = _planted(8)
    for f, z, message in (
        (features[:1], logits[:1], "at least 2 pictures"),
        (features, logits[:, :1], "2 classes"),
        (features * math.nan, logits, "not finite"),
        (features * 0, logits, "all features are 0"),
        (features, logits[:4], "one row a picture"),
    ):
        with pytest.raises(InputError, match=f"(?i){message}"):
            fit(f, z, Settings(steps=1))
    with pytest.raises(InputError, match="shape"):
        fit(features, logits, Settings(steps=1), start=torch.zeros(3, 3))
