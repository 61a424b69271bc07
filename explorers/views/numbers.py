"""Numbers as people read them: two or three significant digits, a real minus sign, one dash for "no value"."""

import math
from collections.abc import Iterable, Sequence

from backends.errors import InputError

MISSING = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
THIN_SPACE = "\N{NARROW NO-BREAK SPACE}"


def number(value: float | None, digits: int = 3) -> str:
    """`value` with `digits` significant digits and at most three decimals; a dash for None or NaN.

    Counts keep all their digits: 1797 reads "1,797", 0.8341 reads "0.834", 0.00041 reads "4.1e-4".
    """
    if value is None or math.isnan(value):
        return MISSING
    if isinstance(value, int):
        return fixed(value, 0)
    if math.isinf(value):
        return ("" if value > 0 else MINUS) + "\N{INFINITY}"
    return _magnitude(abs(value), digits) if value >= 0 else MINUS + _magnitude(abs(value), digits)


def _magnitude(size: float, digits: int) -> str:
    if size == int(size) and (size >= 10 or size == 0):
        return f"{int(size):,}"
    if size < 1e-3 or size >= 1e7:
        mantissa, exponent = f"{size:.1e}".split("e")
        return f"{mantissa}e{int(exponent)}"
    exponent10 = math.floor(math.log10(size))
    decimals = min(max(digits - 1 - exponent10, 0), digits)
    return f"{size:,.{decimals}f}"


def with_unit(value: float | None, unit: str) -> str:
    """`number(value)` and its unit, kept on one line; no unit for a missing value."""
    text = number(value)
    return text if text == MISSING else suffixed(text, unit)


def suffixed(text: str, unit: str) -> str:
    """A number that is already text, and its unit."""
    return text + (unit if unit in ("", "%") else THIN_SPACE + unit)


def fixed(value: float, decimals: int) -> str:
    """`value` with exactly `decimals` decimals, for columns and axes; never "-0.0"."""
    text = f"{value:,.{decimals}f}"
    if float(text.replace(",", "")) == 0:
        text = text.lstrip("-")
    return text.replace("-", MINUS)


def shared_decimals(values: Sequence[float]) -> int:
    """How many decimals a column of `values` needs so that the largest shows two or three significant digits."""
    largest = max((abs(value) for value in values), default=0.0)
    if largest == 0:
        return 0
    exponent = math.floor(math.log10(largest))
    return min(max(2 - exponent if exponent >= 0 else 1 - exponent, 0), 6)


def nice_ticks(low: float, high: float, count: int = 5) -> tuple[tuple[float, str], ...]:
    """About `count` round positions within [low, high] on a 1-2-5 step, each with its label.

    Raises InputError when the range is empty, reversed or not finite.
    """
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise InputError(f"An axis needs a finite range with low < high, got {low} to {high}.")
    step = _nice_step((high - low) / max(count - 1, 1))
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    return tuple((index * step, fixed(index * step, decimals)) for index in range(first, last + 1))


def _nice_step(rough: float) -> float:
    power = float(10 ** math.floor(math.log10(rough)))
    for factor, until in ((1.0, 1.5), (2.0, 3.5), (5.0, 7.5)):
        if rough < until * power:
            return factor * power
    return 10.0 * power


def finite_range(values: Iterable[float | None], what: str) -> tuple[float, float]:
    """Lowest and highest of the finite values; raises InputError when `what` has none."""
    found = [value for value in values if value is not None and math.isfinite(value)]
    if not found:
        raise InputError(f"{what} has no finite value to draw.")
    return min(found), max(found)


def require_finite(values: Sequence[float], what: str) -> None:
    """Raises InputError, naming `what`, when a value is NaN or infinite."""
    for index, value in enumerate(values):
        if not math.isfinite(value):
            raise InputError(f"{what} holds {value} at position {index}; every value must be a finite number.")
