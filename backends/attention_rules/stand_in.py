"""What rules are worth inside the model: they stand in for a head's features in its forward pass.

`python -m backends.attention_rules.stand_in WORK` reads the index that ships and the folder that its extraction worked
in, and writes the few numbers that the page shows. A rule foretells the mean activation of its feature at the places at
which it is the first to hold, on the text that rules were found on; all that follows is on held-out text. Beside the
rules stand the autoencoder, which they cannot beat by much, and the mean, which tells nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import torch
from torch import Tensor

from backends.attention_rules import collect
from backends.attention_rules.catalog import load_model
from backends.attention_rules.evaluate import rule_matches
from backends.attention_rules.head_text import HeadText
from backends.attention_rules.in_place import Clean, autoencoder_in_place, rules_in_place
from backends.attention_rules.index import Row, RuleIndex
from backends.attention_rules.models import Head, HeadModel
from backends.attention_rules.relations import Places
from backends.attention_rules.rules import Rule
from backends.attention_rules.sae import HeadSae
from backends.attention_rules.shelf import INDEX, STAND_IN
from backends.attention_rules.shipped import load_sae, manifest
from backends.attention_rules.vocabulary import Vocabulary
from backends.errors import AtelierError

TEXTS = 32
"""Held-out sequences on which a whole head is replaced."""

FEATURES, STRONGEST = 4, 8
"""Verified features of a head that are replaced alone, evenly from best to worst foretold, each on the held-out
sequences on which it is strongest."""

Ids = Mapping[str, Sequence[int]]


def ids_of_tokens(vocabulary: Vocabulary) -> Ids:
    """The ids of each token by its text; bytes that are no whole character share one."""
    found: dict[str, list[int]] = {}
    for number in range(vocabulary.size):
        found.setdefault(vocabulary.token(number), []).append(number)
    return found


def rule_of(row: Row, ids: Ids) -> Rule:
    """The rule that a row of the index tells."""
    keys, queries, unless = (
        tuple(number for token in row[side] for number in ids[token]) for side in ("keys", "queries", "unless")
    )
    return Rule(
        relation=row["relation"],
        keys=keys,
        queries=queries,
        weight=row["weight"],
        profile=tuple(row["profile"]),
        support=row["support"],
        precision=row["precision"],
        unless=unless,
        more_than=row["more_than"],
    )


def foretold(rules: Sequence[Rule], found_on: Places, active: Tensor, places: Places) -> Tensor:
    """The activations (N, T) of a feature that its rules foretell at `places`.

    Args:
        active: its activations on the text of `found_on`, from which each rule's mean is taken.
    """
    first = rule_matches(rules, found_on).flatten()
    count = torch.bincount(first, minlength=len(rules) + 1)
    total = torch.zeros(len(rules) + 1).index_add_(0, first, active.float().flatten())
    return (total / count.clamp_min(1))[rule_matches(rules, places)]


def stand_in(model: HeadModel, work: Path, row: Row, index: RuleIndex, ids: Ids, folder: Path = INDEX) -> Row:
    """What stands in for one head, a row of `index.heads()`, and for some of its features.

    Args:
        work: the folder that the extraction worked in.
        folder: of the index, with its autoencoders.

    Returns:
        a row with `layer`, `head`, `seed`; `ablated`, by how much its mean moves the model, nats; `autoencoder` and
        `rules`, the share of that which they keep; `loss`, of the next token with the head as it is (`clean`), with its
        mean (`ablated`), the autoencoder or the rules in its place, nats; `explained`, the share of the variance of z
        that the rules tell; `features`, rows with `feature`, `f1`, `ablated` and `rules`.
    """
    head = row["layer"], row["head"]
    sae = load_sae(*head, row["seed"], folder)
    blocks, size = collect.block_count(work), model.vocabulary.size
    found_on, held_out = (
        HeadText.of(collect.sample_of(work, head, blocks, held_out=out), sae, size) for out in (False, True)
    )
    features = index.features(*head, row["seed"])
    told = torch.zeros(sae.features, *held_out.active.shape, dtype=torch.half)
    for feature in features:
        number = feature["feature"]
        rules = [rule_of(one, ids) for one in index.feature(*head, row["seed"], number)["rules"]]
        told[number] = foretold(rules, found_on.places, found_on.active[number], held_out.places).half()
    z = held_out.sample.z
    by_rules = torch.cat([sae.decode(some.permute(1, 2, 0).float()) for some in told.split(128, dim=1)])
    left, spread = ((z - other)[:, 1:].square().sum() for other in (by_rules, z[:, 1:].mean((0, 1))))
    clean = Clean(model, held_out.sample.ids[:TEXTS])
    whole = clean.against_mean(head, z[:TEXTS], by_rules[:TEXTS], z[:, 1:].mean((0, 1)))
    by_sae = autoencoder_in_place(clean, *head, sae, z[:TEXTS])
    verified = [feature for feature in features if feature["verdict"] == "verified"]
    return {
        **{name: int(row[name]) for name in ("layer", "head", "seed")},
        "ablated": whole.ablated.moved,
        "autoencoder": by_sae.kept,
        "rules": whole.kept,
        "loss": {
            "clean": whole.clean,
            "ablated": whole.ablated.loss,
            "autoencoder": by_sae.replaced.loss,
            "rules": whole.replaced.loss,
        },
        "explained": 1 - float(left / spread),
        "features": [
            {
                "feature": feature["feature"],
                "f1": feature["f1"],
                **_alone(model, head, sae, held_out, feature["feature"], told[feature["feature"]]),
            }
            for feature in evenly(verified, FEATURES)
        ],
    }


def _alone(model: HeadModel, head: Head, sae: HeadSae, text: HeadText, number: int, told: Tensor) -> Row:
    rows = text.active[number].amax(1).topk(STRONGEST).indices
    sample = text.sample
    z = sample.pattern[rows] @ sample.values[rows]
    found = rules_in_place(Clean(model, sample.ids[rows]), *head, sae, z, number, told[rows].float())
    return {"ablated": found.ablated.moved, "rules": found.kept}


def evenly(rows: Sequence[Row], count: int) -> list[Row]:
    """At most `count` of `rows`, from the first to the last in even steps."""
    if len(rows) <= count:
        return list(rows)
    return [rows[round(at * (len(rows) - 1) / (count - 1))] for at in range(count)]


def stored(rows: Sequence[Row]) -> str:
    """The file that the page reads, with these rows."""
    about = {
        "command": "python -m backends.attention_rules.stand_in",
        "date": date.today().isoformat(),
        "texts": TEXTS,
        "strongest": STRONGEST,
        "heads": list(rows),
    }
    return json.dumps(json.loads(json.dumps(about), parse_float=lambda text: round(float(text), 6)), indent=1) + "\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures all heads of the index that ships and writes the file."""
    parser = argparse.ArgumentParser(prog="python -m backends.attention_rules.stand_in", description=__doc__)
    parser.add_argument("work", type=Path, help="the folder that backends.attention_rules.extract worked in")
    work = parser.parse_args(arguments).work
    model, index = load_model(manifest()["model"]), RuleIndex(INDEX)
    ids = ids_of_tokens(model.vocabulary)
    try:
        rows = []
        for row in index.heads():
            rows.append(stand_in(model, work, row, index, ids))
            print(json.dumps(rows[-1]), flush=True)
    except AtelierError as error:
        sys.exit(str(error))
    (INDEX / STAND_IN).write_text(stored(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
