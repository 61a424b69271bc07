"""A language whose rules are known: skip-grams, absences and counts, each written down as data.

In a sequence of filler words stand queries; what follows a query is settled by what came before it:

- **skip-gram**: query q with one of its keys somewhere before is followed by the output of that key;
- **absence**: unless the query's distractor came before too, then by the query's default output, as without any key;
- **counting**: a counting query is followed by one output if its first word came more often than its second, by
  another if less often.

Where two outputs would be right, or counts are equal, the sequence says nothing of use and is not trained on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from backends.attention_rules.vocabulary import WordVocabulary

QUERIES, OUTPUTS, KEYS, COUNTS, FILLERS = 16, 2, 3, 4, 300
"""Queries; outputs of each besides its default; keys of each output; counting queries; filler words."""

LENGTH = 32


@dataclass(frozen=True, slots=True)
class PlantedRule:
    """One rule, as token ids.

    Attributes:
        kind: `skip-gram`, `absence` or `counting`.
        query, output: after `query` comes `output`.
        keys: if one of these came before; for `counting`, if `keys` came more often than `against`.
        against: for `absence`, the distractor, with which the output is the default instead; for `counting`, the
            word that is counted against.
    """

    kind: Literal["skip-gram", "absence", "counting"]
    query: int
    output: int
    keys: tuple[int, ...]
    against: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Language:
    """Words, rules by their query, and each skip-gram query's default output."""

    vocabulary: WordVocabulary
    by_query: dict[int, tuple[PlantedRule, ...]]
    defaults: dict[int, int]

    @property
    def rules(self) -> tuple[PlantedRule, ...]:
        """All rules."""
        return tuple(rule for rules in self.by_query.values() for rule in rules)

    def answer(self, before: Sequence[int], query: int) -> int | None:
        """What must follow `query` after the tokens `before`; None where the rules do not settle it."""
        own = self.by_query.get(query)
        if own is None:
            return None
        if own[0].kind == "counting":
            right = [r.output for r in own if before.count(r.keys[0]) > before.count(r.against[0])]
            return right[0] if right else None
        seen = set(before)
        if any(not seen.isdisjoint(rule.against) for rule in own):
            return self.defaults[query]
        outputs = {r.output for r in own if r.kind == "skip-gram" and not seen.isdisjoint(r.keys)}
        return self.defaults[query] if not outputs else outputs.pop() if len(outputs) == 1 else None

    def fillers(self) -> Tensor:
        """Ids of the words that no rule mentions."""
        return torch.tensor([i for i, word in enumerate(self.vocabulary.words) if word.startswith("word")])


def language() -> Language:
    """The language; always the same."""
    words = ["<first>"]

    def new(name: str) -> int:
        words.append(name)
        return len(words) - 1

    rules: list[PlantedRule] = []
    defaults: dict[int, int] = {}
    for q in range(QUERIES):
        query, distractor = new(f"ask{q}"), new(f"not{q}")
        defaults[query] = new(f"plain{q}")
        for o in range(OUTPUTS):
            output = new(f"say{q}.{o}")
            keys = tuple(new(f"if{q}.{o}.{k}") for k in range(KEYS))
            rules.append(PlantedRule("skip-gram", query, output, keys))
            rules.append(PlantedRule("absence", query, output, keys, (distractor,)))
    for c in range(COUNTS):
        query, first, second = new(f"count{c}"), new(f"more{c}"), new(f"less{c}")
        for keys, against in (((first,), (second,)), ((second,), (first,))):
            rules.append(PlantedRule("counting", query, new(f"most-{words[keys[0]]}"), keys, against))
    for f in range(FILLERS):
        new(f"word{f}")
    queries = dict.fromkeys(rule.query for rule in rules)
    by_query = {query: tuple(rule for rule in rules if rule.query == query) for query in queries}
    return Language(WordVocabulary(words), by_query, defaults)


def sample(lang: Language, count: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
    """`count` sequences (count, LENGTH) of token ids, and where in them the next token is settled by a rule.

    The second is a mask (count, LENGTH): true at a query whose next token is its answer. Three queries stand in each
    sequence, with keys, distractors and counted words of theirs strewn in before them.
    """
    fillers = lang.fillers()
    own = _mentioned(lang)
    queries = list(own)
    ids = fillers[torch.randint(len(fillers), (count, LENGTH), generator=rng)]
    ids[:, 0] = 0
    settled = torch.zeros(count, LENGTH, dtype=torch.bool)
    chosen = torch.randint(len(queries), (count, 3), generator=rng).tolist()
    chance = torch.rand(count, 3, 12, generator=rng).tolist()
    for row in range(count):
        words = ids[row].tolist()
        for slot, number in enumerate(chosen[row]):
            query, at = queries[number], (LENGTH // 3) * (slot + 1) - 2
            _strew(words, own[query], at, chance[row][slot])
            words[at] = query
            answer = lang.answer(words[:at], query)
            if answer is not None:
                words[at + 1] = answer
                settled[row, at] = True
        ids[row] = torch.tensor(words)
    return ids, settled


def _mentioned(lang: Language) -> dict[int, tuple[list[tuple[int, ...]], tuple[int, ...], bool]]:
    """For each query: its sets of keys, what stands against them, and whether it counts."""
    found: dict[int, tuple[list[tuple[int, ...]], tuple[int, ...], bool]] = {}
    for rule in lang.rules:
        if rule.kind == "absence":
            found[rule.query] = (found[rule.query][0], rule.against, False)
        else:
            keys = [*found[rule.query][0], rule.keys] if rule.query in found else [rule.keys]
            found[rule.query] = (keys, rule.against, rule.kind == "counting")
    return found


def _strew(words: list[int], own: tuple[list[tuple[int, ...]], tuple[int, ...], bool], at: int, u: list[float]) -> None:
    """Puts words that matter to a query at random places of the eight before `at`; `u` are 12 numbers in 0..1."""
    keys, against, counts = own
    places = list(range(max(1, at - 8), at))

    def put(word: int, chance: float) -> None:
        words[places[int(chance * len(places))]] = word

    if counts:
        total = 1 + int(u[0] * 5)
        for n in range(total):
            put(keys[int(u[1] > u[2 + n])][0], u[7 + n])
        return
    if u[0] < 0.7:
        chosen = keys[int(u[1] * len(keys))]
        put(chosen[int(u[2] * len(chosen))], u[3])
    if u[4] < 0.3:
        put(against[0], u[5])
