"""What `python -m tests.benchmarks text_image` printed of the weights that ship, for the page to show.

The file holds its lines as they came. Its scenes are held out from training; `tests/benchmarks/text_image.py` says how.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from backends.errors import MissingFileError, WeightsError
from backends.text_image.opening import FOLDER

FILE = "benchmark.jsonl"
COMMAND = "python -m tests.benchmarks text_image"
_PREFIX = "text_image."


@dataclass(frozen=True, slots=True)
class Score:
    """Of one set of pictures, means over n and over seeds: the share read exactly, and NED."""

    accuracy: float
    ned: float


@dataclass(frozen=True, slots=True)
class ScriptScores:
    """What a judge reads in one script.

    Attributes:
        edit, generate: in edits, and in pictures made from noise.
        ned_sd: standard deviation of the edits' NED over seeds.
        n: edits a seed.
        ceiling: in the clean glyph.
        truth: in the scene rendered with the wanted text.
        composited: in the glyph pasted onto the picture.
        floor: in the unedited picture.
    """

    script: str
    edit: Score
    ned_sd: float
    n: int
    generate: Score
    ceiling: Score
    truth: Score
    composited: Score
    floor: Score


@dataclass(frozen=True, slots=True)
class Finding:
    """A setting: the NED of its edits, its standard deviation over seeds, and its difference from the first one."""

    name: str
    ned: float
    sd: float
    change: float


@dataclass(frozen=True, slots=True)
class Measured:
    """All of it: scripts, the best edited first; findings, the reference first; and their edits a seed."""

    scripts: tuple[ScriptScores, ...]
    findings: tuple[Finding, ...]
    n: int


@lru_cache(maxsize=1)
def measured(folder: Path = FOLDER) -> Measured:
    """The stored figures. Raises MissingFileError, or WeightsError if the file is damaged."""
    try:
        lines = (folder / FILE).read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line) for line in lines]
        figures = {str(row["name"]).removeprefix(_PREFIX): float(row["value"]) for row in rows}
        scripts = [name.removesuffix(".edit.ned") for name in figures if name.endswith(".edit.ned")]
        found = sorted((_script(one, figures) for one in scripts), key=lambda one: -one.edit.ned)
        changes = [name for name in figures if name.startswith("finding.") and name.endswith(".change")]
        findings = tuple(_finding(name.removesuffix(".change"), figures) for name in changes)
        return Measured(tuple(found), findings, int(figures["findings.n"]))
    except FileNotFoundError:
        raise MissingFileError(f"{FILE} is missing; restore it from git, or write it with {COMMAND}.") from None
    except (ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"{FILE} is damaged ({error}). Restore it from git.") from None


def _script(script: str, figures: dict[str, float]) -> ScriptScores:
    def score(name: str) -> Score:
        return Score(figures[f"{script}.{name}.accuracy"], figures[f"{script}.{name}.ned"])

    return ScriptScores(
        script,
        score("edit"),
        figures[f"{script}.edit.ned.sd"],
        int(figures[f"{script}.n"]),
        score("generate"),
        score("ceiling"),
        score("truth"),
        score("composited"),
        score("floor"),
    )


def _finding(name: str, figures: dict[str, float]) -> Finding:
    words = name.removeprefix("finding.")
    return Finding(words, figures[f"{name}.ned"], figures[f"{name}.ned.sd"], figures[f"{name}.change"])
