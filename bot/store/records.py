"""What is known of each day of each dataset: when it was read, whether whole, what failed."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.spend.calendar import Span
from bot.spend.rows import CostDay, UsageDay, UsageKind
from bot.store.bulk import insert_of
from bot.store.dayrecord import COSTS, DayRecord
from bot.store.instants import from_text, to_text
from bot.store.schema import days


def usage_dataset(kind: UsageKind) -> str:
    """The dataset name of one usage endpoint."""
    return f"usage/{kind}"


def dataset_of(fetched: CostDay | UsageDay) -> str:
    """The dataset that what was read belongs to."""
    return COSTS if isinstance(fetched, CostDay) else usage_dataset(fetched.kind)


def records(connection: Connection, dataset: str, span: Span) -> dict[date, DayRecord]:
    """What is known of each day of the span; days never heard of are left out."""
    query = sa.select(days).where(days.c.dataset == dataset, within(days.c.day, span))
    return {found.day: found for found in map(_record, connection.execute(query))}


def fetched_row(fetched: CostDay | UsageDay, rows: int, now: datetime) -> tuple[Any, ...]:
    """The row of `days` about a day that was read, whatever was known of it before."""
    currency = fetched.currency if isinstance(fetched, CostDay) else None
    known = (dataset_of(fetched), fetched.day.toordinal(), to_text(now), fetched.whole)
    return *known, None, None, rows, currency


def mark_failed(
    connection: Connection, dataset: str, span: Span, error: str, now: datetime
) -> None:
    """Note that these days could not be read. What fails as it did before has failed since then."""
    about = sa.and_(days.c.dataset == dataset, within(days.c.day, span))
    other = sa.or_(days.c.failed_at.is_(None), days.c.error.is_(None), days.c.error != error)
    failed = {"failed_at": to_text(now), "error": error}
    connection.execute(days.update().where(about, other).values(**failed))
    known = set(connection.scalars(sa.select(days.c.day).where(about)))
    unknown = [day.toordinal() for day in span if day.toordinal() not in known]
    if unknown:  # and still unknown: another process may have been faster
        new = [{"dataset": dataset, "day": ordinal, **failed} for ordinal in unknown]
        connection.execute(insert_of(connection)(days).on_conflict_do_nothing(), new)


def within(column: sa.ColumnElement[int], span: Span) -> sa.ColumnElement[bool]:
    """Whether a day, as a number, is of the span."""
    return sa.and_(column >= span.start.toordinal(), column < span.end.toordinal())


def _record(row: Any) -> DayRecord:
    return DayRecord(
        day=date.fromordinal(row.day),
        fetched_at=from_text(row.fetched_at) if row.fetched_at else None,
        whole=bool(row.whole),
        failed=row.failed_at is not None,
        error=row.error,
    )
