"""Fetches Debian, Python and npm packages into a folder and opens them one at a time; nothing is installed."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from backends.errors import AtelierError


class MaterialError(AtelierError):
    """Training material that cannot be fetched or read."""

    title = "The training material is not complete"


def _run(command: Sequence[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise MaterialError(f"{' '.join(command[:3])} failed: {reason}. Is the package index there and up to date?")


def _stem(package: str) -> str:
    return package.replace("-", "_").lower()


def _archives(package: str, folder: Path) -> list[Path]:
    tarball = package.removeprefix("@").replace("/", "-")
    names = (f"{package}_*.deb", f"{_stem(package)}-*.whl", f"{tarball}-[0-9]*.tgz")
    return [path for name in names if "/" not in name for path in folder.glob(name)]


def archive(package: str, folder: Path) -> Path:
    """The downloaded file of `package` in `folder`: `.deb`, `.whl` or `.tgz`; MaterialError where there is none."""
    found = _archives(package, folder)
    if not found:
        raise MaterialError(f"{package} has not been downloaded; run this command again.")
    return max(found)


def fetch(debian: Sequence[str], wheels: Sequence[str], npm: Sequence[str], folder: Path) -> None:
    """Downloads what `folder` lacks of the Debian packages, the wheels and the npm packages, not what they depend on.

    Needs `apt-get` with its package lists, `pip` and `npm`; raises MaterialError with their last line if one fails.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for command, packages in (
        (["apt-get", "-q", "download"], debian),
        ([sys.executable, "-m", "pip", "download", "-q", "--no-deps"], wheels),
        (["npm", "pack", "--silent"], npm),
    ):
        missing = [name for name in packages if not _archives(name, folder)]
        if missing:
            _run([*command, *missing], folder)


def fetch_tools(packages: Sequence[str], folder: Path) -> None:
    """Installs Python packages and what they need into `folder` alone, and lets this process import them."""
    if not folder.is_dir():
        folder.mkdir(parents=True)
        _run([sys.executable, "-m", "pip", "install", "-q", "--target", ".", *packages], folder)
    sys.path.append(str(folder))


@contextmanager
def opened(package: str, folder: Path) -> Iterator[Path]:
    """A temporary folder with the contents of `package`, deleted afterwards; `.pk3` archives in it are unpacked too."""
    source = archive(package, folder)
    with tempfile.TemporaryDirectory(dir=folder) as name:
        inside = Path(name)
        if source.suffix == ".deb":
            _run(["dpkg", "-x", str(source), str(inside)], folder)
        elif source.suffix == ".tgz":
            with tarfile.open(source) as tarball:
                tarball.extractall(inside, filter="data")
        else:
            zipfile.ZipFile(source).extractall(inside)
        for pack in sorted(inside.rglob("*.pk3")):
            zipfile.ZipFile(pack).extractall(pack.with_suffix(""))
        yield inside
