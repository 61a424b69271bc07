"""Trains and loads the model of the planted language: `python -m backends.attention_rules.planted_model`."""

from __future__ import annotations

import argparse
from collections.abc import Generator
from datetime import date
from functools import lru_cache

import torch
from torch import Tensor, nn

from backends import runtime, store
from backends.attention_rules.decoder import Decoder, DecoderConfig
from backends.attention_rules.models import logits
from backends.attention_rules.planted import LENGTH, Language, language, sample
from backends.progress import Progress, finish

NAME = "attention-rules/planted"
BATCH, STEPS, RATE = 512, 2500, 3e-3


def build(lang: Language) -> Decoder:
    """An attention-only decoder of one layer and four heads, without positions and norms, so that all is linear."""
    config = DecoderConfig(lang.vocabulary.size, 64, 1, 4, 4, 16, rope=None, eps=None)
    return Decoder(config, lang.vocabulary)


def train(lang: Language, *, seed: int, steps: int = STEPS, batch: int = BATCH) -> Generator[Progress, None, Decoder]:
    """Trains on fresh sequences, with loss only where a rule settles the next token; about five minutes on one core.

    The same seed gives the same weights on the same device.
    """
    rng = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = build(lang)
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.01, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    for step in range(steps):
        loss = _step(model, *sample(lang, batch, rng), optimizer)
        schedule.step()
        yield Progress((step + 1) / steps, f"step {step + 1} of {steps}, loss {loss:.3f}")
    return model.eval().requires_grad_(False)


@runtime.small_model()
def _step(model: Decoder, ids: Tensor, settled: Tensor, optimizer: torch.optim.Optimizer) -> float:
    at = settled[:, :-1]
    x = model.embed(ids)
    x = model.finish(0, x, model.attend(0, x).z)
    # Logits at the settled positions alone: a tenth of them all.
    loss = nn.functional.cross_entropy(model.logits(x[:, :-1][at]), ids[:, 1:][at])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


@torch.no_grad()
def accuracy(model: Decoder, lang: Language, *, seed: int, count: int = 2000) -> dict[str, float]:
    """Share of settled positions at which the model's first choice is right, for pair rules and for counting ones."""
    ids, settled = sample(lang, count, torch.Generator().manual_seed(seed))
    right = logits(model, ids)[:, :-1].argmax(-1) == ids[:, 1:]
    counting = torch.isin(ids, torch.tensor(sorted({r.query for r in lang.rules if r.kind == "counting"})))
    found = {}
    for kind, which in (("pairs", ~counting), ("counting", counting)):
        found[kind] = float(right[(settled & which)[:, :-1]].float().mean())
    return found


@lru_cache(maxsize=1)
def load() -> Decoder:
    """The model that ships; raises what `store.load_weights` raises."""
    tensors, _ = store.load_weights(NAME)
    model = build(language())
    model.load({name: tensor.float() for name, tensor in tensors.items()})
    return model.eval().requires_grad_(False)


def main() -> None:
    """Trains, measures and ships the model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    seed: int = parser.parse_args().seed
    lang = language()
    model = finish(train(lang, seed=seed))
    figures = {name: round(value, 4) for name, value in accuracy(model, lang, seed=seed + 1000).items()}
    entry = store.save_weights(
        NAME,
        {name: tensor.half() for name, tensor in model.state_dict().items()},
        command=f"python -m backends.attention_rules.planted_model --seed {seed}",
        seed=seed,
        data=f"planted language, {BATCH * STEPS * LENGTH:,} tokens",
        device="cpu",
        date=date.today().isoformat(),
        figures=figures,
    )
    print(entry.file, figures)


if __name__ == "__main__":
    main()
