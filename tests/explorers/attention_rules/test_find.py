"""Find: what the form asks for, the words of a result, its pages, and what is said where there is none."""

from dataclasses import replace
from typing import Any

import gradio as gr
import pytest

from backends.attention_rules import shelf
from backends.attention_rules.index import Search
from backends.errors import InputError
from explorers.attention_rules.find import SHOWN, Found, _opened, found, heads, search_of, token_of
from explorers.attention_rules.rules_table import judged, rules_table

pytestmark = pytest.mark.unit


def _asked(word: str = "", **other: Any) -> Search:
    form: dict[str, Any] = {
        "side": "any",
        "relation": "",
        "kind": "",
        "head": "",
        "verdict": "",
        "least": 0.0,
        "sort": "f1",
    }
    return search_of(word, **(form | other))


def _ids(page: Found) -> list[str]:
    rows: Any = page.rules["rows"]
    return [row["id"] for row in rows]


def _instead(page: Found) -> list[str]:
    rows: Any = page.instead["rows"]
    return [row["id"] for row in rows]


def test_a_verdict_says_what_it_is_about() -> None:
    tested = shelf.rules_index().search(Search(kind="absence", verdict="refuted", limit=1))[0]
    other = shelf.rules_index().search(Search(kind="relation", verdict="verified", limit=1))[0]
    assert (judged(tested), judged(other)) == ("rule", "feature")
    refuted = found(_asked(f'"{tested["unless"][0]}"', verdict="refuted", kind="absence"))
    assert f"L{tested['layer']:02d}H{tested['head']}-s0-f{tested['feature']}#{tested['rank']}" in _ids(refuted)
    assert "rule refuted" in str(refuted.rules)
    assert "feature verified" in str(found(_asked(verdict="verified")).rules)


@pytest.mark.parametrize(
    ("word", "token", "exact"),
    [
        ("what", "what", False), ("what  ", "what", False), (" what", " what", True), (" what ", " what", True),
        ('"What"', "What", True), ("“ what”", " what", True), ("", None, False), (" \t", None, False),
        ('"', '"', False), ('""', '""', False), ('" "', " ", True),
    ],
)  # fmt: skip
def test_quotes_or_a_blank_before_a_word_ask_for_it_as_it_is(word: str, token: str | None, exact: bool) -> None:
    assert token_of(word) == (token, exact)


def test_case_and_blanks_do_not_matter_unless_asked_for() -> None:
    usual = found(_asked("what"))
    assert usual.total > found(_asked(" what")).total > 0
    assert found(_asked("WHAT ")) == usual
    assert found(_asked('"WHAT"')).total < usual.total


def test_every_choice_narrows_the_search() -> None:
    name, (layer, head) = next(iter(heads().items()))
    asked = _asked("what", side="key", relation="before", kind="skip-gram", head=name, verdict="verified", least=0.2)
    assert asked == Search(
        key="what", any_spelling=True, relation="before", kind="skip-gram", layer=layer, head=head,
        verdict="verified", least_f1=0.2, limit=SHOWN,
    )  # fmt: skip
    assert all(one.startswith(f"L{layer:02d}H{head}-") for one in _ids(found(_asked(head=name))))


def test_pages_follow_one_another_also_where_scores_are_the_same() -> None:
    # The F1 of a rule is its feature's: each is there several times, and a page ends within a feature.
    asked = _asked("what")
    one, two = found(asked), found(replace(asked, offset=SHOWN))
    assert f"1–{SHOWN} of {one.total:,} rules" in one.said
    assert f"{SHOWN + 1}–{2 * SHOWN} of {one.total:,} rules" in two.said
    both = shelf.rules_index().search(replace(asked, limit=2 * SHOWN))
    assert [f"{shelf.FeatureKey.of(row)}#{row['rank']}" for row in both] == _ids(one) + _ids(two)
    scores = [row["f1"] for row in both]
    assert scores[SHOWN - 1] == scores[SHOWN]


def test_where_no_rule_mentions_it_like_tokens_are_offered_that_have_rules() -> None:
    page = found(_asked("speake"))
    assert (page.total, _ids(page)) == (0, [])
    assert "No rule mentions “speake”. Tokens that some rules mention:" in page.said
    assert " speaker" in _instead(page)
    assert all(found(_asked(one.strip())).total for one in _instead(page))
    assert "speaking" in [one.strip() for one in _instead(found(_asked('"SPEAKING"')))]


def test_where_the_word_is_known_the_other_choices_are_named() -> None:
    page = found(_asked("what", least=1.0))
    assert "Rules mention “what”, but none is like that" in page.said
    assert _instead(page) == []
    assert "set one of the choices back" in found(_asked(relation="at 4", kind="counting")).said


def test_what_a_visitor_types_is_text() -> None:
    page = found(_asked("<img src=x onerror=alert(1)>\x00\u202e"))
    assert "“&lt;img src=x onerror=alert(1)&gt;⟨U+0000⟩⟨U+202E⟩”" in page.said
    assert "try a shorter word" in found(_asked("\x07\x07")).said
    with pytest.raises(InputError, match="1 to 100 characters"):
        _asked("x" * 10_000)


def test_a_row_opens_its_feature_and_shows_its_rule() -> None:
    row = _ids(found(_asked("what")))[0]
    key, table = _opened(gr.EventData(None, {"id": row}))
    assert key == row.partition("#")[0]
    assert f"feature={key}&amp;rule={row.partition('#')[2]}" in table
    for nonsense in ({}, {"id": 3}, {"id": "#1"}, {"id": "<b>#1"}):
        with pytest.raises(InputError):
            _opened(gr.EventData(None, nonsense))


def test_features_of_one_name_are_told_apart() -> None:
    rows: Any = found(_asked("there", head="layer 1, head 1")).rules["rows"]
    titles = {row["title"] for row in rows}
    assert len(titles) < len(rows)
    assert len({(row["title"], row["note"]) for row in rows}) > len(titles)


def test_every_rule_is_a_link_and_the_chosen_one_marked() -> None:
    rows = shelf.feature(shelf.opening())["rules"][:3]
    html = rules_table(rows, chosen=1)
    assert html.count('aria-current="true"') == 1
    assert f"?tab=attention_rules&amp;feature={shelf.opening()}&amp;rule=2" in html
