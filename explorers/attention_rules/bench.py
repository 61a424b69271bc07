"""The method bench: what each way to find rules makes of rules that are known, because they were planted."""

from statistics import mean
from typing import Any

import gradio as gr

from backends.attention_rules import shelf
from explorers.attention_rules.hops import hops_html
from explorers.attention_rules.words import Row
from explorers.guard import guarded
from explorers.views.evidence import Evidence, evidence_strip
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
"""Rankings in the order shown: name, and what it does."""

LESSON = (
    "Small models were trained on sequences whose rules we wrote, so it is known what should be found. **What not to "
    "believe**: a list that the weights alone put first is right often, not always; the weight criterion for absence "
    "flags a feature *more* often when its values are shuffled over tokens, so a flag says nothing by itself; and what "
    "contributes most on text is often merely frequent. Putting a token in and looking at the model settles it."
)


class BenchPanel:
    """Two strips of figures, and one planted rule at a time with what each ranking puts first."""

    def __init__(self) -> None:
        """Lays out the panel from what is stored; nothing is computed."""
        found = shelf.method_bench()
        self._rules: list[Row] = found["rules"]
        seeds: list[Row] = list(found["seeds"].values())
        gr.Markdown(LESSON, elem_classes="atelier-hint")
        gr.HTML(_heading("Rankings", "how many of the first three keys were planted"))
        gr.HTML(evidence_strip(precisions(seeds, len(self._rules))).html)
        gr.HTML(_heading("Absence and counting", "shares of what was planted"))
        gr.HTML(evidence_strip(causal_tests(seeds)).html)
        names = [(f"{rule['query']} → {rule['output']}", at) for at, rule in enumerate(self._rules)]
        self.rule = gr.Dropdown(names, value=0, label="A planted rule: query → output", interactive=True)
        self.firsts = gr.HTML(firsts(self._rules[0]))
        self.rule.input(
            guarded(self._show), self.rule, self.firsts, api_visibility="private", show_progress="hidden"
        )  # fmt: skip
        gr.HTML(
            escape(
                f"Precomputed by {found['command']} on {found['date']}: {len(seeds)} models of one layer, seeds "
                f"{', '.join(found['seeds'])}, {found['steps']:,} training steps each. Bars show the mean, intervals "
                "the lowest and highest seed; the rule above is read in the first."
            ),
            elem_classes="atelier-note",
        )

        gr.HTML(tag("section", Markup(hops_html(shelf.two_hops())), class_="atelier-section"))

    def _show(self, at: int) -> str:
        return firsts(self._rules[at])


def _heading(title: str, small: str) -> Markup:
    return tag("h3", escape(f"{title} "), tag("small", escape(small)))


def _figure(label: str, values: list[float], n: int, meaning: str, **more: Any) -> Evidence:
    return Evidence(label, mean(values), 0, 1, low=min(values), high=max(values), n=n, meaning=meaning, **more)


def precisions(seeds: list[Row], rules: int) -> list[Evidence]:
    """Precision at 3 of every ranking."""
    return [
        _figure(label, [row["precision"][name] for row in seeds], 3 * rules, told)
        for name, (label, told) in RANKINGS.items()
    ]


def causal_tests(seeds: list[Row]) -> list[Evidence]:
    """Distractors, the weight criterion with its null, and the causal tests."""
    n = seeds[0]["distractors"]

    def share(name: str) -> list[float]:
        return [row[name] / row["distractors"] for row in seeds]

    def plain(name: str) -> list[float]:
        return [row[name] for row in seeds]

    return [
        _figure("Distractor first, by insertion", share("distractors_causal"), n, "The planted distractor takes most."),
        _figure("Distractor first, by weights", share("distractors_weights"), n, "The paper's criterion names it."),
        _figure(
            "Flagged by weights", plain("flagged"), n, "All have a distractor. Mark: with values shuffled over tokens.",
            baseline=mean(plain("null")),
        ),
        _figure("Distractors verified", plain("verified"), n, "By insertion against matched tokens, interval above 0."),
        _figure("Control words refuted", plain("refuted"), 4 * n, "Words that no rule mentions."),
        _figure("Counts within one", plain("counts_within_one"), 8, "Thresholds told by the closed form."),
    ]  # fmt: skip


def firsts(rule: Row) -> str:
    """What every ranking puts first for one rule, beside the planted keys."""
    planted = set(rule["keys"])
    rows = join(
        tag(
            "tr",
            tag("th", escape(label), scope="row"),
            tag("td", _chips(rule["first"][name], planted)),
            tag("td", escape(f"{len(planted.intersection(rule['first'][name]))} of {len(planted)}")),
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
