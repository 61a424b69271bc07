"""Medians over the features of each seed, by hand; what is stored is read back, and what is not there is told."""

import json
from pathlib import Path

import pandas as pd
import pytest

from backends.attention_rules import shelf, spread
from backends.attention_rules.spread import MEDIANS
from backends.errors import MissingFileError, WeightsError

pytestmark = pytest.mark.unit


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """Two heads, the first with two seeds, of three features each."""
    heads = [(0, 1, 0), (0, 1, 1), (5, 6, 0)]
    pd.DataFrame(
        [{"layer": a, "head": b, "seed": s, "explained": 0.8 + s / 100, "recovered": 0.9} for a, b, s in heads]
    ).to_parquet(tmp_path / "heads.parquet")
    features = []
    for a, b, s in heads:
        for number, f1 in enumerate((0.9, 0.2 + s, 0.1)):
            scores = dict.fromkeys(MEDIANS, 0.05) | {"f1": f1, "f1_paper": 0.1}
            verdict = "verified" if number < 2 else "undecided"
            features.append({"layer": a, "head": b, "seed": s, "feature": number, "verdict": verdict} | scores)
    pd.DataFrame(features).to_parquet(tmp_path / "features.parquet")
    return tmp_path


def test_each_head_and_seed_has_its_medians(index: Path) -> None:
    rows = spread.spread(index)
    assert [(row["layer"], row["head"], row["seed"]) for row in rows] == [(0, 1, 0), (0, 1, 1), (5, 6, 0)]
    first, second, _ = rows
    assert (first["f1"], first["f1_paper"], first["times"], first["features"]) == (0.2, 0.1, 2.0, 3)
    assert (second["f1"], second["explained"]) == (0.9, 0.81)
    assert first["verified"] == pytest.approx(2 / 3, abs=1e-4)


def test_what_is_written_is_read_back(index: Path) -> None:
    rows = spread.spread(index)
    spread.write(rows, index)
    shelf.spread.cache_clear()
    assert shelf.spread(index)["rows"] == rows
    shelf.spread.cache_clear()
    (index / shelf.SEEDS).write_text(json.dumps({"rows": [{}]}))
    with pytest.raises(WeightsError, match="damaged"):
        shelf.spread(index)
    shelf.spread.cache_clear()


def test_rows_of_other_seeds_stay(index: Path) -> None:
    rows = spread.spread(index)
    older = [rows[2] | {"f1": 0.0}, rows[2] | {"seed": 7}]
    found = spread.joined(older, rows)
    assert found == [*rows, older[1]]


def test_a_folder_without_an_index_is_told(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="no index"):
        spread.spread(tmp_path)
