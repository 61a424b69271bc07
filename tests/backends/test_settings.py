"""Settings come from the environment, once; a wrong value is named."""

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from backends.errors import SettingsError
from backends.settings import Settings, settings, settings_table


def test_an_empty_environment_gives_the_defaults() -> None:
    found = Settings.from_env({})
    assert (found.host, found.port, found.device, found.threads) == ("127.0.0.1", 7860, "auto", 0)
    assert found.concepts_data is None
    assert not found.zero_gpu
    assert Settings.from_env({"ATELIER_PORT": ""}) == found


def test_variables_are_read_and_typed(tmp_path: Path) -> None:
    found = Settings.from_env(
        {
            "ATELIER_PORT": "8001",
            "ATELIER_DEVICE": "cpu",
            "ATELIER_CACHE_DIR": str(tmp_path / "new"),
            "ATELIER_CONCEPTS_DATA": str(tmp_path),
            "PATH": "ignored",
        }
    )
    assert (found.port, found.device) == (8001, "cpu")
    assert found.cache_dir == tmp_path / "new"
    assert found.concepts_data == tmp_path.resolve()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ATELIER_PORT", "http"),
        ("ATELIER_PORT", "0"),
        ("ATELIER_PORT", "65536"),
        ("ATELIER_PORT", "-1"),
        ("ATELIER_PORT", "7860.5"),
        ("ATELIER_DEVICE", "tpu"),
        ("ATELIER_QUEUE_SIZE", "0"),
        ("ATELIER_HOST", "  "),
        ("ATELIER_CONCEPTS_DATA", "/no/such/folder"),
        ("ATELIER_PROT", "7860"),
    ],
)
def test_a_value_that_cannot_be_used_is_named(variable: str, value: str) -> None:
    with pytest.raises(SettingsError, match=variable):
        Settings.from_env({variable: value})


def test_a_space_listens_to_its_container_unless_told_otherwise() -> None:
    space = {"SPACE_ID": "someone/atelier", "SPACES_ZERO_GPU": "true"}
    found = Settings.from_env(space)
    assert (found.host, found.space, found.zero_gpu) == ("0.0.0.0", "someone/atelier", True)
    assert Settings.from_env(space | {"ATELIER_HOST": "127.0.0.1"}).host == "127.0.0.1"


def test_settings_are_read_once_and_cannot_change(fresh_settings: pytest.MonkeyPatch) -> None:
    fresh_settings.setenv("ATELIER_PORT", "8002")
    first = settings()
    fresh_settings.setenv("ATELIER_PORT", "8003")
    assert settings() is first
    with pytest.raises(FrozenInstanceError):
        first.port = 1  # type: ignore[misc]


def test_the_table_has_a_row_for_every_variable_with_its_default() -> None:
    rows = settings_table().splitlines()
    assert "| `ATELIER_PORT` | 7860 | Port to listen on |" in rows
    assert len(rows) == 2 + len([name for name in vars(Settings.from_env({})) if name not in ("space", "zero_gpu")])
