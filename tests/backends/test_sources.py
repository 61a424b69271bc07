"""Larger models are found by id, in the kinds of places that the table may name, and nowhere else."""

from pathlib import Path

import pytest

from backends.errors import InputError, MissingFileError, UnsafeFormatError
from backends.settings import settings
from backends.sources import ModelSource, resolve

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def test_an_id_that_is_not_in_the_table_is_refused_with_those_that_are() -> None:
    with pytest.raises(InputError, match=r"'/etc/passwd'.*small"):
        resolve("/etc/passwd", [ModelSource("small", "folder", "small")])


def test_a_file_in_a_package_is_found_without_importing_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    package = tmp_path / "carries_a_model"
    package.mkdir()
    (package / "__init__.py").write_text("raise ImportError('needs what is not installed')")
    (package / "model.safetensors").write_bytes(b"x")
    monkeypatch.syspath_prepend(str(tmp_path))
    found = resolve("m", [ModelSource("m", "package", "carries_a_model:model.safetensors")])
    assert found == (package / "model.safetensors").resolve()
    with pytest.raises(UnsafeFormatError, match="outside"):
        resolve("m", [ModelSource("m", "package", "carries_a_model:../secret")])
    with pytest.raises(MissingFileError, match="carries_a_model:other"):
        resolve("m", [ModelSource("m", "package", "carries_a_model:other")])


def test_a_package_that_is_not_installed_is_named() -> None:
    with pytest.raises(MissingFileError, match="no_such_package"):
        resolve("m", [ModelSource("m", "package", "no_such_package:model.safetensors")])


def test_a_folder_is_the_operators_choice(fresh_settings: pytest.MonkeyPatch, tmp_path: Path) -> None:
    table = [ModelSource("m", "folder", "big"), ModelSource("out", "folder", "../big")]
    with pytest.raises(MissingFileError, match="ATELIER_MODELS_DIR"):
        resolve("m", table)
    (tmp_path / "models" / "big").mkdir(parents=True)
    fresh_settings.setenv("ATELIER_MODELS_DIR", str(tmp_path / "models"))
    settings.cache_clear()
    assert resolve("m", table) == (tmp_path / "models" / "big").resolve()
    with pytest.raises(UnsafeFormatError, match="outside"):
        resolve("out", table)


def test_embedded_weights_must_be_in_the_manifest() -> None:
    with pytest.raises(MissingFileError, match="no/such/weights"):
        resolve("m", [ModelSource("m", "embedded", "no/such/weights")])


@pytest.mark.parametrize("revision", ["", "main", COMMIT[:12], COMMIT.upper()])
def test_the_hub_is_read_at_a_full_commit_only(revision: str) -> None:
    with pytest.raises(ValueError, match="full commit id"):
        ModelSource("m", "hub", "owner/name", revision)


def test_without_the_hub_the_error_says_what_to_do(fresh_settings: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fresh_settings.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(MissingFileError, match="ATELIER_HUB is not set to 1"):
        resolve("m", [ModelSource("m", "hub", "owner/name", COMMIT)])
    fresh_settings.setenv("ATELIER_HUB", "1")
    settings.cache_clear()
    with pytest.raises(MissingFileError, match="cannot be reached"):
        resolve("m", [ModelSource("m", "hub", "owner/name", COMMIT)])
