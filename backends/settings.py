"""What the operator of this server chose: one frozen object, read once from the environment."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from backends.errors import SettingsError

_PREFIX = "ATELIER_"


def _text(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be empty")
    return value.strip()


def _integer(low: int, high: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        if not value.strip().isdecimal() or not low <= int(value) <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return int(value)

    return parse


def _one_of(*choices: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return value

    return parse


def _switch(value: str) -> bool:
    return _one_of("0", "1")(value) == "1"


def _existing_folder(value: str) -> Path:
    folder = Path(value).expanduser()
    if not folder.is_dir():
        raise ValueError("must be a folder that exists")
    return folder.resolve()


def _folder(value: str) -> Path:
    return Path(_text(value)).expanduser().absolute()


def _setting(default: Any, parse: Callable[[str], Any], doc: str, shown: str | None = None) -> Any:
    """A field with what reads it from text, its line of documentation, and its default in words."""
    text = str(default) if shown is None else shown
    return field(default=default, metadata={"parse": parse, "doc": doc, "default": text})


@dataclass(frozen=True)
class Settings:
    """The operator's choices. Field `x_y` is read from the environment variable `ATELIER_X_Y`."""

    host: str = _setting("127.0.0.1", _text, "Address to listen on; `0.0.0.0` on a Space", "127.0.0.1")
    port: int = _setting(7860, _integer(1, 65535), "Port to listen on")
    device: str = _setting(
        "auto", _one_of("auto", "cpu", "cuda", "mps"), "Where models run: `auto`, `cpu`, `cuda` or `mps`"
    )
    threads: int = _setting(0, _integer(0, 1024), "CPU threads of one computation; 0 leaves it to torch")
    cache_dir: Path = _setting(
        user_cache_path("feature-atelier", appauthor=False),
        _folder,
        "Folder of results that can be computed again",
        "the user's cache folder",
    )
    cache_mb: int = _setting(512, _integer(1, 1_000_000), "Size of that folder in MB; the least recently used leaves")
    queue_size: int = _setting(128, _integer(1, 10_000), "Requests that may wait; more are refused politely")
    max_upload_mb: int = _setting(10, _integer(1, 1000), "Largest upload in MB")
    concepts_data: Path | None = _setting(
        None, _existing_folder, "Folder of your own concept data sets, one folder each", "none"
    )
    models_dir: Path | None = _setting(
        None, _existing_folder, "Folder of larger models that you downloaded yourself", "none"
    )
    hub: bool = _setting(
        False, _switch, "1: larger models may be downloaded from the Hugging Face hub when asked for (gigabytes)", "0"
    )
    space: str = ""
    """`owner/name` where the page runs as a Hugging Face Space (from `SPACE_ID`, which Spaces set), else empty."""
    zero_gpu: bool = False
    """Whether the Space runs on ZeroGPU (from `SPACES_ZERO_GPU`, which such Spaces set)."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Read the settings out of `environ`; a variable that is missing or empty leaves the default.

        Raises:
            SettingsError: naming the variable, for a value that cannot be used or a variable that is no setting.
        """
        known = {_variable(name): (name, parse) for name, parse in _parsers(cls)}
        zero_gpu = environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true")
        values: dict[str, Any] = {"space": environ.get("SPACE_ID", ""), "zero_gpu": zero_gpu}
        if values["space"]:
            values["host"] = "0.0.0.0"  # a Space is reached through its container's own address
        for variable, text in environ.items():
            if not variable.startswith(_PREFIX) or not text:
                continue
            if variable not in known:
                raise SettingsError(f"{variable} is not a setting. The settings are {', '.join(known)}.")
            name, parse = known[variable]
            try:
                values[name] = parse(text)
            except ValueError as error:
                raise SettingsError(f"{variable}={text!r} {error}.") from None
        return cls(**values)


def _variable(name: str) -> str:
    return _PREFIX + name.upper()


def _parsers(cls: type[Settings]) -> list[tuple[str, Callable[[str], Any]]]:
    return [(f.name, f.metadata["parse"]) for f in fields(cls) if "parse" in f.metadata]


@cache
def settings() -> Settings:
    """The settings of this process, read on the first call."""
    return Settings.from_env(os.environ)


def settings_table() -> str:
    """The table of settings in README, as Markdown."""
    rows = [
        f"| `{_variable(f.name)}` | {f.metadata['default']} | {f.metadata['doc']} |"
        for f in fields(Settings)
        if "parse" in f.metadata
    ]
    return "\n".join(["| Variable | Default | Meaning |", "|---|---|---|", *rows])
