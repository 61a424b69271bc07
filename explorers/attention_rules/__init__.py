"""The explorer of attention rules: read what the features of a language model's heads do, as rules over tokens."""

import json
from collections.abc import Mapping
from typing import ClassVar

import gradio as gr

from backends.attention_rules import shelf
from backends.attention_rules.shelf import FeatureKey
from backends.errors import AtelierError, quoted
from explorers.attention_rules import curves, pictures
from explorers.attention_rules.bench import BenchPanel
from explorers.attention_rules.desk import DeskPanel
from explorers.attention_rules.endpoints import publish
from explorers.attention_rules.feature_page import DetailPanel
from explorers.attention_rules.find import FindPanel
from explorers.attention_rules.heads import HeadKey, best_feature, measured
from explorers.attention_rules.play import PlayPanel
from explorers.attention_rules.rules_table import judged
from explorers.explorer import Explorer, Paper
from explorers.guard import caution, guarded
from explorers.links import copy_link_button
from explorers.views.export import export_file
from explorers.views.picture import Table
from explorers.when_seen import lay_out_when_seen

_COLUMNS = (
    "rank", "kind", "relation", "name", "keys", "queries", "unless", "more_than", "weight", "precision", "support",
    "verdict", "verdict_of",
)  # fmt: skip


class RulesExplorer(Explorer):
    """An **attention head** looks back over a text and copies something forward. A *feature* is one direction of what
    it copies; its value at a token is exactly a sum over earlier tokens: **attention × promotion**, softmax shares that
    compete. So it can be told as **rules**: which token must stand where for the feature to be active.

    A rule here is a *relation* (so many tokens before, an earlier copy, the token after an earlier copy, anywhere
    before) with a *pattern* of tokens; skip-grams, absence (“unless … stands between”) and counting (“more than n
    times”) are members of that family. The model is SmolLM2-135M, the features come from sparse autoencoders that this
    project trained on single heads.

    What to look for, and what not to believe:

    * rules of the kind in the paper, pairs of tokens anywhere, foretell little on ordinary text: the strip shows F1 *at
      the natural rate*, beside lists of single words and what the true sum foretells;
    * on hand-picked top examples nearly everything looks good, even “always”;
    * a feature is **verified** where replacing its main source token takes the value away and replacing another does
      not; only rules of absence and counting were tested one by one;
    * where rules tell little of a feature, the page says so: three in five are hardly told by theirs.

    Rules are partial descriptions. Everything shown was measured by this project on held-out text; nothing is taken
    from the paper's figures.
    """

    id = "attention_rules"
    title = "Attention rules"
    paper = Paper(
        "Extracting Rule-based Descriptions of Attention Features in Transformers",
        "Dan Friedman, Adithya Bhaskar, Alexander Wettig and Danqi Chen",
        2025,
        "https://arxiv.org/abs/2510.18148",
    )
    backend: ClassVar[str] = "backends.attention_rules.explain"

    def build(self) -> None:
        """Lays out a line that is replaced by the tab's content once it is seen, and publishes the endpoints."""
        publish()
        lay_out_when_seen(self.id, self._lay_out)

    def _lay_out(self, query: Mapping[str, str]) -> None:
        key, bare = _of_link(query)
        rule = _rule_of_link(query, key)
        desk = DeskPanel(key, bare)
        exported = gr.Files(label="JSON, CSV, SVG", visible=False, interactive=False)
        with gr.Tabs(selected="play" if rule is None else "rules"):
            with gr.Tab("Try your own text", id="play"):
                play = PlayPanel(desk, query.get("text", ""))
            DetailPanel(desk, key, rule)
            with gr.Tab("Find rules", id="find"):
                FindPanel(desk)
            with gr.Tab("What not to believe", id="bench"):
                BenchPanel()
        with desk.actions:
            copy_link_button(self.id, {**desk.fields, "text": play.own})
            export = gr.Button("Export JSON, CSV, SVG", size="sm")
        export.click(guarded(_export), desk.key, exported, api_visibility="private")


def _of_link(query: Mapping[str, str]) -> tuple[FeatureKey, HeadKey | None]:
    """The feature that a link names and the head without rules beside it; a word about what there is none of."""
    bare = _head_of_link(query)
    best = bare and best_feature(bare)
    usual = best or shelf.opening()
    return _feature_of_link(query, usual), None if best else bare


def _head_of_link(query: Mapping[str, str]) -> HeadKey | None:
    """The head that a link names; None, with a word about it, where there is none such."""
    name = query.get("head")
    if name is None:
        return None
    try:
        head = HeadKey.parse(name)
        measured(head)
        return head
    except AtelierError as error:
        caution(f"{error} Another head is shown instead of the link's.")
        return None


def _feature_of_link(query: Mapping[str, str], usual: FeatureKey) -> FeatureKey:
    """The feature that a link names, `usual` if it names none, also, with a word about it, if there is none such."""
    name = query.get("feature")
    if name is None:
        return usual
    try:
        key = FeatureKey.parse(name)
        shelf.feature(key)
        return key
    except AtelierError as error:
        caution(f"{error} Another feature is shown instead of the link's.")
        return usual


def _rule_of_link(query: Mapping[str, str], key: FeatureKey) -> int | None:
    """The rank of the rule of the feature `key` that a link names; None where it names none that there is."""
    rank = query.get("rule")
    if rank is None:
        return None
    known = {str(rule["rank"]): int(rule["rank"]) for rule in shelf.feature(key)["rules"]}
    if rank not in known:
        caution(f"The link names a rule that this feature does not have: {quoted(rank)}.")
    return known.get(rank)


def _export(text: str) -> gr.Files:
    """The feature as JSON, its rules as CSV, its strip and its curve as SVG."""
    row = shelf.feature(FeatureKey.parse(text))
    rules = [rule | {"verdict_of": judged(rule)} for rule in row["rules"]]
    cells = tuple(tuple(_cell(rule[name]) for name in _COLUMNS) for rule in rules)
    name = "attention-rules-" + text.lower()
    return gr.Files(
        [
            export_file(json.dumps(row, indent=1, ensure_ascii=False), name, "json"),
            export_file(Table(_COLUMNS, cells).csv(), name, "csv"),
            export_file(pictures.evidence(row).svg, f"{name}-evidence", "svg"),
            export_file(curves.natural_curve(row).svg, f"{name}-f1", "svg"),
        ],
        visible=True,
    )


def _cell(value: object) -> str | float | int | None:
    return " | ".join(map(str, value)) if isinstance(value, list) else value  # type: ignore[return-value]
