"""How the figures of a head vary with the seed of its autoencoder: medians over the features that each seed found.

`python -m backends.attention_rules.spread INDEX` reads an index that `extract` wrote for several seeds, which may be
far larger than the one that ships, and writes the few numbers that the page shows. Those of heads and seeds that INDEX
does not hold stay as they are.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from backends.attention_rules import shelf
from backends.attention_rules.shelf import INDEX, SEEDS
from backends.errors import AtelierError, MissingFileError

MEDIANS = ("f1", "f1_unigram", "f1_paper", "f1_exact", "f1_single", "effect", "control")
_HEAD = ["layer", "head", "seed"]


def spread(folder: Path) -> list[dict[str, Any]]:
    """A row for each head and seed of the index in `folder`.

    Returns:
        rows with `layer`, `head`, `seed`; `features`, how many are alive; medians over them of the columns `MEDIANS`;
        `times`, the median F1 of our rules over the better of single words and the paper's pairs; `verified`, the
        share of features whose main source is necessary; `explained` and `recovered`, of the autoencoder.

    Raises MissingFileError if the folder holds no index.
    """
    files = [folder / f"{name}.parquet" for name in ("heads", "features")]
    if not all(file.is_file() for file in files):
        raise MissingFileError(f"There is no index in {folder.name}; write one with backends.attention_rules.extract.")
    heads, features = (pd.read_parquet(file) for file in files)
    rows = []
    for head in heads.sort_values(_HEAD).to_dict("records"):
        where = {name: int(head[name]) for name in _HEAD}
        own = features[(features[_HEAD] == pd.Series(where)).all(axis=1)]
        medians = own[list(MEDIANS)].median()
        better = max(medians.f1_unigram, medians.f1_paper)
        rows.append(
            {
                **where,
                "features": len(own),
                **{name: _rounded(medians[name]) for name in MEDIANS},
                "times": _rounded(medians.f1 / better) if better > 0 else None,
                "verified": _rounded((own.verdict == "verified").mean()),
                "explained": _rounded(head["explained"]),
                "recovered": _rounded(head["recovered"]),
            }
        )
    return rows


def _rounded(value: float) -> float | None:
    """Four decimals; None for what is not defined."""
    return round(float(value), 4) if math.isfinite(value) else None


def write(rows: Sequence[dict[str, Any]], folder: Path = INDEX) -> Path:
    """Writes rows where `shelf.spread` finds them, a line each; returns the file."""
    lines = ",\n".join(json.dumps(row, allow_nan=False) for row in rows)
    path = folder / SEEDS
    path.write_text(f'{{"rows": [\n{lines}\n]}}\n', encoding="utf-8")
    return path


def joined(older: Sequence[dict[str, Any]], newer: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Both, sorted by head and seed; where both have a row, the newer one."""
    rows = {tuple(row[name] for name in _HEAD): row for row in (*older, *newer)}
    return [rows[where] for where in sorted(rows)]


def main(arguments: Sequence[str] | None = None) -> None:
    """Writes the file from the command line."""
    parser = argparse.ArgumentParser(prog="python -m backends.attention_rules.spread", description=__doc__)
    parser.add_argument("index", type=Path, help="folder of an index that was extracted with several seeds")
    try:
        older = shelf.spread()["rows"] if (INDEX / SEEDS).is_file() else []
        path = write(joined(older, spread(parser.parse_args(arguments).index)))
    except AtelierError as error:
        sys.exit(str(error))
    print(f"{path.name}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
