"""The scripts and style sheets that stand beside the views, read once when a view is imported."""

from pathlib import Path
from typing import Final

_FOLDER: Final = Path(__file__).parent


def script(*names: str) -> str:
    """The JavaScript of one interactive view, after the small DOM helpers that every one of them uses."""
    return "\n".join(_read(name) for name in ("dom.js", *names))


def stylesheet() -> str:
    """The CSS of every view, in the order of their file names."""
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(_FOLDER.glob("*.css")))


def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")
