"""The last time something happened: the proof of life that `bot health` reads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.store.database import Database
from bot.store.instants import from_text, to_text
from bot.store.schema import pulses


@dataclass(frozen=True, slots=True)
class Pulse:
    at: datetime
    detail: str


class Pulses:
    """Named moments."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def beat(self, name: str, now: datetime, detail: str = "") -> None:
        """Note that it happened now."""
        with self._database.writing() as connection:
            noted(connection, name, now, detail)

    def forget(self, name: str) -> None:
        """Note that it is over."""
        with self._database.writing() as connection:
            removed(connection, name)

    def last(self, name: str) -> Pulse | None:
        """When it last happened; None for never."""
        with self._database.reading() as connection:
            return read(connection, name)


def noted(connection: Connection, name: str, now: datetime, detail: str = "") -> None:
    """`Pulses.beat` in the caller's transaction."""
    values = {"at": to_text(now), "detail": detail}
    changed = connection.execute(pulses.update().where(pulses.c.name == name).values(**values))
    if changed.rowcount == 0:
        connection.execute(pulses.insert().values(name=name, **values))


def removed(connection: Connection, name: str) -> None:
    """`Pulses.forget` in the caller's transaction."""
    connection.execute(pulses.delete().where(pulses.c.name == name))


def read(connection: Connection, name: str) -> Pulse | None:
    """`Pulses.last` in the caller's transaction."""
    query = sa.select(pulses.c.at, pulses.c.detail).where(pulses.c.name == name)
    row = connection.execute(query).first()
    return Pulse(from_text(row.at), row.detail) if row else None
