"""Weights that ship with the project: safetensors only, described in a manifest, checked on every load."""

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import safetensors.torch
from filelock import FileLock
from torch import Tensor

from backends.errors import ChecksumError, InputError, MissingFileError, UnsafeFormatError, WeightsError

WEIGHTS = Path(__file__).parents[1] / "assets" / "weights"
MAX_BYTES = 16 * 1024 * 1024

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*)*")
_PICKLE_SUFFIXES = {".pt", ".pth", ".bin", ".ckpt", ".pkl", ".pickle", ".npy", ".npz", ".zip"}
_PICKLE_STARTS = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")


@dataclass(frozen=True, slots=True)
class Entry:
    """What the manifest says of one file of weights: what it is, and how to make it again.

    Attributes:
        name: the id under which it is loaded; `/` groups names.
        file: its path below the manifest's folder.
        sha256, bytes: what the file must be.
        command: the command line that made it, and makes it again.
        seed: the seed of that command.
        data: the data it was trained on.
        device: the kind of device it was trained on.
        date: the day it was made, as YYYY-MM-DD.
        licence: the SPDX id of its licence.
        figures: what was measured on it, by name.
    """

    name: str
    file: str
    sha256: str
    bytes: int
    command: str
    seed: int
    data: str
    device: str
    date: str
    licence: str
    figures: Mapping[str, Any] = field(default_factory=dict)


def load_weights(name: str, *, folder: Path = WEIGHTS) -> tuple[dict[str, Tensor], Entry]:
    """The tensors (on the CPU) of the weights called `name`, and their entry in the manifest of `folder`.

    Raises:
        InputError: the manifest has no such name.
        MissingFileError: the file is not there.
        UnsafeFormatError: it is a pickle, no safetensors, larger than 16 MiB, or outside `folder`.
        ChecksumError: its size or SHA-256 is not the manifest's.
    """
    entries = manifest(folder=folder)
    if name not in entries:
        raise InputError(f"There are no weights called {name!r}. There are: {', '.join(sorted(entries)) or 'none'}.")
    entry = entries[name]
    content = _read(inside(folder, entry.file))
    digest = hashlib.sha256(content).hexdigest()
    if len(content) != entry.bytes or digest != entry.sha256:
        raise ChecksumError(
            f"{entry.file} is not the file that the manifest describes (SHA-256 {digest[:12]}…, expected "
            f"{entry.sha256[:12]}…). Restore it from git, or make it again with: {entry.command}"
        )
    return safetensors.torch.load(content), entry


def save_weights(
    name: str,
    tensors: Mapping[str, Tensor],
    *,
    command: str,
    seed: int,
    data: str,
    device: str,
    date: str,
    licence: str = "Apache-2.0",
    figures: Mapping[str, Any] | None = None,
    folder: Path = WEIGHTS,
) -> Entry:
    """Write `tensors` as `name` and describe them in the manifest of `folder`; replaces weights of that name.

    File and manifest are replaced whole, under a lock, so several processes may save at once and a reader never
    sees half of either. The other arguments are those of `Entry`.

    Raises:
        InputError: if `name` is not made of lower-case words, digits and `.`, `_`, `-`, separated by `/`.
        WeightsError: if the file would be larger than 16 MiB.
    """
    if not _NAME.fullmatch(name):
        raise InputError(f"{name!r} cannot name weights: use a-z, 0-9, '.', '_' and '-', in parts separated by '/'.")
    content = safetensors.torch.save({key: tensor.detach().cpu().contiguous() for key, tensor in tensors.items()})
    if len(content) > MAX_BYTES:
        raise WeightsError(f"{name} takes {len(content)} bytes; a file that ships may take {MAX_BYTES}.")
    file = f"{name}.safetensors"
    sha256 = hashlib.sha256(content).hexdigest()
    entry = Entry(name, file, sha256, len(content), command, seed, data, device, date, licence, dict(figures or {}))
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / ".manifest.lock"):
        entries = manifest(folder=folder) | {name: entry}
        text = json.dumps([asdict(entries[key]) for key in sorted(entries)], indent=1, ensure_ascii=False)
        _replace(inside(folder, file), content)
        _replace(folder / "manifest.json", (text + "\n").encode())
    return entry


def manifest(*, folder: Path = WEIGHTS) -> dict[str, Entry]:
    """All entries of the manifest of `folder` by name; none if there is no manifest.

    Raises:
        WeightsError: if the manifest cannot be read as one.
    """
    path = folder / "manifest.json"
    if not path.exists():
        return {}
    try:
        entries = [Entry(**row) for row in json.loads(path.read_text(encoding="utf-8"))]
    except (ValueError, TypeError) as error:
        raise WeightsError(f"{path.name} is damaged ({error}). Restore it from git.") from None
    return {entry.name: entry for entry in entries}


def inside(folder: Path, file: str) -> Path:
    """The path of `file` below `folder`; UnsafeFormatError if it leads elsewhere, by `..` or by a link."""
    path = (folder / file).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise UnsafeFormatError(f"{file} lies outside the folder of weights; it is not read.")
    return path


def _read(path: Path) -> bytes:
    """The content of a file of weights, refused unless it has safetensors' form."""
    if path.suffix in _PICKLE_SUFFIXES:
        raise UnsafeFormatError(f"{path.name} may hold a pickle, which can run code. Only .safetensors is read.")
    if not path.is_file():
        raise MissingFileError(f"{path.name} is missing. Restore it from git, or run its command in the manifest.")
    if path.stat().st_size > MAX_BYTES:
        raise UnsafeFormatError(f"{path.name} is larger than the {MAX_BYTES} bytes that weights may take.")
    content = path.read_bytes()
    if not _is_safetensors(content):
        # A safetensors header of 640 bytes starts like a pickle, so the pickle's start is looked at second.
        what = "is a pickle or an archive, which can run code" if content.startswith(_PICKLE_STARTS) else "is damaged"
        raise UnsafeFormatError(f"{path.name} {what}. Only safetensors is read.")
    return content


def _is_safetensors(content: bytes) -> bool:
    header = int.from_bytes(content[:8], "little")
    return content[8:9] == b"{" and header <= len(content) - 8


def _replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(temporary, 0o644)  # mkstemp makes it private; what ships is for everybody
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
