"""Text in which a feature is active, or should be: tokens coloured by activation, counterexamples first."""

from collections.abc import Sequence

from backends.attention_rules import shelf
from explorers.attention_rules.words import Row, visible
from explorers.views.svg import Markup, escape, join, tag

KINDS = {
    "false alarm": ("The rules say yes, the feature is silent", "counterexamples: what the rules miss"),
    "missed": ("The feature is strong, no rule says so", "counterexamples: what the rules lack"),
    "top": ("Strongest", "of the held-out text"),
    "quantile": ("From strong to weak", "10, 30, 50 and 80 % down its activations"),
    "random": ("Anywhere", "random positions, mostly silent"),
}


def example_line(example: Row, highest: float) -> Markup:
    """One example as a line of tokens; the position it is about is outlined."""
    parts = shelf.texts(example["ids"])
    spans = [
        _token(word, value / highest if highest > 0 else 0.0, value, at == example["at"])
        for at, (word, value) in enumerate(zip(parts, example["active"], strict=True))
        if word != shelf.FIRST
    ]
    return tag("p", join(spans), class_="atelier-example", dir="auto")


def _token(word: str, share: float, value: float, here: bool) -> Markup:
    name = "atelier-example-here" if here else None
    if share <= 0 and not here:
        return tag("span", escape(visible(word)))
    strength = f"--strength:{min(max(share, 0.0), 1.0) * 100:.0f}%"
    shown = visible(word)
    # The blank before a word stays outside its box, which would touch the word before.
    blank = " " if shown.startswith(" ") else ""
    box = tag("span", escape(shown.removeprefix(" ")), style=strength, class_=name, title=f"activation {value:.2f}")
    return join((escape(blank), box))


def examples_page(feature: Row, kinds: Sequence[str] = tuple(KINDS)) -> str:
    """All examples of a feature under their headings."""
    highest = max((max(one["active"]) for one in feature["examples"] if one["active"]), default=0.0)
    sections = []
    for kind in kinds:
        found = [one for one in feature["examples"] if one["kind"] == kind]
        heading, note = KINDS[kind]
        lines = join(example_line(one, highest) for one in found)
        none = tag("p", escape("None was found."), class_="atelier-note")
        small = tag("small", escape(note))
        title = tag("h3", escape(heading + " "), small)
        sections.append(tag("section", title, lines or none, class_="atelier-section"))
    return tag("div", *sections, class_="atelier-columns") if len(sections) > 1 else join(sections)


def striking(feature: Row, count: int = 3) -> Markup:
    """The first of the strongest examples, for the head of the page."""
    top = [one for one in feature["examples"] if one["kind"] == "top"][:count]
    highest = max((max(one["active"]) for one in top), default=0.0)
    return join(example_line(one, highest) for one in top)
