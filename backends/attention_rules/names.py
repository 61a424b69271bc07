"""What the page must know of the backend where no torch is needed to read it."""

import unicodedata

NEAR = 4
"""Distances up to this have a relation of their own."""

RELATIONS = (*(f"at {d}" for d in range(NEAR + 1)), "same", "after same", "before", "first")
"""The relations, by their code."""

KS = (4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096)
"""Numbers of rules at which a list of them is scored."""

PCA = (1, 2, 4, 8, 16)
"""Numbers of principal components that stand beside an autoencoder."""

MARGIN = 0.25
"""An effect must exceed its control by this much to count, and must be shown to stay below it to be refuted."""

LEAST = 5
"""Fewer cases than this decide nothing."""


def visible(token: str) -> str:
    """`token` in one line: a newline as ⏎, other invisible characters as their code, blanks alone as ␣."""
    shown = "".join(_shown(character) for character in token)
    return shown if shown.strip() else shown.replace(" ", "␣") or "∅"


def _shown(character: str) -> str:
    if character == "\n":
        return "⏎"
    hidden = unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp", "Cs", "Co")
    return f"⟨U+{ord(character):04X}⟩" if hidden else character
