"""What a head does on a text is the same, kept sparse, as its autoencoder says token by token."""

import pytest
import torch

from backends.attention_rules.head_text import Activations
from backends.attention_rules.sae import HeadSae

pytestmark = pytest.mark.method

WIDTH, FEATURES = 8, 40


def autoencoder(k: int) -> HeadSae:
    rng = torch.Generator().manual_seed(k)
    encoder, decoder = (torch.randn(shape, generator=rng) for shape in ((WIDTH, FEATURES), (FEATURES, WIDTH)))
    bias = torch.linspace(-0.5, 0.5, FEATURES)
    bias[[0, 7, FEATURES - 1]] = -1e3  # dead: first, last, and in between
    return HeadSae(encoder, bias, decoder, torch.zeros(WIDTH), k)


@pytest.mark.parametrize("k", [3, 0], ids=["topk", "relu"])
@pytest.mark.parametrize("texts", [1, 32, 75])
def test_activations_are_those_of_the_autoencoder(k: int, texts: int) -> None:
    sae = autoencoder(k)
    z = torch.randn(texts, 6, WIDTH, generator=torch.Generator().manual_seed(texts))
    expected = sae.encode(z).half().float()
    expected[:, 0] = 0
    active = Activations(z, sae)
    assert float(expected.amax()) > 0
    for feature in range(FEATURES):
        torch.testing.assert_close(active[feature], expected[..., feature], atol=0, rtol=0)


def test_a_feature_that_is_not_there() -> None:
    with pytest.raises(IndexError):
        Activations(torch.zeros(1, 2, WIDTH), autoencoder(3))[FEATURES]
