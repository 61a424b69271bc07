"""The card of a head: everything that was measured of it, in words, whether rules were extracted from it or not."""

import math

from backends.attention_rules.names import PCA
from backends.attention_rules.shelf import FeatureKey
from explorers.attention_rules.heads import HeadKey, extracted, measured, nearly_constant
from explorers.attention_rules.words import Row
from explorers.views.badge import badge
from explorers.views.numbers import fixed, number
from explorers.views.picture import Drawing, Pen, Picture, Table, compose
from explorers.views.svg import NOTHING, Markup, escape, join, rect, tag, text

PLACES = {
    "first": "the first token",
    "second": "a second sink",
    "previous": "the token before",
    "itself": "the token itself",
}
DISTANCES = ("0", "1", "2", "3", "4–5", "6–8", "9–16", "17–32", "33+")
"""The bins of a distance profile; where they begin is `DISTANCES` of the backend's measures, which needs torch."""

COPIES = 0.2
"""From this share of attention on, the card's sentence tells of copies."""

_HEIGHT = 64


def head_card(head: HeadKey, key: FeatureKey) -> str:
    """What is known of `head`, beside the feature `key`: its measures are open where there are no rules to read."""
    row = measured(head)
    ruled = extracted(head)
    mark = badge("has rules", "correct") if ruled else badge("no rules", "neutral")
    flag = badge("writes nearly the same vector everywhere", "warning") if nearly_constant(row) else NOTHING
    return tag(
        "section",
        tag("h3", escape(head.words.capitalize() + " "), mark, flag),
        tag("p", escape(_summary(row))),
        NOTHING if ruled else tag("p", escape(_without_rules(key)), class_="atelier-note"),
        tag(
            "details",
            tag("summary", escape("All that was measured of this head")),
            _facts(row, ruled),
            Markup(profile(row).html),
            open=None if ruled else "",
        ),
        class_="atelier-section atelier-head-card",
        data_picture="head",
        aria_label="The chosen head",
    )


def _without_rules(key: FeatureKey) -> str:
    own = HeadKey.of(key).words
    return f"No rules were extracted from this head; heads with a dot have some. The feature shown is still of {own}."


def _summary(row: Row) -> str:
    place = max(PLACES, key=lambda name: row[name])
    said = [f"Looks most at {PLACES[place]}: {_percent(row[place])} of its attention."]
    if row["induction"] >= COPIES:
        said.append(f"Where a text repeats, {_percent(row['induction'])} goes to the token after the earlier copy.")
    elif row["same"] >= COPIES:
        said.append(f"Where a text repeats, {_percent(row['same'])} goes to the earlier copy.")
    if nearly_constant(row):
        said.append("Rules of such a head describe little, whatever their score.")
    return " ".join(said)


def _facts(row: Row, ruled: Row | None) -> Markup:
    looks = (
        *((f"on {words}", _percent(row[name])) for name, words in PLACES.items()),
        ("mean distance, without the first token", f"{number(row['distance'])} tokens back"),
    )
    repeats = (
        ("on the earlier copy of a token", _percent(row["same"])),
        ("on the token after it (induction)", _percent(row["induction"])),
    )
    spreads = (
        ("entropy", _entropy(row["entropy"])),
        ("entropy without the sinks", _entropy(row["entropy_masked"])),
    )
    writes = (
        ("variance in one direction (PCA1)", _percent(row["pca1"])),
        ("variance in eight directions (PCA8)", _percent(row["pca8"])),
        ("effective dimension, of 64", fixed(row["dimension"], 1)),
        ("how much of it varies at all", _percent(row["varying"])),
    )
    groups = {
        "Where it looks": looks,
        "Where random tokens repeat": repeats,
        "How widely it looks": spreads,
        "What it writes": writes,
        **({"The autoencoder that its features are of": _autoencoder(ruled)} if ruled else {}),
    }
    return join(join((tag("h4", escape(title)), _list(facts))) for title, facts in groups.items())


def _autoencoder(row: Row) -> tuple[tuple[str, str], ...]:
    recovered = row["recovered"]  # undefined where the loss without the head is no higher
    return (
        ("trained on", f"{row['tokens']:,} tokens"),
        ("features with rules", f"{row['features']:,}"),
        ("never active", _percent(row["dead"])),
        ("active at a token (L0)", fixed(row["l0"], 1)),
        ("variance explained, held out", _percent(row["explained"])),
        ("by eight principal components instead", _percent(row["pca"][PCA.index(8)])),
        (
            "next-token loss recovered",
            "undefined: its mean loses nothing" if recovered is None else _percent(recovered),
        ),
    )


def _list(facts: tuple[tuple[str, str], ...]) -> Markup:
    rows = (tag("div", tag("dt", escape(name)), tag("dd", escape(value))) for name, value in facts)
    return tag("dl", join(rows))


def _entropy(nats: float) -> str:
    return f"{number(nats)} nats, like {number(math.exp(nats), 2)} equal shares"


def _percent(share: float) -> str:
    return f"{fixed(share * 100, 0 if share >= 0.1 else 1)} %"


def profile(row: Row) -> Picture:
    """How the attention of a head is spread over distance, as columns, without the first token and the second sink."""
    shares = [float(share) for share in row["profile"]]
    highest = max(shares) or 1.0

    def draw(pen: Pen) -> Drawing:
        step = pen.width / len(shares)
        bottom = _HEIGHT + 20
        columns = [
            join(
                (
                    rect(at * step + 2, bottom - height, step - 4, height, fill="var(--atelier-accent)", rx=2),
                    text((at + 0.5) * step, bottom - height - 5, _percent(share), text_anchor="middle", font_size=11),
                    text((at + 0.5) * step, bottom + 15, name, text_anchor="middle", font_size=11),
                )
            )
            for at, (name, share) in enumerate(zip(DISTANCES, shares, strict=True))
            for height in (share / highest * _HEIGHT,)
        ]
        return Drawing(bottom + 24, join(columns))

    rows = tuple((name, _percent(share)) for name, share in zip(DISTANCES, shares, strict=True))
    far = DISTANCES[shares.index(max(shares))]
    title = "Attention by distance, in tokens back, without the two sinks"
    return compose("profile", title, f"Most, {_percent(max(shares))}, is {far} tokens back.",
        Table(("tokens back", "share of attention"), rows), draw)  # fmt: skip
