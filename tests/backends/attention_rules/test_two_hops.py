"""Taking a head apart: what is measured is the model's own attention, and what is taken out is what is named."""

import json
from pathlib import Path

import pytest
import torch

from backends.attention_rules import composition, shelf, two_hops, twolayer
from backends.attention_rules.decoder import Decoder, DecoderConfig
from backends.attention_rules.heads import copy_measures
from backends.attention_rules.models import attention_at
from backends.attention_rules.vocabulary import WordVocabulary
from backends.errors import InputError, MissingFileError, WeightsError

pytestmark = pytest.mark.method

WORDS = ["<s>", *(f"w{i}" for i in range(39))]


@pytest.fixture
def model() -> Decoder:
    """Two layers of four heads with random weights, larger than usual, so that heads differ."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        built = Decoder(DecoderConfig(len(WORDS), 32, 2, 4, 4, 8, rope=10_000.0, eps=None), WordVocabulary(WORDS))
    built.requires_grad_(False)
    for parameter in built.parameters():
        parameter.mul_(1.5)
    return built.eval()


def _weights(model: Decoder, layer: int, name: str) -> torch.Tensor:
    found: torch.Tensor = model.state_dict()[f"layers.{layer}.self_attn.{name}.weight"]
    return found


def test_the_whole_is_the_models_own_attention(model: Decoder) -> None:
    found = two_hops.two_hops(model, (1, 2))
    pattern = attention_at(model, twolayer.said_twice(model), 1).pattern
    assert found.induction == pytest.approx(float(copy_measures(pattern, twolayer.HALF)["induction"][2]), rel=1e-4)
    assert 0.01 < found.by_chance < 0.03
    assert [one.layer for one in found.first] == [0] * 4
    assert sorted(one.head for one in found.first) == [0, 1, 2, 3]
    assert [one.keys for one in found.first] == sorted(one.keys for one in found.first)


def test_a_head_that_writes_nothing_takes_nothing_away(model: Decoder) -> None:
    _weights(model, 0, "v_proj")[8:16] = 0  # head 1
    found = two_hops.two_hops(model, (1, 0))
    silent = next(one for one in found.first if one.head == 1)
    other = next(one for one in found.first if one.head == 2)
    assert silent.keys == pytest.approx(found.induction, rel=1e-4)
    assert silent.queries == pytest.approx(found.induction, rel=1e-4)
    assert abs(other.keys - found.induction) > 1e-6


def test_only_the_side_that_is_named_loses_the_head(model: Decoder) -> None:
    _weights(model, 1, "k_proj").zero_()  # all keys are alike, whatever is taken from them
    found = two_hops.two_hops(model, (1, 3))
    assert found.induction == pytest.approx(found.by_chance, rel=1e-4)
    assert [one.keys for one in found.first] == pytest.approx([found.induction] * 4, rel=1e-4)


def test_the_strongest_head_is_the_one_that_looks_most_behind_the_copy(model: Decoder) -> None:
    shares = [two_hops.two_hops(model, (1, head)).induction for head in range(4)]
    assert two_hops.strongest(model, 1) == (1, shares.index(max(shares)))


def test_a_head_that_is_not_there_is_refused(model: Decoder) -> None:
    with pytest.raises(InputError, match="no layer"):
        two_hops.two_hops(model, (2, 0))


def test_what_is_stored_is_read_back(model: Decoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(two_hops, "KEPT", 3)
    (tmp_path / shelf.TWO_HOPS).write_text(
        two_hops.stored([two_hops.measured(model, (1, head), [0, 4]) for head in (0, 1)], [0, 4])
    )
    found = shelf.two_hops(tmp_path)
    [first, second] = found["heads"]
    assert (first["head"], second["head"], len(second["runs"])) == (0, 1, 2)
    own = two_hops.two_hops(model, (1, 1), 4)
    assert second["runs"][1]["induction"] == pytest.approx(own.induction, abs=1e-4)
    assert second["runs"][1]["others"] == pytest.approx(own.first[3].keys, abs=1e-4)
    assert len(second["runs"][1]["first"]) == 3
    shelf.two_hops.cache_clear()
    (tmp_path / shelf.TWO_HOPS).write_text(json.dumps({"heads": [{"runs": [{}]}]}))
    with pytest.raises(WeightsError, match="damaged"):
        shelf.two_hops(tmp_path)
    with pytest.raises(MissingFileError):
        shelf.two_hops(tmp_path / "nowhere")
    shelf.two_hops.cache_clear()


def test_the_two_layer_model_that_ships_copies_by_two_hops() -> None:
    model = twolayer.load()
    assert twolayer.copying(model) > 3  # nats; without induction 0
    upper = two_hops.strongest(model, 1)
    found = two_hops.two_hops(model, upper)
    first = found.first[0]
    assert found.induction > 20 * found.by_chance
    assert first.previous > 0.5
    assert first.keys < found.by_chance
    assert first.queries > 0.9 * found.induction
    rule = composition.token_rule(model, (first.layer, first.head), upper)
    assert min(rule.matched[-2:]) > 100 * rule.by_chance
