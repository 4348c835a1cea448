"""The one currency of the bill that a database holds.

Every day of money is kept with its currency. When the first reading is over, the newest of these
days decides for all: of a bill that has changed its currency, that is the one it goes on in. It
does not depend on the order in which days were read, nor on which could be read at first: while a
newer day is unread it may decide otherwise. From then on the currency stands, and days in another
one are refused; nothing is converted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.spend.calendar import ONE_DAY, Span
from bot.spend.currency import USD, Currency, currency
from bot.store.bulk import insert_of
from bot.store.dayrecord import COSTS
from bot.store.records import mark_failed
from bot.store.schema import cost_rows, cost_sums, days, meta

NAME = "currency"
"""Of the entry in `meta`."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """A day whose amounts are in another currency than the bill: it is not taken."""

    day: date
    theirs: str
    bill: str


def decided(connection: Connection) -> str | None:
    """The code of the bill's currency; None before the first reading with money is over."""
    found: str | None = connection.execute(
        sa.select(meta.c.value).where(meta.c.name == NAME)
    ).scalar()
    return found


def is_open(connection: Connection) -> bool:
    """Whether money is held and its currency is not fixed yet."""
    return decided(connection) is None and _newest(connection) is not None


def held(connection: Connection) -> dict[date, str]:
    """The days with money that are held, and what each is in."""
    known = sa.select(days.c.day, days.c.currency)
    found = connection.execute(known.where(_of_costs(), days.c.currency.is_not(None)))
    return {date.fromordinal(row.day): row.currency for row in found}


def currency_held(connection: Connection) -> Currency:
    """The currency of the bill. US dollars where no money is held, in which nothing is nothing."""
    code = decided(connection) or _newest(connection)
    return currency(code) if code else USD


def decide(connection: Connection, now: datetime) -> list[Foreign]:
    """Fixes the currency if it is not, and lets go of the days in another one, which are told.

    It is not fixed yet while a newer day could not be read.
    """
    if decided(connection) is not None or (code := _newest(connection)) is None:
        return []
    if not _unread_since(connection, code):
        new = insert_of(connection)(meta).values(name=NAME, value=code)
        connection.execute(new.on_conflict_do_nothing(index_elements=["name"]))
        code = decided(connection) or code  # another process may have been faster
    others = sa.select(days.c.day, days.c.currency).where(_of_costs(), days.c.currency != code)
    found = [
        Foreign(date.fromordinal(row.day), row.currency, code)
        for row in connection.execute(others.order_by(days.c.day))
    ]
    for one in found:
        _let_go(connection, one, now)
    return found


def foreign(taken: Mapping[date, str], bill: str | None) -> list[Foreign]:
    """Those days, with their currencies, that are not in the bill's, once it is fixed."""
    others = sorted((day, code) for day, code in taken.items() if code != bill)
    return [Foreign(day, code, bill) for day, code in others] if bill else []


def _let_go(connection: Connection, one: Foreign, now: datetime) -> None:
    ordinal = one.day.toordinal()
    connection.execute(cost_rows.delete().where(cost_rows.c.day == ordinal))
    connection.execute(cost_sums.delete().where(cost_sums.c.day == ordinal))
    connection.execute(days.delete().where(_of_costs(), days.c.day == ordinal))
    error = f"in {one.theirs}, and the bill is in {one.bill}"
    mark_failed(connection, COSTS, Span(one.day, one.day + ONE_DAY), error, now)


def _newest(connection: Connection) -> str | None:
    """The currency of the newest day that has one."""
    known = sa.select(days.c.currency).where(_of_costs(), days.c.currency.is_not(None))
    found: str | None = connection.execute(known.order_by(days.c.day.desc()).limit(1)).scalar()
    return found


def _unread_since(connection: Connection, code: str) -> bool:
    """Whether a reading failed of a day after the newest one in that currency."""
    of_code = sa.select(sa.func.max(days.c.day)).where(_of_costs(), days.c.currency == code)
    newer = days.c.failed_at.is_not(None), days.c.day > of_code.scalar_subquery()
    return connection.execute(sa.select(days.c.day).where(_of_costs(), *newer)).first() is not None


def _of_costs() -> sa.ColumnElement[bool]:
    return days.c.dataset == COSTS
