"""Lists of real words and short phrases, one for each script, from dictionaries and frequency lists."""

from __future__ import annotations

import gettext
import importlib
import importlib.util
import random
import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from pathlib import Path

from backends.downloads import opened
from backends.text_image.materials.scripts import SCRIPTS, WRITABLE

LONGEST = 14
"""Most characters (code points in NFC) of a word or phrase."""

MOST = 30_000
"""Most lines of a list."""

LANGUAGES: dict[str, tuple[str, ...]] = {
    "latin": ("en",),
    "latin_ext": ("fr", "de", "es", "pl", "tr", "cs", "vi", "pt", "sv", "hu", "ro"),
    "cyrillic": ("ru", "uk"),
    "greek": ("el",),
    "japanese": ("ja",),
    "korean": ("ko",),
    "arabic": ("ar",),
    "hebrew": ("he",),
    "devanagari": ("hi",),
    "bengali": ("bn",),
    "tamil": ("ta",),
}
"""Languages of package wordfreq that each script's words come from."""

DICTIONARIES: dict[str, tuple[str, ...]] = {
    "latin": ("wamerican", "wbritish"),
    "latin_ext": ("wfrench", "wngerman", "wspanish", "wpolish", "wportuguese", "wswedish"),
    "cyrillic": ("hunspell-ru", "wukrainian"),
    "greek": ("hunspell-el",),
    "japanese": ("edict",),
    "korean": ("hunspell-ko",),
    "arabic": ("hunspell-ar",),
    "devanagari": ("hunspell-hi",),
    "bengali": ("hunspell-bn",),
    "telugu": ("hunspell-te",),
    "thai": ("hunspell-th",),
}
"""Debian packages with word lists or hunspell dictionaries; they also tell how a word is capitalised."""

LOCALES = {
    "cyrillic": "ru", "greek": "el", "hans": "zh_CN", "hant": "zh_TW", "japanese": "ja", "korean": "ko", "arabic": "ar",
    "hebrew": "he", "devanagari": "hi", "bengali": "bn", "tamil": "ta", "telugu": "te", "thai": "th",
}  # fmt: skip
"""Locale of package iso-codes whose names of countries, languages and currencies a script's list takes in."""


def normal(line: str, script: str) -> str | None:
    """`line` as a list holds it: NFC, spaces single, 1 to `LONGEST` characters that `script` writes; else None."""
    word = " ".join(unicodedata.normalize("NFC", line).split())
    if not 1 <= len(word) <= LONGEST or not SCRIPTS[script].spells(word):
        return None
    if unicodedata.category(word[0])[0] == "M" or not any(unicodedata.category(c)[0] == "L" for c in word):
        return None
    if script in WRITABLE and not set(word) - {" "} <= WRITABLE[script]:
        return None
    return word


def _rude() -> frozenset[str]:
    """English words that no picture of ours should show."""
    spec = importlib.util.find_spec("better_profanity")
    assert spec is not None, "fetch_tools brings better-profanity"
    assert spec.origin is not None, "better-profanity is a package of files"
    return frozenset((Path(spec.origin).parent / "profanity_wordlist.txt").read_text(encoding="utf-8").split())


def shuffled(words: Iterable[str], script: str) -> list[str]:
    """The first `MOST` distinct words of `script` among `words`, in an order that depends on nothing but them."""
    kept: dict[str, None] = {}
    for line in words:
        word = normal(line, script)
        if word and len(kept) < MOST:
            kept[word] = None
    lines = sorted(kept)
    random.Random(f"words {script}").shuffle(lines)
    return lines


def _text(path: Path, encoding: str) -> str:
    """The contents of `path`; of the older word lists, some are still in Latin-1."""
    try:
        return path.read_text(encoding=encoding)
    except UnicodeDecodeError:
        return path.read_text(encoding="latin-1")


def _entries(package: str, downloads: Path) -> list[str]:
    """The words of a Debian word list, a hunspell dictionary or EDICT, without flags, counts and translations."""
    with opened(package, downloads) as inside:
        files = [p for p in sorted(inside.rglob("*")) if p.is_file() and not p.is_symlink()]
        lines: list[str] = []
        for path in files:
            if path.parent.name == "dict":
                lines += _text(path, "utf-8").splitlines()
            elif path.name == "edict":
                entries = path.read_text(encoding="euc_jp", errors="ignore").splitlines()[1:]
                lines += [word for line in entries for word in re.findall(r"^[^ ]+|(?<=\[).+?(?=\])", line)]
            elif path.suffix == ".dic" and not path.name.startswith("hyph"):
                declared = re.search(rb"^\s*SET\s+(\S+)", path.with_suffix(".aff").read_bytes(), re.M)
                text = _text(path, declared[1].decode() if declared else "utf-8")
                lines += [re.split(r"[/\t]", line)[0].strip() for line in text.splitlines()[1:]]
    return lines


def _names(locale: str, downloads: Path) -> list[str]:
    """Names of countries, languages, scripts and currencies in `locale`, as single words and short phrases."""
    found: list[str] = []
    with opened("iso-codes", downloads) as inside:
        for domain in ("iso_3166-1", "iso_639-2", "iso_639-5", "iso_4217", "iso_15924", "iso_3166-2"):
            for path in sorted(inside.glob(f"usr/share/locale/{locale}/LC_MESSAGES/{domain}.mo")):
                with path.open("rb") as file:
                    catalog: dict[object, str] = vars(gettext.GNUTranslations(file))["_catalog"]
                found += [part for name in catalog.values() for part in re.split(r"[,;()/|、，；（）]", name)]
    return found


def _frequent(language: str, count: int) -> list[str]:
    words: list[str] = importlib.import_module("wordfreq").top_n_list(language, count)
    return words


def _chinese(count: int) -> list[str]:
    """The most frequent words of two to four characters of jieba's dictionary, in simplified characters."""
    spec = importlib.util.find_spec("jieba")
    assert spec is not None, "fetch_tools brings jieba"
    assert spec.origin is not None, "jieba is a package of files"
    rows = [line.split() for line in (Path(spec.origin).parent / "dict.txt").read_text(encoding="utf-8").splitlines()]
    ranked = sorted((-int(row[1]), row[0]) for row in rows if 2 <= len(row[0]) <= 4)
    return [word for _, word in ranked if normal(word, "hans")][:count]


def _ranked(script: str, downloads: Path) -> Iterator[str]:
    """Words of `script`, the most useful first: frequent words that a dictionary knows, in its spelling."""
    dictionary = [word for package in DICTIONARIES.get(script, ()) for word in _entries(package, downloads)]
    known: dict[str, str] = {}
    for word in (unicodedata.normalize("NFC", word) for word in dictionary):
        if word.casefold() not in known or word.islower():
            known[word.casefold()] = word
    if script in LOCALES:
        yield from _names(LOCALES[script], downloads)
    if script in ("hans", "hant"):
        words = _chinese(20_000)
        convert = importlib.import_module("opencc").OpenCC("s2twp").convert
        yield from words if script == "hans" else (convert(word) for word in words)
    lists = [_frequent(language, 40_000) for language in LANGUAGES.get(script, ())]
    if script == "latin_ext":
        lists = [[word for word in ranked if not word.isascii()] for ranked in lists]
    share = MOST // max(1, len(lists))
    for row in zip_longest(*(ranked[:share] for ranked in lists), fillvalue=""):
        for word in row:
            # Words counted on the web hold slips and foreign words; where a full dictionary is there, it decides.
            if word.casefold() in known or script not in ("latin", "japanese", "korean"):
                yield known.get(word.casefold(), word)
    if script != "latin_ext":
        rest = sorted(set(known.values()))
        random.Random(f"rest {script}").shuffle(rest)
        yield from rest


def collect(downloads: Path, folder: Path) -> dict[str, str]:
    """Writes `folder/words/SCRIPT.txt` for every script; the entries of `materials.json`."""
    (folder / "words").mkdir(parents=True, exist_ok=True)
    entries = {}
    rude = _rude()
    for script in SCRIPTS:
        polite = (word for word in _ranked(script, downloads) if word.casefold() not in rude)
        lines = shuffled(polite, script)
        entries[script] = f"words/{script}.txt"
        (folder / entries[script]).write_text("\n".join(lines) + "\n", encoding="utf-8")
        print(f"{script}: {len(lines)} words", flush=True)
    return entries
