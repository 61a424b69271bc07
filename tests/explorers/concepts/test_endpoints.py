"""The public endpoints through gradio_client, on the page as it is served: answers, errors, and no growth."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from tests.server import Server, serve

pytestmark = pytest.mark.api

PREDICT: dict[str, Any] = {"task": "xor", "model": "crm", "sample": 0, "edits": {}}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="module")
def server(files: Path) -> Iterator[Server]:
    with serve(environ={"GRADIO_TEMP_DIR": str(files / "gradio"), "ATELIER_CACHE_DIR": str(files / "cache")}) as server:
        yield server


@pytest.fixture(scope="module")
def client(server: Server) -> Client:
    return Client(server.url, verbose=False)


def _predict(client: Client, **changes: Any) -> Any:
    return client.predict(**{**PREDICT, **changes}, api_name="/concepts_predict")


def test_tasks_name_their_concepts(client: Client) -> None:
    found = client.predict(api_name="/concepts_tasks")
    tasks = {task["id"]: task for task in found["tasks"]}
    assert tasks["xor"]["concepts"] == ["first is high", "second is high"]
    assert len(tasks["digits-addition"]["groups"]["left digit"]) == 10
    assert (tasks["digits-addition"]["one_output_is_true"], tasks["xor"]["one_output_is_true"]) == (True, False)
    assert {"crm", "lrm", "cem", "dcr", "cmr", "cmr-tree", "pcbm-h"} <= set(found["models"])


def test_concepts_alone_follow_every_combination_of_concepts(client: Client) -> None:
    for first, second in itertools.product((0, 1), repeat=2):
        found = _predict(client, beta=0.1, edits={"first is high": first, "second is high": second})
        wanted = "different" if first != second else "same"
        assert found["bottleneck"]["answer"] == wanted
        assert found["agree"] == (found["default"]["answer"] == wanted)


def test_edits_are_reported_beside_what_was_predicted(client: Client) -> None:
    found = _predict(client, task="digits-addition", edits={"right digit": "right is 8"})
    right = {one["name"]: one for one in found["concepts"] if one["group"] == "right digit"}
    assert [name for name, one in right.items() if one["value"] == 1.0] == ["right is 8"]
    assert all(one["edited"] for one in right.values())
    assert not any(one["edited"] for one in found["concepts"] if one["group"] == "left digit")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"task": "nope"}, "choose from digits-addition"),
        ({"task": "x" * 10_000_000}, "choose from digits-addition"),
        ({"model": "../../etc/passwd"}, "choose from cbm-independent"),
        ({"sample": 1000}, "0 to 999"),
        ({"sample": -1}, "0 to 999"),
        ({"sample": 0.5}, "whole number"),
        ({"edits": {"colour": 1}}, "choose from first is high"),
        ({"edits": {"first is high": 1.5}}, "from 0 to 1"),
        ({"edits": {"first is high": "NaN"}}, "from 0 to 1"),
        ({"edits": {"first is high": None}}, "from 0 to 1"),
        ({"edits": []}, "must be an object"),
        ({"edits": {str(i): 1 for i in range(700_000)}}, "too many"),
        ({"edits": {"<img src=x onerror=alert(1)>": 1}}, "&lt;img"),
        ({"beta": -1}, "from 0 to 100"),
        ({"beta": 0.123}, "train it first"),
        ({"model": "cbm-joint", "beta": 1}, "beta must be 0"),
        ({"seed": -1}, "seed"),
        ({"prior": "none"}, "mean, shuffled, learned"),
    ],
)
def test_bad_input_is_refused_with_what_to_do_and_the_page_goes_on(
    client: Client, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(AppError, match=said) as refused:
        _predict(client, **changes)
    assert len(str(refused.value)) < 600
    assert _predict(client)["agree"] in (True, False)


def test_nan_on_the_wire_is_refused(client: Client, server: Server) -> None:
    body = '{"data": ["xor", "crm", 0, {"first is high": NaN}]}'
    answer = httpx.post(
        f"{server.url}gradio_api/call/concepts_predict", content=body, headers={"content-type": "application/json"}
    )
    if answer.status_code == 200:  # taken into the queue, refused by the backend
        event = answer.json()["event_id"]
        assert "event: error" in httpx.get(f"{server.url}gradio_api/call/concepts_predict/{event}", timeout=30).text
    assert _predict(client)["agree"] in (True, False)


def test_curves_begin_at_the_unedited_accuracy(client: Client) -> None:
    curve = client.predict("digits-addition", "crm", beta=0.1, api_name="/concepts_intervention_curve")
    assert len(curve["default"]) == 3  # two groups
    assert curve["orders"] == 5
    assert curve["default"][-1] > 0.97 > curve["default"][0]


def test_the_front_is_not_beaten(client: Client) -> None:
    results = client.predict("xor", api_name="/concepts_pareto")["results"]
    front = [one for one in results if one["on_front"]]
    assert front
    for one, other in itertools.product(front, results):
        if not other["constant"]:
            assert other["sis"] <= one["sis"] or other["accuracy"] <= one["accuracy"]


def test_training_reports_progress_and_its_model_can_be_asked(client: Client) -> None:
    job = client.submit("xor", "crm", beta=0.25, seed=9, api_name="/concepts_train")
    last = job.result(timeout=120)
    assert last["done"]
    assert last["result"]["sis"] > 0.9
    steps = [step["fraction"] for step in job.outputs()]
    assert steps == sorted(steps)
    assert _predict(client, beta=0.25, seed=9)["prior"] == "learned"


@pytest.mark.parametrize("changes", [{"epochs": 0}, {"epochs": 10_000}, {"regulariser": "l2"}, {"beta": float("1e9")}])
def test_training_refuses_what_it_cannot_do(client: Client, changes: dict[str, Any]) -> None:
    job = client.submit(task="xor", model="crm", **changes, api_name="/concepts_train")
    with pytest.raises(AppError):
        job.result(timeout=60)


def _files(folder: Path) -> int:
    return sum(path.is_file() for path in folder.rglob("*"))


def test_two_hundred_calls_grow_neither_memory_nor_files(client: Client, server: Server, files: Path) -> None:
    process = psutil.Process(server.pid)

    def calls(n: int) -> None:
        for i in range(n):
            _predict(client, sample=i, edits={"first is high": i % 2})

    calls(50)  # what is loaded once is loaded now
    memory, stored = process.memory_info().rss, _files(files)
    calls(200)
    assert _files(files) == stored
    assert process.memory_info().rss - memory < 20_000_000
