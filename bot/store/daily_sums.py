"""Exact sums by day: what rules judge. Added up by the database, or read from its roll-ups.

Rows become columns of numbers a few thousand at a time; names come in once per subject.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.engine import Connection

from bot.spend.calendar import Span
from bot.spend.ledger import DailyTable, Ids, Sums, sort_key
from bot.spend.line_item import parse
from bot.spend.metrics import Additive
from bot.store.packing import packed, unpacked
from bot.store.records import within
from bot.store.schema import cost_rows, cost_sums, days, usage_rows

ROLLED_UP = ("organization", "project", "line_item", "api_key", "model")
"""Dimensions whose daily sums of money are kept."""
_SNAPSHOT = "snapshot"
_CALLED = {"model": "family", _SNAPSHOT: "model"}
_AT_ONCE = 20_000
_LARGEST_KEY = 2**62
Reading = Callable[[str], str | None]
"""What is read from a member's value."""
_Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Question:
    """A query for days, sums, and the numbers of the members of each dimension: row by row.

    Of a packed one the database makes a line of text of each column and day, and counts its rows:
    so it says the same in a third of the time.
    """

    query: sa.Select[Any]
    is_packed: bool = False


def daily_query(quantity: Additive, dimensions: tuple[str, ...], span: Span) -> Question:
    """Of the finest table it needs."""
    if quantity.is_usage:
        return Question(_usage_sums(quantity, dimensions, span))
    if len(dimensions) == 1 and dimensions[0] in ROLLED_UP:
        return _rolled_up_sums(dimensions[0], span)
    return Question(_cost_sums(dimensions, span))


def rows_query(dimensions: tuple[str, ...], span: Span, projects: Sequence[int]) -> Question:
    """The same of the money of a few projects alone, row by row: they are few, and quicker added
    up here."""
    columns = [_column(cost_rows, "line_item" if d == _SNAPSHOT else d) for d in dimensions]
    known = sa.select(days.c.day).where(days.c.dataset == "costs", within(days.c.day, span))
    # Day by day and project by project: of a range of days, SQLite would read every row.
    these = sa.and_(cost_rows.c.day.in_(known), cost_rows.c.project.in_(projects))
    return _packed(cost_rows.c.day, (cost_rows.c.nanos, *columns), these)


def readings(quantity: Additive, dimensions: tuple[str, ...]) -> list[Reading | None]:
    """What is read from a member's value, by dimension; None for the value itself."""
    return [
        _snapshot if name == _SNAPSHOT and not quantity.is_usage else None for name in dimensions
    ]


@dataclass(frozen=True, slots=True)
class DailySums:
    """An answer to a `daily_query`: a column each for days, sums, and codes of `ids`.

    The same ids may have several codes, where they are read from a part of the value.
    """

    days: _Numbers
    totals: _Numbers
    codes: NDArray[np.intp]
    ids: Sequence[Ids]

    @classmethod
    def read(
        cls,
        connection: Connection,
        question: Question,
        values: Mapping[int, str],
        reading: Sequence[Reading | None],
    ) -> DailySums:
        """`values` are the members by number."""
        width = 2 + len(reading)
        cursor: Any = connection.execute(question.query).cursor  # bare tuples: maybe millions
        parts = _unpacked(cursor) if question.is_packed else _rows(cursor, width)
        nothing = np.zeros((width, 0), dtype=np.int64)
        day, total, *members = np.concatenate([nothing, *parts], axis=1)
        codes, numbered = _coded(members, len(day))
        return cls(day, total, codes, [_ids(each, values, reading) for each in numbered])

    def sums(self) -> Sums:
        """By ids and day; days without a row are left out."""
        found: dict[Ids, dict[date, int]] = defaultdict(lambda: defaultdict(int))
        for day, total, code in zip(
            self.days.tolist(), self.totals.tolist(), self.codes.tolist(), strict=True
        ):
            found[self.ids[code]][date.fromordinal(day)] += total
        return dict(found)

    def table(self, span: Span) -> DailyTable:
        """The days of a span, of which the answer must be."""
        ids = tuple(sorted(set(self.ids), key=sort_key))
        where = {each: n for n, each in enumerate(ids)}
        places = np.array([where[each] for each in self.ids], dtype=np.intp)
        values = np.zeros((len(span), len(ids)), dtype=np.int64)
        np.add.at(values, (self.days - span.start.toordinal(), places[self.codes]), self.totals)
        return DailyTable(span, ids, values)


def _rows(cursor: Any, width: int) -> Iterator[_Numbers]:
    """The columns of an answer, some thousand rows at a time."""
    while rows := cursor.fetchmany(_AT_ONCE):
        numbers = np.fromiter(chain.from_iterable(rows), np.int64, len(rows) * width)
        yield numbers.reshape(len(rows), width).T


def _unpacked(cursor: Any) -> Iterator[_Numbers]:
    """The same of a packed answer, day by day."""
    for day, rows, *lines in cursor:
        columns = (unpacked(line, rows) for line in lines)
        yield np.stack([np.full(rows, day, np.int64), *columns])


def _coded(
    numbers: Sequence[_Numbers], rows: int
) -> tuple[NDArray[np.intp], Iterable[tuple[int, ...]]]:
    """A code for each row, and the members' numbers that each code stands for."""
    keys = np.zeros(rows, dtype=np.int64)
    for column in numbers:
        width = int(column.max(initial=0)) + 1
        if int(keys.max(initial=0) + 1) * width > _LARGEST_KEY:
            keys = np.unique(keys, return_inverse=True)[1].astype(np.int64)
        keys = keys * width + column
    _, firsts, codes = np.unique(keys, return_index=True, return_inverse=True)
    return codes, zip(*(column[firsts].tolist() for column in numbers), strict=True)


def _ids(
    numbers: Sequence[int], values: Mapping[int, str], readings: Sequence[Reading | None]
) -> Ids:
    """The members' values, or what is read from them."""
    parts = (values.get(number) for number in numbers)
    return tuple(
        part if part is None or reading is None else reading(part)
        for part, reading in zip(parts, readings, strict=True)
    )


def _snapshot(line_item: str) -> str | None:
    return parse(line_item).snapshot


def _rolled_up_sums(dimension: str, span: Span) -> Question:
    these = sa.and_(cost_sums.c.dimension == dimension, within(cost_sums.c.day, span))
    return _packed(cost_sums.c.day, (cost_sums.c.nanos, cost_sums.c.member), these)


def _packed(
    day: sa.ColumnElement[int],
    columns: Iterable[sa.ColumnElement[int]],
    which: sa.ColumnElement[bool],
) -> Question:
    asked: list[sa.ColumnElement[Any]] = [day, sa.func.count(), *map(packed, columns)]
    return Question(sa.select(*asked).where(which).group_by(day), is_packed=True)


def _cost_sums(dimensions: tuple[str, ...], span: Span) -> sa.Select[Any]:
    # A snapshot is a part of the line item, read from it when the sums are made.
    columns = [_column(cost_rows, "line_item" if d == _SNAPSHOT else d) for d in dimensions]
    return (
        sa.select(cost_rows.c.day, _total(cost_rows.c.nanos), *columns)
        .where(within(cost_rows.c.day, span))
        .group_by(cost_rows.c.day, *_grouping(columns))
    )


def _usage_sums(quantity: Additive, dimensions: tuple[str, ...], span: Span) -> sa.Select[Any]:
    columns = [_column(usage_rows, _CALLED.get(d, d)) for d in dimensions]
    return (
        sa.select(usage_rows.c.day, _total(usage_rows.c[quantity.value]), *columns)
        .where(within(usage_rows.c.day, span))
        .group_by(usage_rows.c.day, *_grouping(columns))
    )


def _total(column: sa.ColumnElement[Any]) -> sa.ColumnElement[int]:
    # PostgreSQL adds integers up to a decimal.
    return sa.cast(sa.func.sum(column), sa.BigInteger)


def _column(table: sa.Table, name: str) -> sa.ColumnElement[int]:
    return sa.literal_column("0") if name == "organization" else table.c[name]


def _grouping(columns: list[sa.ColumnElement[int]]) -> list[sa.ColumnElement[int]]:
    # A bare 0 in GROUP BY would be read as the position of a column.
    return [column for column in columns if isinstance(column, sa.Column)]
