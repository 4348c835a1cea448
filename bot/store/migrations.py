"""From an older schema to the present one, a step at a time, in one transaction.

A step `n` turns schema `n` into `n + 1`. A database that cannot be brought along stays as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.schema import CreateColumn

from bot.store.schema import alerts, claims, counters, days, meta, outbox, slack_names

Step = Callable[[Connection], None]


def _lives_and_places(connection: Connection) -> None:
    """Schema 2: the life of an alert, and threads and updates in the outbox.

    What schema 1 told of an alert is its first message, the oldest of its rows in the outbox.
    """
    for table in (alerts, outbox):
        _add_missing_columns(connection, table)
    of_alert = outbox.c.alert_key == alerts.c.key
    oldest = sa.select(outbox.c.key).where(of_alert).order_by(outbox.c.created_at, outbox.c.key)
    place = oldest.limit(1).correlate(alerts).scalar_subquery()
    told = {"told_at": alerts.c.updated_at, "top_step": alerts.c.step}
    connection.execute(alerts.update().values(place=place, **told))
    channel = sa.select(outbox.c.channel).where(outbox.c.key == alerts.c.place)
    connection.execute(alerts.update().values(place_channel=channel.scalar_subquery()))


def _add_missing_columns(connection: Connection, table: sa.Table) -> None:
    known = {column["name"] for column in sa.inspect(connection).get_columns(table.name)}
    for column in table.columns:
        if column.name not in known:
            words = CreateColumn(column).compile(dialect=connection.dialect)
            connection.execute(sa.text(f"ALTER TABLE {table.name} ADD COLUMN {words}"))


def _turns_of_the_worker(connection: Connection) -> None:
    """Schema 3: which turns of a schedule were taken, and what is counted."""
    claims.create(connection)
    counters.create(connection)


def _threads_and_people(connection: Connection) -> None:
    """Schema 4: where replies are, which channel was really tried, and who a handle stands for."""
    _add_missing_columns(connection, outbox)
    slack_names.create(connection, checkfirst=True)


def _who_snoozed(connection: Connection) -> None:
    """Schema 5: who silenced an alert."""
    _add_missing_columns(connection, alerts)


def _currency(connection: Connection) -> None:
    """Schema 6: the currency of the bill. All that was taken before was in US dollars.

    A database without money decides with its first reading, as a new one does.
    """
    _add_missing_columns(connection, days)
    with_money = days.c.dataset == "costs", days.c.row_count > 0
    connection.execute(days.update().where(*with_money).values(currency="USD"))
    if connection.execute(sa.select(days.c.day).where(*with_money).limit(1)).first():
        connection.execute(meta.insert().values(name="currency", value="USD"))


STEPS: Mapping[int, Step] = {
    1: _lives_and_places,
    2: _turns_of_the_worker,
    3: _threads_and_people,
    4: _who_snoozed,
    5: _currency,
}
"""Schema 1 is the first; the next change of a table adds `6: its step` here."""


def migrate(
    connection: Connection, known: int, wanted: int, steps: Mapping[int, Step] = STEPS
) -> None:
    """Bring the tables from the known version to the wanted one; the caller's transaction commits.

    Raises KeyError for a step that does not exist, which is a bug of this program.
    """
    for version in range(known, wanted):
        steps[version](connection)
        connection.execute(
            meta.update().where(meta.c.name == "schema").values(value=str(version + 1))
        )
