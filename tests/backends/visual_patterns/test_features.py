"""Networks and what is taken from them: shapes, pooling by hand, hooks that leave nothing behind."""

import pytest
import torch
from torch import nn

from backends.errors import InputError
from backends.visual_patterns import features
from backends.visual_patterns.features import Watched, extract, pool
from backends.visual_patterns.networks import ARCHITECTURES, HEAD, STAGES, WIDTHS, build, parameters

pytestmark = pytest.mark.method


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("side", [32, 64])
def test_networks_end_on_eight_by_eight(architecture: str, side: int) -> None:
    model = build(architecture, 10, side, seed=1).eval()
    x = torch.randn(2, 3, side, side)
    assert len(model.stages) == 4
    for stage, width in zip(model.stages, WIDTHS, strict=True):
        x = stage(x)
        assert x.shape[1] == width
        assert (x >= 0).all()
    assert x.shape[2:] == (8, 8)
    assert 2.5e5 < parameters(model) < 3.5e5
    again = build(architecture, 10, side, seed=1)
    assert torch.equal(again.head.weight, model.head.weight)
    assert not torch.equal(build(architecture, 10, side, seed=2).head.weight, model.head.weight)


@pytest.mark.parametrize(("name", "classes", "side"), [("alexnet", 10, 64), ("vgg", 1, 64), ("vgg", 10, 48)])
def test_networks_that_do_not_exist_are_refused(name: str, classes: int, side: int) -> None:
    with pytest.raises(InputError):
        build(name, classes, side, seed=0)


def test_pooling_by_hand() -> None:
    output = torch.arange(16.0).reshape(1, 1, 4, 4)
    assert pool(output, 2).flatten().tolist() == [2.5, 4.5, 10.5, 12.5]
    small = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
    assert pool(small, 4).flatten().tolist() == [1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4]
    tokens = torch.cat([torch.full((1, 1, 1), 99.0), torch.arange(4.0).reshape(1, 4, 1)], 1)  # a class token first
    assert pool(tokens, 2).flatten().tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("shape", [(1, 24, 8), (1, 5), (1, 0, 4)])
def test_outputs_without_regions_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="regions"):
        pool(torch.zeros(shape), 2)


def test_features_are_those_of_the_network_in_any_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    model = build("resnet", 5, 32, seed=3)
    watched = Watched(model, STAGES, HEAD)
    x = torch.randn(9, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    found = extract(watched, x)
    model.eval()
    with torch.no_grad():
        torch.testing.assert_close(found.logits, model(x))
        torch.testing.assert_close(model.head(found.samples), found.logits)
        third = model.stages[2](model.stages[1](model.stages[0](x)))
    torch.testing.assert_close(found.regions["stages.2"], pool(third, 8))
    torch.testing.assert_close(found.pooled("stages.3"), found.samples)
    assert {layer: tuple(r.shape) for layer, r in found.regions.items()} == {
        layer: (9, 64, width) for layer, width in zip(STAGES, WIDTHS, strict=True)
    }
    monkeypatch.setattr(features, "BATCH_BYTES", 1)  # one picture at a time
    torch.testing.assert_close(extract(watched, x).logits, found.logits)


def test_hooks_are_gone_and_the_mode_is_back_even_after_an_error() -> None:
    model = build("vgg", 3, 32, seed=0).train()
    with pytest.raises(InputError, match="no layer called 'stages.9'"):
        extract(Watched(model, ("stages.0", "stages.9"), HEAD), torch.zeros(1, 3, 32, 32))
    extract(Watched(model, ("stages.0",), HEAD), torch.zeros(1, 3, 32, 32))
    assert model.training
    assert all(not m._forward_hooks and not m._forward_pre_hooks for m in model.modules())


def test_what_is_too_large_or_empty_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(build("vgg", 3, 32, seed=0), STAGES, HEAD)
    with pytest.raises(InputError, match="no pictures"):
        extract(watched, torch.zeros(0, 3, 32, 32))
    with pytest.raises(InputError, match="1 to 32"):
        extract(watched, torch.zeros(1, 3, 32, 32), grid=100)
    monkeypatch.setattr(features, "MOST_BYTES", 1000)
    with pytest.raises(InputError, match="GiB"):
        extract(watched, torch.zeros(1, 3, 32, 32))
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3))
    with pytest.raises(InputError, match="no image classifier"):
        extract(Watched(net, ("0",), "2"), torch.zeros(1, 3, 32, 32))
