"""What keeps the house in order: who may import whom, how long a file may be, what may ship."""

import ast
import importlib
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backends.store import MAX_BYTES, WEIGHTS, load_weights, manifest

ROOT = Path(__file__).parents[1]
CODE = sorted([ROOT / "app.py", *ROOT.glob("explorers/**/*.py"), *ROOT.glob("backends/**/*.py")])
ALL_CODE = sorted([*CODE, *ROOT.glob("tests/**/*.py")])
ASSETS = sorted(path for path in ROOT.glob("assets/**/*") if path.is_file() and not path.name.startswith("."))


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


@pytest.mark.parametrize(
    ("folder", "forbidden"), [("backends", "gradio"), ("backends", "explorers"), ("explorers", "torch")]
)
def test_imports_go_one_way(folder: str, forbidden: str) -> None:
    offenders = [
        f"{_name(path)} imports {name}"
        for path in CODE
        if _name(path).startswith(f"{folder}/")
        for name in _imports(path)
        if name.split(".")[0] == forbidden
    ]
    assert offenders == []


def test_building_the_page_imports_no_torch() -> None:
    script = (
        "import sys, app; heavy = {'torch', 'sklearn', 'transformers'} & set(sys.modules); sys.exit(str(heavy or ''))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stderr.strip().splitlines()[-1:] in ([], [""])


@pytest.mark.parametrize("path", CODE, ids=_name)
def test_what_is_public_is_documented(path: Path) -> None:
    module = importlib.import_module(_name(path).removesuffix(".py").replace("/", ".").removesuffix(".__init__"))
    assert module.__doc__
    own = [thing for thing in vars(module).values() if getattr(thing, "__module__", "") == module.__name__]
    assert [name for thing in own for name in _undocumented(thing)] == []


def _undocumented(thing: Any) -> Iterator[str]:
    """The public classes, functions, methods and properties in `thing` that say nothing, nor override what does."""
    if inspect.isclass(thing) and not thing.__name__.startswith("_"):
        doc = thing.__dict__.get("__doc__") or ""
        if not doc or doc.startswith(f"{thing.__name__}("):  # a dataclass writes such a docstring itself
            yield thing.__qualname__
        members = {name: member for name, member in vars(thing).items() if not name.startswith("_")}
        for name, member in members.items():
            described = isinstance(member, property | classmethod | staticmethod) or inspect.isfunction(member)
            if described and not inspect.getdoc(getattr(thing, name)):
                yield f"{thing.__qualname__}.{name}"
    elif inspect.isfunction(thing) and not thing.__name__.startswith("_") and not inspect.getdoc(thing):
        yield thing.__qualname__


@pytest.mark.parametrize("path", ALL_CODE, ids=_name)
def test_no_file_is_longer_than_400_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


def test_the_entry_is_short() -> None:
    assert len((ROOT / "app.py").read_text(encoding="utf-8").splitlines()) < 60


@pytest.mark.parametrize("path", [path for path in CODE if "/views/" not in path.as_posix()], ids=_name)
def test_weights_are_never_unpickled(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"(?<!safetensors\.)torch\.load\(|pickle\.loads?\(|joblib\.load\(|allow_pickle=True", text)


def test_what_ships_stays_small() -> None:
    sizes = {_name(path): path.stat().st_size for path in ASSETS}
    assert {name: size for name, size in sizes.items() if size > MAX_BYTES} == {}
    assert sum(sizes.values()) <= 96 * 1024 * 1024


def test_every_weight_is_safetensors_and_in_the_manifest_and_loads() -> None:
    entries = manifest()
    described = {"manifest.json", *(entry.file for entry in entries.values())}
    shipped = {path.relative_to(WEIGHTS).as_posix() for path in ASSETS if path.is_relative_to(WEIGHTS)}
    assert shipped - described == {path for path in shipped if path.endswith((".md", ".txt"))}
    assert all(entry.file.endswith(".safetensors") for entry in entries.values())
    for name, entry in entries.items():
        tensors, _ = load_weights(name)
        assert tensors, name
        assert entry.command.startswith("python -m backends."), f"{name} cannot be made again by its command"


def test_no_text_names_a_folder_of_somebody() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    personal = re.compile(r"/(?:home|Users|root|work)/[A-Za-z]|/tmp/[a-z]+/[a-z]")
    offenders = []
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if path.suffix in (".py", ".md", ".toml", ".json", ".txt", ".css", ".js", "") and path.is_file():
            offenders += [name for _ in personal.finditer(path.read_text(encoding="utf-8"))]
    assert [name for name in offenders if name != "tests/test_architecture.py"] == []
