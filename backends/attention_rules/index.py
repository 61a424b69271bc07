"""The index of extracted rules, asked through DuckDB: search, reverse search, features, examples."""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

from backends.attention_rules.class_names import class_name
from backends.attention_rules.names import RELATIONS
from backends.attention_rules.tables import SCHEMAS
from backends.errors import InputError, MissingFileError, WeightsError, quoted

MOST = 200
"""Rows that one search returns at most."""

SORTS = {"f1": "f1 DESC", "weight": "weight DESC", "precision": "precision DESC", "support": "support DESC"}
VERDICTS = ("verified", "refuted", "undecided")
KINDS = ("relation", "skip-gram", "absence", "counting")


@dataclass(frozen=True, slots=True)
class Search:
    """What rules are looked for; what is left at its default is not asked for.

    Attributes:
        key, query, token: a token, as it stands in text (" speaks" with its blank); `token` on any side of the rule, in
            what must not stand between too.
        any_spelling: whether these tokens stand for all that differ from them in case or in blanks around them only.
        relation, kind, verdict: one of `RELATIONS`, of `KINDS`, of `VERDICTS`.
        layer, head, seed: of the feature.
        least_f1: of the feature on natural text, 0 to 1.
        sort: one of `SORTS`.
        limit, offset: rows returned, at most `MOST`, and rows skipped.

    Raises InputError for values that cannot be asked for.
    """

    key: str | None = None
    query: str | None = None
    token: str | None = None
    any_spelling: bool = False
    relation: str | None = None
    kind: str | None = None
    verdict: str | None = None
    layer: int | None = None
    head: int | None = None
    seed: int | None = None
    least_f1: float = 0.0
    sort: str = "f1"
    limit: int = 50
    offset: int = 0

    def __post_init__(self) -> None:
        for value, known, what in (
            (self.relation, RELATIONS, "relation"),
            (self.kind, KINDS, "kind of rule"),
            (self.verdict, VERDICTS, "verdict"),
            (self.sort, tuple(SORTS), "order"),
        ):
            if value is not None and value not in known:
                raise InputError(f"There is no {what} {quoted(value)}; choose from {', '.join(known)}.")
        if not isinstance(self.any_spelling, bool):
            raise InputError(f"any_spelling must be true or false, got {quoted(self.any_spelling)}.")
        for number, name in ((self.layer, "layer"), (self.head, "head"), (self.seed, "seed")):
            if number is not None and not (isinstance(number, int) and 0 <= number < 2**15):
                raise InputError(f"{name} must be a whole number from 0, got {quoted(number)}.")
        if not (isinstance(self.offset, int) and 0 <= self.offset < 2**31):
            raise InputError(f"offset must be a whole number from 0, got {quoted(self.offset)}.")
        if not (isinstance(self.limit, int) and 1 <= self.limit <= MOST):
            raise InputError(f"limit must be a whole number from 1 to {MOST}, got {quoted(self.limit)}.")
        if not isinstance(self.least_f1, int | float) or not 0 <= self.least_f1 <= 1:
            raise InputError(f"The least F1 must be a number from 0 to 1, got {quoted(self.least_f1)}.")
        for token in (self.key, self.query, self.token):
            if token is not None and (not isinstance(token, str) or not 1 <= len(token) <= 100):
                raise InputError("A token to search for has 1 to 100 characters.")


Row = dict[str, Any]

_HELD = ("rules",)
"""Tables that are read into memory, compressed (0.2 GB for a million rules): in a file, each row found costs a scan."""

_SAME_RULE = "m.layer = r.layer AND m.head = r.head AND m.seed = r.seed AND m.feature = r.feature AND m.rank = r.rank"

_SIDES = (("key", "keys"), ("query", "queries"), ("unless", "unless"))
_MENTIONS = " UNION ALL ".join(
    f"SELECT unnest({column}) AS token, '{side}' AS side, layer, head, seed, feature, rank FROM rules"
    for side, column in _SIDES
)
"""All tokens of all rules, each with the side on which it stands."""

_UNLIKE = 4
_SHORTEST_START = 3
"""Letters that a token must have to be offered because what was typed begins with it."""


def _folded(token: str) -> str:
    """`token` without case and the blanks around it; blanks alone stay."""
    return token.strip(" ").casefold() or token


def _unlike(wanted: str, other: str) -> int:
    """How unlike two folded tokens are: 0 for the same, `_UNLIKE` for no likeness."""
    if other == wanted:
        return 0
    if other.startswith(wanted):
        return 1
    if wanted.startswith(other) and len(other) >= _SHORTEST_START:
        return 2
    return 3 if wanted in other else _UNLIKE


def _named(rules: list[Row]) -> list[Row]:
    """The rows of rules, each with the `name` of its class of keys."""
    return [rule | {"name": class_name(rule["keys"], rule["group"])} for rule in rules]


class RuleIndex:
    """The tables in a folder. Queries may come from several threads; values only ever travel as parameters."""

    def __init__(self, folder: Path) -> None:
        """Opens the index. Raises MissingFileError if a table is missing, WeightsError if one is damaged."""
        self._lock = threading.Lock()
        self._connection = duckdb.connect(config={"threads": 1, "memory_limit": "512MB"})
        self._connection.execute("ATTACH ':memory:' AS held (COMPRESS)").execute("USE held")
        for name, schema in SCHEMAS.items():
            file = folder / f"{name}.parquet"
            if not file.is_file():
                raise MissingFileError(f"{name}.parquet is missing from the index of rules; restore it from git.")
            try:
                table = self._connection.from_parquet(str(file))
                table.create(name) if name in _HELD else table.create_view(name)
                columns = {row[0] for row in self._connection.execute(f"DESCRIBE {name}").fetchall()}
            except duckdb.Error as error:
                reason = str(error).splitlines()[0]
                raise WeightsError(f"{name}.parquet is damaged ({reason}). Restore it from git.") from None
            if not set(schema.names) <= columns:
                lacking = sorted(set(schema.names) - columns)
                raise WeightsError(f"{name}.parquet lacks {', '.join(lacking)}; extract the rules again.")

    def _rows(self, query: str, parameters: dict[str, Any]) -> list[Row]:
        with self._lock:
            try:
                found = self._connection.execute(query, parameters)
                names = [column[0] for column in found.description or []]
                return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
            except duckdb.Error as error:
                raise WeightsError(f"The index of rules cannot be read ({str(error).splitlines()[0]}).") from None

    def heads(self) -> list[Row]:
        """All heads that were extracted, with the figures of their autoencoders."""
        return self._rows("SELECT * FROM heads ORDER BY layer, head, seed", {})

    @cached_property
    def _mentions(self) -> str:
        """The table of the tokens that rules mention, sorted by them; made at the first search for one, in a second."""
        self._rows(f"CREATE TABLE IF NOT EXISTS mentions AS SELECT * FROM ({_MENTIONS}) ORDER BY token", {})
        return "mentions"

    @cached_property
    def _tokens(self) -> dict[str, list[str]]:
        """The tokens that rules mention, the most mentioned first, by what is left without case and blanks."""
        found = defaultdict(list)
        for row in self._rows(f"SELECT token FROM {self._mentions} GROUP BY token ORDER BY count(*) DESC, token", {}):
            found[_folded(row["token"])].append(row["token"])
        return dict(found)

    def spellings(self, token: str, *, any_spelling: bool = True) -> list[str]:
        """The tokens that rules mention and that are `token`, or `token` but for case and blanks around it."""
        alike = self._tokens.get(_folded(token), [])
        return alike if any_spelling else [one for one in alike if one == token]

    def near(self, token: str, limit: int = 6) -> list[str]:
        """Tokens that rules mention and that are like `token`, one for each that differs in more than case and blanks.

        The same in another spelling comes first, then what begins with it, what it begins with, and what holds it;
        of these the most mentioned first.
        """
        wanted = _folded(token)
        ranked = sorted((_unlike(wanted, one), at, one) for at, one in enumerate(self._tokens))
        return [self._tokens[one][0] for unlike, _, one in ranked[:limit] if unlike < _UNLIKE]

    def count(self, search: Search) -> int:
        """How many rules were asked for, whatever the `limit` and `offset`."""
        where, wanted = self._where(search)
        return int(self._rows(f"SELECT count(*) AS rules FROM rules r WHERE {where}", wanted)[0]["rules"])

    def search(self, search: Search) -> list[Row]:
        """The rules that were asked for, best first."""
        where, wanted = self._where(search)
        wanted |= {"limit": search.limit, "offset": search.offset}
        order = f"r.{SORTS[search.sort]}, r.layer, r.head, r.seed, r.feature, r.rank"
        best = f"SELECT r.rowid FROM rules r WHERE {where} ORDER BY {order} LIMIT $limit OFFSET $offset"
        # Rows are chosen by their small columns first: sorting whole rows would read the lists of all that match.
        return _named(self._rows(f"SELECT r.* FROM rules r WHERE r.rowid IN ({best}) ORDER BY {order}", wanted))

    def _where(self, search: Search) -> tuple[str, dict[str, Any]]:
        """The condition on a rule `r`, and the values in it."""
        wanted: dict[str, Any] = {}
        conditions = []
        for column in ("relation", "kind", "verdict", "layer", "head", "seed"):
            value = getattr(search, column)
            if value is not None:
                conditions.append(f"r.{column} = ${column}")
                wanted[column] = value
        if search.least_f1 > 0:
            conditions.append("r.f1 >= $least_f1")
            wanted["least_f1"] = search.least_f1
        for name, side in (("key", "AND m.side = 'key'"), ("query", "AND m.side = 'query'"), ("token", "")):
            token = getattr(search, name)
            if token is not None:
                # Whole tokens, because the table is sorted by them: a pattern would have all of it read.
                spelt = self.spellings(token, any_spelling=search.any_spelling)
                values = {f"{name}_{at}": one for at, one in enumerate(spelt)}
                among = ", ".join(f"${one}" for one in values)
                mentioned = f"SELECT 1 FROM {self._mentions} m WHERE m.token IN ({among}) {side} AND {_SAME_RULE}"
                conditions.append(f"EXISTS ({mentioned})" if values else "false")
                wanted |= values
        return " AND ".join(conditions) or "true", wanted

    def feature(self, layer: int, head: int, seed: int, feature: int) -> Row:
        """One feature with its `rules`, `tests` and `examples`; InputError if the index has none such."""
        Search(layer=layer, head=head, seed=seed)
        if not isinstance(feature, int) or not 0 <= feature < 2**31:
            raise InputError(f"There is no feature {quoted(feature)}.")
        wanted = {"layer": layer, "head": head, "seed": seed, "feature": feature}
        where = "layer = $layer AND head = $head AND seed = $seed AND feature = $feature"
        found = self._rows(f"SELECT * FROM features WHERE {where}", wanted)
        if not found:
            raise InputError(f"The index has no feature {feature} of layer {layer}, head {head}, seed {seed}.")
        rules = _named(self._rows(f"SELECT * FROM rules WHERE {where} ORDER BY rank", wanted))
        examples = self._rows(f"SELECT * FROM examples WHERE {where}", wanted)
        tests = self._rows(f"SELECT * FROM tests WHERE {where} ORDER BY kind", wanted)
        return found[0] | {"rules": rules, "tests": tests, "examples": examples}

    def features(self, layer: int, head: int, seed: int) -> list[Row]:
        """The features of one head without their curves, the best foretold first."""
        Search(layer=layer, head=head, seed=seed)
        return self._rows(
            "SELECT feature, name, density, verdict, effect, control, f1, f1_unigram, f1_pairs, f1_exact, f1_single "
            "FROM features WHERE layer = $layer AND head = $head AND seed = $seed ORDER BY f1 DESC, feature",
            {"layer": layer, "head": head, "seed": seed},
        )

    def random(self, number: int) -> Row:
        """Some feature: the same for the same `number`. Raises InputError if the index is empty."""
        keys = self._rows(
            "SELECT layer, head, seed, feature FROM features "
            "ORDER BY hash(layer, head, seed, feature, $number) LIMIT 1",
            {"number": number},
        )
        if not keys:
            raise InputError("The index of rules is empty.")
        return self.feature(**keys[0])
