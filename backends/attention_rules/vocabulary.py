"""Text to token ids and back, and what of a visitor's text can be used."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from tokenizers import Tokenizer

from backends.errors import InputError, MissingFileError, WeightsError, quoted

MOST_TOKENS = 256
"""Longest text of a visitor, in tokens."""

MOST_CHARACTERS = 20 * MOST_TOKENS
"""Longest text that is cut into tokens at all: cutting a megabyte to find it too long would be work for nothing."""


class Vocabulary(ABC):
    """The tokens of a model. `first` is the id that opens every sequence."""

    first: int

    @property
    @abstractmethod
    def size(self) -> int:
        """How many token ids there are."""

    @abstractmethod
    def cut(self, text: str) -> list[int]:
        """The ids of `text`, without the opening token; InputError where it holds what the model cannot read."""

    @abstractmethod
    def token(self, number: int) -> str:
        """The text of one token, as it is: control characters and markup are for the page to make harmless."""

    def read(self, text: str) -> list[int]:
        """The ids of a visitor's text behind the opening token, 2 to `MOST_TOKENS` of them.

        Raises:
            InputError: if the text is empty, too long, or holds what the model cannot read.
        """
        if not isinstance(text, str) or not text.strip():
            raise InputError("Type a sentence first: the text is empty.")
        if len(text) > MOST_CHARACTERS:
            raise InputError(f"The text has {len(text):,} characters; at most {MOST_CHARACTERS:,} can be read at once.")
        return self.check([self.first, *self.cut(text)])

    def check(self, ids: Sequence[int]) -> list[int]:
        """`ids` as they are; InputError if there are none or too many, or one is no token of this vocabulary."""
        if not ids:
            raise InputError("There are no tokens to look at.")
        if len(ids) > MOST_TOKENS:
            raise InputError(
                f"The text has {len(ids):,} tokens; at most {MOST_TOKENS} can be read at once. Shorten it."
            )
        for number in ids:
            whole = isinstance(number, int) and not isinstance(number, bool)
            if not whole or not 0 <= number < self.size:
                raise InputError(f"{quoted(number)} is no token id; ids are whole numbers from 0 to {self.size - 1}.")
        return list(ids)


class BpeVocabulary(Vocabulary):
    """A byte-pair vocabulary out of a `tokenizer.json`."""

    def __init__(self, file: Path, first: str) -> None:
        """Reads `file`; `first` names the opening token. Raises MissingFileError or WeightsError if it cannot."""
        if not file.is_file():
            raise MissingFileError(f"{file.name} is missing beside the model's weights.")
        try:
            self._tokenizer = Tokenizer.from_file(str(file))
        except Exception as error:  # the library raises a bare Exception
            raise WeightsError(f"{file.name} cannot be read as a tokenizer ({error}).") from None
        self._tokenizer.encode_special_tokens = True  # who types the name of the opening token means the letters
        number = self._tokenizer.token_to_id(first)
        if number is None:
            raise WeightsError(f"{file.name} has no token {first}.")
        self.first = number

    @cached_property
    def size(self) -> int:
        """How many token ids there are, special ones included."""
        return self._tokenizer.get_vocab_size()

    def cut(self, text: str) -> list[int]:
        """The ids of `text`; every text has some."""
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def cut_all(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of many texts, cut on all cores."""
        return [list(found.ids) for found in self._tokenizer.encode_batch(list(texts), add_special_tokens=False)]

    def token(self, number: int) -> str:
        """The text of one token; bytes that are no whole character show as U+FFFD."""
        return self.text([number])

    def text(self, ids: Sequence[int]) -> str:
        """The text of several tokens; characters may be made of more than one."""
        return self._tokenizer.decode(list(ids), skip_special_tokens=False)


class WordVocabulary(Vocabulary):
    """A vocabulary of whole words, separated by blanks; the first word opens every sequence."""

    first = 0

    def __init__(self, words: Sequence[str]) -> None:
        """Numbers `words` in their order."""
        self.words = tuple(words)
        self._ids = {word: number for number, word in enumerate(self.words)}

    @property
    def size(self) -> int:
        """How many words there are."""
        return len(self.words)

    def cut(self, text: str) -> list[int]:
        """The ids of the words of `text`; InputError names the first unknown one."""
        for word in text.split():
            if word not in self._ids:
                raise InputError(f"The model knows no word {quoted(word)}; it reads words such as {self.words[1]}.")
        return [self._ids[word] for word in text.split()]

    def token(self, number: int) -> str:
        """The word with the id `number`."""
        return self.words[number]
