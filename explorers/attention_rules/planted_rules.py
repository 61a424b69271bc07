"""Planted rules: what each way to find rules makes of rules that are known, as figures and as a gallery of cards."""

from statistics import mean
from typing import Any

import gradio as gr

from explorers.attention_rules.words import Row
from explorers.guard import guarded
from explorers.views.choice_cards import Card, ChoiceCards, Finding, cards_value
from explorers.views.events import id_of
from explorers.views.evidence import Evidence, evidence_strip
from explorers.views.live import JsonValue
from explorers.views.svg import Markup, escape, join, tag

RANKINGS = {
    "causal": ("Insertion", "Put each key into texts before the query and see what the model's output does."),
    "contrast": ("Contrast", "exp(A) S along the output less what the query says by default."),
    "paper": ("The paper's", "exp(A) S: attention score times promotion, from weights alone."),
    "data": ("True contributions", "What pairs contributed on text, summed: frequent words lead."),
    "normalised": (
        "Expected contribution",
        "exp(A) S over the softmax's sum, weighted by how frequent tokens are.",
    ),
    "gradient": ("Gradient", "How much the output depends on the pair's attention score, summed over text."),
    "unigram": ("Word alone", "Promotion of the key, whatever the query."),
}
"""Rankings in the order shown: name, and what it does. The first is the causal test."""

PAIRS = 6
"""Skip-grams that have a card, evenly from the one that the paper's ranking gets most wrong."""

ABSENCE, COUNTING = "absence", "counting"


class PlantedPanel:
    """Figures over all planted rules, and a gallery: a card opens what each ranking puts first."""

    def __init__(self, found: dict[str, Any]) -> None:
        """Lays out the panel from what `shelf.method_bench` holds."""
        self._rules: list[Row] = found["rules"]
        self._seeds: list[Row] = list(found["seeds"].values())
        first = shown_first(self._rules)[0]
        quick: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        gr.HTML(heading("Which ranking finds them", "how many of the first three keys were planted"))
        gr.HTML(evidence_strip(precisions(self._seeds, len(self._rules))).html)
        gr.HTML(heading("A gallery", "choose a rule to see what every ranking puts first"))
        self.cards = ChoiceCards(self._cards(str(first)), label="Planted rules")
        names = [(f"{rule['query']} → {rule['output']}", str(at)) for at, rule in enumerate(self._rules)]
        self.firsts = gr.HTML(self._told(str(first)))
        self.rule = gr.Dropdown(
            names, value=str(first), label=f"Any of the {len(names)} skip-grams: query → output", interactive=True
        )
        self.cards.select(guarded(self._choose), None, [self.firsts, self.rule], **quick)
        self.rule.input(guarded(self._show), self.rule, [self.firsts, self.cards], **quick)
        gr.HTML(
            escape(
                f"Precomputed by {found['command']} on {found['date']}: {len(self._seeds)} models of one layer, seeds "
                f"{', '.join(found['seeds'])}, {found['steps']:,} training steps each. Bars show the mean, intervals "
                "the lowest and highest seed; single rules are read in the first."
            ),
            elem_classes="atelier-note",
        )

    def _cards(self, selected: str | None) -> JsonValue:
        return cards_value(cards(self._rules, self._seeds), selected=selected)

    def _told(self, name: str) -> str:
        tests = {ABSENCE: absences, COUNTING: counts}
        return evidence_strip(tests[name](self._seeds)).html if name in tests else firsts(self._rules[int(name)])

    def _choose(self, event: gr.EventData) -> tuple[str, str | None]:
        name = id_of(event)
        return self._told(name), None if name in (ABSENCE, COUNTING) else name

    def _show(self, name: str) -> tuple[str, JsonValue]:
        return self._told(name), self._cards(name)


def heading(title: str, small: str) -> Markup:
    """A heading with small print."""
    return tag("section", tag("h3", escape(f"{title} "), tag("small", escape(small))), class_="atelier-section")


def shown_first(rules: list[Row]) -> list[int]:
    """Numbers of the rules that have a card."""
    order = sorted(range(len(rules)), key=lambda at: _right(rules[at], "paper"))
    count = min(PAIRS, len(rules))
    return [order[round(at * (len(rules) - 1) / max(count - 1, 1))] for at in range(count)]


def cards(rules: list[Row], seeds: list[Row]) -> list[Card]:
    """Skip-grams with what insertion and weights put first, then absence and counting, of all models."""
    pairs = [_pair(at, rules[at]) for at in shown_first(rules)]
    n = seeds[0]["distractors"]
    unless = Card(
        ABSENCE,
        "absence",
        "key … ask → say, unless its distractor stands there too",
        tuple(
            _finding(label, f"{_range(row[name] for row in seeds)} of {n} distractors come first", right)
            for label, name, right in (
                ("Insertion", "distractors_causal", True),
                ("Weights", "distractors_weights", False),
            )
        ),
    )
    shares = [row["counts_within_one"] for row in seeds]
    count = Card(
        COUNTING,
        "counting",
        "more of one word than of another … ask → say",
        (_finding("Closed form", f"{min(shares):.0%} of counts at which it turns are told within one", True),),
    )
    return [*pairs, unless, count]


def _range(values: Any) -> str:
    low, *_, high = sorted(values)
    return f"{low}" if low == high else f"{low} to {high}"


def _pair(at: int, rule: Row) -> Card:
    said = tuple(
        _finding(
            f"{label} {_right(rule, name)} of {len(rule['keys'])}:",
            ", ".join(rule["first"][name]),
            set(rule["first"][name]) == set(rule["keys"]),
        )
        for label, name in (("Insertion", "causal"), ("Weights", "paper"))
    )
    return Card(str(at), "skip-gram", f"{' or '.join(rule['keys'])} … {rule['query']} → {rule['output']}", said)


def _finding(label: str, text: str, right: bool) -> Finding:
    return Finding(label, text, "correct" if right else "wrong")


def _right(rule: Row, name: str) -> int:
    return len(set(rule["keys"]).intersection(rule["first"][name]))


def _figure(label: str, values: list[float], n: int, meaning: str, **more: Any) -> Evidence:
    return Evidence(label, mean(values), 0, 1, low=min(values), high=max(values), n=n, meaning=meaning, **more)


def precisions(seeds: list[Row], rules: int) -> list[Evidence]:
    """Precision at 3 of every ranking; all but the causal test are peers."""
    return [
        _figure(label, [row["precision"][name] for row in seeds], 3 * rules, told, peer=name != "causal")
        for name, (label, told) in RANKINGS.items()
    ]


def absences(seeds: list[Row]) -> list[Evidence]:
    """Distractors, the weight criterion with its null, and the causal tests of absence."""
    n = seeds[0]["distractors"]

    def share(name: str) -> list[float]:
        return [row[name] / row["distractors"] for row in seeds]

    def plain(name: str) -> list[float]:
        return [row[name] for row in seeds]

    return [
        _figure("Distractor first, by insertion", share("distractors_causal"), n, "The planted distractor takes most."),
        _figure(
            "Distractor first, by weights", share("distractors_weights"), n, "The paper's criterion names it.",
            peer=True,
        ),
        _figure(
            "Flagged by weights", plain("flagged"), n, "All have a distractor. Mark: with values shuffled over tokens.",
            baseline=mean(plain("null")), peer=True,
        ),
        _figure("Distractors verified", plain("verified"), n, "By insertion against matched tokens, interval above 0."),
        _figure("Control words refuted", plain("refuted"), 4 * n, "Words that no rule mentions."),
    ]  # fmt: skip


def counts(seeds: list[Row]) -> list[Evidence]:
    """Counts at which a counting rule turns, told by the closed form."""
    shares = [row["counts_within_one"] for row in seeds]
    return [_figure("Counts within one", shares, 8, "Counts at which the output turns, told by the closed form.")]


def firsts(rule: Row) -> str:
    """What every ranking puts first for one rule, beside the planted keys."""
    planted = set(rule["keys"])
    rows = join(
        tag(
            "tr",
            tag("th", escape(label), scope="row"),
            tag("td", _chips(rule["first"][name], planted)),
            tag("td", escape(f"{_right(rule, name)} of {len(planted)}")),
        )
        for name, (label, _) in RANKINGS.items()
    )
    truth = tag("tr", tag("th", escape("Planted"), scope="row"), tag("td", _chips(rule["keys"], planted)), tag("td"))
    headings = tag("tr", *(tag("th", escape(one), scope="col") for one in ("Ranking", "First three keys", "Right")))
    return tag(
        "div",
        tag("table", tag("thead", headings), tag("tbody", truth, rows)),
        class_="atelier-rules",
        tabindex=0,
        role="region",
        aria_label="What each ranking puts first",
        data_picture="firsts",
    )


def _chips(keys: list[str], planted: set[str]) -> Markup:
    marked = (f"{'✓' if key in planted else '✕'} {key}" for key in keys)
    return Markup(" ".join(tag("code", escape(one), class_="atelier-token") for one in marked))
