"""The bill as it is known: rows, roll-ups, names, and what is known of each day.

A day of a dataset is replaced whole, in one transaction with its roll-ups and its state.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.spend.calendar import DayState, SettlingTimes, Span
from bot.spend.columns import columns_of
from bot.spend.ledger import CERTAINTY, DailyTable, Ids, Sums
from bot.spend.line_item import family
from bot.spend.metrics import Additive
from bot.spend.rows import CostDay, Name, UsageDay, UsageKind, UsageRow
from bot.spend.split import Volume
from bot.store import day_sums, naming
from bot.store.bulk import insert_all
from bot.store.daily_sums import DailySums, daily_query, readings, rows_query
from bot.store.database import Database
from bot.store.day_rows import DayRows, Number, is_stored
from bot.store.instants import from_text, to_text
from bot.store.members import NONE, Members
from bot.store.schema import cost_rows, cost_sums, days, names, usage_rows

COSTS = "costs"
"""The dataset of money; a usage dataset is called `usage/<kind>`."""

_NOT_ASKED = {
    UsageKind.COMPLETIONS,  # always counts
    UsageKind.VECTOR_STORES,  # these have neither requests nor tokens
    UsageKind.CODE_INTERPRETER_SESSIONS,
    UsageKind.FILE_SEARCH_CALLS,
}


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

    def replace_costs(self, fetched: CostDay, now: datetime) -> None:
        """Put a day's money in the place of what was known of that day."""
        columns = columns_of(fetched)
        with self._database.writing() as connection:
            day = fetched.day.toordinal()
            number = self._members.numberer(connection)
            rows = DayRows.of(columns, number)
            number.write(connection)
            if not is_stored(connection, rows):
                _clear(connection, cost_rows, cost_rows.c.day == day)
                insert_all(connection, cost_rows, rows.cost_rows())
                _clear(connection, cost_sums, cost_sums.c.day == day)
                insert_all(connection, cost_sums, rows.cost_sums())
            _mark_fetched(connection, COSTS, fetched.day, fetched.whole, len(rows), now)

    def replace_usage(self, fetched: UsageDay, now: datetime) -> None:
        """Put a day's volume of one kind in the place of what was known of it."""
        self.replace_uses([fetched], now)

    def replace_uses(self, some: Iterable[UsageDay], now: datetime) -> None:
        """The same for some days and kinds, in one transaction: most of them are small."""
        with self._database.writing() as connection:
            number = self._members.numberer(connection)
            for fetched in some:
                day = fetched.day.toordinal()
                rows = _numbered_usage(number, fetched)
                number.write(connection)
                of_day = sa.and_(usage_rows.c.day == day, usage_rows.c.kind == fetched.kind.value)
                _clear(connection, usage_rows, of_day)
                insert_all(connection, usage_rows, rows)
                dataset = usage_dataset(fetched.kind)
                _mark_fetched(connection, dataset, fetched.day, fetched.whole, len(rows), now)

    def mark_failed(self, dataset: str, span: Span, error: str, now: datetime) -> None:
        """Note that these days could not be read; what was known of them stays."""
        with self._database.writing() as connection:
            for day in span:
                values = {"failed_at": to_text(now), "error": error}
                _upsert_day(connection, dataset, day, values)

    def remember_names(self, found: Iterable[Name], now: datetime) -> None:
        """Keep names for good: a deleted key stays on the bill but can no longer be asked for."""
        with self._database.writing() as connection:
            naming.remember(connection, found, now)

    def keys_asked_since(self, instant: datetime) -> frozenset[str]:
        """The API keys whose name was asked for since then, found or not."""
        with self._database.reading() as connection:
            return naming.keys_asked_since(connection, instant)

    def names(self) -> dict[str, dict[str, str]]:
        """Every known name: dimension -> id -> name."""
        with self._database.reading() as connection:
            found: dict[str, dict[str, str]] = defaultdict(dict)
            query = sa.select(names.c.dimension, names.c.id, names.c.name)
            for row in connection.execute(query.where(names.c.name != "")):
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
        with self._database.reading() as connection:
            return self._daily(connection, quantity, dimensions, span).sums()

    sought = "project"
    """The rows of a day lie in the order of their projects (see `TableReader`)."""

    def table(
        self,
        quantity: Additive,
        dimensions: tuple[str, ...],
        span: Span,
        members: tuple[str | None, ...] | None = None,
    ) -> DailyTable:
        """The same as columns of numbers (see `bot.spend.ledger.TableReader`)."""
        with self._database.reading() as connection:
            return self._daily(connection, quantity, dimensions, span, members).table(span)

    def _daily(
        self,
        connection: Connection,
        quantity: Additive,
        dimensions: tuple[str, ...],
        span: Span,
        members: tuple[str | None, ...] | None = None,
    ) -> DailySums:
        values = self._members.values(connection)
        if members is None:
            query = daily_query(quantity, dimensions, span)
        else:
            known = self._members.known(connection)
            numbers = [known.get((self.sought, member), NONE) for member in members if member]
            query = rows_query(dimensions, span, numbers + [NONE] * (None in members))
        return DailySums.read(connection, query, values, readings(quantity, dimensions))

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


_KEPT = slice(UsageRow._fields.index("batch"), None)
"""The part of a usage row that is stored as it is."""


def _numbered_usage(number: Number, fetched: UsageDay) -> list[tuple[Any, ...]]:
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


def _clear(connection: Connection, table: sa.Table, which: sa.ColumnElement[bool]) -> None:
    connection.execute(table.delete().where(which))


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
