"""Set-up says one thing in all places: pins lie within the ranges, README repeats what the code knows."""

import os
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

from backends.settings import settings_table
from tests import readme

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def _pins(file: str) -> dict[NormalizedName, str]:
    requirements = [Requirement(line) for line in (ROOT / file).read_text(encoding="utf-8").splitlines() if line]
    assert all(str(r.specifier).startswith("==") for r in requirements)
    return {canonicalize_name(r.name): str(r.specifier).removeprefix("==") for r in requirements}


@pytest.mark.parametrize(
    ("file", "ranges"),
    [
        ("requirements.txt", PROJECT["dependencies"]),
        ("tests/requirements.txt", [line for extra in PROJECT["optional-dependencies"].values() for line in extra]),
    ],
)
def test_pins_are_those_of_the_project_and_within_its_ranges(file: str, ranges: list[str]) -> None:
    pins = _pins(file)
    wanted = {canonicalize_name(r.name): r.specifier for r in map(Requirement, ranges)}
    assert set(pins) == set(wanted)
    assert {name for name, pin in pins.items() if not wanted[name].contains(pin)} == set()


def test_torch_is_installed_first() -> None:
    assert (ROOT / "requirements.txt").read_text(encoding="utf-8").startswith("torch==")


def test_the_space_runs_the_versions_that_are_tested() -> None:
    front = (ROOT / "README.md").read_text(encoding="utf-8").split("---")[1]
    values = dict(line.split(": ", 1) for line in front.strip().splitlines())
    assert values["sdk"] == "gradio"
    assert values["sdk_version"] == _pins("requirements.txt")[canonicalize_name("gradio")]
    assert values["python_version"] == '"3.12"'
    assert values["license"] == "apache-2.0"
    assert (ROOT / values["app_file"]).is_file()
    assert len(values["short_description"]) <= 60


def test_readme_repeats_the_settings_and_the_registry() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert settings_table() in text
    assert text == readme.filled(text), "run: python -m tests.readme"


def test_an_old_python_is_told_so(tmp_path: Path) -> None:
    old = tmp_path / "old-python"
    old.write_text('#!/bin/sh\nexec python3 -c "import sys; sys.version_info = (3, 10); $2"\n')
    old.chmod(0o755)
    command = ["make", "-f", str(ROOT / "Makefile"), f"PYTHON={old}", ".venv/bin/python"]
    files = {name: (ROOT / name).read_text() for name in ("requirements.txt", "tests/requirements.txt")}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode != 0
    assert "needs Python 3.11 or newer" in done.stderr
    assert not (tmp_path / ".venv").exists()
