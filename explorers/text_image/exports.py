"""Pictures to download: PNG files that carry their recipe and say that AI was at work."""

import hashlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gradio.utils import get_upload_folder

from backends.text_image.recipe import save_png
from backends.text_image.requests import Picture


def export_png(image: Picture, recipe: Mapping[str, Any], name: str, *, generated: bool = False) -> str:
    """Write a picture as PNG with its recipe where Gradio may serve it from, and return the path.

    The file lies in Gradio's cache, in a folder named by its pixels; the app's `delete_cache` removes it.
    """
    folder = Path(get_upload_folder()) / hashlib.sha256(image.tobytes()).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    # Renamed into place: a download that runs at the same time never reads half a file.
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
        pass
    save_png(image, recipe, Path(file.name), generated=generated)
    path = folder / f"{name}.png"
    os.replace(file.name, path)
    return str(path)
