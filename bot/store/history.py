"""The bill as it is known: rows, roll-ups, names, and what is known of each day.

A day of a dataset is replaced whole, in one transaction with its roll-ups and its state.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.spend.calendar import ONE_DAY, DayState, SettlingTimes, Span
from bot.spend.columns import columns_of
from bot.spend.currency import Currency
from bot.spend.doubt import Belief
from bot.spend.ledger import CERTAINTY, DailyTable, Ids, Sums
from bot.spend.line_item import family
from bot.spend.metrics import Additive
from bot.spend.rows import CostDay, Name, UsageDay, UsageKind, UsageRow
from bot.spend.split import Volume
from bot.store import billing, day_sums, naming
from bot.store.billing import Foreign
from bot.store.bulk import insert_all, insert_columns
from bot.store.daily_sums import DailySums, daily_query, readings, rows_query
from bot.store.database import Database
from bot.store.day_rows import DayRows, Number
from bot.store.dayrecord import COSTS, DayRecord
from bot.store.known import known_costs, known_uses
from bot.store.members import NONE, Members
from bot.store.records import dataset_of, fetched_row, mark_failed, records, usage_dataset, within
from bot.store.same_day import is_stored
from bot.store.schema import cost_rows, cost_sums, days, names, usage_rows

_NOT_ASKED = {
    UsageKind.COMPLETIONS,  # always counts
    UsageKind.VECTOR_STORES,  # these have neither requests nor tokens
    UsageKind.CODE_INTERPRETER_SESSIONS,
    UsageKind.FILE_SEARCH_CALLS,
}


class History:
    """The stored bill."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._members = Members()
        self._bill: str | None = None
        """The bill's currency, once it is fixed: from then on it stands."""
        self._before: dict[date, str] = {}
        """The currencies of days that were held or taken before that."""

    def begin_reading(self) -> None:
        """Notes what is held before days are read: of days that another process lets go of in the
        meantime, which are not asked for again, `decide_currency` tells."""
        with self._database.reading() as connection:
            if billing.is_open(connection):
                self._before = billing.held(connection)

    def take(self, fetched: CostDay, now: datetime, belief: Belief) -> str | Foreign | None:
        """Put what was read of a day in the place of what was known, if it is believed.

        Else what was known stays, the day counts as not read, and the reason is returned. So it is
        with a day in another currency than the bill; that is noted by the caller, for all together.
        """
        with self._database.writing() as connection:
            bill = self._bill = self._bill or billing.decided(connection)
            if bill and fetched.currency and fetched.currency != bill:
                return Foreign(fetched.day, fetched.currency, bill)
            doubt = belief.doubt(fetched, known_costs(connection, fetched.day), now)
            if doubt is None:
                self._replace_costs(connection, fetched, now)
                if bill is None and fetched.currency:
                    self._before[fetched.day] = fetched.currency
            else:
                mark_failed(connection, COSTS, _only(fetched.day), doubt, now)
            return doubt

    def decide_currency(self, now: datetime) -> list[Foreign]:
        """Fixes the bill's currency once the first reading with money is over; the days that were
        in another one, and are not held any more. Money of two currencies is never added up: it
        comes before any sum.

        Among them are days held or taken here that another process, which was faster, has let go.
        """
        taken, self._before = self._before, {}
        with self._database.reading() as connection:
            if not billing.is_open(connection):
                return billing.foreign(taken, billing.decided(connection))
        with self._database.writing() as connection:
            let_go = billing.decide(connection, now)
            return let_go or billing.foreign(taken, billing.decided(connection))

    def currency(self) -> Currency:
        """What the bill is in."""
        with self._database.reading() as connection:
            return billing.currency_held(connection)

    def take_uses(
        self, fetched: Sequence[UsageDay], now: datetime, belief: Belief
    ) -> list[tuple[UsageDay, str]]:
        """The same for days of use, at once: those that are not believed, and why.

        Most days of most kinds are empty: a transaction for each would cost more than their rows.
        """
        with self._database.writing() as connection:
            known = known_uses(connection, [(dataset_of(one), one.day) for one in fetched])
            doubts = [
                (one, doubt)
                for one, before in zip(fetched, known, strict=True)
                if (doubt := belief.doubt(one, before, now))
            ]
            doubted = {(one.kind, one.day) for one, _ in doubts}
            believed = [one for one in fetched if (one.kind, one.day) not in doubted]
            self._replace_usage(connection, believed, now)
            for one, doubt in doubts:
                mark_failed(connection, dataset_of(one), _only(one.day), doubt, now)
            return doubts

    def _replace_costs(self, connection: Connection, fetched: CostDay, now: datetime) -> None:
        day = fetched.day.toordinal()
        number = self._members.numberer(connection)
        rows = DayRows.of(columns_of(fetched), number)
        number.write(connection)
        if not is_stored(connection, rows):
            _clear(connection, cost_rows, cost_rows.c.day == day)
            insert_columns(connection, cost_rows, rows.cost_columns())
            _clear(connection, cost_sums, cost_sums.c.day == day)
            insert_all(connection, cost_sums, rows.cost_sums())
        _clear(connection, days, sa.and_(days.c.dataset == COSTS, days.c.day == day))
        insert_all(connection, days, [fetched_row(fetched, len(rows), now)])

    def _replace_usage(
        self, connection: Connection, fetched: Sequence[UsageDay], now: datetime
    ) -> None:
        rows: list[tuple[Any, ...]] = []
        known: list[tuple[Any, ...]] = []
        number = self._members.numberer(connection)
        for one in fetched:
            rows.extend(_numbered_usage(number, one))
            known.append(fetched_row(one, len(one.rows), now))
        number.write(connection)
        for kind, on in _days_by_kind(fetched).items():
            of_kind = sa.and_(usage_rows.c.kind == kind.value, usage_rows.c.day.in_(on))
            _clear(connection, usage_rows, of_kind)
            of_set = sa.and_(days.c.dataset == usage_dataset(kind), days.c.day.in_(on))
            _clear(connection, days, of_set)
        insert_all(connection, usage_rows, rows)
        insert_all(connection, days, known)

    def mark_failed(self, dataset: str, span: Span, error: str, now: datetime) -> None:
        """Note that these days could not be read; what was known of them stays."""
        with self._database.writing() as connection:
            mark_failed(connection, dataset, span, error, now)

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
        with self._database.reading() as connection:
            return records(connection, dataset, span)

    def states(
        self, dataset: str, span: Span, times: SettlingTimes, now: datetime
    ) -> dict[date, DayState]:
        """The state of every day of the span at `now`."""
        known = self.day_records(dataset, span)
        unknown = DayState.MISSING
        return {day: known[day].state(times, now) if day in known else unknown for day in span}

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
            .where(days.c.dataset.in_(others), days.c.row_count > 0, within(days.c.day, span))
            .distinct()
        )
        with self._database.reading() as connection:
            return [others[row.dataset] for row in connection.execute(query)]

    def row_counts(self, span: Span) -> dict[str, int]:
        """How many rows of `costs` and of `usage` are held for the span."""
        query = sa.select(days.c.dataset, sa.func.sum(days.c.row_count).label("rows")).where(
            within(days.c.day, span)
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
            numbers = [known.get((self.sought, member)) for member in members if member is not None]
            found = [number for number in numbers if number] + [NONE] * (None in members)
            query = rows_query(dimensions, span, found)
        return DailySums.read(connection, query, values, readings(quantity, dimensions))

    def bill(self, dimensions: tuple[str, ...], on: tuple[date, ...]) -> dict[Ids, int]:
        """Nanos of the currency by ids, the days added up (see `bot.spend.ledger.SumReader`)."""
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


def _days_by_kind(fetched: Iterable[UsageDay]) -> dict[UsageKind, list[int]]:
    found: dict[UsageKind, list[int]] = defaultdict(list)
    for one in fetched:
        found[one.kind].append(one.day.toordinal())
    return found


def _only(day: date) -> Span:
    return Span(day, day + ONE_DAY)
