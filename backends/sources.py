"""Larger models that an operator may add: a table of ids names them, so no visitor ever types a path."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from backends.errors import InputError, MissingFileError
from backends.settings import settings
from backends.store import WEIGHTS, inside, manifest


@dataclass(frozen=True, slots=True)
class ModelSource:
    """Where a model comes from; what a visitor chooses is only the `id` of such a row.

    Attributes:
        id: its name in the table.
        kind: `embedded` (weights of our own), `package` (a file in an installed package, never imported), `folder`
            (below `ATELIER_MODELS_DIR`), or `hub` (downloaded once, at a pinned revision).
        location: a name in the manifest; `package:path/in/it`; a path below the folder; or `owner/repository`.
        revision: the full commit id, for `hub` only: a name like `main` could change under us.

    Raises:
        ValueError: for a hub row without a full commit id.
    """

    id: str
    kind: Literal["embedded", "package", "folder", "hub"]
    location: str
    revision: str = ""

    def __post_init__(self) -> None:
        if self.kind == "hub" and not re.fullmatch(r"[0-9a-f]{40}", self.revision):
            raise ValueError(f"{self.id}: a hub model needs a full commit id as its revision")


def resolve(model: str, sources: Sequence[ModelSource]) -> Path:
    """The file or folder of the model with the id `model` among `sources`, an explorer's table of larger models.

    Raises:
        InputError: the table has no such id.
        MissingFileError: the model is not there, with what to install, set or download.
        UnsafeFormatError: the row points outside its folder.
    """
    table = {source.id: source for source in sources}
    if model not in table:
        raise InputError(f"There is no model called {model!r}. There are: {', '.join(table)}.")
    source = table[model]
    path = _FINDERS[source.kind](source)
    if not path.exists():
        raise MissingFileError(f"The model {model} should be at {source.location} ({source.kind}) and is not.")
    return path


def _find_embedded(source: ModelSource) -> Path:
    entry = manifest().get(source.location)
    if entry is None:
        raise MissingFileError(f"The manifest describes no weights called {source.location}.")
    return inside(WEIGHTS, entry.file)


def _find_in_package(source: ModelSource) -> Path:
    package, _, file = source.location.partition(":")
    spec = find_spec(package)  # finding is not importing: a package's own code may need what is not installed
    if spec is None or not spec.submodule_search_locations:
        raise MissingFileError(f"The model {source.id} comes with the package {package}; install it with pip.")
    return inside(Path(spec.submodule_search_locations[0]), file)


def _find_in_folder(source: ModelSource) -> Path:
    folder = settings().models_dir
    if folder is None:
        raise MissingFileError(f"The model {source.id} is read from ATELIER_MODELS_DIR, which is not set.")
    return inside(folder, source.location)


def _find_on_hub(source: ModelSource) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError

    if not settings().hub:
        raise MissingFileError(
            f"The model {source.id} is on the hub, and this server does not download: ATELIER_HUB is not set to 1. "
            "Choose an embedded model."
        )
    patterns = ["*.safetensors", "*.json", "*.txt"]  # no pickles, no code
    try:
        return Path(snapshot_download(source.location, revision=source.revision, allow_patterns=patterns))
    except (HfHubHTTPError, OSError) as error:
        raise MissingFileError(
            f"The model {source.id} is not downloaded yet, and the hub cannot be reached ({type(error).__name__}). "
            "Connect once, or choose an embedded model."
        ) from error


_FINDERS: dict[str, Callable[[ModelSource], Path]] = {
    "embedded": _find_embedded,
    "package": _find_in_package,
    "folder": _find_in_folder,
    "hub": _find_on_hub,
}
