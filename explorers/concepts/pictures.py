"""From what the backend answers to what people see: the only place that knows both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from backends.concepts.answers import (
    Comparison,
    ModeResult,
    PredictResult,
    SamplePage,
    Scores,
    Side,
)
from backends.concepts.requests import ModelRequest
from explorers.concepts.explanations import explanation_picture
from explorers.concepts.state import Desk
from explorers.views.answer_card import Choice, Reading, answer_card, side_by_side
from explorers.views.badge import Status, badge
from explorers.views.concept_table import ConceptRow, rows_value
from explorers.views.evidence import Evidence, evidence_strip
from explorers.views.image_grid import Thumbnail, grid_value, image_tag
from explorers.views.live import JsonValue
from explorers.views.svg import Markup, escape, join, tag

SHOWN_CHOICES = 5
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
    m, floor = scores.metrics, scores.majority

    def share(label: str, symbol: str, value: float, meaning: str, baseline: float | None = None) -> Evidence:
        return Evidence(label, value, 0, 1, baseline, n=m.n, symbol=symbol, meaning=meaning)

    agreement = (
        "Share of test samples on which both modes give the same answer, with the 95 % Hoeffding interval (Wilson: "
        f"{scores.wilson.low:.3f} to {scores.wilson.high:.3f}). High: the sidechannel did not matter. It says nothing "
        "about being right."
    )
    soft = "One minus the mean total variation between the modes: it moves before an answer flips."
    default = (
        "Share of test samples with every output right in default mode. Tick: always giving the most frequent answer."
    )
    shuffled = (
        "Default mode when every sample gets another sample's concepts: near the tick if the concepts are needed, "
        "high if the sidechannel does the work alone."
    )
    surprise = "Negative log-likelihood of an output in default mode; the tick is guessing one half."
    return [
        replace(share("Modes agree", "SIS", m.sis, agreement), low=scores.hoeffding.low, high=scores.hoeffding.high),
        share("Probabilities agree", "soft SIS", m.soft_sis, soft),
        share("With sidechannel", "accuracy", m.accuracy, default, floor),
        share("Concepts alone", "accuracy", m.accuracy_bottleneck, "The same in bottleneck mode.", floor),
        share("Concepts shuffled", "ablation", scores.concepts_off, shuffled, floor),
        share("Concepts right", "ĉ = c", m.concept_accuracy, "Mean share of concepts predicted correctly."),
        replace(share("Surprise", "NLL", m.nll, surprise, LN2), unit="nats"),
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
            explanation_picture(side.explanation),
            class_="atelier-section",
        )
        for letter, side in zip("AB", (comparison.left, comparison.right), strict=True)
    )
    return tag("div", *columns, class_="atelier-columns")
