"""The page around the explorers, served and asked through its API."""

import gc
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import gradio as gr
import httpx
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from backends.settings import Settings
from explorers.shell import build_page, launch
from tests.explorers.example import ExampleExplorer, SecondExplorer
from tests.server import free_port

pytestmark = pytest.mark.api

EXPLORERS = (ExampleExplorer, SecondExplorer)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The address of a page with two explorers."""
    settings = Settings(port=free_port(), queue_size=3)
    page = build_page(settings, EXPLORERS)
    yield launch(page, settings)
    page.close()


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[Client]:
    """A client of that page."""
    client = Client(url, verbose=False)
    yield client
    client.close()


def test_only_the_named_endpoints_are_public_and_they_are_documented(client: Client) -> None:
    endpoints = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert set(endpoints) == {"/example_double", "/example_count"}
    assert "Twice the number" in endpoints["/example_double"]["description"]
    (parameter,) = endpoints["/example_double"]["parameters"]
    assert parameter["parameter_name"] == "number"


def test_an_endpoint_answers(client: Client) -> None:
    assert client.predict(21, api_name="/example_double") == 42


def test_errors_reach_the_caller_and_the_page_goes_on(client: Client) -> None:
    with pytest.raises(AppError, match="is more than 100"):
        client.predict(101, api_name="/example_double")
    with pytest.raises(AppError) as raised:
        client.predict(13, api_name="/example_double")
    assert "secret" not in str(raised.value)
    assert client.predict(1, api_name="/example_double") == 2


def test_monitoring_is_off(url: str) -> None:
    found = httpx.get(f"{url}monitoring")
    assert "/monitoring/" not in found.text
    assert httpx.get(f"{url}gradio_api/monitoring/summary").status_code in (401, 403, 404)


def test_the_page_names_no_other_host(url: str) -> None:
    config = httpx.get(f"{url}config").text
    for part in ("fonts.googleapis", "fonts.gstatic", "cdn."):
        assert part not in config


def test_uploads_above_the_limit_are_refused(url: str) -> None:
    content = b"0" * 11_000_000
    assert httpx.post(f"{url}gradio_api/upload", files={"files": ("x.bin", content)}).status_code == 413


def test_files_of_the_server_cannot_be_read(url: str) -> None:
    for path in (Path(__file__), Path("pyproject.toml").resolve(), Path("/etc/passwd")):
        assert httpx.get(f"{url}gradio_api/file={path}").status_code in (403, 404)


def test_the_texts_come_from_the_classes() -> None:
    page = build_page(Settings(), EXPLORERS)
    components = page.get_config_file()["components"]
    tabs = [c["props"] for c in components if c["type"] == "tabitem"]
    assert [(tab["id"], tab["label"]) for tab in tabs] == [("example", "Example"), ("second", "Second")]
    texts = [c["props"].get("value") or "" for c in components if c["type"] == "markdown"]
    assert any("**Try it**: change the number." in t and "https://example.org/doubling" in t for t in texts)


def test_two_hundred_calls_leave_nothing_behind(client: Client, own_folders: Path) -> None:
    def census() -> tuple[int, int]:
        gc.collect()
        files = sum(path.is_file() for path in (own_folders / "gradio").rglob("*"))
        return tracemalloc.get_traced_memory()[0], files

    def call(times: int) -> None:
        for _ in range(times):
            assert client.predict(4, api_name="/example_double") == 8

    tracemalloc.start()
    try:
        call(50)  # what is filled once (caches, pools) is no growth
        memory, files = census()
        call(200)
        memory_after, files_after = census()
    finally:
        tracemalloc.stop()
    assert files_after == files
    assert memory_after - memory < 200 * 5_000


def test_a_port_that_is_taken_is_an_error(url: str) -> None:
    port = int(url.rstrip("/").rsplit(":", 1)[1])
    page = build_page(Settings(port=port), [SecondExplorer])
    with pytest.raises(OSError, match=str(port)):
        launch(page, Settings(port=port))


def test_a_gradio_page_is_what_comes_out() -> None:
    assert isinstance(build_page(Settings(), EXPLORERS), gr.Blocks)
