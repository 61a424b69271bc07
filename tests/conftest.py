"""What all tests share: tiers that run in order, folders of their own, no network."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backends.settings import settings

_TIERS = ("unit", "method", "api", "browser")
_HERE = ("127.0.0.1", "::1", "localhost", "0.0.0.0")

# Read when gradio and huggingface_hub are imported, so set before any test module is.
os.environ |= {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort tests into tiers; a test that names none is a unit test."""

    def tier(item: pytest.Item) -> int:
        return next(i for i, name in enumerate(_TIERS) if item.get_closest_marker(name))

    for item in items:
        if not any(item.get_closest_marker(name) for name in _TIERS):
            item.add_marker("unit")
    items.sort(key=tier)


@pytest.fixture(scope="session", autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Caches and uploads go to a folder of this test run, which is returned; settings are read again."""
    folder = tmp_path_factory.mktemp("atelier")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("ATELIER_")]:
            patch.delenv(name)
        patch.setenv("ATELIER_CACHE_DIR", str(folder / "cache"))
        patch.setenv("GRADIO_TEMP_DIR", str(folder / "gradio"))
        settings.cache_clear()
        yield folder
    settings.cache_clear()


@pytest.fixture(scope="session", autouse=True)
def no_network() -> Iterator[None]:
    """Connections leave this machine for nothing: a test that tries one fails."""
    connect = socket.socket.connect

    def connect_here(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and address[0] not in _HERE:
            raise OSError(f"the tests use no network, and this one asked for {address[0]}")
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect_here)
        yield


@pytest.fixture
def fresh_settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """A monkeypatch for `ATELIER_*` variables; call `settings.cache_clear()` after setting one."""
    settings.cache_clear()
    yield monkeypatch
    monkeypatch.undo()
    settings.cache_clear()
