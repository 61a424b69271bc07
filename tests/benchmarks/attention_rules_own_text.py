"""Do the rules that ship hold on text that the model writes itself? Found on corpora, scored on its own samples."""

from collections.abc import Iterator
from statistics import median

import torch
from torch import Tensor

from backends.attention_rules import evaluate
from backends.attention_rules.catalog import load_model
from backends.attention_rules.features import HeadSample
from backends.attention_rules.head_text import HeadText
from backends.attention_rules.index import Row
from backends.attention_rules.models import Head, HeadModel
from backends.attention_rules.own_text import written
from backends.attention_rules.shelf import rules_index
from backends.attention_rules.shipped import load_sae, manifest
from backends.attention_rules.stand_in import Ids, ids_of_tokens, rule_of
from tests.benchmarks.figure import Figure

TEXTS = 512
SEEDS = (1, 2, 3)
HEADS: tuple[Head, ...] = ((1, 1), (1, 2), (5, 6), (10, 1), (11, 1))


def run() -> Iterator[Figure]:
    """Median F1 of each head's verified features on corpora (held out) and on own samples, beside "always active"."""
    model, index = load_model(manifest()["model"]), rules_index()
    ids = ids_of_tokens(model.vocabulary)
    for seed in SEEDS:
        texts = written(model, TEXTS, seed=seed)
        for head in HEADS:
            features = [row for row in index.features(*head, 0) if row["verdict"] == "verified"]
            rules = {row["feature"]: index.feature(*head, 0, row["feature"]) for row in features}
            name = f"attention_rules.own_text.L{head[0]}H{head[1]}.seed_{seed}"
            yield from _figures(name, rules, _text(model, head, texts), ids)


@torch.no_grad()
def _text(model: HeadModel, head: Head, ids: Tensor) -> HeadText:
    return HeadText.of(HeadSample.take(model, *head, ids), load_sae(*head, 0), model.vocabulary.size)


def _figures(name: str, features: dict[int, Row], text: HeadText, ids: Ids) -> Iterator[Figure]:
    before, here, floor = [], [], []
    for number, row in features.items():
        true = text.active[number] > row["strong"]
        if not bool(true.any()):
            continue  # nothing to foretell
        rules = [rule_of(one, ids) for one in row["rules"][: row["k"]]]
        foretold = evaluate.rule_matches(rules, text.places) < len(rules)
        before.append(row["f1"])
        here.append(evaluate.score(foretold, true).f1)
        floor.append(evaluate.always(true).f1)
    yield Figure(f"{name}.features", len(here), "")
    yield Figure(f"{name}.f1.corpora", median(before), "")
    yield Figure(f"{name}.f1.own_text", median(here), "")
    yield Figure(f"{name}.f1.always", median(floor), "")
