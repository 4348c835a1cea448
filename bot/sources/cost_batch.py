"""The results of one bucket of costs, kept as columns while its page is read. Pure."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from bot.sources.amounts import Amounts
from bot.spend.columns import Coded, CostColumns
from bot.spend.money import Exact
from bot.spend.rows import CostRow

Key = tuple[str, str, str]
"""Project, line item, API key; "" for none."""
Cost = tuple[Key, Exact, float | None, str | None]
"""Quantity and its unit come last."""


class _Codes(dict[str | None, int]):
    """The number of each word, in the order in which they came; "" and None are the same."""

    def __missing__(self, word: str | None) -> int:
        number = self[word] = self[None] if word == "" else len(self)
        return number


class _Column:
    """The words of a column that grows."""

    def __init__(self) -> None:
        self._codes = _Codes()
        self._codes[None] = 0
        self._numbers = array("i")

    def add(self, words: Iterable[str | None]) -> None:
        self._numbers.extend(map(self._codes.__getitem__, words))

    def add_column(self, other: Coded) -> None:
        codes = np.array([self._codes[word] for word in other.words], dtype=np.int32)
        self._numbers.frombytes(codes[other.codes].tobytes())

    def coded(self) -> Coded:
        words: list[str | None] = [None] * (max(self._codes.values()) + 1)
        for word, number in self._codes.items():
            words[number] = word or None
        return Coded(tuple(words), np.array(self._numbers, dtype=np.int32))


class CostBatch:
    """Grows by some results at a time; `columns` makes a day of it.

    `currencies` are the codes of its amounts, in capitals.
    """

    def __init__(self) -> None:
        self.currencies: set[str] = set()
        self._words = tuple(_Column() for _ in range(4))
        self._amounts: list[Amounts] = []
        self._quantities: list[NDArray[np.float64]] = []

    def __len__(self) -> int:
        return sum(len(some) for some in self._quantities)

    def add(
        self,
        words: Sequence[Iterable[str | None]],
        amounts: Amounts,
        quantities: NDArray[np.float64],
    ) -> None:
        """Rows by their columns: `words` are projects, line items, API keys and units."""
        for column, some in zip(self._words, words, strict=True):
            column.add(some)
        self._amounts.append(amounts)
        self._quantities.append(quantities)

    def add_costs(self, costs: Sequence[Cost]) -> None:
        """Rows one by one."""
        words = [[cost[0][place] for cost in costs] for place in range(3)]
        unknown = float("nan")
        quantities = [unknown if cost[2] is None else cost[2] for cost in costs]
        self.add(
            [*words, [cost[3] for cost in costs]],
            Amounts.exactly([cost[1] for cost in costs]),
            np.array(quantities, dtype=np.float64),
        )

    def add_batch(self, other: CostBatch) -> None:
        """The rows of another one."""
        self.currencies |= other.currencies
        for column, more in zip(self._words, other._words, strict=True):
            column.add_column(more.coded())
        self._amounts += other._amounts
        self._quantities += other._quantities

    def columns(self, day: date) -> CostColumns:
        """The day's rows: sorted, each place once, adding up to the exact total rounded once.

        Raises OverflowError where the total has more than 64 bits.
        """
        if not self._amounts:
            return CostColumns.of(day, ())
        amounts = Amounts.together(self._amounts)
        words = [column.coded() for column in self._words]
        ranks = [_ranks(column) for column in words[:3]]
        order = np.lexsort(ranks[::-1])
        projects, items, keys, units = (column.at(order) for column in words)
        quantities = np.concatenate(self._quantities)[order]
        shares = amounts.shared_out(order)
        found = CostColumns(day, projects, items, keys, shares, quantities, units)
        again = np.logical_and.reduce([np.diff(rank[order]) == 0 for rank in ranks])
        return _merged(found) if again.any() else found


def _ranks(column: Coded) -> NDArray[np.intp]:
    """For each row, the place of its word in their order, none first."""
    place = {word: n for n, word in enumerate(sorted(word or "" for word in column.words))}
    ranks = np.array([place[word or ""] for word in column.words], dtype=np.intp)
    return np.asarray(ranks[column.codes])


def _merged(columns: CostColumns) -> CostColumns:
    """One row of those that differ in nothing."""
    rows: list[CostRow] = []
    for row in columns:
        rows.append(_together(rows.pop(), row) if rows and rows[-1][:4] == row[:4] else row)
    return CostColumns.of(columns.day, rows)


def _together(one: CostRow, other: CostRow) -> CostRow:
    """Two rows of the same key as one; quantities in different units have no sum."""
    nanos = one.nanos + other.nanos
    if one.quantity_unit != other.quantity_unit or one.quantity is None or other.quantity is None:
        return one._replace(nanos=nanos, quantity=None, quantity_unit=None)
    return one._replace(nanos=nanos, quantity=one.quantity + other.quantity)
