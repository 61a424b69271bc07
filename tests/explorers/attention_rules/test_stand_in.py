"""What the page says of rules in the place of a head: its figures, and nothing where nothing was measured."""

import pytest

from backends.attention_rules import shelf
from backends.attention_rules.shelf import FeatureKey
from explorers.attention_rules.stand_in import evidence, stand_in_html

pytestmark = pytest.mark.unit

ROW = {
    "layer": 1,
    "head": 2,
    "seed": 0,
    "ablated": 0.05,
    "autoencoder": 0.9,
    "rules": -0.25,
    "explained": 0.4,
    "loss": {"clean": 3.1, "ablated": 3.15, "autoencoder": 3.11, "rules": 3.123456},
    "features": [
        {"feature": 7, "f1": 0.9, "ablated": 0.002, "rules": 0.8},
        {"feature": 9, "f1": 0.1, "ablated": 0.0, "rules": None},
        {"feature": 11, "f1": 0.4, "ablated": 0.001, "rules": 0.2},
    ],
}
FOUND = {"command": "python -m it", "date": "2026-11-24", "texts": 32, "strongest": 8, "heads": [ROW]}


def test_figures_stand_beside_the_mean_and_the_autoencoder() -> None:
    rules, autoencoder, variance, alone = evidence(ROW)
    assert (rules.value, rules.floor, rules.baseline) == (-0.25, -0.25, 0.0)  # worse than the mean is shown as that
    assert (autoencoder.value, variance.value) == (0.9, 0.4)
    assert (alone.value, alone.low, alone.high, alone.n) == (0.5, 0.2, 0.8, 2)
    html = stand_in_html(FeatureKey(1, 2, 0, 7), FOUND)
    assert "layer 1, head 2" in html
    assert "0.0500 nats" in html


def test_a_head_that_was_not_measured_has_no_section() -> None:
    assert stand_in_html(FeatureKey(3, 4, 0, 1), FOUND) == ""


def test_every_head_of_the_index_was_measured() -> None:
    measured = {(row["layer"], row["head"]) for row in shelf.stand_in()["heads"]}
    assert measured == {(row["layer"], row["head"]) for row in shelf.rules_index().heads()}
