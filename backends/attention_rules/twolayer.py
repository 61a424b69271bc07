"""A two-layer attention-only model of ours on real text: `python -m backends.attention_rules.twolayer TEXT`.

Its second layer learns induction from the first layer's previous-token head: a rule of two hops, "the token after an
earlier copy". Byte-pair tokens of the text itself keep its vocabulary small.

On the text as it is, no induction formed in 4,000 steps, so passages are said again in the sequences: in all of them at
first, in every fifth at the end.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Generator, Sequence
from datetime import date
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import Tensor

from backends import runtime, store
from backends.attention_rules.decoder import Decoder, DecoderConfig
from backends.attention_rules.models import HeadModel, losses
from backends.attention_rules.text import load_corpus, sequences
from backends.attention_rules.vocabulary import BpeVocabulary
from backends.progress import Progress, finish

NAME = "attention-rules/two-layer"
FIRST = "<|endoftext|>"
WORDS, LENGTH, BATCH, STEPS, RATE = 1536, 64, 64, 4000, 3e-3
AGAIN_AT_LAST = 0.2
"""Share of sequences that say a passage again at the end of training; all do for its first two fifths."""

WEIGHT = 3.0
"""Of a token in a passage that is said again, in the loss; others have 1."""

SPREAD, SHARED = 0.1, 0.1
"""Of embeddings at first: each token's own part, and the part that all have, by which heads look at distance alone."""

HALF = LENGTH // 2 - 1
"""Random tokens that are said twice where copying is measured."""

TOKENIZER = store.WEIGHTS.parent / "precomputed" / "attention_rules" / "two-layer-tokenizer.json"


def learn_tokens(paragraphs: Sequence[str], file: Path, size: int = WORDS) -> BpeVocabulary:
    """A byte-level vocabulary of `size` tokens learned from the text, written to `file`."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=[FIRST], initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(paragraphs, trainer)
    file.parent.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(file))
    return BpeVocabulary(file, FIRST)


def build(vocabulary: BpeVocabulary) -> Decoder:
    """Two layers of four heads of 32, rotary positions, no norms, so that every path to a feature is linear.

    The base of the positions is small, as sequences are short: more of a head's numbers tell near tokens apart.
    """
    return Decoder(DecoderConfig(vocabulary.size, 128, 2, 4, 4, 32, rope=100.0, eps=None), vocabulary)


def train(
    ids: Tensor, vocabulary: BpeVocabulary, *, seed: int, steps: int = STEPS
) -> Generator[Progress, None, Decoder]:
    """Trains on sequences (N, T), with passages said again, by next-token loss; about 20 minutes on one core.

    The same seed gives the same weights on the same device.
    """
    rng = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = build(vocabulary).to(runtime.device())
        _begin(model)
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.01, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    for step in range(steps):
        batch, said = say_again(ids[torch.randint(len(ids), (BATCH,), generator=rng)], share(step / steps), rng)
        weight = 1 + (WEIGHT - 1) * said[:, 1:].float().to(runtime.device())
        loss = (losses(model, batch.to(runtime.device())) * weight).sum() / weight.sum()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        yield Progress((step + 1) / steps, f"step {step + 1} of {steps}, loss {loss.item():.3f}")
    return model.cpu().eval().requires_grad_(False)


def _begin(model: Decoder) -> None:
    """Small numbers to begin with: without norms, the usual ones make the first steps explode."""
    for name, parameter in model.named_parameters():
        parameter.data.mul_(SPREAD if "embed" in name else 0.5)
    model.embed_tokens.weight.data.add_(torch.randn(model.config.width) * SHARED)


def share(done: float) -> float:
    """The share of sequences that say a passage again when a part of training, 0 to 1, is done."""
    return 1 - (1 - AGAIN_AT_LAST) * max(0.0, (done - 0.4) / 0.6)


def say_again(ids: Tensor, share: float, rng: torch.Generator) -> tuple[Tensor, Tensor]:
    """Sequences (B, T) in which the first `share` say one passage again later, over what stood there.

    Its length, a quarter to half of the sequence, its beginning and the distance are random, so that no fixed distance
    tells what comes next.

    Returns:
        The sequences, and which tokens (B, T) follow a token of the passage where it is said again.
    """
    tokens, said = ids.shape[1], torch.zeros_like(ids, dtype=torch.bool)
    ids = ids.clone()
    for row in range(round(len(ids) * share)):
        length = _between(tokens // 4, tokens // 2 - 1, rng)
        begin = _between(1, tokens - 2 * length, rng)
        again = _between(begin + length, tokens - length, rng)
        ids[row, again : again + length] = ids[row, begin : begin + length].clone()
        said[row, again + 1 : again + length] = True
    return ids, said


def _between(lowest: int, highest: int, rng: torch.Generator) -> int:
    return int(torch.randint(lowest, highest + 1, (1,), generator=rng))


def said_twice(model: HeadModel, seed: int = 0, count: int = 64) -> Tensor:
    """Sequences (count, 1 + 2 HALF) of random tokens behind the opening one, each said twice."""
    rng = torch.Generator().manual_seed(seed)
    half = torch.randint(1, model.vocabulary.size, (count, HALF), generator=rng)
    return torch.cat([torch.full((count, 1), model.vocabulary.first), half, half], dim=1)


@torch.no_grad()
def copying(model: HeadModel, seed: int = 0) -> float:
    """How much lower the loss is when random tokens come a second time, nats: 0 without induction."""
    found = losses(model, said_twice(model, seed))
    return float(found[:, :HALF].mean() - found[:, HALF + 1 :].mean())


def load() -> Decoder:
    """The model that ships; raises what `store.load_weights` raises."""
    tensors, _ = store.load_weights(NAME)
    model = build(BpeVocabulary(TOKENIZER, FIRST))
    model.load({name: tensor.float() for name, tensor in tensors.items()})
    return model.eval().requires_grad_(False)


def main() -> None:
    """Trains, measures and ships the model."""
    parser = argparse.ArgumentParser(prog="python -m backends.attention_rules.twolayer", description=__doc__)
    parser.add_argument("text", type=Path, help="folder that backends.attention_rules.text has filled")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    paragraphs = load_corpus(options.text)
    with tempfile.TemporaryDirectory() as folder:
        learn_tokens(paragraphs, Path(folder) / "tokenizer.json")
        TOKENIZER.parent.mkdir(parents=True, exist_ok=True)
        TOKENIZER.write_bytes((Path(folder) / "tokenizer.json").read_bytes())
    ids = sequences(paragraphs, BpeVocabulary(TOKENIZER, FIRST), LENGTH)
    held_out = len(ids) // 20
    model = finish(train(ids[held_out:], BpeVocabulary(TOKENIZER, FIRST), seed=options.seed))
    with torch.no_grad():
        loss = float(torch.cat([losses(model, part) for part in ids[:held_out].split(64)]).mean())
    figures = {"held_out_loss_nats": round(loss, 3), "copying_nats": round(copying(model), 3)}
    entry = store.save_weights(
        NAME,
        {name: tensor.half() for name, tensor in model.state_dict().items()},
        command=f"python -m backends.attention_rules.twolayer TEXT --seed {options.seed}",
        seed=options.seed,
        data=f"Brown, Austen and Debian manuals, {BATCH * STEPS * LENGTH:,} tokens",
        device=runtime.device().type,
        date=date.today().isoformat(),
        figures=figures,
    )
    print(entry.file, figures)


if __name__ == "__main__":
    main()
