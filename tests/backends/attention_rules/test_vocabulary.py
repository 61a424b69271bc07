"""What a visitor types is read as it is, or refused with a reason."""

from pathlib import Path

import pytest

from backends.attention_rules.vocabulary import MOST_TOKENS, BpeVocabulary, WordVocabulary
from backends.errors import InputError, MissingFileError, WeightsError
from tests.backends.attention_rules.conftest import FIRST


def test_text_survives_the_way_to_ids_and_back(tokenizer_file: Path) -> None:
    vocabulary = BpeVocabulary(tokenizer_file, FIRST)
    text = "If <b>both</b>\x00 fail,\n“quit” — 好."
    ids = vocabulary.read(text)
    assert ids[0] == vocabulary.first
    assert vocabulary.token(vocabulary.first) == FIRST
    assert "".join(vocabulary.token(i) for i in ids[1:] if i < 257 and vocabulary.token(i).isascii()).startswith(
        "If <b>"
    )
    assert vocabulary.cut_all([text, "a"]) == [ids[1:], vocabulary.cut("a")]


@pytest.mark.parametrize("text", ["", " \n\t", "x" * 10_000, "x" * 1_000_000])
def test_empty_and_long_texts_are_refused(text: str, tokenizer_file: Path) -> None:
    with pytest.raises(InputError, match="empty|at most|shorten"):
        BpeVocabulary(tokenizer_file, FIRST).read(text)


def test_ten_thousand_tokens_are_refused_whatever_their_length() -> None:
    words = WordVocabulary(["<first>", "a", "b"])
    with pytest.raises(InputError, match=f"10,000 tokens.*{MOST_TOKENS}"):
        words.check([1] * 10_000)


@pytest.mark.parametrize("ids", [[3], [-1], [True], [1.0], ["1"], []])
def test_unknown_ids_are_refused(ids: list[int]) -> None:
    with pytest.raises(InputError):
        WordVocabulary(["<first>", "a", "b"]).check(ids)


def test_an_unknown_word_is_named_and_cut_short() -> None:
    words = WordVocabulary(["<first>", "a", "b"])
    assert words.read("a b a") == [0, 1, 2, 1]
    with pytest.raises(InputError, match="no word 'c'"):
        words.read("a c")
    with pytest.raises(InputError) as caught:
        words.read("z" * 4000)
    assert len(str(caught.value)) < 120


def test_a_missing_or_damaged_tokenizer_is_told(tmp_path: Path, tokenizer_file: Path) -> None:
    with pytest.raises(MissingFileError):
        BpeVocabulary(tmp_path / "none.json", FIRST)
    with pytest.raises(WeightsError, match="no token <pad>"):
        BpeVocabulary(tokenizer_file, "<pad>")
    tokenizer_file.write_text('{"version": "1.0", "model"')
    with pytest.raises(WeightsError, match="tokenizer"):
        BpeVocabulary(tokenizer_file, FIRST)
