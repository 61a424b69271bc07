"""What the page shows before any model is loaded: a real comparison, computed earlier and stored."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from backends.concepts.answers import Comparison, Curve, SamplePage
from backends.errors import MissingFileError

OPENING_FILE = Path(__file__).parents[2] / "assets" / "precomputed" / "concepts" / "opening.json"


@dataclass(frozen=True, slots=True)
class Opening:
    """The comparison, the samples beside it, and both models' intervention curves."""

    comparison: Comparison
    samples: SamplePage
    curves: tuple[Curve, Curve]


def read_opening() -> Opening:
    """The stored opening; MissingFileError if it is not there or no longer fits the code."""
    try:
        return TypeAdapter(Opening).validate_json(OPENING_FILE.read_bytes())
    except (FileNotFoundError, ValidationError) as error:
        raise MissingFileError(
            f"{OPENING_FILE.name} is missing or out of date; make it again with "
            "`python -m backends.concepts.comparison`."
        ) from error


def write_opening(opening: Opening) -> None:
    """Stores an opening."""
    OPENING_FILE.parent.mkdir(parents=True, exist_ok=True)
    OPENING_FILE.write_bytes(TypeAdapter(Opening).dump_json(opening))
