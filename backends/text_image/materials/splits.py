"""Which fonts and photographs are kept for testing: whole designs, chosen by a hash, so that the choice never moves."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

TEST_SHARE = 0.15
"""Share of families, and of photographs, that training never sees."""


def order(name: str) -> str:
    """A key that sorts names as if shuffled, the same way on every machine."""
    return hashlib.sha256(name.encode()).hexdigest()


def held_out(names: Iterable[str]) -> set[str]:
    """`TEST_SHARE` of the distinct `names`, at least one where there are two or more."""
    distinct = sorted(set(names), key=order)
    wanted = max(1, round(TEST_SHARE * len(distinct))) if len(distinct) > 1 else 0
    return set(distinct[:wanted])


def held_out_designs(scripts_of: Mapping[str, Collection[str]]) -> set[str]:
    """The designs kept for testing, from what each one can write.

    1. Each design counts for its rarest script, so that a test face of Latin is not always one of a Chinese font.
    2. Of each script's designs, `held_out` takes a share.
    3. A script that two designs or more can write, and that has none yet, gets one.
    A script that only one design can write keeps it for training.
    """
    writers: dict[str, list[str]] = defaultdict(list)
    for design, scripts in scripts_of.items():
        for script in scripts:
            writers[script].append(design)
    alone = {designs[0] for designs in writers.values() if len(designs) == 1}
    strata: dict[str, list[str]] = defaultdict(list)
    for design, scripts in scripts_of.items():
        if scripts and design not in alone:
            strata[min(sorted(scripts), key=lambda script: len(writers[script]))].append(design)
    test = set[str]().union(*(held_out(designs) for designs in strata.values()))
    for script in sorted(writers):
        designs = [design for design in sorted(writers[script], key=order) if design not in alone]
        if designs and len(writers[script]) > 1 and not test & set(writers[script]):
            test.add(designs[0])
    return test
