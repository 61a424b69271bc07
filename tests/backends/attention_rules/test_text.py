"""Corpora are read from files of their layouts; sequences hold all of the text once."""

import struct
import zlib
from pathlib import Path

import pytest
import torch

from backends.attention_rules.text import joined, load_corpus, paragraphs_of, read_brown, read_r_strings, sequences
from backends.attention_rules.vocabulary import BpeVocabulary
from backends.downloads import MaterialError
from backends.errors import InputError
from tests.backends.attention_rules.conftest import FIRST


def test_brown_becomes_sentences_and_tags(tmp_path: Path) -> None:
    (tmp_path / "package").mkdir()
    tagged = (
        "\n\n\tHe/pps said/vbd ,/, ``/`` No/rb !/. ''/''\n\n\n\tCan/md they/ppss can/vb and/or/cc can/md-tl ?/.\n\n"
    )
    (tmp_path / "package" / "ca01").write_text(tagged)
    (tmp_path / "package" / "README").write_text("not/nn this/nn one/nn")
    paragraphs, tags = read_brown(tmp_path)
    assert paragraphs == ["He said, “No!”", "Can they can and/or can?"]
    assert tags["can"] == "MD"
    assert tags["and/or"] == "CC"
    assert "not" not in tags


def test_joined_brackets() -> None:
    assert joined(["a", "(", "b", ")", ";", "``", "c", "''", "."]) == "a (b); “c”."


def _strings(words: list[str]) -> bytes:
    body = b"X\n" + struct.pack(">II", 16, len(words))
    for word in words:
        content = word.encode()
        body += b"\x00\x04\x00\x09" + struct.pack(">i", len(content)) + content
    return struct.pack(">I", len(body)) + zlib.compress(body)


def test_novels_are_read_from_an_r_database() -> None:
    assert read_r_strings(_strings(["EMMA", "", "by — her"]) + _strings(["Persuasion"])) == [
        "EMMA",
        "",
        "by — her",
        "Persuasion",
    ]
    for damaged in (b"\x00\x00\x00\x09not zlib", _strings(["EMMA"])[:-9]):
        with pytest.raises(MaterialError, match="novels"):
            read_r_strings(damaged)


def test_pages_give_their_paragraphs_only() -> None:
    long = "This paragraph of a manual has <b>more</b> than twelve words,\n so it is kept whole."
    page = f"<h1>Title</h1><p>Too short.</p><p>{long}</p><pre><p>{long}</p></pre><script>var x;</script>"
    assert paragraphs_of(page) == ["This paragraph of a manual has more than twelve words, so it is kept whole."]


def test_sequences_hold_the_text_once(tokenizer_file: Path) -> None:
    vocabulary = BpeVocabulary(tokenizer_file, FIRST)
    paragraphs = ["abcdefghij", "klmnopqrs"]
    found = sequences(paragraphs, vocabulary, length=8)
    assert found.shape == (3, 8)  # 21 characters in rows of 7
    assert bool((found[:, 0] == vocabulary.first).all())
    rows = {"".join(vocabulary.token(i) for i in row[1:].tolist()) for row in found}
    assert rows == {"abcdefg", "hij\nklm", "nopqrs\n"}
    assert torch.equal(found, sequences(paragraphs, vocabulary, length=8))
    assert not torch.equal(found, sequences(paragraphs, vocabulary, length=8, seed=3))
    with pytest.raises(InputError, match="at least 63"):
        sequences(["a"], vocabulary)


def test_missing_text_says_how_to_fetch_it(tmp_path: Path) -> None:
    with pytest.raises(MaterialError, match=r"backends\.attention_rules\.text"):
        load_corpus(tmp_path)
