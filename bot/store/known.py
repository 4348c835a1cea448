"""What is known of a day before it is read again, and the doubt about what was read then."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.spend.calendar import ONE_DAY, midnight
from bot.spend.doubt import REGULAR_DAYS, Known, Member
from bot.store.instants import from_text
from bot.store.schema import cost_sums, days, members

_MEMBERS = ("project", "line_item", "api_key")


def known_costs(connection: Connection, dataset: str, day: date) -> Known:
    """What is known of a day's money."""
    amounts = _amounts(connection, day)
    total = _total(connection, day)
    busy = sa.select(cost_sums.c.day).where(
        cost_sums.c.dimension == "organization", cost_sums.c.nanos != 0, _before(cost_sums, day)
    )
    return _known(connection, dataset, day, amounts, total, busy)


def known_usage(connection: Connection, dataset: str, day: date) -> Known:
    """What is known of a day's volume of one kind."""
    known = sa.select(days.c.row_count).where(days.c.dataset == dataset, _is(days, day))
    rows = connection.execute(known).scalar() or 0
    busy = sa.select(days.c.day).where(
        days.c.dataset == dataset, days.c.row_count > 0, _before(days, day)
    )
    return _known(connection, dataset, day, {}, rows, busy)


def _known(
    connection: Connection,
    dataset: str,
    day: date,
    amounts: dict[Member, int],
    total: int,
    busy: sa.Select[tuple[int]],
) -> Known:
    query = sa.select(days).where(days.c.dataset == dataset, _is(days, day))
    row = connection.execute(query).first()
    doubted = (row.error, from_text(row.failed_at)) if row and row.failed_at else None
    read = sa.select(days.c.day).where(
        days.c.dataset == dataset, days.c.fetched_at.is_not(None), _before(days, day)
    )
    had = set(connection.execute(busy).scalars())
    fetched_at = from_text(row.fetched_at) if row and row.fetched_at else None
    return Known(
        amounts=amounts,
        total=total,
        is_whole=bool(row and fetched_at and row.whole),
        is_over=fetched_at is not None and fetched_at >= midnight(day + ONE_DAY),
        doubted=doubted,
        busy=len(had),
        idle=len(set(connection.execute(read).scalars()) - had),
    )


def _amounts(connection: Connection, day: date) -> dict[Member, int]:
    query = (
        sa.select(cost_sums.c.dimension, members.c.value, cost_sums.c.nanos)
        .select_from(sa.outerjoin(cost_sums, members, cost_sums.c.member == members.c.id))
        .where(cost_sums.c.dimension.in_(_MEMBERS), _is(cost_sums, day))
    )
    found = connection.execute(query)
    return {(row.dimension, row.value): row.nanos for row in found}


def _total(connection: Connection, day: date) -> int:
    query = sa.select(cost_sums.c.nanos).where(
        cost_sums.c.dimension == "organization", _is(cost_sums, day)
    )
    return int(connection.execute(query).scalar() or 0)


def _is(table: sa.Table, day: date) -> sa.ColumnElement[bool]:
    return table.c.day == day.toordinal()


def _before(table: sa.Table, day: date) -> sa.ColumnElement[bool]:
    first = (day - REGULAR_DAYS * ONE_DAY).toordinal()
    return sa.and_(table.c.day >= first, table.c.day < day.toordinal())
