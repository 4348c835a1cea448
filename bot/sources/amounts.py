"""Amounts of a bill as they are written, thousands at a time: exact, in two whole numbers. Pure.

An amount is nanos (10⁻⁹) of the currency's unit and attos (10⁻¹⁸) beyond them, 0 to 999,999,999.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bot.spend.money import ATTOS_PER_NANO, Exact, attos_of, share_out

Numbers = NDArray[np.int64]
_WHOLE, _FRACTION = 10, 18
"""Digits before and after the point that two whole numbers hold."""
_COMMA, _POINT, _ZERO = b",.0"
_LARGEST = 1_000_000_000
_MOST = 9e18
"""What a sum of 64 bits holds."""


class Amounts(NamedTuple):
    """Nanos and attos by amount; the exact ones of what is written still finer."""

    nanos: Numbers
    attos: Numbers
    finer: dict[int, Exact]

    @classmethod
    def exactly(cls, amounts: Sequence[Exact]) -> Amounts:
        """From whole attodollars, or Decimals of dollars."""
        finer: dict[int, Exact] = {}
        whole = []
        for n, amount in enumerate(amounts):
            known = attos_of(amount)
            if known is None:
                finer[n] = amount
            whole.append(divmod(known or 0, ATTOS_PER_NANO))
        both = np.array(whole, dtype=np.int64).reshape(len(whole), 2)
        return cls(both[:, 0], both[:, 1], finer)

    @classmethod
    def together(cls, parts: Sequence[Amounts]) -> Amounts:
        """One after the other."""
        finer: dict[int, Exact] = {}
        begun = 0
        for part in parts:
            finer.update((begun + n, amount) for n, amount in part.finer.items())
            begun += len(part.nanos)
        nanos = np.concatenate([part.nanos for part in parts])
        return cls(nanos, np.concatenate([part.attos for part in parts]), finer)

    def shared_out(self, order: NDArray[np.intp]) -> Numbers:
        """`share_out` of the amounts in that order. Raises OverflowError beyond 64 bits."""
        if float(np.abs(self.nanos).sum(dtype=np.float64)) > _MOST:
            raise OverflowError("the amounts of a day add up to more than 64 bits")
        if self.finer:
            return np.array(share_out(self._exact(order)), dtype=np.int64)
        rest = self.attos[order].cumsum()
        due = self.nanos[order].cumsum() + rest // ATTOS_PER_NANO
        rest %= ATTOS_PER_NANO
        half = ATTOS_PER_NANO // 2
        due += (rest > half) | ((rest == half) & (due & 1 == 1))  # half to even, as everywhere
        return np.asarray(np.diff(due, prepend=0))

    def _exact(self, order: NDArray[np.intp]) -> list[Exact]:
        both = zip(self.nanos.tolist(), self.attos.tolist(), strict=True)
        exact: list[Exact] = [nanos * ATTOS_PER_NANO + attos for nanos, attos in both]
        for n, amount in self.finer.items():
            exact[n] = amount
        return [exact[n] for n in order.tolist()]


def plain(written: Sequence[bytes]) -> tuple[Amounts, NDArray[np.intp]]:
    """The amounts written plainly, as `41.2`, and the numbers of those written another way."""
    text = np.frombuffer(b",".join(written) + b",", dtype=np.uint8)
    ends = np.flatnonzero(text == _COMMA)
    if len(ends) != len(written):
        return _nothing(len(written)), np.arange(len(written))
    starts = np.concatenate([[0], ends[:-1] + 1])
    points = np.flatnonzero(text == _POINT)
    of = np.searchsorted(ends, points)
    point = ends.copy()
    point[of] = points
    digits = text - _ZERO  # what is no digit wraps around to more than 9
    counted = np.add.reduceat((digits <= 9).astype(np.int64), starts)
    whole, fraction = point - starts, np.maximum(ends - point - 1, 0)
    sound = (counted == whole + fraction) & (counted > 0) & (fraction <= _FRACTION)
    sound &= (whole <= _WHOLE) & (counted + (point < ends) == ends - starts)
    sound &= (whole > 0) & ((fraction > 0) | (point == ends))
    dollars = _number(digits, point, -np.arange(1, _longest(whole, sound) + 1), starts, ends)
    nanos = _number(digits, point, np.arange(9, 0, -1), starts, ends)
    finer = _longest(fraction, sound) > 9
    attos = _number(digits, point, np.arange(18, 9, -1), starts, ends) if finer else 0 * nanos
    sound &= (dollars < _LARGEST) | ((dollars == _LARGEST) & (nanos + attos == 0))
    found = Amounts(np.where(sound, dollars * _LARGEST + nanos, 0), np.where(sound, attos, 0), {})
    return found, np.flatnonzero(~sound)


def _longest(lengths: Numbers, sound: NDArray[np.bool_]) -> int:
    return int(lengths[sound].max(initial=0))


def _number(
    digits: NDArray[np.uint8],
    point: Numbers,
    places: NDArray[np.intp],
    starts: Numbers,
    ends: Numbers,
) -> Numbers:
    """The number whose digits stand at those places from the point, the lowest first."""
    total = np.zeros(len(point), dtype=np.int64)
    worth = 1
    for place in places.tolist():
        at = point + place
        there = (at >= starts) & (at < ends)
        total += np.where(there, digits[np.where(there, at, 0)].astype(np.int64), 0) * worth
        worth *= 10
    return total


def _nothing(rows: int) -> Amounts:
    return Amounts(np.zeros(rows, dtype=np.int64), np.zeros(rows, dtype=np.int64), {})
