"""Tokens are shown in one line, whatever they hold."""

from backends.attention_rules.names import visible


def test_invisible_characters_become_visible() -> None:
    assert visible(" the") == " the"
    assert visible("  ") == "␣␣"
    assert visible("a\x00\n\u202eb") == "a⟨U+0000⟩⏎⟨U+202E⟩b"
    assert visible("") == "∅"
    assert visible("<b>") == "<b>"  # markup is the page's to escape
