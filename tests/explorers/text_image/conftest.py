"""What these tests share: the untrained pipeline, a folder without stored edits, and a small picture."""

from pathlib import Path

import numpy as np
import pytest

from backends.text_image import opening
from backends.text_image.requests import Picture
from tests.backends.text_image.conftest import editing, untrained

__all__ = ["editing", "no_stored_edits", "scene", "untrained"]


@pytest.fixture(autouse=True)
def no_stored_edits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that ships is read: what the tests say holds before the first edit is stored, too."""
    monkeypatch.setattr(opening, "FOLDER", tmp_path / "stored")
    opening.read_stored.cache_clear()


@pytest.fixture(scope="session")
def scene() -> Picture:
    """A picture of 300 x 220 pixels, of noise: every pixel that an edit touches shows."""
    return np.random.default_rng(1).integers(60, 200, (220, 300, 3), dtype=np.uint8)
