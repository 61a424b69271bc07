"""Downloads: where they lie, what they may be called."""

from pathlib import Path

import pytest

from backends.errors import InputError
from explorers.views.export import export_file

pytestmark = pytest.mark.unit


def test_a_file_lies_in_gradios_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    path = Path(export_file("a,b\n1,ü\n", "digits-sum", "csv"))
    assert path.name == "digits-sum.csv"
    assert path.is_relative_to(tmp_path)
    assert path.read_bytes().decode() == "a,b\n1,ü\n"


def test_the_same_export_is_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    for _ in range(3):
        export_file("{}", "edits", "json")
    assert len([one for one in tmp_path.rglob("*") if one.is_file()]) == 1


@pytest.mark.parametrize("name", ["", "../etc", "a/b", "a.b", "ä", "A", "x" * 65])
def test_other_names_are_refused(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    with pytest.raises(InputError):
        export_file("", name, "csv")
    assert not list(tmp_path.iterdir())
