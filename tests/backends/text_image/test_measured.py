"""The stored figures: read as the benchmark prints them, and refused where something is missing."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from backends.errors import MissingFileError, WeightsError
from backends.text_image.measured import FILE, measured
from tests.benchmarks.figure import Figure
from tests.benchmarks.text_image import FEW, GOALS, MANY, SETTINGS

PARTS = ("edit", "generate", "ceiling", "truth", "composited", "floor")


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    measured.cache_clear()
    yield
    measured.cache_clear()


def _lines(script: str, ned: float) -> list[str]:
    figures = [Figure(f"text_image.{script}.{part}.accuracy", ned / 2, "") for part in PARTS]
    figures += [Figure(f"text_image.{script}.{part}.ned", ned - at / 100, "") for at, part in enumerate(PARTS)]
    figures += [Figure(f"text_image.{script}.edit.ned.sd", 0.02, ""), Figure(f"text_image.{script}.n", 7, "")]
    return [one.line() for one in figures]


def _write(folder: Path, lines: list[str]) -> None:
    finding = [
        Figure("text_image.finding.last 20 % off.ned", 0.6, ""),
        Figure("text_image.finding.last 20 % off.ned.sd", 0.1, ""),
        Figure("text_image.finding.last 20 % off.change", -0.2, ""),
        Figure("text_image.findings.n", 9, ""),
    ]
    (folder / FILE).write_text("\n".join([*lines, *(one.line() for one in finding)]))


def test_lines_of_the_benchmark_are_read(tmp_path: Path) -> None:
    _write(tmp_path, _lines("thai", 0.5) + _lines("latin", 0.9))
    found = measured(tmp_path)
    best, worst = found.scripts
    assert (best.script, worst.script) == ("latin", "thai")
    assert (worst.edit.accuracy, worst.edit.ned, worst.ned_sd, worst.n) == (0.25, 0.5, 0.02, 7)
    assert (worst.truth.ned, worst.floor.ned) == pytest.approx((0.47, 0.45))
    [finding] = found.findings
    assert (finding.name, finding.ned, finding.sd, finding.change, found.n) == ("last 20 % off", 0.6, 0.1, -0.2, 9)


@pytest.mark.parametrize("spoil", [lambda lines: lines[1:], lambda lines: [*lines, "{"], lambda lines: ["[]", *lines]])
def test_a_file_with_something_missing_is_refused(spoil: object, tmp_path: Path) -> None:
    assert callable(spoil)
    _write(tmp_path, spoil(_lines("thai", 0.5)))
    with pytest.raises(WeightsError, match="damaged"):
        measured(tmp_path)
    with pytest.raises(MissingFileError, match=r"tests\.benchmarks text_image"):
        measured(tmp_path / "nowhere")


def test_what_ships_is_a_whole_run() -> None:
    found = measured()
    assert {one.script: one.n for one in found.scripts} == {
        one.script: MANY if one.script in GOALS else FEW for one in found.scripts
    }
    assert len(found.scripts) == 15
    assert [one.name for one in found.findings] == list(SETTINGS)
    assert found.findings[0].change == 0
    for one in found.scripts:
        assert 0 <= one.floor.ned < one.edit.ned <= 1
    assert json.loads(Figure("x", 1.0, "").line())["value"] == 1  # the lines are those of the benchmark
