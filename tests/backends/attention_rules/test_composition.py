"""The rule in the weights: found where it was put there by hand, and not where it was taken away."""

import pytest
import torch

from backends.attention_rules.composition import DISTANCES, token_rule
from backends.attention_rules.decoder import Decoder, DecoderConfig
from backends.attention_rules.vocabulary import WordVocabulary
from backends.errors import InputError

pytestmark = pytest.mark.method

V = 8
WORDS = WordVocabulary(["<s>", *(f"w{i}" for i in range(V - 1))])


def _set(model: Decoder, name: str, value: torch.Tensor) -> None:
    model.state_dict()[name].copy_(value)


@pytest.fixture
def model() -> Decoder:
    """One head a layer. Tokens stand in the first third of the stream; head 0 copies what it looks at to the second,
    head 1 asks with the first, has its keys from the second, and copies tokens to the third, where they are read out.
    """
    built = Decoder(DecoderConfig(V, 3 * V, 2, 1, 1, V, rope=None, eps=None), WORDS).requires_grad_(False).eval()
    for parameter in built.parameters():
        parameter.zero_()
    first, second, third = (torch.zeros(V, 3 * V) for _ in range(3))
    for part, block in enumerate((first, second, third)):
        block[:, part * V : (part + 1) * V] = torch.eye(V)
    _set(built, "embed_tokens.weight", first)
    _set(built, "layers.0.self_attn.v_proj.weight", first)
    _set(built, "layers.0.self_attn.o_proj.weight", second.T)
    _set(built, "layers.1.self_attn.q_proj.weight", first)
    _set(built, "layers.1.self_attn.k_proj.weight", second)
    _set(built, "layers.1.self_attn.v_proj.weight", first)
    _set(built, "layers.1.self_attn.o_proj.weight", third.T)
    _set(built, "lm_head.weight", third)
    return built


def test_a_rule_that_was_built_in_is_found(model: Decoder) -> None:
    found = token_rule(model, (0, 0), (1, 0))
    assert found.matched == (1.0,) * len(DISTANCES)
    assert (found.copied, found.by_chance) == (1.0, 1 / V)


def test_keys_that_name_another_token_match_nothing(model: Decoder) -> None:
    keys = model.state_dict()["layers.1.self_attn.k_proj.weight"]
    _set(model, "layers.1.self_attn.k_proj.weight", keys.roll(1, 0))
    found = token_rule(model, (0, 0), (1, 0))
    assert found.matched == (0.0,) * len(DISTANCES)
    assert found.copied == 1


def test_a_head_that_raises_the_next_word_copies_nothing(model: Decoder) -> None:
    _set(model, "lm_head.weight", model.state_dict()["lm_head.weight"].roll(1, 0))
    assert token_rule(model, (0, 0), (1, 0)).copied == 0


def test_what_has_no_rule_in_its_weights_is_refused(model: Decoder) -> None:
    with pytest.raises(InputError, match="no layer"):
        token_rule(model, (0, 1), (1, 0))
    with pytest.raises(InputError, match="layer 0 and one of layer 1"):
        token_rule(model, (1, 0), (1, 0))
    normed = Decoder(DecoderConfig(V, 3 * V, 2, 1, 1, V, rope=None), WORDS).requires_grad_(False)
    with pytest.raises(InputError, match="without norms"):
        token_rule(normed, (0, 0), (1, 0))
