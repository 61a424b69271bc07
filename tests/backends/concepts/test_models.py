"""The meta-model and its special cases: modes, priors, heads by hand, and where gradients go."""

import math

import pytest
import torch
from torch import Tensor, nn

from backends.concepts.catalog import MODEL_INFO
from backends.concepts.losses import bernoulli_nll
from backends.concepts.models import MODELS, DetachedResidualModel, PosthocModel, Shape
from backends.concepts.models.embedding import EMBEDDING, ConceptEmbeddingModel, EmbeddingModel, PerConcept
from backends.concepts.models.meta import EPS, make_encoder
from backends.concepts.models.residual import ConceptResidualModel, LinearResidualModel
from backends.concepts.requests import Prior
from tests.backends.concepts.conftest import TINY, bits, inputs, untrained

pytestmark = pytest.mark.unit

PRIORS: tuple[Prior, ...] = ("mean", "shuffled", "learned")
CBMS = [name for name in MODELS if name.startswith("cbm")]


def test_every_model_is_in_the_catalog_and_every_entry_is_a_model() -> None:
    assert list(MODELS) == list(MODEL_INFO)


@pytest.mark.parametrize("kind", MODELS)
def test_both_modes_give_probabilities_whose_log_odds_are_finite(kind: str) -> None:
    model = untrained(kind)
    c, z = model.represent(inputs() * 1000)
    answers = [model.default(c, z), *(model.bottleneck(c, z, prior) for prior in PRIORS), c]
    assert all(p.shape == (32, 2) for p in answers[:-1])
    assert c.shape == (32, 3)
    for p in answers:
        assert (p >= EPS).all()
        assert p.logit().isfinite().all()


@pytest.mark.parametrize("kind", CBMS)
@pytest.mark.parametrize("prior", PRIORS)
def test_without_a_sidechannel_both_modes_are_one(kind: str, prior: Prior) -> None:
    model = untrained(kind)
    c, z = model.represent(inputs())
    assert z.shape == (32, 0)
    assert torch.equal(model.default(c, z), model.bottleneck(c, z, prior))


@pytest.mark.parametrize("prior", PRIORS)
def test_a_head_that_ignores_z_has_modes_that_agree(prior: Prior) -> None:
    model = untrained("crm")
    assert isinstance(model, ConceptResidualModel)
    c, z = model.represent(inputs())
    assert not torch.equal(model.default(c, z), model.bottleneck(c, z, prior))
    first = model.head_net[0]
    assert isinstance(first, nn.Linear)
    with torch.no_grad():
        first.weight[:, TINY.n_c :] = 0
    assert torch.equal(model.default(c, z), model.bottleneck(c, z, prior))


def test_a_black_box_hears_no_concept_and_is_constant_in_bottleneck_mode() -> None:
    model = untrained("black-box")
    c, z = model.represent(inputs())
    assert torch.equal(model.default(c, z), model.default(1 - c, z))
    assert len(model.bottleneck(c, z, "mean").unique(dim=0)) == 1


@pytest.mark.parametrize("kind", [name for name in MODELS if name not in CBMS])
def test_priors_are_the_training_mean_another_sample_and_what_was_learned(kind: str) -> None:
    model = untrained(kind)
    x = inputs()
    z = model.represent(x).z
    model.set_mean(x)
    for row in (0, 17):
        assert torch.allclose(model.prior(z, "mean")[row], z.sum(0) / 32, atol=1e-6)
        assert torch.equal(model.prior(z, "learned")[row], model.prior_z)
        assert torch.equal(model.prior(z, "shuffled")[row], z[row - 1])


def test_lrm_is_a_linear_function_of_the_hard_concepts_and_z() -> None:
    model = untrained("lrm", Shape("vector", (4,), 2, 1), width=2)
    assert isinstance(model, LinearResidualModel)
    with torch.no_grad():
        model.linear.weight.copy_(torch.tensor([[1.5, -2.0, 0.5, -1.0]]))
        model.linear.bias.fill_(0.25)
    p = model.default(torch.tensor([[0.9, 0.4], [0.2, 0.6]]), torch.tensor([[2.0, 3.0], [-1.0, 0.0]]))
    logits = (1.5 + 0.5 * 2 - 3 + 0.25, -2.0 - 0.5 + 0.25)
    assert p[:, 0].tolist() == pytest.approx([1 / (1 + math.exp(-v)) for v in logits])


def test_the_detach_baseline_adds_log_odds_and_is_its_concept_head_without_the_residual() -> None:
    model = untrained("crm-detach")
    assert isinstance(model, DetachedResidualModel)
    c, z = model.represent(inputs())
    with torch.no_grad():
        model.prior_z.zero_()
    alone = torch.sigmoid(model.head_net((c > 0.5).float()))
    assert torch.allclose(model.bottleneck(c, z, "learned"), alone, atol=1e-6)
    assert torch.allclose(model.default(c, z).logit(), alone.logit() + z, atol=1e-4)


def test_cem_mixes_the_embeddings_of_true_and_false() -> None:
    plus, minus = torch.full((EMBEDDING,), 4.0), torch.full((EMBEDDING,), -8.0)
    z = torch.stack([plus, minus]).expand(1, 3, 2, EMBEDDING)
    mixed = EmbeddingModel.mix(torch.tensor([[1.0, 0.0, 0.25]]), z)
    assert mixed[0, :, 0].tolist() == [4, -8, 0.25 * 4 - 0.75 * 8]
    assert mixed.shape == (1, 3, EMBEDDING)


def test_cem_still_depends_on_the_input_when_every_concept_is_set() -> None:
    model = untrained("cem")
    assert isinstance(model, ConceptEmbeddingModel)
    c, z = model.represent(inputs())
    told = model.default(torch.ones_like(c), z)
    assert len(told.unique(dim=0)) > 1
    assert len(model.bottleneck(torch.ones_like(c), z, "learned").unique(dim=0)) == 1


def test_per_concept_layers_are_linear_layers_side_by_side() -> None:
    layer = PerConcept(3, 4, 5)
    x = torch.randn(7, 3, 4)
    for i in range(3):
        assert torch.allclose(layer(x)[:, i], x[:, i] @ layer.weight[i] + layer.bias[i], atol=1e-6)


def test_the_pair_encoder_treats_both_images_alike() -> None:
    encoder = make_encoder(Shape("image_pair", (2, 4, 4), 3, 2), 16)
    x = torch.randn(5, 2, 4, 4)
    there, back = encoder(x), encoder(x.flip(1))
    assert there.shape == (5, 16)
    assert torch.allclose(there, back.roll(8, 1), atol=1e-6)


def _posthoc() -> PosthocModel:
    model = untrained("pcbm-h")
    assert isinstance(model, PosthocModel)
    return model


def test_pcbm_scores_are_distances_kept_between_percentiles() -> None:
    model = _posthoc()
    x = inputs(400)
    model.set_score_range(x)
    w, b = model.probe.weight.detach(), model.probe.bias.detach()
    distance = (model.encoder(x).detach() @ w.T + b) / (w**2).sum(1).sqrt()
    low, high = distance.quantile(0.05, 0), distance.quantile(0.95, 0)
    clamped = torch.minimum(torch.maximum(distance, low), high)
    assert torch.allclose(model.scores(model.represent(x).c), clamped, atol=1e-4)
    assert torch.allclose(model.scores(torch.tensor([[0.0] * 3, [1.0] * 3])), torch.stack([low, high]), atol=1e-6)
    outside = ((distance < low) | (distance > high)).float().mean()
    assert float(outside) == pytest.approx(0.1, abs=0.01)


def test_pcbm_adds_its_residual_to_a_linear_head_on_the_scores() -> None:
    model = _posthoc()
    c, z = model.represent(inputs())
    logits = model.scores(c) @ model.linear.weight.T + model.linear.bias + z
    assert torch.allclose(model.default(c, z), torch.sigmoid(logits), atol=1e-6)
    assert not torch.equal(model.default(c, z), model.default((c > 0.5).float(), z))  # it reads soft concepts


def _concept_parameters(kind: str) -> list[Tensor]:
    model = untrained(kind)
    c, z = model.represent(inputs())
    bernoulli_nll(model.default(c, z), bits(32, 2)).backward()
    net = model.score if isinstance(model, EmbeddingModel) else model.concept_net
    assert isinstance(net, nn.Module)
    return [torch.zeros_like(p) if p.grad is None else p.grad for p in net.parameters()]


@pytest.mark.parametrize("kind", [name for name in MODELS if name not in ("cbm-joint", "pcbm-h")])
def test_the_task_teaches_hard_concepts_nothing(kind: str) -> None:
    assert all(not gradient.any() for gradient in _concept_parameters(kind))


def test_the_task_teaches_the_concepts_of_a_joint_cbm() -> None:
    assert all(gradient.any() for gradient in _concept_parameters("cbm-joint"))
