"""How the figures of a network vary with its seed, in two tables: of the whole network, and by stage."""

from typing import Any

from explorers.views.picture import Table
from explorers.views.svg import Markup, escape, tag

_BY_STAGE = (
    ("knowledge points a picture", "total"),
    ("reliable share", "share"),
    ("the same under random maps", "control"),
    ("foreground share of reliable points", "foreground"),
)


def seeds_html(found: dict[str, Any]) -> Markup:
    """The tables of what `shelf.seeds` found: each figure's mean, and its lowest and highest seed."""
    seeds = ", ".join(map(str, found["seeds"]))
    title = f"Trained from seeds {seeds}; {found['images']} pictures each"
    note = "After training. In brackets, the lowest and the highest seed."
    stages = [f"stage {k + 1}" for k in range(len(found["layers"]))]
    columns = (*(f"seed {seed}" for seed in found["seeds"]), "mean")
    whole = Table(("of the network", *columns), tuple(_whole(found)))
    by_stage = Table(("by stage", *stages), tuple(_stages(found)))
    return tag(
        "section",
        tag("h3", escape(title), tag("small", escape(note))),
        tag(
            "div", *(tag("div", t.html(), class_="atelier-rules") for t in (whole, by_stage)), class_="atelier-columns"
        ),
        class_="atelier-section",
    )


def _whole(found: dict[str, Any]) -> list[tuple[str, ...]]:
    tables = [{(row["method"], row["temperature"]): row for row in rows} for rows in found["projections"]]
    temperatures = sorted({temperature for _, temperature in tables[0]})
    rows = [
        _by_seed(f"network right, {split}", [of[split] for of in found["accuracy"]]) for split in found["accuracy"][0]
    ]
    for t in temperatures:
        ours = [table["ours", t] for table in tables]
        others = [[row["correlation"] for (m, at), row in table.items() if m != "ours" and at == t] for table in tables]
        rows += [
            _by_seed(f"radial picture agrees with network, T = {t:g}", [row["agreement"] for row in ours]),
            _by_seed(f"strength against uncertainty, T = {t:g}", [row["correlation"] for row in ours]),
            _by_seed(f"the best other projection's, T = {t:g}", [min(filter(_known, of)) for of in others]),
        ]
    return rows


def _stages(found: dict[str, Any]) -> list[tuple[str, ...]]:
    return [
        (words, *(_range([rows[stage][key] for rows in found["figures"]]) for stage in range(len(found["layers"]))))
        for words, key in _BY_STAGE
        if any(row[key] is not None for rows in found["figures"] for row in rows)
    ]


def _known(value: float | None) -> bool:
    return value is not None


def _by_seed(words: str, values: list[float]) -> tuple[str, ...]:
    return (words, *(_text(value) for value in values), _text(sum(values) / len(values)))


def _range(values: list[float | None]) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return "not defined"
    return f"{_text(sum(known) / len(known))} ({_text(min(known))}–{_text(max(known))})"


def _text(value: float) -> str:
    return f"{value:.2f}".replace("-", "−") if abs(value) < 10 else f"{value:.1f}"
