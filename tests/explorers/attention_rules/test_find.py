"""Find: the words of a result, and the verdict that it carries."""

import pytest

from backends.attention_rules import shelf
from backends.attention_rules.index import Search
from explorers.attention_rules.find import find, results
from explorers.attention_rules.rules_table import judged, rules_table

pytestmark = pytest.mark.unit


def test_a_verdict_says_what_it_is_about() -> None:
    tested = shelf.rules_index().search(Search(kind="absence", verdict="refuted", limit=1))[0]
    other = shelf.rules_index().search(Search(kind="relation", verdict="verified", limit=1))[0]
    assert (judged(tested), judged(other)) == ("rule", "feature")
    token = tested["unless"][0]
    rows = find(token, "any", None, "refuted", 0.0, "f1", 60)
    assert any(row["unless"] == [token] for row in rows)
    assert "rule refuted" in str(results(token, "any", "", "refuted", 0.0, "f1"))
    assert "feature verified" in str(results("", "any", "", "verified", 0.0, "f1"))


def test_every_rule_is_a_link_and_the_chosen_one_marked() -> None:
    rows = shelf.feature(shelf.opening())["rules"][:3]
    html = rules_table(rows, chosen=1)
    assert html.count('aria-current="true"') == 1
    assert f"?tab=attention_rules&amp;feature={shelf.opening()}&amp;rule=2" in html
