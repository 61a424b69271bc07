"""How right a reading is, and how little an edit changed elsewhere.

A reading and the wanted text are compared after `normalise`, whose rules are these:

1. What looks the same is the same: compatibility forms are folded as in NFKC (full-width letters, ligatures, the micro
   sign for mu, Thai am in one part or two) and curly quotes become straight ones. Raised, lowered, circled digits and
   fractions stay: a square is not a two. The result is in NFC.
2. What cannot be seen does not count: format characters (zero-width joiners, direction marks, soft hyphens, byte order
   marks) and variation selectors go.
3. Runs of space become one space, and none is left at the ends. In Chinese, Japanese and Thai, which write no space
   between words and whose readers set them at will, every space goes.
4. Case counts, and so do accents and punctuation.
"""

from __future__ import annotations

import unicodedata

import numpy as np
import regex
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein

from backends.errors import InputError

Picture = NDArray[np.uint8]

UNSPACED = frozenset({"hans", "hant", "japanese", "thai"})
"""Scripts in which spaces do not count."""

_DISTINCT = ("<super>", "<sub>", "<circle>", "<fraction>")
_QUOTES = str.maketrans("‘’‛ʼ“”„‟", "''''\"\"\"\"")


def normalise(text: str, script: str | None = None) -> str:
    """`text` as it is compared; the rules are at the top of this file. Without a script, spaces between words count."""
    folded = "".join(
        c if unicodedata.decomposition(c).startswith(_DISTINCT) else unicodedata.normalize("NFKC", c) for c in text
    )
    seen = "".join(c for c in folded if unicodedata.category(c) != "Cf" and not _selects_variant(c))
    words = unicodedata.normalize("NFC", seen).translate(_QUOTES).split()
    return ("" if script in UNSPACED else " ").join(words)


def ned(read: str, wanted: str, script: str | None = None) -> float:
    """1 - Levenshtein distance / the longer length, both normalised: 1 is read as wanted, 0 has nothing in common.

    Counted in grapheme clusters, what a reader calls a letter: a wrong vowel sign makes one letter wrong, in Devanagari
    as in Latin. Two empty texts agree.
    """
    return float(
        Levenshtein.normalized_similarity(_letters(normalise(read, script)), _letters(normalise(wanted, script)))
    )


def exact(read: str, wanted: str, script: str | None = None) -> bool:
    """Whether a line was read exactly as wanted, both normalised."""
    return normalise(read, script) == normalise(wanted, script)


def psnr_outside(before: Picture, after: Picture, mask: NDArray[np.generic]) -> float:
    """Peak signal-to-noise ratio in dB over the pixels where `mask` is 0; infinite where none of them changed.

    `before`, `after`: (H, W, 3) uint8. `mask`: (H, W) numbers or booleans, not 0 inside the edited region.

    Raises:
        InputError: shapes or types that do not fit together.
    """
    difference = _outside(before, after, mask)
    error = float(np.mean(np.square(difference, dtype=np.float64))) if difference.any() else 0.0
    return float(10 * np.log10(255**2 / error)) if error else float("inf")


def largest_difference_outside(before: Picture, after: Picture, mask: NDArray[np.generic]) -> int:
    """The largest difference of a channel's value, 0 to 255, over the pixels where `mask` is 0; 0 if it is so nowhere.

    Arguments and errors are those of `psnr_outside`.
    """
    return int(np.abs(_outside(before, after, mask)).max(initial=0))


def _outside(before: Picture, after: Picture, mask: NDArray[np.generic]) -> NDArray[np.int16]:
    if before.dtype != np.uint8 or after.dtype != np.uint8 or before.shape != after.shape or before.ndim != 3:
        raise InputError(
            "Pictures before and after an edit must be uint8 (height, width, 3) and of one size, got "
            f"{before.dtype} {before.shape} and {after.dtype} {after.shape}."
        )
    if mask.shape != before.shape[:2]:
        raise InputError(f"The mask is {mask.shape} and the picture {before.shape[:2]}: they must be of one size.")
    outside = mask == 0
    return after[outside].astype(np.int16) - before[outside]


def _letters(text: str) -> list[str]:
    return regex.findall(r"\X", text)


def _selects_variant(character: str) -> bool:
    return "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"
