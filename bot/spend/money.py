"""Money as integer nanos (10⁻⁹) of the bill's currency, as `google.type.Money` counts it.

The one module that knows how money is read and summed exactly; how it is shown is the currency's
(`bot.spend.currency`). "Dollars" in a name stand for units of whatever the bill is in. The Costs
API sends `amount.value` in units as a JSON number, a string, up to 34 significant digits, or a
Decimal128 zero such as `0E-6176` (OpenAI API reference; steipete/CodexBar#999).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation

NANOS_PER_UNIT = 1_000_000_000
"""Nanos in a unit of the currency: nano-dollars in a dollar."""

LARGEST_DOLLARS = 1_000_000_000
"""An amount beyond a billion units a row is an error of the source, and would overflow sums."""

LARGEST_DAY_DOLLARS = 20_000_000
"""So is a day of more, credits counted like charges. Such a day, for a year, still fits 64 bits."""

FINEST_EXPONENT = -6176
"""Of the smallest Decimal128. What is finer is no amount of money."""

# Wide enough to add millions of the largest and the finest amounts without ever rounding on the
# way; only the digits that are there are kept, so width costs nothing.
_EXACT = Context(prec=6_400, Emin=-9_999, Emax=9_999, rounding=ROUND_HALF_EVEN)
_ZERO = Decimal(0)


class MoneyError(ValueError):
    """An amount that is not a finite, sane number."""


def dollars(raw: object) -> Decimal:
    """The exact dollars of an API amount: number, numeric string or Decimal.

    Negative amounts (credits) are kept; any zero becomes a plain 0.
    Raises MoneyError for anything else (`None`, `NaN`, text, booleans, absurd sizes).
    """
    if isinstance(raw, bool) or not isinstance(raw, int | float | str | Decimal):
        raise MoneyError(f"an amount must be a number, not {type(raw).__name__}")
    try:
        value = raw if isinstance(raw, Decimal) else Decimal(_without_separators(str(raw).strip()))
    except InvalidOperation:
        raise MoneyError("an amount must be a number") from None
    if not value.is_finite():
        raise MoneyError("an amount must be finite")
    if value == 0:
        return _ZERO
    if value.adjusted() > 12 or abs(value) > LARGEST_DOLLARS:
        raise MoneyError("an amount is larger than a billion")
    _, digits, exponent = value.as_tuple()
    if len(digits) > 60 or int(exponent) < FINEST_EXPONENT:
        raise MoneyError("an amount has more than 60 digits, or finer ones than Decimal128")
    return value


def _without_separators(text: str) -> str:
    """The text; `Decimal` reads `1_0` as ten, the API and people never write that."""
    if "_" in text:
        raise MoneyError("an amount must be a number")
    return text


def nanos(amount: Decimal) -> int:
    """Nano-dollars of an exact amount, rounded once, half to even."""
    return int(_EXACT.quantize(_EXACT.multiply(amount, Decimal(NANOS_PER_UNIT)), Decimal(1)))


ATTOS_PER_NANO = 1_000_000_000
_DECIMALS = 18
_LONGEST_PLAIN = 28  # digits of a billion dollars in attodollars; int() refuses far longer ones
_LARGEST_ATTOS = LARGEST_DOLLARS * 10**_DECIMALS
_SCALES = tuple(10 ** (_DECIMALS - digits) for digits in range(_DECIMALS + 1))

Exact = int | Decimal
"""An exact amount: whole attodollars (10⁻¹⁸), or dollars where they have more decimals."""


def attos(written: bytes) -> int | None:
    """Attodollars of an amount written plainly, as `41.2`; None for any other way of writing.

    Nearly all amounts of a bill are written so, and this is five times as fast as a Decimal.
    """
    whole, _, fraction = written.partition(b".")
    digits = whole + fraction
    if len(fraction) > _DECIMALS or len(digits) > _LONGEST_PLAIN or not digits.isdigit():
        return None
    amount = int(digits) * _SCALES[len(fraction)]
    return amount if amount <= _LARGEST_ATTOS else None


def attos_of(amount: Exact) -> int | None:
    """Attodollars of an exact amount; None where it has more decimals."""
    if isinstance(amount, int):
        return amount
    scaled = _EXACT.scaleb(amount, _DECIMALS)
    whole = int(scaled)
    return whole if whole == scaled else None


def share_out(amounts: Sequence[Exact]) -> list[int]:
    """Nano-dollars per amount such that they add up to the exact total, rounded once.

    What rounding takes from one amount is carried to the next, so that a day's rows sum to
    the nano of the day's true total however many digits each of them has.
    """
    whole = [amount for amount in amounts if type(amount) is int]
    if len(whole) == len(amounts):
        return _shares(itertools.accumulate(whole))
    return _shares_of_decimals(amounts)


def _shares(totals: Iterable[int]) -> list[int]:
    """From running totals in attodollars; half to even, as everywhere."""
    shared: list[int] = []
    told, half = 0, ATTOS_PER_NANO // 2
    for total in totals:
        due, rest = divmod(total, ATTOS_PER_NANO)
        if rest >= half and (rest > half or due & 1):
            due += 1
        shared.append(due - told)
        told = due
    return shared


def _shares_of_decimals(amounts: Iterable[Exact]) -> list[int]:
    shared: list[int] = []
    total, told = _ZERO, 0
    for amount in amounts:
        exact = _EXACT.scaleb(Decimal(amount), -_DECIMALS) if isinstance(amount, int) else amount
        total = _EXACT.add(total, _EXACT.multiply(exact, Decimal(NANOS_PER_UNIT)))
        due = int(_EXACT.quantize(total, Decimal(1)))
        shared.append(due - told)
        told = due
    return shared


def from_dollars(amount: float | int | str | Decimal) -> int:
    """Nano-dollars of a number written by a person, e.g. a cap of `41.2`."""
    return nanos(dollars(amount))


def exact(amount: int) -> str:
    """Exact units as a machine reads them: `"41.2"`, `"0.000105"`, `"-3"`, never an exponent."""
    sign, whole = ("-", -amount) if amount < 0 else ("", amount)
    units, fraction = divmod(whole, NANOS_PER_UNIT)
    tail = f"{fraction:09d}".rstrip("0")
    return f"{sign}{units}.{tail}" if tail else f"{sign}{units}"
