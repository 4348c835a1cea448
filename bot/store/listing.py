"""Everything that is held, row by row, for people who want to work with it elsewhere."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.spend.calendar import Span
from bot.store.database import Database
from bot.store.history import History
from bot.store.members import Members
from bot.store.schema import alerts, cost_rows, usage_rows

Row = dict[str, Any]

COSTS = (
    *("day", "project_id", "project", "line_item", "model", "api_key_id", "api_key"),
    *("usd", "quantity", "quantity_unit"),
)
"""Columns of money: ids with their names, exact dollars as text."""
MONEY = ("amount", "currency")
"""Two more where the bill is not in US dollars: `usd` is then empty."""
_VOLUME = (
    *("requests", "input_tokens", "output_tokens", "cached_tokens"),
    *("input_audio_tokens", "output_audio_tokens", "units"),
)
USAGE = (
    *("day", "kind", "project_id", "project", "model", "family", "api_key_id", "api_key"),
    *("batch", "service_tier", *_VOLUME),
)
"""Columns of volume; `units` are images, characters, seconds, bytes ... by `kind`."""
ALERTS = tuple(column.name for column in alerts.c)
"""Columns of alerts, as they are stored."""
_AT_ONCE = 5_000


class Listing:
    """The rows of one database, oldest first; millions of them take the memory of a few thousand.

    Each row is a dict with exactly the columns above. `days` is half-open, in UTC days.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        history = History(database)
        self._names, self._currency = history.names(), history.currency()

    @property
    def columns_of_costs(self) -> tuple[str, ...]:
        """Those of `costs`."""
        return COSTS if self._currency.is_dollars else (*COSTS, *MONEY)

    def costs(self, days: Span) -> Generator[Row, None, None]:
        """What was billed per day × project × line item × key."""
        order = (cost_rows.c.project, cost_rows.c.line_item, cost_rows.c.api_key)
        with self._database.reading() as connection:
            value, columns = Members().values(connection), self.columns_of_costs
            for row in _stream(connection, cost_rows, days, order):
                cells = {
                    "day": date.fromordinal(row.day).isoformat(),
                    **self._named("project", value.get(row.project)),
                    "line_item": value.get(row.line_item),
                    "model": value.get(row.model),
                    **self._named("api_key", value.get(row.api_key)),
                    **self._currency.keyed(row.nanos),
                    "quantity": row.quantity,
                    "quantity_unit": row.quantity_unit,
                }
                yield {column: cells[column] for column in columns}

    def usage(self, days: Span) -> Generator[Row, None, None]:
        """What was used per day × kind × project × model × key."""
        order = (usage_rows.c.kind, usage_rows.c.project, usage_rows.c.model, usage_rows.c.api_key)
        with self._database.reading() as connection:
            value = Members().values(connection)
            for row in _stream(connection, usage_rows, days, order):
                cells = {
                    **row._mapping,  # noqa: SLF001 - the documented name of a row as a mapping
                    "day": date.fromordinal(row.day).isoformat(),
                    **self._named("project", value.get(row.project)),
                    "model": value.get(row.model),
                    "family": value.get(row.family),
                    **self._named("api_key", value.get(row.api_key)),
                }
                yield {column: cells[column] for column in USAGE}

    def alerts(self, days: Span) -> Generator[Row, None, None]:
        """The alerts that began within the days, in the order of their beginning."""
        began = sa.and_(
            alerts.c.first_at >= days.start.isoformat(), alerts.c.first_at < days.end.isoformat()
        )
        query = sa.select(alerts).where(began).order_by(alerts.c.first_at, alerts.c.key)
        with self._database.reading() as connection:
            for row in connection.execute(query):
                yield dict(row._mapping)  # noqa: SLF001 - as above

    def _named(self, dimension: str, member: str | None) -> Mapping[str, str | None]:
        name = self._names.get(dimension, {}).get(member or "")
        return {f"{dimension}_id": member, dimension: name or member}


def _stream(
    connection: Connection, table: sa.Table, days: Span, order: tuple[sa.Column[Any], ...]
) -> sa.CursorResult[Any]:
    within = sa.and_(table.c.day >= days.start.toordinal(), table.c.day < days.end.toordinal())
    query = sa.select(table).where(within).order_by(table.c.day, *order)
    return connection.execution_options(yield_per=_AT_ONCE).execute(query)
