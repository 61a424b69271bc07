"""Find rules: by the tokens they mention, by relation, verdict and score."""

from typing import Any

import gradio as gr

from backends.attention_rules import shelf
from backends.attention_rules.index import SORTS, Row, Search
from backends.attention_rules.shelf import FeatureKey
from explorers.attention_rules.desk import DeskPanel, id_of_feature
from explorers.attention_rules.rules_table import judged
from explorers.attention_rules.words import MARKS, RELATION_WORDS, VERDICTS, plain_name, relation_words
from explorers.guard import guarded
from explorers.views.live import JsonValue
from explorers.views.numbers import number
from explorers.views.ranked_list import Choice, RankedList, list_value

SIDES = [("anywhere in a rule", "any"), ("as the key, looked back at", "key"), ("as the token itself", "query")]
ORDERS = [("F1 of the feature", "f1"), ("weight", "weight"), ("precision", "precision"), ("how often", "support")]
SHOWN = 60


class FindPanel:
    """The form and its results; a row opens its feature on the desk."""

    def __init__(self, desk: DeskPanel) -> None:
        """Lays out the panel."""
        quick: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        with gr.Row():
            self.token = gr.Textbox(
                label="A word", placeholder="what, because, “…", max_length=100, interactive=True, min_width=160
            )
            self.side = gr.Dropdown(SIDES, value="any", label="It stands", interactive=True, min_width=160)
            relations = [("any", ""), *((said, name) for name, said in RELATION_WORDS.items())]
            self.relation = gr.Dropdown(relations, value="", label="Relation", interactive=True, min_width=160)
        with gr.Row():
            verdicts = [("any", ""), *((one, one) for one in VERDICTS)]
            self.verdict = gr.Dropdown(verdicts, value="", label="Verdict", interactive=True, min_width=120)
            self.least = gr.Slider(0, 1, 0, step=0.05, label="F1 at least", interactive=True, min_width=160)
            self.sort = gr.Dropdown(ORDERS, value="f1", label="Best by", interactive=True, min_width=120)
        self.found = RankedList(results("", "any", "", "", 0.0, "f1"), label="Rules found")
        chosen: list[gr.Dropdown | gr.Slider] = [self.side, self.relation, self.verdict, self.least, self.sort]
        gr.on(
            [self.token.submit, self.token.blur, *(one.input for one in chosen)],
            guarded(results), [self.token, *chosen], self.found, trigger_mode="always_last", **quick,
        )  # fmt: skip
        self.found.select(guarded(_feature_of_rule), None, desk.key, **quick)


def _feature_of_rule(event: gr.EventData) -> str:
    event._data = {"id": str((event._data or {}).get("id", "")).partition("#")[0]}
    return id_of_feature(event)


def results(token: str, side: str, relation: str, verdict: str, least: float, sort: str) -> JsonValue:
    """The value of the list of rules that were asked for."""
    rows = find(token, side, relation or None, verdict or None, least, sort, SHOWN)
    choices = [
        Choice(
            f"{FeatureKey.of(row)}#{row['rank']}",
            f"{plain_name(row['name'])}, {relation_words(row)}",
            f"L{row['layer']}H{row['head']} F1 {number(row['f1'], 2)} {judged(row)} {row['verdict']}",
            row["f1"],
            MARKS[row["verdict"]],
        )
        for row in rows
    ]
    return list_value(choices, empty="No rule of the index is like that. Tokens are found whole: try another spelling.")


def find(
    token: str, side: str, relation: str | None, verdict: str | None, least: float, sort: str, limit: int
) -> list[Row]:
    """Rules that mention `token`, with or without the blank before it; all rules if it is empty."""
    index = shelf.rules_index()
    rest: dict[str, Any] = {"relation": relation, "verdict": verdict, "least_f1": least, "sort": sort, "limit": limit}
    if not token.strip():
        return list(index.search(Search(**rest)))
    where = "token" if side == "any" else side
    spellings = dict.fromkeys((token, " " + token.strip(), token.strip()))
    found: dict[tuple[Any, ...], Row] = {}
    for spelling in spellings:
        for row in index.search(Search(**rest, **dict[str, Any]({where: spelling}))):
            found[(*FeatureKey.of(row), row["rank"])] = row
    column = SORTS[sort].split()[0]
    return sorted(found.values(), key=lambda row: -row[column])[:limit]
