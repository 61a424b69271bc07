"""Results that can be computed again, kept on disk under a key made of everything they depend on.

Plain `.npz` files, because the well-kept caching packages (diskcache, joblib.Memory) store pickles.
"""

import hashlib
import json
import os
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from backends.settings import settings

Arrays = dict[str, np.ndarray[Any, Any]]


def cached_arrays(key_parts: Mapping[str, Any], make: Callable[[], Arrays]) -> Arrays:
    """The arrays that `make` computes, from disk if they were computed before with the same `key_parts`.

    Args:
        key_parts: everything the result depends on, seed and model checksum included: strings, numbers, booleans,
            None, arrays, and lists or mappings of those.
        make: computes the arrays; names are theirs to choose, dtypes are plain (no objects).

    Raises:
        TypeError: if a key part is of another type.
        ValueError: if `make` returns an array of objects, which only a pickle could store.
    """
    path = _folder() / f"{content_key(key_parts)}.npz"
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        os.utime(path)  # the time of the last use decides what leaves first
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile):
        arrays = make()
        _write(path, arrays)
        _evict(settings().cache_mb * 1_000_000)
    return arrays


def content_key(key_parts: Mapping[str, Any]) -> str:
    """The SHA-256 (hex) of `key_parts`, independent of the order of mappings; TypeError for other types."""
    text = json.dumps(key_parts, sort_keys=True, default=_describe_array, allow_nan=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _describe_array(value: object) -> dict[str, Any]:
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        content = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
        return {"dtype": value.dtype.str, "shape": list(value.shape), "sha256": content}
    raise TypeError(f"a cache key cannot hold a {type(value).__name__}")


def _folder() -> Path:
    folder = settings().cache_dir / "arrays"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _write(path: Path, arrays: Arrays) -> None:
    for name, array in arrays.items():
        if array.dtype.hasobject:
            raise ValueError(f"the array {name!r} holds objects and cannot be cached")
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
        os.replace(temporary, path)  # readers see the whole entry or none
    except BaseException:
        os.unlink(temporary)
        raise


def _evict(limit: int) -> None:
    """Remove entries, least recently used first, until all together take at most `limit` bytes."""
    entries = []
    for path in _folder().glob("*.npz"):
        try:
            stat = path.stat()
        except FileNotFoundError:  # another process evicted it meanwhile
            continue
        entries.append((stat.st_mtime_ns, stat.st_size, path))
    total = sum(size for _, size, _ in entries)
    for _, size, path in sorted(entries):
        if total <= limit:
            break
        path.unlink(missing_ok=True)
        total -= size
