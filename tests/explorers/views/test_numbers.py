"""Numbers and axes, against values worked out by hand."""

import math

import pytest

from backends.errors import InputError
from explorers.views.axes import Scale, padded
from explorers.views.numbers import fixed, nice_ticks, number, require_finite, shared_decimals, with_unit

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.8341, "0.834"),
        (0.5, "0.500"),
        (12.34, "12.3"),
        (1797, "1,797"),
        (0, "0"),
        (-3.2, "−3.20"),
        (0.00041, "4.1e-4"),
        (None, "–"),
        (math.nan, "–"),
        (-math.inf, "−∞"),
    ],
)
def test_numbers_have_three_significant_digits(value: float | None, text: str) -> None:
    assert number(value) == text


def test_a_missing_value_has_no_unit() -> None:
    assert with_unit(38.0, "ms").replace("\u202f", " ") == "38 ms"
    assert with_unit(98.5, "%") == "98.5%"
    assert with_unit(None, "ms") == "–"


def test_fixed_never_shows_a_negative_zero() -> None:
    assert fixed(-0.001, 2) == "0.00"
    assert fixed(-0.3, 2) == "−0.30"


@pytest.mark.parametrize(
    ("values", "decimals"), [([0.81, 0.02], 2), ([2.31, -0.3], 2), ([0.05], 3), ([120], 0), ([], 0)]
)
def test_a_column_shares_its_decimals(values: list[float], decimals: int) -> None:
    assert shared_decimals(values) == decimals


def test_ticks_are_round_and_inside() -> None:
    assert [label for _, label in nice_ticks(0, 1)] == ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]
    assert [label for _, label in nice_ticks(-3, 17.2)] == ["0", "5", "10", "15"]


@pytest.mark.parametrize(("low", "high"), [(1, 1), (2, 1), (0, math.inf), (math.nan, 1)])
def test_an_impossible_axis_is_refused(low: float, high: float) -> None:
    with pytest.raises(InputError, match="finite range"):
        nice_ticks(low, high)


def test_a_scale_maps_the_middle_to_the_middle() -> None:
    scale = Scale(0, 10, 100, 300)
    assert scale(5) == 200
    assert scale(-1) == 100
    assert Scale(0, 1, 300, 100)(0.25) == 250


def test_an_empty_scale_is_refused() -> None:
    with pytest.raises(InputError, match="low < high"):
        Scale(1, 1, 0, 100)


def test_padding_gives_a_single_value_room() -> None:
    assert padded(0, 10, 0.1) == (-1, 11)
    assert padded(3, 3) == (2.7, 3.3)


def test_values_must_be_finite() -> None:
    with pytest.raises(InputError, match="accuracy holds nan at position 1"):
        require_finite([0.5, math.nan], "accuracy")
