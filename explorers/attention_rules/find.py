"""Find rules: by the tokens they mention, by relation, kind, head, verdict and score."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import gradio as gr
from gradio.components import Component

from backends.attention_rules import shelf
from backends.attention_rules.index import KINDS, VERDICTS, Search
from backends.attention_rules.shelf import FeatureKey
from explorers.attention_rules.desk import DeskPanel
from explorers.attention_rules.rules_table import judged, rules_table
from explorers.attention_rules.words import KIND_WORDS, MARKS, RELATION_WORDS, Row, plain_name, relation_words, visible
from explorers.guard import guarded
from explorers.views.events import id_of
from explorers.views.live import JsonValue
from explorers.views.numbers import number
from explorers.views.ranked_list import Choice, RankedList, list_value
from explorers.views.svg import escape, tag

ANY = ("any", "")
SIDES = [("anywhere in a rule", "any"), ("as the key, looked back at", "key"), ("as the token itself", "query")]
ORDERS = [("F1 of the feature", "f1"), ("weight", "weight"), ("precision", "precision"), ("how often", "support")]
QUOTES = ('""', "“”")
SHOWN = 60

Field = gr.Textbox | gr.Dropdown | gr.Slider


class Found(NamedTuple):
    """What a search shows: a page of rules, or else tokens to search for instead; a line; and which page it is."""

    rules: JsonValue
    instead: JsonValue
    said: str
    offset: int
    total: int


class FindPanel:
    """The form and its results; a row opens its feature on the desk, and shows its rule with a link to it."""

    def __init__(self, desk: DeskPanel) -> None:
        """Lays out the panel."""
        with gr.Row():
            self.word = gr.Textbox(
                "",
                label="A word",
                placeholder="what, because, “ what”",
                max_length=100,
                interactive=True,
                min_width=160,
            )
            side = _dropdown("It stands", SIDES)
            relation = _dropdown("Relation", [ANY, *((said, name) for name, said in RELATION_WORDS.items())])
            kind = _dropdown("Kind of rule", [ANY, *((KIND_WORDS[kind], kind) for kind in KINDS)])
        with gr.Row():
            head = _dropdown("Head", [ANY, *((said, said) for said in heads())])
            verdict = _dropdown("Verdict", [ANY, *((one, one) for one in VERDICTS)])
            least = gr.Slider(0, 1, 0, step=0.05, label="F1 at least", interactive=True, min_width=160)
            sort = _dropdown("Best by", ORDERS)
        self.form: list[Field] = [self.word, side, relation, kind, head, verdict, least, sort]
        gr.Markdown(
            "Capitals and the blank before a word do not matter; “in quotes”, or with a blank before it, a token is "
            "found just as it is typed. A row opens its feature.",
            elem_classes="atelier-hint",
        )
        first = found(search_of(*(one.value for one in self.form)))
        self.offset = gr.State(first.offset)
        with gr.Row():
            self.said = gr.HTML(first.said)
            with gr.Row(elem_classes="atelier-actions"):
                self.back = gr.Button("Previous", size="sm", interactive=False)
                self.next = gr.Button("Next", size="sm", interactive=first.total > SHOWN)
        self.instead = RankedList(first.instead, label="Tokens to search for instead")
        self.found = RankedList(first.rules, label="Rules found")
        self.rule = gr.HTML()
        self._wire(desk)

    def _wire(self, desk: DeskPanel) -> None:
        quick: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        out: list[Component] = [self.found, self.instead, self.said, self.offset, self.back, self.next, self.rule]
        changed = [one.input for one in self.form]
        gr.on(changed, guarded(_search), self.form, out, trigger_mode="always_last", **quick)
        self.back.click(guarded(_back), [self.offset, *self.form], out, **quick)
        self.next.click(guarded(_next), [self.offset, *self.form], out, **quick)
        self.instead.select(guarded(_word), None, self.word, **quick).then(guarded(_search), self.form, out, **quick)
        self.found.select(guarded(_opened), None, [desk.key, self.rule], **quick)


def _dropdown(label: str, choices: Sequence[tuple[str, str]]) -> gr.Dropdown:
    return gr.Dropdown(choices, value=choices[0][1], label=label, interactive=True, min_width=160)


def heads() -> dict[str, tuple[int, int]]:
    """Layer and head of all heads that have rules, by what they are called."""
    known = dict.fromkeys((row["layer"], row["head"]) for row in shelf.rules_index().heads())
    return {f"layer {layer}, head {head}": (layer, head) for layer, head in known}


def _search(*form: Any) -> tuple[Any, ...]:
    return _page(found(search_of(*form)))


def _back(offset: int, *form: Any) -> tuple[Any, ...]:
    return _page(found(replace(search_of(*form), offset=max(offset - SHOWN, 0))))


def _next(offset: int, *form: Any) -> tuple[Any, ...]:
    return _page(found(replace(search_of(*form), offset=offset + SHOWN)))


def _page(one: Found) -> tuple[Any, ...]:
    """The values of all that a search changes; no rule is chosen any more."""
    back, on = (gr.Button(interactive=there) for there in (one.offset > 0, one.offset + SHOWN < one.total))
    return one.rules, one.instead, one.said, one.offset, back, on, ""


def _word(event: gr.EventData) -> str:
    return id_of(event).strip()


def _opened(event: gr.EventData) -> tuple[str, str]:
    """The feature of the row that was chosen, and its rule."""
    name, _, rank = id_of(event).partition("#")
    key = FeatureKey.parse(name)
    rules = [rule for rule in shelf.feature(key)["rules"] if str(rule["rank"]) == rank]
    return str(key), rules_table(rules, "The chosen rule")


def search_of(
    word: str, side: str, relation: str, kind: str, head: str, verdict: str, least: float, sort: str
) -> Search:
    """What the form asks for, empty choices being left out. Raises InputError for what cannot be asked."""
    token, exact = token_of(word)
    layer, number_ = heads()[head] if head else (None, None)
    sides: dict[str, Any] = {"token" if side == "any" else side: token}
    rest: dict[str, Any] = {"relation": relation or None, "kind": kind or None, "verdict": verdict or None}
    return Search(
        **sides, **rest, any_spelling=not exact, layer=layer, head=number_, least_f1=least, sort=sort, limit=SHOWN
    )


def token_of(word: str) -> tuple[str | None, bool]:
    """The token that was typed, if any, and whether it is meant just so: in quotes, or with a blank before it."""
    bare = word.strip()
    if len(bare) > 2 and bare[0] + bare[-1] in QUOTES:
        return bare[1:-1], True
    if word.startswith(" ") and bare:
        return word.rstrip(), True
    return bare or None, False


def found(search: Search) -> Found:
    """The page of rules that was asked for, or, where there is none, why, and what to search for instead."""
    index = shelf.rules_index()
    total = index.count(search)
    if not total:
        said, instead = _nothing(search)
        return Found(list_value([]), list_value([Choice(one, visible(one).strip()) for one in instead]), said, 0, 0)
    rows = index.search(search)
    first, last = search.offset + 1, search.offset + len(rows)
    said = _line(f"{first:,}–{last:,} of {total:,} rules" if total > SHOWN else f"{total:,} rules")
    return Found(list_value([_choice(row) for row in rows]), list_value([]), said, search.offset, total)


def _choice(row: Row) -> Choice:
    # The number of the feature tells apart those whose names differ in spelling only.
    where = f"L{row['layer']}H{row['head']} feature {row['feature']}"
    return Choice(
        f"{FeatureKey.of(row)}#{row['rank']}",
        f"{plain_name(row['name'])}, {relation_words(row)}",
        f"{where} F1 {number(row['f1'], 2)} {judged(row)} {row['verdict']}",
        row["f1"],
        MARKS[row["verdict"]],
    )


def _nothing(search: Search) -> tuple[str, list[str]]:
    """Why no rule was found, and tokens to search for instead."""
    index, token = shelf.rules_index(), search.token or search.key or search.query
    if token is None:
        return _line("No rule is like that: set one of the choices back."), []
    if index.spellings(token, any_spelling=search.any_spelling):
        return _line(f"Rules mention “{visible(token)}”, but none is like that: set one of the choices back."), []
    instead = index.near(token)
    more = " Tokens that some rules mention:" if instead else " Rules mention single tokens: try a shorter word."
    return _line(f"No rule mentions “{visible(token)}”.{more}"), instead


def _line(said: str) -> str:
    return tag("p", escape(said), class_="atelier-note", role="status")
