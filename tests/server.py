"""Starts the page as its users do: `app.py` in a process of its own."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Server:
    """A running page: its address, its process id, and the seconds it took to answer."""

    url: str
    pid: int
    ready_s: float


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serve(*command: str, environ: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Run `command` (Python's arguments; `app.py` if none) until the block ends; it must listen on `ATELIER_PORT`.

    Raises:
        RuntimeError: if it ends, or does not answer within two minutes; the message carries what it printed.
    """
    port = free_port()
    environment = {**os.environ, "GRADIO_ANALYTICS_ENABLED": "False", **(environ or {}), "ATELIER_PORT": str(port)}
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, *(command or ("app.py",))],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    url = f"http://127.0.0.1:{port}/"
    try:
        _wait(url, process, started + 120)
        yield Server(url, process.pid, time.monotonic() - started)
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait(url: str, process: subprocess.Popen[str], deadline: float) -> None:
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(url).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    process.terminate()
    raise RuntimeError(f"the page did not start:\n{process.communicate()[0]}")
