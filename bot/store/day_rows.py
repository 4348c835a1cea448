"""A day's money as the database holds it: numbers of members, and the sums by each dimension."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.spend.columns import Coded, CostColumns, known
from bot.spend.line_item import parse
from bot.spend.rows import CostRow
from bot.store.members import NONE

Number = Callable[[str, str | None], int]
"""The number of a member by its dimension and value."""
_Numbers = NDArray[np.int64]
_AT_ONCE = 8_192


@dataclass(frozen=True, slots=True)
class DayRows:
    """Columns in the order of the table's key, in which SQLite inserts fastest."""

    columns: CostColumns
    project: _Numbers
    line_item: _Numbers
    api_key: _Numbers
    model: _Numbers

    @classmethod
    def of(cls, columns: CostColumns, number: Number) -> DayRows:
        """Number what has no number yet. Rows of the same place become one."""
        made = cls._numbered(columns, number)
        keys = (made.project, made.line_item, made.api_key)
        order = np.lexsort(keys[::-1])
        again = np.logical_and.reduce([np.diff(key[order]) == 0 for key in keys])
        if again.any():
            return cls.of(CostColumns.of(columns.day, _merged(columns)), number)
        return cls(columns.at(order), *(each[order] for each in (*keys, made.model)))

    @classmethod
    def _numbered(cls, columns: CostColumns, number: Number) -> DayRows:
        def model(line_item: str | None) -> int:
            return number("model", parse(line_item).family if line_item else None)

        return cls(
            columns,
            _numbers(columns.projects, lambda word: number("project", word)),
            _numbers(columns.line_items, lambda word: number("line_item", word)),
            _numbers(columns.api_keys, lambda word: number("api_key", word)),
            _numbers(columns.line_items, model),
        )

    def __len__(self) -> int:
        return len(self.columns)

    def cost_rows(self) -> Iterator[tuple[Any, ...]]:
        """Rows of the table `cost_rows`, some thousands in memory at a time."""
        for columns in self.cost_columns():
            yield from zip(*columns, strict=True)

    def cost_columns(self) -> Iterator[Sequence[list[Any]]]:
        """The same as columns, some thousands of rows in a batch."""
        day, nanos = self.columns.day.toordinal(), self.columns.nanos
        numbers = (self.project, self.line_item, self.api_key, self.model, nanos)
        for start in range(0, len(self), _AT_ONCE):
            some = slice(start, start + _AT_ONCE)
            quantities = known(self.columns.quantities[some])
            yield (
                [day] * len(quantities),
                *(column[some].tolist() for column in numbers),
                quantities,
                self.columns.units.some(some),
            )

    def cost_sums(self) -> Iterator[tuple[str, int, int, int]]:
        """Rows of the table `cost_sums`."""
        day, nanos = self.columns.day.toordinal(), self.columns.nanos
        if len(self):
            yield "organization", day, NONE, self.columns.total
        by = {
            "project": self.project,
            "line_item": self.line_item,
            "api_key": self.api_key,
            "model": self.model,
        }
        for dimension, numbers in by.items():
            for member, total in _sums(numbers, nanos):
                yield dimension, day, member, total


def _numbers(column: Coded, number: Callable[[str | None], int]) -> _Numbers:
    used = np.flatnonzero(np.bincount(column.codes)).tolist()
    known_by_code = np.zeros(len(column.words), dtype=np.int64)
    known_by_code[used] = [number(column.words[code]) for code in used]
    return np.asarray(known_by_code[column.codes])


def _sums(numbers: _Numbers, nanos: _Numbers) -> Iterator[tuple[int, int]]:
    totals = np.zeros(int(numbers.max(initial=0)) + 1, dtype=np.int64)
    np.add.at(totals, numbers, nanos)
    members = np.flatnonzero(np.bincount(numbers))
    yield from zip(members.tolist(), totals[members].tolist(), strict=True)


def _merged(columns: CostColumns) -> Iterator[CostRow]:
    """One row per project × line item × key: a source may name the same one twice."""
    by_key: dict[tuple[str | None, ...], CostRow] = {}
    for row in columns:
        same = by_key.get(row[1:4])
        by_key[row[1:4]] = _together(same, row) if same else row
    yield from by_key.values()


def _together(one: CostRow, other: CostRow) -> CostRow:
    quantity = one.quantity if other.quantity is None else (one.quantity or 0) + other.quantity
    return one._replace(nanos=one.nanos + other.nanos, quantity=quantity)
