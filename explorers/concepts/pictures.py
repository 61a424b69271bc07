"""From what the backend answers to what people see: the only place that knows both."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from backends.concepts.answers import (
    Comparison,
    Explanation,
    Flips,
    LocalRule,
    ModeResult,
    PredictResult,
    RuleBook,
    SamplePage,
    Scores,
    Side,
    Weights,
)
from backends.concepts.requests import ModelRequest
from explorers.concepts.state import Desk
from explorers.views.answer_card import Choice, Reading, answer_card, side_by_side
from explorers.views.badge import Status, badge
from explorers.views.bar import Bar, bar_chart
from explorers.views.concept_table import ConceptRow, rows_value
from explorers.views.evidence import Evidence, evidence_strip
from explorers.views.image_grid import Thumbnail, grid_value, image_tag
from explorers.views.live import JsonValue
from explorers.views.numbers import fixed
from explorers.views.picture import Table
from explorers.views.svg import Markup, escape, join, tag

SHOWN_CHOICES = 5
SHOWN_WEIGHTS = 14
SHOWN_RULES = 12
LN2 = 0.693


def model_name(model: ModelRequest) -> str:
    """A model in a few words, such as "CRM, β 0.1, seed 1"."""
    beta = f", β {model.beta:g}" if model.info.takes_beta else ""
    kind = "" if model.regulariser == "kl" else f" ({model.regulariser})"
    return f"{model.info.title}{beta}{kind}, seed {model.seed}"


def cards(comparison: Comparison) -> str:
    """Both models' answers in both modes, the same choices in the same order everywhere."""
    sides = (comparison.left, comparison.right)
    shown = _shown_outputs([side.result for side in sides])
    return side_by_side(*(_card(letter, side, shown) for letter, side in zip("AB", sides, strict=True)))


def _card(letter: str, side: Side, shown: Sequence[int]) -> Markup:
    result = side.result
    agrees: tuple[str, Status] = ("modes agree", "agree") if result.agree else ("modes disagree", "disagree")
    return answer_card(
        f"{letter} · {model_name(side.model)}",
        [
            _reading("With sidechannel", "default mode, p(y | c, z)", result, result.default, shown),
            _reading("Concepts alone", "bottleneck mode, p(ȳ | c)", result, result.bottleneck, shown),
        ],
        agrees,
    )


def _shown_outputs(results: Sequence[PredictResult]) -> list[int]:
    """The likeliest outputs over all readings, and the true one, in the task's order."""
    truth = results[0].truth
    readings = [mode.probabilities for r in results for mode in (r.default, r.bottleneck)]
    likeliest = sorted(range(len(truth)), key=lambda k: (-truth[k], -max(p[k] for p in readings)))
    return sorted(likeliest[:SHOWN_CHOICES])


def _reading(title: str, symbol: str, result: PredictResult, mode: ModeResult, shown: Sequence[int]) -> Reading:
    choices = [Choice(result.outputs[k], mode.probabilities[k], mode.unedited[k], bool(result.truth[k])) for k in shown]
    return Reading(title, symbol, mode.answer, mode.correct, choices, mode.answer != mode.unedited_answer)


def sample_picture(comparison: Comparison) -> str:
    """The sample itself, with the true answer beside it."""
    pixels = np.array(comparison.picture, np.uint8)
    truth = comparison.left.result.truth_answer
    picture = image_tag(pixels, f"Test sample {comparison.sample}", 128)
    words = tag(
        "figcaption",
        tag("span", escape(f"Test sample {comparison.sample}")),
        tag("strong", escape(truth)),
        tag("span", escape("is the true answer")),
    )
    return tag("figure", picture, words, class_="atelier-sample", data_picture="sample")


def concept_rows(desk: Desk, comparison: Comparison) -> list[ConceptRow]:
    """Every concept as model A sees it, with model B's prediction beside it."""
    before, now = desk.edits_before, desk.edits
    return [
        ConceptRow(
            name=one.name,
            group=one.group,
            predicted=one.predicted,
            truth=one.truth,
            value=one.value,
            edited=one.edited,
            changed=one.edited and now.get(one.group or one.name) != before.get(one.group or one.name),
            other=other.predicted,
        )
        for one, other in zip(comparison.left.result.concepts, comparison.right.result.concepts, strict=True)
    ]


def table_value(desk: Desk, comparison: Comparison) -> JsonValue:
    """The concept table."""
    return rows_value(
        concept_rows(desk, comparison),
        show_truth=desk.show_truth,
        reads_soft=comparison.left.result.reads_soft,
        can_undo=bool(desk.history),
        model="A",
        other_model="B",
    )


def thumbnails(samples: SamplePage, selected: int) -> JsonValue:
    """The samples to choose from."""
    return grid_value(
        [
            Thumbnail(str(i), np.array(pixels, np.uint8), caption)
            for i, pixels, caption in zip(samples.ids, samples.pictures, samples.captions, strict=True)
        ],
        selected=str(selected),
        size=64,
    )


def samples_note(samples: SamplePage) -> str:
    """Which of the found samples are shown."""
    if not samples.ids:
        return "No test sample is of this kind."
    return f"{samples.start + 1}–{samples.start + len(samples.ids)} of {samples.total} test samples"


def evidence_items(scores: Scores) -> list[Evidence]:
    """The gauges of one model. SIS never stands alone."""
    m = scores.metrics
    return [
        Evidence(
            "Modes agree",
            m.sis,
            0,
            1,
            low=scores.hoeffding.low,
            high=scores.hoeffding.high,
            n=m.n,
            symbol="SIS",
            meaning="Share of test samples on which both modes give the same answer, with the 95 % Hoeffding "
            f"interval (Wilson: {scores.wilson.low:.3f} to {scores.wilson.high:.3f}). High: the sidechannel "
            "did not matter. It says nothing about being right.",
        ),
        Evidence(
            "Probabilities agree",
            m.soft_sis,
            0,
            1,
            n=m.n,
            symbol="soft SIS",
            meaning="One minus the mean total variation between the modes: it moves before an answer flips.",
        ),
        Evidence(
            "With sidechannel",
            m.accuracy,
            0,
            1,
            baseline=scores.majority,
            n=m.n,
            symbol="accuracy",
            meaning="Share of test samples with every output right in default mode. Tick: always giving the "
            "most frequent answer.",
        ),
        Evidence(
            "Concepts alone",
            m.accuracy_bottleneck,
            0,
            1,
            baseline=scores.majority,
            n=m.n,
            symbol="accuracy",
            meaning="The same in bottleneck mode.",
        ),
        Evidence(
            "Concepts shuffled",
            scores.concepts_off,
            0,
            1,
            baseline=scores.majority,
            n=m.n,
            symbol="ablation",
            meaning="Default mode when every sample gets another sample's concepts: near the tick if the "
            "concepts are needed, high if the sidechannel does the work alone.",
        ),
        Evidence(
            "Concepts right",
            m.concept_accuracy,
            0,
            1,
            n=m.n,
            symbol="ĉ = c",
            meaning="Mean share of concepts predicted correctly.",
        ),
        Evidence(
            "Surprise",
            m.nll,
            0,
            1,
            baseline=LN2,
            n=m.n,
            unit="nats",
            symbol="NLL",
            meaning="Negative log-likelihood of an output in default mode; the tick is guessing one half.",
        ),
    ]


def evidence(comparison: Comparison) -> str:
    """Both models' strips, each with what makes its figures misleading."""
    return join(_strip(letter, side) for letter, side in zip("AB", (comparison.left, comparison.right), strict=True))


def _strip(letter: str, side: Side) -> Markup:
    strip = evidence_strip(evidence_items(side.scores))
    notes = (tag("p", badge(note, "warning"), class_="atelier-caution") for note in side.scores.cautions)
    none = side.model.info.family == "CBM"
    prior = "has no sidechannel" if none else f"prior of concepts alone: {side.result.prior}"
    head = tag("h3", escape(f"{letter} · {model_name(side.model)}"), tag("small", escape(prior)))
    return tag("div", head, Markup(strip.html), *notes, class_="atelier-section")


def explanations(comparison: Comparison) -> str:
    """Both models' explanations side by side."""
    columns = (
        tag(
            "div",
            tag("h3", escape(f"{letter} · {model_name(side.model)}")),
            explanation(side.explanation),
            class_="atelier-section",
        )
        for letter, side in zip("AB", (comparison.left, comparison.right), strict=True)
    )
    return tag("div", *columns, class_="atelier-columns")


def explanation(found: Explanation) -> Markup:
    """The picture that fits a kind of explanation."""
    match found:
        case Weights():
            return _weights(found)
        case LocalRule():
            return _local_rule(found)
        case RuleBook():
            return _rule_book(found)
        case Flips():
            return _flips(found)


def _weights(found: Weights) -> Markup:
    bars = [Bar(w.name, w.contribution, hatched=w.sidechannel) for w in found.weights[:SHOWN_WEIGHTS]]
    chart = bar_chart(
        bars,
        title=f"What moves “{found.output}”",
        axis_title="weight × spread of what it reads, log-odds",
        signed=True,
    )
    share = (
        f"{found.concept_share:.0%} of the head's pull comes from concepts, the hatched rest from the sidechannel "
        f"(by bare weights, the paper's Fig. 7: {found.raw_share:.0%})."
    )
    return join((tag("p", escape(share)), Markup(chart.html)))


def _local_rule(found: LocalRule) -> Markup:
    relevant = [one for one in found.literals if one.relevance >= 0.5]
    words = " and ".join(one.concept if one.positive else f"not {one.concept}" for one in relevant)
    rule = tag("p", escape(f"{words or 'always'} → {found.output}"), class_="atelier-rule")
    bars = [
        Bar(
            one.concept if one.positive else f"not {one.concept}",
            one.relevance,
            truth=one.truth > 0.5,
            note="holds" if one.truth > 0.5 else "fails",
        )
        for one in found.literals[:SHOWN_WEIGHTS]
    ]
    chart = bar_chart(
        bars, title="How much each literal matters", axis_title="relevance r", limits=(0, 1), threshold=0.5
    )
    said = f"The rule that the sidechannel wrote for this sample; its truth here is {found.truth:.2f}."
    return join((rule, tag("p", escape(said)), Markup(chart.html)))


def _rule_book(found: RuleBook) -> Markup:
    rows = tuple(
        (
            rule.text,
            "tree" if rule.injected else "learned",
            "yes" if rule.fires else "no",
            fixed(rule.selected, 2),
            fixed(rule.usage, 2),
        )
        for rule in found.rules[:SHOWN_RULES]
    )
    table = Table(("rule", "origin", "fires here", "selected here", "selected on the test split"), rows)
    state = "At least one fires" if found.any_fires else "None fires"
    said = (
        f"{len(found.rules)} rules for “{found.output}”. The sidechannel selects one of them; concepts alone apply "
        f"them all at once. {state} on these concepts."
    )
    return join((tag("p", escape(said)), tag("div", table.html(), class_="atelier-rules", data_picture="rules")))


def _flips(found: Flips) -> Markup:
    bars = [Bar(flip.change, flip.default, baseline=flip.bottleneck) for flip in found.flips]
    chart = bar_chart(
        bars,
        title=f"If one concept were different: the change of “{found.output}”",
        axis_title="change of probability with the sidechannel; tick: with concepts alone",
        signed=True,
        limits=(-1, 1),
    )
    return Markup(chart.html)
