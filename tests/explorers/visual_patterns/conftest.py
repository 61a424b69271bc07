"""A shelf with one planted build, whose places are known by heart."""

from pathlib import Path

import pytest

from backends.visual_patterns import shelf
from backends.visual_patterns.results import Results
from tests.backends.visual_patterns.planted import plant


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Results:
    """The planted build, alone on the shelf."""
    monkeypatch.setattr(shelf, "FOLDER", tmp_path / "shelf")
    monkeypatch.setattr(shelf, "own_folder", lambda: tmp_path / "own")
    return Results(plant(tmp_path / "shelf" / "planted"))
