"""What ships of the extraction, read without torch or a model, so that the page opens at once.

`python -m backends.attention_rules.shelf` writes the texts of the model's tokens beside the index: examples are kept
as token ids, and must be readable where the model is not installed.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from backends.attention_rules.index import Row, RuleIndex
from backends.errors import InputError, MissingFileError, WeightsError, quoted

INDEX = Path(__file__).parents[2] / "assets" / "precomputed" / "attention_rules"
TOKENS = "tokens.json.gz"
MAP = "map.json"
BENCH = "method_bench.json"
TWO_HOPS = "two_hops.json"
SEEDS = "seeds.json"
STAND_IN = "stand_in.json"
REAL_BENCH = "real_bench.json"
FIRST = "<|endoftext|>"
"""The token that opens every sequence of the model."""

SHOWN = 40
"""Features of one head that a list shows."""

_KEY = re.compile(r"L(\d{1,2})H(\d{1,2})-s(\d{1,3})-f(\d{1,5})")


class FeatureKey(NamedTuple):
    """Which feature: it travels as text such as `L01H1-s0-f157`."""

    layer: int
    head: int
    seed: int
    feature: int

    @classmethod
    def parse(cls, text: object) -> FeatureKey:
        """The key that `text` spells; InputError for anything else."""
        found = _KEY.fullmatch(text) if isinstance(text, str) else None
        if found is None:
            raise InputError(f"{quoted(str(text))} names no feature; an example is L01H1-s0-f157.")
        return cls(*(int(part) for part in found.groups()))

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> FeatureKey:
        """The key of a row of the index."""
        return cls(row["layer"], row["head"], row["seed"], row["feature"])

    def __str__(self) -> str:
        return f"L{self.layer:02d}H{self.head}-s{self.seed}-f{self.feature}"


@lru_cache(maxsize=1)
def rules_index(folder: Path = INDEX) -> RuleIndex:
    """The index that ships. Raises MissingFileError or WeightsError if it cannot be read."""
    return RuleIndex(folder)


def feature(key: FeatureKey) -> Row:
    """One feature with its rules, tests and examples; InputError if the index has none such."""
    return rules_index().feature(*key)


@lru_cache(maxsize=1)
def head_map(folder: Path = INDEX) -> dict[str, Any]:
    """The head map: what it was measured on, and `heads`, one row a head. Raises MissingFileError or WeightsError."""
    return _stored(folder / MAP, lambda found: all(int(row["layer"]) + int(row["head"]) >= 0 for row in found["heads"]))


@lru_cache(maxsize=1)
def method_bench(folder: Path = INDEX) -> dict[str, Any]:
    """What `method_bench.write` wrote. Raises MissingFileError or WeightsError."""
    return _stored(folder / BENCH, lambda found: bool(found["seeds"]) and bool(found["rules"]))


@lru_cache(maxsize=1)
def two_hops(folder: Path = INDEX) -> dict[str, Any]:
    """What `two_hops.stored` holds. Raises MissingFileError or WeightsError."""
    return _stored(folder / TWO_HOPS, lambda found: all(run["first"] for row in found["heads"] for run in row["runs"]))


@lru_cache(maxsize=1)
def spread(folder: Path = INDEX) -> dict[str, Any]:
    """What `spread.write` wrote: `rows`, one a head and seed. Raises MissingFileError or WeightsError."""
    return _stored(folder / SEEDS, lambda found: all(int(row["seed"]) >= 0 for row in found["rows"]))


@lru_cache(maxsize=1)
def stand_in(folder: Path = INDEX) -> dict[str, Any]:
    """What `stand_in.stored` holds. Raises MissingFileError or WeightsError."""
    return _stored(folder / STAND_IN, lambda found: all(row["ablated"] >= 0 for row in found["heads"]))


@lru_cache(maxsize=1)
def real_bench(folder: Path = INDEX) -> dict[str, Any]:
    """What `real_bench.stored` holds. Raises MissingFileError or WeightsError."""
    return _stored(folder / REAL_BENCH, lambda found: all(row["rankings"] and row["n"] for row in found["heads"]))


def _stored(file: Path, whole: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The object in a JSON file of the index, if it is `whole`."""
    try:
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        if not whole(found):
            raise ValueError("something is missing in it")
        return found
    except FileNotFoundError:
        raise MissingFileError(f"{file.name} is missing from the index of rules; restore it from git.") from None
    except (ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"{file.name} is damaged ({error}). Restore it from git.") from None


@lru_cache(maxsize=1)
def _token_texts(folder: Path = INDEX) -> tuple[str, ...]:
    try:
        return tuple(json.loads(gzip.decompress((folder / TOKENS).read_bytes())))
    except FileNotFoundError:
        raise MissingFileError(f"{TOKENS} is missing from the index of rules; restore it from git.") from None
    except (ValueError, OSError, EOFError) as error:
        raise WeightsError(f"{TOKENS} is damaged ({error}). Restore it from git.") from None


def texts(ids: Sequence[int]) -> list[str]:
    """The texts of tokens, as they are: what is not printable is for the page to make harmless."""
    known = _token_texts()
    return [known[number] for number in ids]


@lru_cache(maxsize=1)
def opening_token() -> int:
    """The id of the token that opens every sequence."""
    return _token_texts().index(FIRST)


@lru_cache(maxsize=1)
def opening() -> FeatureKey:
    """The feature to open with: verified, and told best by its rules beyond what words and pairs alone tell."""
    index = rules_index()
    found = [
        (row["f1"] - max(row["f1_unigram"], row["f1_pairs"]), FeatureKey(*where, row["feature"]))
        for where in dict.fromkeys((head["layer"], head["head"], head["seed"]) for head in index.heads())
        for row in index.features(*where)
        if row["verdict"] == "verified" and ":" in row["name"]  # a pattern with a name says more than a single word
    ]
    return max(found)[1] if found else FeatureKey.of(index.random(0))


def write_tokens(folder: Path = INDEX) -> int:
    """Writes the texts of all tokens of the model; their number. Needs the model's package."""
    from backends.attention_rules.smollm2 import folder_of
    from backends.attention_rules.vocabulary import BpeVocabulary

    vocabulary = BpeVocabulary(folder_of() / "tokenizer.json", FIRST)
    found = [vocabulary.token(number) for number in range(vocabulary.size)]
    packed = gzip.compress(json.dumps(found, ensure_ascii=False).encode(), 9, mtime=0)
    (folder / TOKENS).write_bytes(packed)
    return len(found)


if __name__ == "__main__":
    print(f"{write_tokens()} tokens in {TOKENS}")
