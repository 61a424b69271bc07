"""Our forward passes against those of transformers: pattern, z, logits; and what replacing a head's z does."""

from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from torch import Tensor
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

from backends.attention_rules import gpt2, models, smollm2
from backends.attention_rules.decoder import Decoder, DecoderConfig
from backends.attention_rules.models import HeadModel, attention_at, attentions, logits, losses
from backends.attention_rules.vocabulary import WordVocabulary
from backends.errors import InputError, MissingFileError, WeightsError
from tests.backends.attention_rules.conftest import byte_tokenizer

pytestmark = pytest.mark.method

LLAMA = {
    "vocab_size": 257,
    "hidden_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 6,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "intermediate_size": 64,
    "tie_word_embeddings": True,
    "rms_norm_eps": 1e-5,
    "rope_parameters": {"rope_type": "default", "rope_theta": 100_000.0},
    "initializer_range": 0.2,
    "attn_implementation": "eager",
}
GPT2 = {
    "vocab_size": 257,
    "n_embd": 32,
    "n_layer": 2,
    "n_head": 4,
    "n_positions": 24,
    "initializer_range": 0.2,
    "attn_implementation": "eager",
}


def _saved(folder: Path, model: Any) -> Path:
    model.save_pretrained(folder)
    byte_tokenizer().save(str(folder / "tokenizer.json"))
    return folder


@pytest.fixture(params=["llama", "gpt2"])
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[HeadModel, Any]:
    """Our model, loaded from the folder that the library's model was saved to; and that model."""
    torch.manual_seed(5)
    if request.param == "llama":
        theirs = LlamaForCausalLM(LlamaConfig(**LLAMA)).eval()
        return smollm2.load_folder(_saved(tmp_path, theirs)), theirs
    theirs = GPT2LMHeadModel(GPT2Config(**GPT2)).eval()
    return gpt2.load_folder(_saved(tmp_path, theirs)), theirs


@pytest.fixture
def ids() -> Tensor:
    return torch.randint(0, 257, (3, 17), generator=torch.Generator().manual_seed(1))


@torch.no_grad()
def test_patterns_and_logits_are_the_librarys(pair: tuple[HeadModel, Any], ids: Tensor) -> None:
    ours, theirs = pair
    expected = theirs(ids, output_attentions=True)
    found = list(attentions(ours, ids, ours.shape.layers - 1))
    for layer, attention in enumerate(found):
        torch.testing.assert_close(attention.pattern, expected.attentions[layer], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(logits(ours, ids), expected.logits, atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_z_is_what_enters_the_librarys_output_projection(pair: tuple[HeadModel, Any], ids: Tensor) -> None:
    ours, theirs = pair
    seen: list[Tensor] = []
    layer = ours.shape.layers - 1
    block = theirs.model.layers[layer].self_attn.o_proj if hasattr(theirs, "model") else None
    block = block or theirs.transformer.h[layer].attn.c_proj
    block.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    theirs(ids)
    z = attention_at(ours, ids, layer).z
    torch.testing.assert_close(z.transpose(1, 2).flatten(2), seen[0], atol=1e-5, rtol=1e-4)
    written = sum(z[:, head] @ ours.write(layer, head) for head in range(ours.shape.heads))
    bias = getattr(block, "bias", None)
    torch.testing.assert_close(written + (0 if bias is None else bias), block(seen[0]), atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_losses_are_the_librarys(pair: tuple[HeadModel, Any], ids: Tensor) -> None:
    ours, theirs = pair
    torch.testing.assert_close(losses(ours, ids).mean(), theirs(ids, labels=ids).loss, atol=1e-4, rtol=1e-4)


def test_losses_taken_in_parts_are_those_of_the_whole(
    pair: tuple[HeadModel, Any], ids: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, _ = pair
    whole = losses(ours, ids)
    assert whole.shape == (len(ids), ids.shape[1] - 1)
    monkeypatch.setattr(models, "POSITIONS", 5)  # no divisor of the number of positions
    torch.testing.assert_close(losses(ours, ids), whole)


@torch.no_grad()
def test_replaced_heads_are_felt_later_and_only_there(small: Decoder, sentences: Tensor) -> None:
    unchanged = logits(small, sentences)
    same = logits(small, sentences, {(1, 2): lambda z: z})
    silent = logits(small, sentences, {(1, 2): torch.zeros_like})
    assert torch.equal(unchanged, same)
    assert not torch.allclose(unchanged, silent, atol=1e-3)
    before, after = (
        list(attentions(small, sentences, 2)),
        list(attentions(small, sentences, 2, {(1, 2): torch.zeros_like})),
    )
    assert torch.equal(before[0].z, after[0].z)
    assert after[1].z[:, 2].abs().max() == 0
    assert torch.equal(before[1].z[:, 3], after[1].z[:, 3])
    assert not torch.allclose(before[2].z, after[2].z, atol=1e-4)


@torch.no_grad()
def test_attention_alone_adds_only_what_heads_write() -> None:
    torch.manual_seed(2)
    model = Decoder(DecoderConfig(20, 16, 1, 2, 2, 8, rope=None, eps=None), WordVocabulary([str(i) for i in range(20)]))
    ids = torch.tensor([[0, 3, 5, 3]])
    x, found = model.embed(ids), attention_at(model, ids, 0)
    expected = x + sum(found.z[:, head] @ model.write(0, head) for head in range(2))
    assert model.lm_head is not None
    torch.testing.assert_close(logits(model, ids), expected @ model.lm_head.weight.T)


@pytest.mark.parametrize(("layer", "head"), [(3, 0), (-1, 0), (0, 6), (True, 0), ("0", 0)])
def test_unknown_heads_are_refused(small: Decoder, layer: int, head: int) -> None:
    with pytest.raises(InputError, match="layers go from 0 to 2"):
        small.check_head(layer, head)


def test_texts_longer_than_gpt2_reaches_are_refused(tmp_path: Path) -> None:
    model = gpt2.load_folder(_saved(tmp_path, GPT2LMHeadModel(GPT2Config(**GPT2))))
    with pytest.raises(InputError, match="at most 24"):
        model.embed(torch.zeros(1, 25, dtype=torch.long))


def test_broken_folders_say_what_is_wrong(tmp_path: Path) -> None:
    for load in (smollm2.load_folder, gpt2.load_folder):
        with pytest.raises((MissingFileError, WeightsError), match="config"):
            load(tmp_path / "nothing")
    folder = _saved(tmp_path / "llama", LlamaForCausalLM(LlamaConfig(**LLAMA)))
    with pytest.raises(WeightsError, match="not describe a GPT-2"):
        gpt2.load_folder(folder)
    weights = folder / "model.safetensors"
    content = weights.read_bytes()
    weights.write_bytes(content[: len(content) // 2])
    with pytest.raises(WeightsError, match="damaged"):
        smollm2.load_folder(folder)
    safetensors.torch.save_file({"model.norm.weight": torch.ones(48)}, weights)
    with pytest.raises(WeightsError, match="do not fit"):
        smollm2.load_folder(folder)
    weights.unlink()
    with pytest.raises(MissingFileError, match=r"model\.safetensors"):
        smollm2.load_folder(folder)
