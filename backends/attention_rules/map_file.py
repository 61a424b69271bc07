"""The head map that ships: measured once by `python -m backends.attention_rules.map_file TEXT`, read by the tab."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from backends.attention_rules.catalog import MODELS, load_model
from backends.attention_rules.heads import HeadMeasures, head_map
from backends.attention_rules.shelf import INDEX
from backends.attention_rules.text import CORPORA, SAMPLES, load_corpus, sequences
from backends.attention_rules.vocabulary import BpeVocabulary
from backends.errors import InputError, MissingFileError, WeightsError
from backends.progress import Progress

NAME = "map.json"
DIGITS = 5


@dataclass(frozen=True, slots=True)
class HeadMap:
    """All heads of a model in their order, and what they were measured on: `tokens` of the corpora `text`."""

    model: str
    text: tuple[str, ...]
    tokens: int
    heads: tuple[HeadMeasures, ...]


def save(found: HeadMap, folder: Path) -> Path:
    """Writes the map to `folder`; its file."""
    rows = [{name: _rounded(value) for name, value in asdict(head).items()} for head in found.heads]
    about = {"model": found.model, "text": found.text, "tokens": found.tokens}
    lines = ",\n".join(json.dumps(row) for row in rows)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / NAME
    file.write_text(f'{json.dumps(about)[:-1]}, "heads": [\n{lines}\n]}}\n', encoding="utf-8")
    return file


def _rounded(value: float | Sequence[float]) -> float | list[float]:
    return round(value, DIGITS) if isinstance(value, int | float) else [round(one, DIGITS) for one in value]


def load(folder: Path = INDEX) -> HeadMap:
    """The map in `folder`.

    Raises:
        MissingFileError: if there is none.
        WeightsError: if it is damaged.
    """
    try:
        row = json.loads((folder / NAME).read_text(encoding="utf-8"))
        known = {field.name for field in fields(HeadMeasures)}
        heads = [HeadMeasures(**{**one, "profile": tuple(one["profile"])}) for one in row["heads"] if set(one) == known]
        if not heads or len(heads) != len(row["heads"]):
            raise ValueError("its heads have other measures")
        return HeadMap(row["model"], tuple(row["text"]), row["tokens"], tuple(heads))
    except FileNotFoundError:
        raise MissingFileError(f"{NAME} is missing from the index of rules; restore it from git.") from None
    except (ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"{NAME} is damaged ({error}). Restore it from git.") from None


def main() -> None:
    """Measures and writes the map."""
    parser = argparse.ArgumentParser(prog="python -m backends.attention_rules.map_file", description=__doc__)
    parser.add_argument("text", type=Path, help="folder that backends.attention_rules.text has filled")
    parser.add_argument("--model", choices=MODELS, default="smollm2")
    parser.add_argument("--corpora", nargs="+", choices=(*CORPORA, SAMPLES), default=list(CORPORA))
    parser.add_argument("--sequences", type=int, default=128)
    parser.add_argument("--out", type=Path, default=INDEX)
    options = parser.parse_args()
    model = load_model(options.model)
    if not isinstance(model.vocabulary, BpeVocabulary):
        raise InputError(f"The model {options.model} reads no text.")
    ids = sequences(load_corpus(options.text, options.corpora), model.vocabulary)[: options.sequences]
    heads = []
    for found in head_map(model, ids):
        if isinstance(found, Progress):
            print(found.message, flush=True)
        else:
            heads.append(found)
    file = save(HeadMap(options.model, tuple(options.corpora), ids.numel(), tuple(heads)), options.out)
    print(f"{len(heads)} heads in {file.name}")


if __name__ == "__main__":
    main()
