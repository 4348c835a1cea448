"""What is known of a day before it is read again, and the doubt about what was read then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.spend.calendar import ONE_DAY, midnight
from bot.spend.currency import USD, Currency, currency
from bot.spend.doubt import Known
from bot.store.dayrecord import COSTS
from bot.store.instants import from_text
from bot.store.schema import cost_sums, days, members


def known_costs(connection: Connection, day: date) -> Known:
    """What is known of a day's money."""
    query = sa.select(days).where(days.c.dataset == COSTS, _is(days, day))
    row = connection.execute(query).first()
    if row is None:  # nothing is held of a day never heard of
        return _as_known(row, day, {}, 0)
    held = currency(row.currency) if row.currency else USD
    return _as_known(row, day, _amounts(connection, day), _total(connection, day), held)


def known_uses(connection: Connection, asked: Sequence[tuple[str, date]]) -> list[Known]:
    """What is known of days of datasets of use, in the order asked."""
    query = sa.select(days).where(
        days.c.dataset.in_({dataset for dataset, _ in asked}),
        days.c.day.in_({day.toordinal() for _, day in asked}),
    )
    rows = {(row.dataset, row.day): row for row in connection.execute(query)}
    found = [(rows.get((dataset, day.toordinal())), day) for dataset, day in asked]
    return [_as_known(row, day, {}, row.row_count if row else 0) for row, day in found]


def _as_known(
    row: Any,
    day: date,
    amounts: Mapping[str | None, int],
    total: int,
    held: Currency = USD,
) -> Known:
    """`row` is that of `days`, or None. `held` matters where there are amounts."""
    fetched_at = from_text(row.fetched_at) if row and row.fetched_at else None
    return Known(
        amounts=amounts,
        total=total,
        is_whole=bool(row and fetched_at and row.whole),
        is_over=fetched_at is not None and fetched_at >= midnight(day + ONE_DAY),
        doubted=(row.error, from_text(row.failed_at)) if row and row.failed_at else None,
        currency=held,
    )


def _amounts(connection: Connection, day: date) -> dict[str | None, int]:
    query = (
        sa.select(members.c.value, cost_sums.c.nanos)
        .select_from(sa.outerjoin(cost_sums, members, cost_sums.c.member == members.c.id))
        .where(cost_sums.c.dimension == "project", _is(cost_sums, day))
    )
    return {row.value: row.nanos for row in connection.execute(query)}


def _total(connection: Connection, day: date) -> int:
    query = sa.select(cost_sums.c.nanos).where(
        cost_sums.c.dimension == "organization", _is(cost_sums, day)
    )
    return int(connection.execute(query).scalar() or 0)


def _is(table: sa.Table, day: date) -> sa.ColumnElement[bool]:
    return table.c.day == day.toordinal()
