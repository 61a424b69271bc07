"""Training objectives against torch.distributions and term by term."""

import pytest
import torch
from torch.distributions import Bernoulli, kl_divergence

from backends.concepts.losses import (
    bernoulli_nll,
    classifier_loss,
    concept_loss,
    detach_loss,
    divergence,
    head_loss,
    residual_loss,
    sidechannel_loss,
)
from backends.concepts.models import DetachedResidualModel
from backends.concepts.requests import ModelRequest, Regulariser
from tests.backends.concepts.conftest import bits, inputs, untrained

pytestmark = pytest.mark.unit

P = torch.tensor([[0.9, 0.2], [0.5, 0.7], [0.01, 0.6]])
Q = torch.tensor([[0.8, 0.6], [0.5, 0.1], [0.4, 0.99]])
X, C, Y = inputs(), bits(32, 3), bits(32, 2, seed=7)


def _rng() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_the_likelihood_is_joint_over_outputs_and_averaged_over_samples() -> None:
    y = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    assert torch.isclose(bernoulli_nll(P, y), -Bernoulli(probs=P).log_prob(y).sum(1).mean())


def test_symmetric_kl_is_kl_both_ways() -> None:
    p, q = Bernoulli(probs=P), Bernoulli(probs=Q)
    both = (kl_divergence(p, q) + kl_divergence(q, p)).sum(1).mean()
    assert torch.isclose(divergence(P, Q, "kl"), both)
    assert divergence(P, P, "kl") == 0


def test_total_variation_is_half_the_l1_distance_of_the_distributions() -> None:
    both = torch.stack([P, 1 - P]) - torch.stack([Q, 1 - Q])
    assert torch.isclose(divergence(P, Q, "tv"), (both.abs().sum(0) / 2).sum(1).mean())


@pytest.mark.parametrize("kind", ["kl", "tv"])
def test_the_objective_is_likelihoods_plus_beta_times_the_divergence(kind: Regulariser) -> None:
    model = untrained("crm").train()
    request = ModelRequest("xor", "crm", 0.3, regulariser=kind)
    c, z = model.represent(X)
    p, q = model.default(c, z), model.bottleneck(c, z, "learned")
    expected = bernoulli_nll(p, Y) + bernoulli_nll(c, C) + 0.3 * divergence(p, q, kind)
    assert torch.isclose(sidechannel_loss(model, request, _rng())(X, C, Y), expected)


def test_the_divergence_teaches_the_prior() -> None:
    for beta, taught in ((0.0, False), (0.3, True)):
        model = untrained("crm").train()
        loss = sidechannel_loss(model, ModelRequest("xor", "crm", beta), _rng())(X, C, Y)
        loss.backward()
        assert (model.prior_z.grad is not None and bool(model.prior_z.grad.any())) is taught


def test_dropout_at_1_is_a_sidechannel_of_0_in_training_only() -> None:
    model = untrained("crm").train()
    loss = sidechannel_loss(model, ModelRequest("xor", "crm", 1.0, regulariser="dropout"), _rng())
    c, z = model.represent(X)
    without = bernoulli_nll(model.default(c, torch.zeros_like(z)), Y) + bernoulli_nll(c, C)
    with_z = bernoulli_nll(model.default(c, z), Y) + bernoulli_nll(c, C)
    assert torch.isclose(loss(X, C, Y), without)
    model.eval()
    assert torch.isclose(loss(X, C, Y), with_z)
    assert not torch.isclose(without, with_z)


def test_dropout_drops_whole_batches_at_its_rate() -> None:
    model = untrained("crm").train()
    loss = sidechannel_loss(model, ModelRequest("xor", "crm", 0.25, regulariser="dropout"), _rng())
    c, z = model.represent(X)
    dropped = bernoulli_nll(model.default(c, torch.zeros_like(z)), Y) + bernoulli_nll(c, C)
    kept = bernoulli_nll(model.default(c, z), Y) + bernoulli_nll(c, C)
    values = torch.stack([loss(X, C, Y) for _ in range(400)])
    is_dropped, is_kept = values.isclose(dropped), values.isclose(kept)
    assert (is_dropped ^ is_kept).all()
    assert float(is_dropped.float().mean()) == pytest.approx(0.25, abs=0.07)


def test_rand_int_at_1_shows_the_head_the_true_concepts() -> None:
    model = untrained("cbm-independent").train()
    c, z = model.represent(X)
    expected = bernoulli_nll(model.default(C, z), Y) + bernoulli_nll(c, C)
    loss = sidechannel_loss(model, ModelRequest("xor", "cbm-independent"), _rng())
    assert torch.isclose(loss(X, C, Y), expected)
    assert not torch.isclose(loss(X, C, Y), bernoulli_nll(model.default(c, z), Y) + bernoulli_nll(c, C))


def test_rand_int_replaces_its_share_of_concepts_in_training_only(monkeypatch: pytest.MonkeyPatch) -> None:
    model = untrained("cem").train()
    assert model.rand_int == 0.05
    read: list[torch.Tensor] = []
    default = model.default

    def listen(c: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
        read.append(c)
        return default(c, z)

    monkeypatch.setattr(model, "default", listen)
    c = model.represent(X).c
    loss = sidechannel_loss(model, ModelRequest("xor", "cem"), _rng())
    for _ in range(100):
        loss(X, 1 - (c > 0.5).float(), Y)
    replaced = torch.stack(read) != c
    assert float(replaced.float().mean()) == pytest.approx(0.05, abs=0.01)
    assert torch.equal(torch.stack(read)[replaced], (1 - (c > 0.5).float()).expand(100, -1, -1)[replaced])
    model.eval()
    loss(X, C, Y)
    assert torch.equal(read[-1], c)


def _gradients(loss: torch.Tensor, net: torch.nn.Module) -> list[torch.Tensor]:
    found = torch.autograd.grad(loss, list(net.parameters()), retain_graph=True, allow_unused=True)
    return [gradient for gradient in found if gradient is not None]


def test_the_detach_baseline_teaches_the_head_by_the_first_term_only() -> None:
    model = untrained("crm-detach")
    assert isinstance(model, DetachedResidualModel)
    assert model.side_net is not None
    c, z = model.represent(X)
    alone = bernoulli_nll(model.default(c, torch.zeros_like(z)), Y)
    rest = bernoulli_nll(model.default(c, z), Y)
    loss = detach_loss(model)(X, C, Y)
    assert torch.isclose(loss, alone + rest + bernoulli_nll(c, C))
    assert _gradients(model.detached(c, z).sum(), model.head_net) == []
    for by_loss, by_first in zip(_gradients(loss, model.head_net), _gradients(alone, model.head_net), strict=True):
        assert torch.allclose(by_loss, by_first, atol=1e-6)
    assert _gradients(alone, model.side_net) == []
    assert _gradients(loss, model.side_net) != []


def test_the_losses_of_single_stages() -> None:
    model = untrained("crm")
    c, z = model.represent(X)
    assert torch.isclose(concept_loss(model)(X, C, Y), bernoulli_nll(c, C))
    classifier = torch.nn.Linear(model.width, model.shape.n_y)
    black_box = classifier(model.encoder(X)).sigmoid()
    assert torch.isclose(classifier_loss(model, classifier)(X, C, Y), bernoulli_nll(black_box, Y))
    assert torch.isclose(head_loss(model)(X, C, Y), bernoulli_nll(model.default(c, torch.zeros_like(z)), Y))
    p, q = model.default(c, z), model.bottleneck(c, z, "learned")
    request = ModelRequest("xor", "pcbm-h", 2.0)
    assert torch.isclose(
        residual_loss(model, request)(X, C, Y), bernoulli_nll(p, Y) + 2 * divergence(p, q, "kl"), rtol=1e-4
    )
