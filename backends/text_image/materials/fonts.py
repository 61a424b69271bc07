"""Collects the usable font faces of the packages as single static files, and says which are kept for testing."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from fontTools.ttLib import TTCollection, TTFont, TTLibError
from fontTools.varLib import instancer

from backends.downloads import opened
from backends.text_image.materials.faces import Face, inspect
from backends.text_image.materials.splits import held_out_designs

WEIGHTS = (400, 700)
"""Weights at which a variable font is frozen, as far as its axis goes."""

MAX_BYTES = 48 * 1024 * 1024
"""Largest file of a font, or of a collection, that is looked at."""

_SLICE = re.compile(r"-\d+-\d+-normal\.woff$")  # a hundred characters of a web font that is also there in one file


def static_faces(path: Path, scratch: Path) -> Iterator[Path]:
    """`path` as files of one static face each: collections are taken apart, variable fonts frozen, web fonts unpacked.

    New files are written into `scratch`. A file that is no font yields nothing.
    """
    try:
        if path.suffix.lower() == ".ttc":
            yield from _taken_apart(path, scratch)
            return
        with TTFont(path, lazy=True) as font:
            axes = {axis.axisTag: axis for axis in font["fvar"].axes} if "fvar" in font else {}
            packed = font.flavor is not None
        if packed:
            yield _unpacked(path, scratch)
        elif not axes:
            yield path
        elif "wght" in axes and "Italic" not in path.stem:
            low, high = axes["wght"].minValue, axes["wght"].maxValue
            defaults = {tag: axis.defaultValue for tag, axis in axes.items()}
            for weight in sorted({min(max(weight, low), high) for weight in WEIGHTS}):
                part = scratch / f"{path.stem.split('[')[0]}-{weight:.0f}.ttf"
                with TTFont(path) as font:
                    instancer.instantiateVariableFont(font, defaults | {"wght": weight}).save(part)
                yield part
    except (TTLibError, OSError, ValueError) as error:
        print(f"left out {path.name}: {type(error).__name__}: {error}")


def _taken_apart(path: Path, scratch: Path) -> Iterator[Path]:
    for number, font in enumerate(TTCollection(path, lazy=True).fonts):
        part = scratch / f"{path.stem}-{number}.{'otf' if 'CFF ' in font else 'ttf'}"
        font.save(part)
        yield part


def _unpacked(path: Path, scratch: Path) -> Path:
    part = scratch / f"{path.stem}.ttf"
    with TTFont(path) as font:
        font.flavor = None
        font.save(part)
    return part


def collect(packages: Sequence[str], downloads: Path, folder: Path) -> list[dict[str, object]]:
    """Copies every usable face of `packages` to `folder/fonts/PACKAGE/`; the entries of `materials.json`, by path.

    A face that an earlier package already brought (the same full name) is left out.
    """
    found: dict[str, Face] = {}
    seen: set[tuple[str, str, tuple[str, ...]]] = set()
    for package in packages:
        target = folder / "fonts" / package
        shutil.rmtree(target, ignore_errors=True)
        with opened(package, downloads) as inside, tempfile.TemporaryDirectory(dir=downloads) as scratch:
            # TrueType first: where a package has a face in both formats, hints make it the crisper one.
            files = [
                p for s in (".ttf", ".ttc", ".otf", ".woff") for p in sorted(inside.rglob("*")) if p.suffix.lower() == s
            ]
            for path in files:
                if path.is_symlink() or path.stat().st_size > MAX_BYTES or _SLICE.search(path.name):
                    continue
                for part in static_faces(path, Path(scratch)):
                    face = inspect(part)
                    # Frozen weights of one variable font share a name, and so do a web font's files for its scripts.
                    weight = part.stem.rpartition("-")[2] if part.parent == Path(scratch) else ""
                    if face is None or (face.full_name, weight, face.scripts) in seen:
                        continue
                    seen.add((face.full_name, weight, face.scripts))
                    target.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(part, target / part.name)
                    found[f"fonts/{package}/{part.name}"] = face
        print(f"{package}: {sum(key.startswith(f'fonts/{package}/') for key in found)} faces", flush=True)
    scripts_of: dict[str, set[str]] = {}
    for face in found.values():
        scripts_of.setdefault(face.design, set()).update(face.scripts)
    test = held_out_designs(scripts_of)
    return [
        {
            "path": path,
            "family": face.family,
            "kind": face.kind,
            "scripts": list(face.scripts),
            "split": "test" if face.design in test else "train",
        }
        for path, face in sorted(found.items())
    ]
