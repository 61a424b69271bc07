"""What the sweep measured, read from the table that ships; torch is not needed for it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pandas as pd

SWEEP_FILE = Path(__file__).parents[2] / "assets" / "precomputed" / "concepts" / "sweep.parquet"


@cache
def sweep_table() -> pd.DataFrame:
    """One row for each trained model: request, test metrics, intervention curve."""
    return pd.read_parquet(SWEEP_FILE)
