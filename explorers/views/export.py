"""Files to download: what is on the screen, written where Gradio may serve it from."""

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Final, Literal

from gradio.utils import get_upload_folder

from backends.errors import InputError

Kind = Literal["svg", "csv", "json", "png", "gif", "npz"]

_ALLOWED: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_")
_LONGEST: Final = 64


def export_file(text: str, name: str, kind: Kind) -> str:
    """Write `text` to a new file `name.kind` and return its path, ready to be the value of a `gr.DownloadButton`.

    `name` is ours, never a visitor's: lower-case letters, digits, hyphen and underscore; raises InputError otherwise.
    """
    return export_bytes(text.encode(), name, kind)


def export_bytes(content: bytes, name: str, kind: Kind) -> str:
    """Write `content` as `export_file` writes a text.

    The file lies in Gradio's cache, in a folder named by its content, so that the same export is one file however often
    it is made; the app's `delete_cache` removes it.
    """
    if not name or len(name) > _LONGEST or not set(name) <= _ALLOWED:
        raise InputError(f"“{name}” cannot name a file: use 1 to {_LONGEST} of a-z, 0-9, hyphen and underscore.")
    folder = Path(get_upload_folder()) / hashlib.sha256(content).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.{kind}"
    # Renamed into place: a download that runs at the same time never reads half a file.
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
        file.write(content)
    os.replace(file.name, path)
    return str(path)
