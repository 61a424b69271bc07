"""What ships beside the tables of the index: the autoencoders of its heads, and a manifest of how they were made."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import safetensors.torch
from safetensors import SafetensorError

from backends.attention_rules.features import Feature
from backends.attention_rules.sae import HeadSae
from backends.attention_rules.shelf import INDEX
from backends.errors import InputError, MissingFileError, WeightsError

MANIFEST = "index.json"


def save_sae(sae: HeadSae, file: Path) -> None:
    """Writes an autoencoder in half precision to `file`, which appears whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    halved = {name: part.half() if part.is_floating_point() else part for name, part in sae.state().items()}
    temporary = file.with_suffix(".tmp")
    safetensors.torch.save_file({name: part.contiguous() for name, part in halved.items()}, temporary)
    temporary.replace(file)


def ship_sae(file: Path, folder: Path) -> int:
    """Copies a finished autoencoder to the index in `folder`; its bytes."""
    target = folder / "saes" / file.name
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, target)
    return target.stat().st_size


@lru_cache(maxsize=64)
def load_sae(layer: int, head: int, seed: int, folder: Path = INDEX) -> HeadSae:
    """The autoencoder of one head of the index.

    Raises:
        InputError: if the index has none of this head and seed.
        WeightsError: if its file is damaged.
    """
    if not all(isinstance(number, int) and 0 <= number < 1000 for number in (layer, head, seed)):
        raise InputError("Layer, head and seed are whole numbers from 0.")
    name = f"L{layer:02d}H{head}-s{seed}.safetensors"
    file = folder / "saes" / name
    if not file.is_file():
        raise InputError(f"The index has no autoencoder of layer {layer}, head {head}, seed {seed}.")
    try:
        return HeadSae.from_state(safetensors.torch.load_file(file))
    except SafetensorError as error:
        raise WeightsError(f"{name} is damaged ({error}). Restore it from git.") from None


def load_feature(layer: int, head: int, seed: int, number: int, folder: Path = INDEX) -> Feature:
    """One feature of the index; raises what `load_sae` raises, and InputError if there is no such feature."""
    return Feature.of(load_sae(layer, head, seed, folder), layer, head, number)


def write_manifest(folder: Path, model: str, tokens: int, training: Mapping[str, Any]) -> None:
    """Writes what the index in `folder` rests on, and the figures of every head as its tables have them."""
    heads = pq.read_table(folder / "heads.parquet").to_pylist()
    for row in heads:
        row["pca"] = [round(share, 4) for share in row["pca"]]
        row.update({name: round(value, 4) for name, value in row.items() if isinstance(value, float)})
    about = {
        "model": model,
        "text_tokens": tokens,
        "seeds": sorted({row["seed"] for row in heads}),
        "training": {name: value for name, value in training.items() if name != "seed"},
        "bytes": sum(file.stat().st_size for file in folder.rglob("*") if file.suffix in (".parquet", ".safetensors")),
    }
    lines = ",\n".join(f"  {json.dumps(row)}" for row in heads)
    text = json.dumps(about, indent=1).removesuffix("\n}") + f',\n "heads": [\n{lines}\n ]\n}}\n'
    (folder / MANIFEST).write_text(text, encoding="utf-8")


def manifest(folder: Path = INDEX) -> dict[str, Any]:
    """What `write_manifest` wrote.

    Raises:
        MissingFileError: if there is none.
        WeightsError: if it is damaged.
    """
    try:
        found: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise MissingFileError(f"{MANIFEST} is missing from the index of rules; restore it from git.") from None
    except ValueError as error:
        raise WeightsError(f"{MANIFEST} is damaged ({error}). Restore it from git.") from None
    return found
