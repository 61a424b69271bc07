"""Answer cards: what a classifier says in one or more readings, each answer a bar beside the threshold that decides.

Prediction is fill, truth is outline, a thin mark shows where a bar stood before the edits. Words and numbers are the
twin for screen readers; the tracks are hidden from them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from backends.errors import InputError
from explorers.views.badge import Status, badge
from explorers.views.numbers import fixed
from explorers.views.svg import NOTHING, Markup, escape, tag


@dataclass(frozen=True, slots=True)
class Choice:
    """One possible answer: its probability, the one it had `before` (None if nothing changed), whether it is true."""

    name: str
    probability: float
    before: float | None = None
    truth: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """One way of reading the model: `answer` in words, whether it is right, and the choices behind it.

    `symbol` is the paper's name for the reading, `changed` says that a person's edits gave another answer.
    """

    title: str
    symbol: str
    answer: str
    correct: bool
    choices: Sequence[Choice]
    changed: bool = False


def answer_card(title: str, readings: Sequence[Reading], *badges: tuple[str, Status]) -> Markup:
    """A card of readings side by side; raises InputError for none, or for a probability outside [0, 1]."""
    if not readings:
        raise InputError(f"“{title}” needs at least one reading.")
    for reading in readings:
        for choice in reading.choices:
            for value in (choice.probability, choice.before):
                if value is not None and not 0 <= value <= 1:
                    raise InputError(f"“{choice.name}” has probability {value}; it must lie between 0 and 1.")
    head = tag("header", tag("h3", escape(title)), *(badge(text, status) for text, status in badges))
    body = tag("div", *map(_reading, readings), class_="atelier-card-readings")
    return tag("figure", head, body, class_="atelier-card", data_picture="answers", aria_label=title)


def _reading(reading: Reading) -> Markup:
    symbol = tag("small", escape(reading.symbol))
    verdict = tag(
        "p",
        tag("strong", escape(reading.answer)),
        badge("right", "correct") if reading.correct else badge("wrong", "wrong"),
        class_="atelier-card-answer" + (" atelier-card-changed" if reading.changed else ""),
    )
    rows = tag("ul", *map(_choice, reading.choices), class_="atelier-card-choices")
    return tag("div", tag("h4", escape(reading.title), symbol), verdict, rows)


def _choice(choice: Choice) -> Markup:
    moved = choice.before is not None and abs(choice.before - choice.probability) >= 0.005
    mark = tag("i", style=f"left:{_percent(choice.before)}") if moved and choice.before is not None else NOTHING
    fill = tag("b", style=f"width:{_percent(choice.probability)}")
    said = fixed(choice.probability, 2) + (", the truth" if choice.truth else "")
    was = f", was {fixed(choice.before, 2)}" if moved and choice.before is not None else ""
    return tag(
        "li",
        tag("span", escape(choice.name), class_="atelier-card-name"),
        tag("span", fill, mark, class_="atelier-card-track", aria_hidden="true"),
        tag("span", escape(fixed(choice.probability, 2)), class_="atelier-card-value", aria_hidden="true"),
        tag("span", escape(said + was), class_="atelier-hidden"),
        class_="atelier-card-truth" if choice.truth else None,
    )


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%"


def side_by_side(*cards: Markup) -> Markup:
    """Several cards in a row, one below the other on a phone."""
    return tag("div", *cards, class_="atelier-cards")
