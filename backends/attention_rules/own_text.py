"""What a language model writes itself: `python -m backends.attention_rules.own_text DIR` puts it beside other text.

Then `python -m backends.attention_rules.extract DIR --corpora brown austen manuals samples` finds rules on it too.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch
from torch import Tensor

from backends.attention_rules.catalog import MODELS, load_model
from backends.attention_rules.models import HeadModel, weigh
from backends.attention_rules.text import LENGTH, SAMPLES
from backends.attention_rules.vocabulary import BpeVocabulary
from backends.errors import AtelierError, InputError

BATCH = 128
"""Texts that are written side by side."""


class Writing:
    """Texts that grow by one token at a time; the keys and values of what stands there are kept."""

    def __init__(self, model: HeadModel) -> None:
        self._model = model
        self._kept: list[tuple[Tensor, Tensor]] = []
        self._length = 0

    @torch.no_grad()
    def logits_after(self, tokens: Tensor) -> Tensor:
        """Adds a token (B) to each text and returns the logits (B, vocabulary) of the next."""
        model = self._model
        x, position = model.embed(tokens[:, None]), torch.tensor([self._length])
        for layer in range(model.shape.layers):
            q, k, v = (part.float() for part in model.project(layer, x))
            k = model.turn(k, position)
            if self._length:
                before_k, before_v = self._kept[layer]
                k, v = torch.cat([before_k, k], 2), torch.cat([before_v, v], 2)
                self._kept[layer] = k, v
            else:
                self._kept.append((k, v))
            nothing = torch.zeros(1, k.shape[2], dtype=torch.bool)
            x = model.finish(layer, x, weigh(model.turn(q, position), k, v, nothing).z)
        self._length += 1
        return model.logits(x)[:, -1].float()


def written(model: HeadModel, count: int, length: int = LENGTH, seed: int = 0) -> Tensor:
    """Token ids (count, length): each text begins with the opening token, and every further one is drawn from what the
    model expects there, at temperature 1; the opening token itself is never drawn again.

    Raises:
        InputError: if `count` or `length` is below 1.
    """
    if min(count, length) < 1:
        raise InputError(f"There must be at least one text of one token; got {count} of {length}.")
    rng = torch.Generator().manual_seed(seed)
    first = model.vocabulary.first
    parts = []
    for start in range(0, count, BATCH):
        texts, ids = Writing(model), [torch.full((min(BATCH, count - start),), first)]
        for _ in range(length - 1):
            shares = texts.logits_after(ids[-1]).softmax(-1)
            shares[:, first] = 0
            ids.append(torch.multinomial(shares, 1, generator=rng)[:, 0])
        parts.append(torch.stack(ids, 1))
    return torch.cat(parts)


def main() -> None:
    """Writes the corpus, a text a line."""
    parser = argparse.ArgumentParser(prog="python -m backends.attention_rules.own_text", description=__doc__)
    parser.add_argument("folder", type=Path, help="folder that backends.attention_rules.text has filled")
    parser.add_argument("--model", choices=MODELS, default="smollm2")
    parser.add_argument("--texts", type=int, default=4096)
    parser.add_argument("--tokens", type=int, default=128, help="length of a text")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    try:
        model = load_model(options.model)
        if not isinstance(model.vocabulary, BpeVocabulary):
            raise InputError(f"The model {options.model} writes no text.")
        ids = written(model, options.texts, options.tokens, options.seed)
    except AtelierError as error:
        sys.exit(str(error))
    lines = [" ".join(model.vocabulary.text(row).split()) for row in ids[:, 1:].tolist()]
    kept = "\n".join(lines)
    (options.folder / f"{SAMPLES}.txt").write_text(kept + "\n", encoding="utf-8")
    print(f"{SAMPLES}: {len(lines)} texts, {len(kept) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
