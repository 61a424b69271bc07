"""The picture that fits a model's explanation: weights, a rule, a book of rules, or what single changes do."""

from __future__ import annotations

from backends.concepts.answers import Explanation, Flips, LocalRule, RuleBook, Weights
from explorers.views.bar import Bar, bar_chart
from explorers.views.numbers import fixed
from explorers.views.picture import Table
from explorers.views.svg import Markup, escape, join, tag

SHOWN_WEIGHTS = 14
SHOWN_RULES = 12


def explanation_picture(found: Explanation) -> Markup:
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
