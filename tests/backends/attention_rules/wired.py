"""A head wired by hand, so that every rule of it is known without training.

Query word `ask` attends to all words with weight 1, but e^4 to `key`, `plus` and `minus`, and e^8 to `stop`. Along
direction 1, `key` promotes (+1) and `stop` suppresses (-1); along direction 2, `plus` and `minus` do. Fillers push both
down a little. Other queries attend to everything alike.
"""

import torch

from backends.attention_rules.decoder import Decoder, DecoderConfig
from backends.attention_rules.features import Feature
from backends.attention_rules.sae import HeadSae
from backends.attention_rules.vocabulary import WordVocabulary

WORDS = ("<first>", "ask", "key", "stop", "plus", "minus", *(f"f{i}" for i in range(14)), "out1", "out2")
FIRST, ASK, KEY, STOP, PLUS, MINUS = range(6)
FILLERS = torch.arange(6, 20)
OUT1, OUT2 = 20, 21
FILLER_1, FILLER_2 = -0.05, -0.02


def wired_model() -> Decoder:
    size = len(WORDS)
    model = Decoder(DecoderConfig(size, size, 1, 2, 2, 4, rope=None, eps=None), WordVocabulary(WORDS))
    for parameter in model.parameters():
        torch.nn.init.zeros_(parameter)
    state = model.state_dict()
    state["embed_tokens.weight"].copy_(torch.eye(size))
    state["lm_head.weight"].copy_(torch.eye(size))
    heads = "layers.0.self_attn."
    state[heads + "q_proj.weight"][0, ASK] = 2.0  # over sqrt(4)
    for word, score in ((KEY, 4.0), (PLUS, 4.0), (MINUS, 4.0), (STOP, 8.0)):
        state[heads + "k_proj.weight"][0, word] = score
    value = state[heads + "v_proj.weight"]
    value[1, KEY], value[1, STOP] = 1.0, -1.0
    value[2, PLUS], value[2, MINUS] = 1.0, -1.0
    value[1, FILLERS], value[2, FILLERS] = FILLER_1, FILLER_2
    state[heads + "o_proj.weight"][OUT1, 1] = 1.0
    state[heads + "o_proj.weight"][OUT2, 2] = 1.0
    return model.eval().requires_grad_(False)


KEY_FEATURE = Feature(0, 0, torch.tensor([0.0, 1.0, 0.0, 0.0]), 0.0)
COUNT_FEATURE = Feature(0, 0, torch.tensor([0.0, 0.0, 1.0, 0.0]), 0.0)


def outdone(feature: Feature) -> Feature:
    """The same direction as one of two features of an autoencoder that lets one be active: the other reads twice it."""
    encoder = torch.stack([feature.direction, 2 * feature.direction], dim=1)
    sae = HeadSae(encoder, torch.zeros(2), encoder.T.contiguous(), torch.zeros(4), k=1)
    return Feature.of(sae, feature.layer, feature.head, 0)


def wired_text(count: int = 400, length: int = 16) -> torch.Tensor:
    """Fillers with `ask` in the middle and at the end, and each other word somewhere in a third of the sequences."""
    rng = torch.Generator().manual_seed(11)
    ids = FILLERS[torch.randint(len(FILLERS), (count, length), generator=rng)]
    for word, share in ((KEY, 0.4), (STOP, 0.15), (PLUS, 0.3), (MINUS, 0.3)):
        places = torch.randint(1, length - 2, (count,), generator=rng)
        chosen = torch.rand(count, generator=rng) < share
        ids[torch.arange(count)[chosen], places[chosen]] = word
    ids[:, 0], ids[:, length // 2], ids[:, -1] = FIRST, ASK, ASK
    return ids
