"""A sentence with arcs from sources to the token that is explained, and the sum that they make.

Events: `query` with `{"position": n}` (explain this token), and `edit` with
`{"kind": "delete" | "move" | "repeat" | "replace" | "insert", "position": n, "word": text}`; `events.position_of` reads
the place, `edit_word_of` the rest.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import gradio as gr

from backends.errors import InputError
from explorers.views.live import JsonValue, LiveView


@dataclass(frozen=True, slots=True)
class Source:
    """One source: its share of attention, what it would give with all of it, their product, and the sum so far."""

    position: int
    attention: float
    promotion: float
    contribution: float
    running: float


class SourceArcs(LiveView):
    """The interactive sentence; give it `arcs_value(...)` as its value."""

    script_name = "source_arcs.js"


def arcs_value(
    tokens: Sequence[str],
    values: Sequence[float],
    sources: Sequence[Source],
    *,
    query: int,
    foretold: Sequence[bool],
    verdict: str,
    active: float,
    strong: float,
) -> JsonValue:
    """The view's value.

    Args:
        tokens: of the sentence, as they shall be shown; the first opens it.
        values: the feature's activation at each.
        sources: of the value at `query`, one for each position up to it.
        foretold: whether a rule says that the feature is active there.
        verdict: one sentence that compares truth and rules.
        active: the feature's activation at `query`; 0 too where other features of its head are larger.
        strong: above what an activation is strong.

    Raises InputError when the lengths do not agree.
    """
    if not (len(tokens) == len(values) == len(foretold)) or len(sources) != query + 1:
        raise InputError(
            "A sentence needs one value and one prediction a token, and a source for each up to the query."
        )
    return {
        "tokens": [
            {"text": text, "value": round(value, 3), "foretold": bool(said)}
            for text, value, said in zip(tokens, values, foretold, strict=True)
        ],
        "sources": [
            {name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(one).items()}
            for one in sources
        ],
        "query": query,
        "verdict": verdict,
        "active": round(active, 4),
        "strong": round(strong, 4),
    }


def edit_word_of(event: gr.EventData) -> tuple[str, str]:
    """Kind and word of an `edit` event, both as text; raises InputError for anything else."""
    data = event._data if isinstance(event._data, dict) else {}
    kind, word = data.get("kind"), data.get("word", "")
    if not isinstance(kind, str) or not isinstance(word, str) or len(kind) > 20 or len(word) > 100:
        raise InputError("An edit has a kind and a word of at most 100 characters.")
    return kind, word
