"""The bill as it is known: rows, roll-ups, names, and what is known of each day.

A day of a dataset is replaced whole, in one transaction with its roll-ups and its state.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.spend.calendar import ONE_DAY, DayState, SettlingTimes, Span
from bot.spend.doubt import Belief, Doubt, Known
from bot.spend.ledger import CERTAINTY, Ids, Sums
from bot.spend.line_item import family, parse
from bot.spend.metrics import Additive
from bot.spend.rows import CostDay, CostRow, Name, UsageDay, UsageKind, UsageRow
from bot.spend.split import Volume
from bot.store import day_sums
from bot.store.bulk import insert_all
from bot.store.database import Database
from bot.store.instants import from_text, to_text
from bot.store.known import known_costs, known_usage
from bot.store.members import NONE, Members, Numbers
from bot.store.schema import cost_rows, cost_sums, days, names, usage_rows

COSTS = "costs"
"""The dataset of money; a usage dataset is called `usage/<kind>`."""

_ROLLED_UP_BY: Mapping[str, Callable[[Sequence[Any]], int]] = {
    "project": itemgetter(1),
    "line_item": itemgetter(2),
    "api_key": itemgetter(3),
    "model": itemgetter(4),
}
"""Dimensions with daily sums, and how a row of `cost_rows` tells their member."""
_ROLLED_UP = ("organization", *_ROLLED_UP_BY)


_NOT_ASKED = {
    UsageKind.COMPLETIONS,  # always counts
    UsageKind.VECTOR_STORES,  # these have neither requests nor tokens
    UsageKind.CODE_INTERPRETER_SESSIONS,
    UsageKind.FILE_SEARCH_CALLS,
}
SNAPSHOT = "snapshot"
Reading = Callable[[str], str | None]


def usage_dataset(kind: UsageKind) -> str:
    """The dataset name of one usage endpoint."""
    return f"usage/{kind}"


@dataclass(frozen=True, slots=True)
class DayRecord:
    """What is known of one day of one dataset."""

    day: date
    fetched_at: datetime | None
    whole: bool
    failed: bool
    error: str | None


class History:
    """The stored bill."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._members = Members()

    def take(self, fetched: CostDay | UsageDay, now: datetime, belief: Belief) -> Doubt | None:
        """Put what was read of a day in the place of what was known, if it is believed.

        Else what was known stays, the day counts as not read, and the reason is returned.
        """
        with self._database.writing() as connection:
            doubt = belief.doubt(fetched, _known(connection, fetched), now)
            if doubt is None:
                self._replace(connection, fetched, now)
            else:
                span = Span(fetched.day, fetched.day + ONE_DAY)
                _mark_failed(connection, dataset_of(fetched), span, doubt.words, now)
            return doubt

    def replace_costs(self, fetched: CostDay, now: datetime) -> None:
        """Put a day's money in the place of what was known of that day."""
        with self._database.writing() as connection:
            self._replace(connection, fetched, now)

    def replace_usage(self, fetched: UsageDay, now: datetime) -> None:
        """Put a day's volume of one kind in the place of what was known of it."""
        with self._database.writing() as connection:
            self._replace(connection, fetched, now)

    def _replace(self, connection: Connection, fetched: CostDay | UsageDay, now: datetime) -> None:
        if isinstance(fetched, CostDay):
            rows = self._replace_costs(connection, fetched)
        else:
            rows = self._replace_usage(connection, fetched)
        _mark_fetched(connection, dataset_of(fetched), fetched.day, fetched.whole, rows, now)

    def _replace_costs(self, connection: Connection, fetched: CostDay) -> int:
        day = fetched.day.toordinal()
        rows = _merged(self._numbered_costs(connection, day, fetched.rows))
        _clear(connection, cost_rows, cost_rows.c.day == day)
        insert_all(connection, cost_rows, rows)
        _clear(connection, cost_sums, cost_sums.c.day == day)
        insert_all(connection, cost_sums, list(_roll_up(day, rows)))
        return len(rows)

    def _replace_usage(self, connection: Connection, fetched: UsageDay) -> int:
        rows = self._numbered_usage(connection, fetched)
        of_day = sa.and_(
            usage_rows.c.day == fetched.day.toordinal(), usage_rows.c.kind == fetched.kind.value
        )
        _clear(connection, usage_rows, of_day)
        insert_all(connection, usage_rows, rows)
        return len(rows)

    def mark_failed(self, dataset: str, span: Span, error: str, now: datetime) -> None:
        """Note that these days could not be read; what was known of them stays."""
        with self._database.writing() as connection:
            _mark_failed(connection, dataset, span, error, now)

    def remember_names(self, found: Iterable[Name], now: datetime) -> None:
        """Keep names for good: a deleted key stays on the bill but can no longer be asked for."""
        with self._database.writing() as connection:
            for name in found:
                known = sa.and_(names.c.dimension == name.dimension, names.c.id == name.id)
                values = {"name": name.name, "project_id": name.project_id, "seen_at": to_text(now)}
                if connection.execute(names.update().where(known).values(values)).rowcount == 0:
                    key = {"dimension": name.dimension, "id": name.id}
                    connection.execute(names.insert().values({**key, **values}))

    def names(self) -> dict[str, dict[str, str]]:
        """Every known name: dimension -> id -> name."""
        with self._database.reading() as connection:
            found: dict[str, dict[str, str]] = defaultdict(dict)
            for row in connection.execute(sa.select(names.c.dimension, names.c.id, names.c.name)):
                found[row.dimension][row.id] = row.name
            return dict(found)

    def day_records(self, dataset: str, span: Span) -> dict[date, DayRecord]:
        """What is known of each day of the span; days never heard of are left out."""
        query = sa.select(days).where(
            days.c.dataset == dataset,
            days.c.day >= span.start.toordinal(),
            days.c.day < span.end.toordinal(),
        )
        with self._database.reading() as connection:
            return {record.day: record for record in map(_record, connection.execute(query))}

    def states(
        self, dataset: str, span: Span, times: SettlingTimes, now: datetime
    ) -> dict[date, DayState]:
        """The state of every day of the span at `now`."""
        known = self.day_records(dataset, span)
        return {day: _state(known.get(day), day, times, now) for day in span}

    def usage_states(self, span: Span, times: SettlingTimes, now: datetime) -> dict[date, DayState]:
        """The state of every day of volume: the least certain of the kinds that are in use.

        Completions always count. Another kind does where the span holds rows of it, so that an
        endpoint nobody uses, or may not read, leaves no day unknown.
        """
        kinds = (UsageKind.COMPLETIONS, *self._kinds_in_use(span))
        states = [self.states(usage_dataset(kind), span, times, now) for kind in kinds]
        return {day: min((of[day] for of in states), key=CERTAINTY.index) for day in span}

    def _kinds_in_use(self, span: Span) -> list[UsageKind]:
        others = {usage_dataset(kind): kind for kind in UsageKind if kind not in _NOT_ASKED}
        query = (
            sa.select(days.c.dataset)
            .where(days.c.dataset.in_(others), days.c.row_count > 0, _within(days.c.day, span))
            .distinct()
        )
        with self._database.reading() as connection:
            return [others[row.dataset] for row in connection.execute(query)]

    def row_counts(self, span: Span) -> dict[str, int]:
        """How many rows of `costs` and of `usage` are held for the span."""
        query = sa.select(days.c.dataset, sa.func.sum(days.c.row_count).label("rows")).where(
            days.c.day >= span.start.toordinal(), days.c.day < span.end.toordinal()
        )
        with self._database.reading() as connection:
            rows = connection.execute(query.group_by(days.c.dataset))
            found = {row.dataset: row.rows for row in rows}
        costs = int(found.pop(COSTS, 0))
        return {"costs": costs, "usage": int(sum(found.values()))}

    def sums(self, quantity: Additive, dimensions: tuple[str, ...], span: Span) -> Sums:
        """Exact sums by ids and day (see `bot.spend.ledger.SumReader`)."""
        if quantity.is_usage:
            query = _usage_sums(quantity, dimensions, span)
        elif len(dimensions) == 1 and dimensions[0] in _ROLLED_UP:
            query = _rolled_up_sums(dimensions[0], span)
        else:
            query = _cost_sums(dimensions, span)
        with self._database.reading() as connection:
            found = connection.execute(query).all()
            values = self._members.values(connection)
        read = [
            _snapshot if name == SNAPSHOT and not quantity.is_usage else None for name in dimensions
        ]
        return _as_sums(found, values, read)

    def bill(self, dimensions: tuple[str, ...], on: tuple[date, ...]) -> dict[Ids, int]:
        """Nano-dollars by ids, the days added up (see `bot.spend.ledger.SumReader`)."""
        with self._database.reading() as connection:
            values = self._members.values(connection)
            return day_sums.bill(connection, values, dimensions, on)

    def volumes(self, dimensions: tuple[str, ...], on: tuple[date, ...]) -> dict[Ids, Volume]:
        """Use by ids, the days added up (see `bot.spend.ledger.SumReader`)."""
        with self._database.reading() as connection:
            values = self._members.values(connection)
            return day_sums.volumes(connection, values, dimensions, on)

    def _numbered_costs(
        self, connection: Connection, day: int, rows: Sequence[CostRow]
    ) -> list[_CostTuple]:
        number = self._members.numberer(connection)
        project, line_item, api_key = (
            Numbers(dimension, number) for dimension in ("project", "line_item", "api_key")
        )
        model = Numbers("line_item", lambda _, item: number("model", _family_of(item)))
        return [
            (day, project[p], line_item[item], api_key[key], model[item], nanos, quantity, unit)
            for _, p, item, key, nanos, quantity, unit in rows
        ]

    def _numbered_usage(self, connection: Connection, fetched: UsageDay) -> list[tuple[Any, ...]]:
        number = self._members.numberer(connection)
        return [
            (
                row.day.toordinal(),
                row.kind.value,
                number("project", row.project_id),
                number("snapshot", row.model),
                number("model", family(row.model) if row.model else None),
                number("api_key", row.api_key_id),
                *tuple(row)[_KEPT],
            )
            for row in fetched.rows
        ]


_KEPT = slice(UsageRow._fields.index("batch"), None)
"""The part of a usage row that is stored as it is."""
_CostTuple = tuple[int, int, int, int, int, int, float | None, str | None]
"""A row of `cost_rows`: day, project, line item, key, model, nanos, quantity and its unit."""


def _family_of(line_item: str | None) -> str | None:
    return parse(line_item).family if line_item else None


def _merged(rows: list[_CostTuple]) -> list[_CostTuple]:
    """One row per project × line item × key: a source may name the same one twice."""
    if len({row[:4] for row in rows}) == len(rows):
        return rows
    by_key: dict[tuple[int, ...], _CostTuple] = {}
    for row in rows:
        known = by_key.get(row[:4])
        by_key[row[:4]] = _together(known, row) if known else row
    return list(by_key.values())


def _together(one: _CostTuple, other: _CostTuple) -> _CostTuple:
    quantity = one[6] if other[6] is None else (one[6] or 0) + other[6]
    return (*one[:5], one[5] + other[5], quantity, one[7])


def _roll_up(day: int, rows: Sequence[_CostTuple]) -> Iterable[tuple[str, int, int, int]]:
    """The day's sums by each dimension: rows of `cost_sums`."""
    if rows:
        yield "organization", day, NONE, sum(row[5] for row in rows)
    for dimension, member_of in _ROLLED_UP_BY.items():
        totals: dict[int, int] = defaultdict(int)
        for row in rows:
            totals[member_of(row)] += row[5]
        yield from ((dimension, day, member, nanos) for member, nanos in totals.items())


def _clear(connection: Connection, table: sa.Table, which: sa.ColumnElement[bool]) -> None:
    connection.execute(table.delete().where(which))


def dataset_of(fetched: CostDay | UsageDay) -> str:
    """The dataset that what was read belongs to."""
    return COSTS if isinstance(fetched, CostDay) else usage_dataset(fetched.kind)


def _known(connection: Connection, fetched: CostDay | UsageDay) -> Known:
    if isinstance(fetched, CostDay):
        return known_costs(connection, COSTS, fetched.day)
    return known_usage(connection, dataset_of(fetched), fetched.day)


def _mark_failed(
    connection: Connection, dataset: str, span: Span, error: str, now: datetime
) -> None:
    """What fails as it did before has failed since then."""
    for day in span:
        same = sa.and_(days.c.dataset == dataset, days.c.day == day.toordinal())
        alike = sa.and_(same, days.c.failed_at.is_not(None), days.c.error == error)
        if connection.execute(sa.select(days.c.day).where(alike)).first() is None:
            _upsert_day(connection, dataset, day, {"failed_at": to_text(now), "error": error})


def _mark_fetched(
    connection: Connection, dataset: str, day: date, whole: bool, rows: int, now: datetime
) -> None:
    values = {"fetched_at": to_text(now), "whole": whole, "row_count": rows}
    _upsert_day(connection, dataset, day, {**values, "failed_at": None, "error": None})


def _upsert_day(connection: Connection, dataset: str, day: date, values: Mapping[str, Any]) -> None:
    key = {"dataset": dataset, "day": day.toordinal()}
    known = sa.and_(days.c.dataset == dataset, days.c.day == day.toordinal())
    if connection.execute(days.update().where(known).values(**values)).rowcount == 0:
        connection.execute(days.insert().values(**key, **values))


def _record(row: Any) -> DayRecord:
    return DayRecord(
        day=date.fromordinal(row.day),
        fetched_at=from_text(row.fetched_at) if row.fetched_at else None,
        whole=bool(row.whole),
        failed=row.failed_at is not None,
        error=row.error,
    )


def _state(record: DayRecord | None, day: date, times: SettlingTimes, now: datetime) -> DayState:
    if record is None:
        return DayState.MISSING
    state = times.state(day, record.fetched_at, record.failed, now)
    if state is not DayState.OPEN and not record.whole:
        return DayState.MISSING
    return state


def _within(column: sa.ColumnElement[int], span: Span) -> sa.ColumnElement[bool]:
    return sa.and_(column >= span.start.toordinal(), column < span.end.toordinal())


def _rolled_up_sums(dimension: str, span: Span) -> sa.Select[Any]:
    return sa.select(cost_sums.c.day, cost_sums.c.nanos, cost_sums.c.member).where(
        cost_sums.c.dimension == dimension, _within(cost_sums.c.day, span)
    )


def _cost_sums(dimensions: tuple[str, ...], span: Span) -> sa.Select[Any]:
    # A snapshot is a part of the line item, read from it when the sums are made.
    columns = [_column(cost_rows, "line_item" if d == SNAPSHOT else d) for d in dimensions]
    return (
        sa.select(cost_rows.c.day, sa.func.sum(cost_rows.c.nanos), *columns)
        .where(_within(cost_rows.c.day, span))
        .group_by(cost_rows.c.day, *_grouping(columns))
    )


def _usage_sums(quantity: Additive, dimensions: tuple[str, ...], span: Span) -> sa.Select[Any]:
    called = {"model": "family", SNAPSHOT: "model"}
    columns = [_column(usage_rows, called.get(d, d)) for d in dimensions]
    total = sa.func.sum(usage_rows.c[quantity.value])
    return (
        sa.select(usage_rows.c.day, total, *columns)
        .where(_within(usage_rows.c.day, span))
        .group_by(usage_rows.c.day, *_grouping(columns))
    )


def _column(table: sa.Table, name: str) -> sa.ColumnElement[int]:
    return sa.literal_column("0") if name == "organization" else table.c[name]


def _grouping(columns: list[sa.ColumnElement[int]]) -> list[sa.ColumnElement[int]]:
    # A bare 0 in GROUP BY would be read as the position of a column.
    return [column for column in columns if isinstance(column, sa.Column)]


def _snapshot(line_item: str) -> str | None:
    return parse(line_item).snapshot


def _as_sums(
    found: Iterable[Any], values: Mapping[int, str], read: Sequence[Reading | None]
) -> Sums:
    """Sums by the members' values, or by what is read from them."""
    sums: dict[Ids, dict[date, int]] = defaultdict(lambda: defaultdict(int))
    for day, total, *numbers in found:
        parts = (values.get(number) for number in numbers)
        ids = tuple(
            part if part is None or reading is None else reading(part)
            for part, reading in zip(parts, read, strict=True)
        )
        sums[ids][date.fromordinal(day)] += int(total)
    return dict(sums)
