"""The playground: a visitor's own sentence, what makes the feature's value, and what an edit makes of it."""

import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

import gradio as gr

from backends.attention_rules import shelf
from backends.attention_rules.shelf import FeatureKey
from backends.errors import AtelierError, InputError
from explorers.attention_rules.counts import CountPanel
from explorers.attention_rules.desk import DeskPanel
from explorers.attention_rules.words import Row, plain_name, relation_words, visible
from explorers.guard import caution, guarded
from explorers.views.events import position_of
from explorers.views.live import JsonValue
from explorers.views.numbers import number
from explorers.views.source_arcs import Source, SourceArcs, arcs_value, edit_word_of

if TYPE_CHECKING:
    from backends.attention_rules.explain import Edit
    from backends.attention_rules.playground import Played

WARM_AFTER = 1.0
"""Seconds after the tab was laid out at which the model is loaded: the page comes first."""

Answer = tuple[JsonValue, dict[str, Any]]


class PlayPanel:
    """A sentence, its arcs, and the tokens as they are after edits. `now` holds ids, query and the activation before.

    `own` is what a link carries: the visitor's sentence once it is explained; empty while an example stands there.
    """

    def __init__(self, desk: DeskPanel, text: str) -> None:
        """Lays out the panel with `text`, or with the strongest example of the desk's feature."""
        quick: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        with gr.Row():
            self.text = gr.Textbox(
                text or example_of(str(desk.key.value)).text,
                label="A sentence",
                lines=2,
                interactive=True,
                scale=4,
                min_width=280,
            )
            with gr.Column(scale=1, min_width=160):
                self.go = gr.Button("Explain", variant="primary", size="sm")
                self.toggle = gr.Button("Smallest edit that toggles it", size="sm")
        arcs, now = _of_link(str(desk.key.value), text)
        self.arcs = SourceArcs(arcs, label="Sources of the feature's value")
        self.now = gr.State(now)
        self.own = gr.Textbox(text, visible="hidden", label="Sentence of a link")
        gr.Markdown(
            "Teal promotes, orange suppresses; ▾ marks tokens at which a rule says “active”. Choose a token to explain "
            "it, delete it, move or repeat it before the explained one, replace it, or put a word before it: the true "
            "activation stands beside what the rules foretell.",
            elem_classes="atelier-hint",
        )
        CountPanel(desk, self.now)
        out = [self.arcs, self.now]
        asked = gr.on(
            [self.go.click, self.text.submit], guarded(_explain), [desk.key, self.text], out,
            api_visibility="private", show_progress="minimal",
        )  # fmt: skip
        asked.failure(
            lambda: ({}, {}), None, out, **quick
        )  # the arcs of another sentence would be taken for this one's
        gr.on([self.go.click, self.text.submit], lambda text: text, self.text, self.own, **quick)
        self.arcs.query(guarded(_query), [desk.key, self.now], out, **quick)
        self.arcs.edit(guarded(_edit), [desk.key, self.now], out, **quick)
        self.toggle.click(guarded(_toggle), [desk.key, self.now], out, **quick)
        desk.key.change(guarded(lambda key: example_of(key).text), desk.key, self.text, **quick)
        desk.key.change(lambda: ({}, {}, ""), None, [*out, self.own], **quick)
        threading.Timer(WARM_AFTER, warm).start()


def warm() -> None:
    """Loads the model before it is asked for; if that cannot be, who asks is told why."""
    from backends.attention_rules.catalog import load_model
    from backends.attention_rules.playground import MODEL

    with suppress(AtelierError):
        load_model(MODEL)


class Example(NamedTuple):
    """A sentence to begin with: as text, and as the tokens that it is, which its text alone may not tell."""

    text: str
    ids: tuple[int, ...] = ()
    query: int | None = None


def example_of(key: str) -> Example:
    """The strongest example of a feature."""
    top = next((one for one in shelf.feature(FeatureKey.parse(key))["examples"] if one["kind"] == "top"), None)
    if top is None:
        return Example("Type a sentence.")
    words = shelf.texts(top["ids"])
    text = "".join(word for word in words if word != shelf.FIRST).strip().replace("\n", " ")
    opening = () if words[0] == shelf.FIRST else (shelf.opening_token(),)
    return Example(text, (*opening, *top["ids"]), top["at"] + len(opening))


def _of_link(key: str, text: str) -> Answer:
    """What a link's sentence is at once explained as; nothing where there is none, or where it cannot be read."""
    if not text.strip():
        return {}, {}
    try:
        return _explain(key, text)
    except AtelierError as error:
        caution(str(error))
        return {}, {}


def _explain(key: str, text: str) -> Answer:
    from backends.attention_rules.playground import read

    example = example_of(key)
    if example.ids and text == example.text:
        return _answer(key, example.ids, example.query, None)
    return _answer(key, read(text), None, None)


def _ids(now: dict[str, Any]) -> list[int]:
    if not now.get("ids"):
        raise InputError("Press Explain first.")
    return list(now["ids"])


def _query(key: str, now: dict[str, Any], event: gr.EventData) -> Answer:
    return _answer(key, _ids(now), position_of(event), None)


def _edit(key: str, now: dict[str, Any], event: gr.EventData) -> Answer:
    from backends.attention_rules.playground import change

    kind, word = edit_word_of(event)
    kinds: Any = kind  # `Edit` checks it
    changed = change(_ids(now), int(now.get("query", 0)), kinds, position_of(event), word)
    return _answer(key, changed.ids, changed.query, now.get("active"))


def _toggle(key: str, now: dict[str, Any]) -> Answer:
    from backends.attention_rules.playground import toggled

    ids, query = _ids(now), int(now["query"])
    found = toggled(FeatureKey.parse(key), ids, query)
    if found is None:
        raise InputError(
            "Nothing small toggles it here: not three deletions, not a common word in the place of a source, and not a "
            "word of its rules where they want it."
        )
    return _answer(key, found.ids, found.query, now.get("active"), _said(ids, found.edits))


def _said(ids: Sequence[int], edits: "Sequence[Edit]") -> str:
    """What edits did to a sentence, in words."""
    from backends.attention_rules.explain import edited

    parts = []
    for edit in edits:
        there, new = (visible(word).strip() for word in shelf.texts([ids[edit.position], edit.token]))
        parts.append(
            {
                "delete": f"“{there}” is deleted",
                "replace": f"“{there}” is replaced by “{new}”",
                "insert": f"“{new}” is put before “{there}”",
            }[edit.kind]
        )
        ids = edited(ids, edit)
    return ", ".join(parts) + ". "


def _answer(text: str, ids: Sequence[int], query: int | None, before: float | None, done: str = "") -> Answer:
    from backends.attention_rules.playground import play

    key = FeatureKey.parse(text)
    played = play(key, ids, query)
    found = played.found
    rules = {rule["rank"]: rule for rule in shelf.feature(key)["rules"]}
    first = next((rules[rank] for rank in played.holding[found.query]), None)
    value = arcs_value(
        [visible(word) if word != shelf.FIRST else "⟨start⟩" for word in found.tokens],
        found.active,
        [Source(one.position, one.attention, one.promotion, one.contribution, one.running) for one in found.sources],
        query=found.query,
        foretold=[bool(some) for some in played.holding],
        verdict=done + verdict_on(played, first, before),
        active=played.active,
        strong=played.strong,
    )
    return value, {"ids": list(found.ids), "query": found.query, "active": played.active}


def verdict_on(played: "Played", first: Row | None, before: float | None) -> str:
    """What is true at the explained token, beside what `first`, the best rule that holds there, foretells."""
    active, strong, total = played.active, played.strong, played.total
    state = "strong" if active > strong else "weak" if active > 0 else "silent"
    token = visible(played.found.tokens[played.found.query]).strip()
    truth = f"At “{token}” the feature is {state}: {number(active)} (strong from {number(strong)})"
    if active == 0 < total:
        truth += f", though its sources sum to {number(total)}: other features of the head are larger"
    was = f", {number(before)} before the edit" if before is not None else ""
    said = f"none of its first {played.k} rules holds there"
    if first is not None:
        said = f"the rules say active: {plain_name(first['name'])} {relation_words(first)}"
    right = (first is not None) == (active > strong)
    return f"{truth}{was}; {said}. {'They agree.' if right else 'They disagree: a counterexample.'}"
