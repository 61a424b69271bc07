"""Autoencoders: what they compute, by hand; that training finds planted features; that figures are what they say."""

import numpy as np
import pytest
import sklearn.decomposition
import torch
from torch import Tensor

from backends.attention_rules.sae import HeadSae
from backends.attention_rules.sae_training import SaeRequest, measure_sae, train_sae
from backends.errors import InputError, WeightsError
from backends.progress import finish


def _by_hand(k: int = 0, threshold: Tensor | None = None) -> HeadSae:
    encoder = torch.tensor([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]])
    return HeadSae(encoder, torch.tensor([0.5, -1.0, 0.0]), encoder.T.clone(), torch.tensor([1.0, 2.0]), k, threshold)


def test_activations_by_hand() -> None:
    z = torch.tensor([[2.0, 4.0]])  # centred: (1, 2); pre-activations: 1.5, 1, 3
    assert _by_hand().encode(z).tolist() == [[1.5, 1.0, 3.0]]
    assert _by_hand(k=1).encode(z).tolist() == [[0.0, 0.0, 3.0]]
    assert _by_hand(threshold=torch.tensor([2.0, 0.5, 0.0])).encode(z).tolist() == [[0.0, 1.0, 3.0]]
    assert _by_hand().encode(-z).tolist() == [[0.0, 0.0, 0.0]]
    assert _by_hand().decode(torch.tensor([[1.0, 0.0, 2.0]])).tolist() == [[4.0, 4.0]]


def test_direction_and_offset_give_the_pre_activation() -> None:
    sae, z = _by_hand(), torch.randn(5, 2, generator=torch.Generator().manual_seed(0))
    for feature in range(3):
        torch.testing.assert_close(z @ sae.direction(feature) + sae.offset(feature), sae.pre(z)[:, feature])
    assert sae.offsets().tolist() == pytest.approx([sae.offset(f) for f in range(3)])
    for wrong in (3, -1, True):
        with pytest.raises(InputError, match="from 0 to 2"):
            sae.check(wrong)


def test_state_survives_and_damage_is_told() -> None:
    sae = _by_hand(k=2, threshold=torch.ones(3))
    again = HeadSae.from_state(sae.state())
    z = torch.randn(4, 2)
    assert torch.equal(sae.encode(z), again.encode(z))
    state = sae.state()
    for change in (
        {"bias": torch.ones(2)},
        {"encoder": torch.ones(2)},
        {"decoder": torch.full((3, 2), torch.nan)},
        {"k": torch.tensor([4])},
        {"threshold": torch.ones(1)},
    ):
        with pytest.raises(WeightsError):
            HeadSae.from_state(state | change)
    with pytest.raises(WeightsError, match="centre"):
        HeadSae.from_state({name: t for name, t in state.items() if name != "centre"})


@pytest.fixture(scope="module")
def planted() -> tuple[Tensor, Tensor]:
    """6,000 rows of 16 numbers, each a sum of 2 of 12 unit directions, off the origin; and the directions."""
    rng = torch.Generator().manual_seed(4)
    directions = torch.nn.functional.normalize(torch.randn(12, 16, generator=rng), dim=1)
    chosen = torch.stack([torch.randperm(12, generator=rng)[:2] for _ in range(6000)])
    amounts = torch.zeros(6000, 12).scatter(1, chosen, 1 + torch.rand(6000, 2, generator=rng))
    return amounts @ directions * 0.3 + 2.0, directions


@pytest.mark.method
@pytest.mark.parametrize("kind", ["topk", "batchtopk", "relu"])
def test_training_finds_planted_directions(kind: str, planted: tuple[Tensor, Tensor]) -> None:
    rows, directions = planted
    request = SaeRequest(kind, features=24, k=2, l1=1.0, steps=1000, batch=128, seed=1)  # type: ignore[arg-type]
    sae = finish(train_sae(rows[:5000], request))
    figures = measure_sae(sae, rows[5000:])
    assert figures.explained > 0.85
    assert figures.l0 < 9  # of 24; ReLU tells small amounts apart less sharply
    found = torch.nn.functional.normalize(sae.decoder, dim=1) @ directions.T
    assert (found.max(0).values > 0.9).float().mean() > 0.7


@pytest.mark.method
def test_the_same_request_gives_the_same_weights(planted: tuple[Tensor, Tensor]) -> None:
    rows = planted[0]
    request = SaeRequest(features=8, k=2, steps=5, batch=64)
    torch.manual_seed(0)
    first = finish(train_sae(rows, request))
    torch.manual_seed(1)
    again = finish(train_sae(rows, request))
    mapped = finish(train_sae(rows.numpy(), request))
    assert torch.equal(first.encoder, again.encoder)
    assert mapped.encoder.shape == first.encoder.shape


def test_figures_are_those_of_scikit_learn(planted: tuple[Tensor, Tensor]) -> None:
    rows = planted[0]
    ratios = sklearn.decomposition.PCA().fit(rows.numpy()).explained_variance_ratio_.cumsum()
    zero = HeadSae(torch.zeros(16, 3), torch.tensor([-1.0, 1.0, 1.0]), torch.zeros(3, 16), rows.mean(0))
    figures = measure_sae(zero, rows, chunk=700)
    assert figures.explained == pytest.approx(0, abs=1e-3)  # it always answers with the mean
    assert figures.l0 == 2
    assert figures.dead == pytest.approx(1 / 3)
    assert [figures.pca[k] for k in (1, 2, 4, 8)] == pytest.approx([ratios[k - 1] for k in (1, 2, 4, 8)], abs=1e-3)
    assert figures.pca[16] == pytest.approx(1)


def test_requests_that_cannot_be_answered() -> None:
    for wrong in ({"kind": "gated"}, {"k": 0}, {"k": 9, "features": 8}, {"steps": 0}, {"l1": np.nan}):
        with pytest.raises(InputError):
            SaeRequest(**wrong)
    with pytest.raises(InputError, match="2 rows"):
        finish(train_sae(torch.zeros(1, 4), SaeRequest(features=8, k=2)))
