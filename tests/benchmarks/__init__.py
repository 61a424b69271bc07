"""Benchmarks: `python -m tests.benchmarks NAME` prints one JSON object a line, and never fails on a missed goal."""

from collections.abc import Iterator
from importlib import import_module
from typing import Protocol, cast

from tests.benchmarks.figure import Figure


class Benchmark(Protocol):
    """A module that measures."""

    def run(self) -> Iterator[Figure]:
        """Measure, and yield each figure as soon as it is known."""


BENCHMARKS: dict[str, str] = {
    "page": "tests.benchmarks.page",
    "concepts": "tests.benchmarks.concepts",
    "speed": "tests.benchmarks.speed",
    "text_image": "tests.benchmarks.text_image",
    "text_image_style": "tests.benchmarks.text_image_style",
    "text_image_samplers": "tests.benchmarks.text_image_samplers",
    "text_image_training": "tests.benchmarks.text_image_training",
    "text_image_speed": "tests.benchmarks.text_image_speed",
    "attention_rules": "tests.benchmarks.attention_rules",
    "attention_rules_autoencoders": "tests.benchmarks.attention_rules_autoencoders",
    "attention_rules_own_text": "tests.benchmarks.attention_rules_own_text",
    "attention_rules_speed": "tests.benchmarks.attention_rules_speed",
    "visual_patterns": "tests.benchmarks.visual_patterns",
    "visual_patterns_speed": "tests.benchmarks.visual_patterns_speed",
}
"""Name -> module."""


def load(name: str) -> Benchmark:
    """The benchmark called `name`; KeyError, listing those there are, if there is none."""
    if name not in BENCHMARKS:
        raise KeyError(f"no benchmark {name!r}; there are: {', '.join(BENCHMARKS)}")
    return cast(Benchmark, import_module(BENCHMARKS[name]))
