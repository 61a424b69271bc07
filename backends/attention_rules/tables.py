"""The tables of the index: their columns, and how parts of them become one folder of Parquet files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

_WHERE = [("layer", pa.int16()), ("head", pa.int16()), ("seed", pa.int16())]
_FEATURE = [*_WHERE, ("feature", pa.int32())]
_STRINGS, _FLOATS, _INTS = pa.list_(pa.string()), pa.list_(pa.float32()), pa.list_(pa.int32())
_PEERS = ("unigram", "pairs", "paper", "random", "exact", "single")
_SCORES = (
    "f1", "f1_always", *(f"f1_{name}" for name in _PEERS), "precision", "recall", "spearman",
    "top_f1", *(f"top_f1_{name}" for name in _PEERS), "effect", "control", "low", "high",
)  # fmt: skip
_CURVES = (
    *(f"{name}{what}" for name in ("curve", "top_curve") for what in ("", "_precision", "_recall", "_spearman")),
    "curve_unigram", "curve_pairs", "top_curve_unigram",
)  # fmt: skip

SCHEMAS: dict[str, pa.Schema] = {
    "heads": pa.schema(
        [
            *_WHERE,
            *((name, pa.float32()) for name in ("explained", "l0", "dead", "recovered", "seconds")),
            ("pca", _FLOATS),
            ("features", pa.int32()),
            ("tokens", pa.int64()),
        ]
    ),
    "features": pa.schema(
        [
            *_FEATURE,
            ("name", pa.string()),
            ("density", pa.float32()),
            ("strong", pa.float32()),
            ("verdict", pa.string()),
            ("cases", pa.int32()),
            *((name, pa.float32()) for name in _SCORES),
            ("k", pa.int16()),
            *((name, _FLOATS) for name in _CURVES),
            ("histogram", _INTS),
            ("outputs", _STRINGS),
            ("similar", _INTS),
        ]
    ),
    "rules": pa.schema(
        [
            *_FEATURE,
            ("rank", pa.int16()),
            ("relation", pa.string()),
            ("kind", pa.string()),
            ("group", pa.string()),
            ("keys", _STRINGS),
            ("queries", _STRINGS),
            ("unless", _STRINGS),
            ("more_than", pa.int16()),
            ("weight", pa.float32()),
            ("profile", _FLOATS),
            ("support", pa.int32()),
            ("precision", pa.float32()),
            ("verdict", pa.string()),
            ("f1", pa.float32()),
        ]
    ),
    "tests": pa.schema(
        [
            *_FEATURE,
            ("kind", pa.string()),
            ("verdict", pa.string()),
            *((name, pa.string()) for name in ("token", "query", "against")),
            *((name, pa.float32()) for name in ("effect", "control", "low", "high", "random", "specificity")),
            *((name, pa.int32()) for name in ("cases", "natural")),
            ("predicted", _FLOATS),
            ("measured", _FLOATS),
            ("thresholds", _INTS),
            ("measured_thresholds", _INTS),
        ]
    ),
    "examples": pa.schema([*_FEATURE, ("kind", pa.string()), ("at", pa.int16()), ("ids", _INTS), ("active", _FLOATS)]),
}
"""Columns of every table. In `features`, `k` is how many of the rules foretell it best on all held-out text; `f1` and
those of other lists are at the number that is best on the other half of it; curves are over `names.KS`. `f1_pairs`
is of pairs by their true contributions, `f1_paper` of the paper's, by weights. In `rules`, `f1` is the feature's and
`group` what kind of words the keys are.

`tests` holds the tests of `absence` (`token` put in before the query; `control` by tokens that draw as much attention,
`random` by any) and of `counting` (grids row by row, n copies of `token` by m of `against`; -1: beyond the grid).
"""

Rows = Mapping[str, Sequence[Mapping[str, Any]]]


def write_part(folder: Path, rows: Rows) -> None:
    """Writes rows of every table to `folder`, which appears whole or not at all."""
    temporary = folder.with_name(f".{folder.name}.tmp")
    temporary.mkdir(parents=True, exist_ok=True)
    for name, schema in SCHEMAS.items():
        pq.write_table(pa.Table.from_pylist(list(rows[name]), schema=schema), temporary / f"{name}.parquet")
    temporary.rename(folder)


def combine(parts: Sequence[Path], out: Path) -> dict[str, int]:
    """Makes one index of finished parts in the folder `out`; returns the bytes of each table."""
    out.mkdir(parents=True, exist_ok=True)
    sizes = {}
    for name, schema in SCHEMAS.items():
        tables = [pq.read_table(part / f"{name}.parquet", schema=schema) for part in parts]
        table = pa.concat_tables(tables) if tables else schema.empty_table()
        file, temporary = out / f"{name}.parquet", out / f".{name}.tmp"
        # Small groups let the search for one feature skip nearly all of the table.
        pq.write_table(table, temporary, compression="zstd", compression_level=19, row_group_size=32_768)
        temporary.replace(file)
        sizes[name] = file.stat().st_size
    return sizes
