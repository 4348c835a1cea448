"""What is remembered of alerts, so that each is told once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields
from datetime import date, datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.engine import Connection, Row

from bot.alerts.life import Alert
from bot.alerts.model import Finding, Severity
from bot.alerts.standing import Standing
from bot.store.bulk import insert_of
from bot.store.database import Database
from bot.store.instants import from_text, to_text
from bot.store.schema import alerts

_INSTANTS = {field.name for field in fields(Alert) if field.type in ("datetime", "datetime | None")}
_COLUMNS = {
    "standing": "state",
    "limit": "limit_told",
    "channel": "place_channel",
}
"""Where a column is named otherwise than the alert's field."""


class AlertBook:
    """The lives of alerts, by their key."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def held(self, connection: Connection) -> dict[str, Alert]:
        """Every open alert by its key. While the caller writes, nobody else changes one."""
        return _found(connection, alerts.c.state == Standing.FIRING.value)

    def known(self, connection: Connection, keys: Iterable[str]) -> dict[str, Alert]:
        """The alerts with these keys, open or not; keys never heard of are left out."""
        wanted = sorted(set(keys))
        found: dict[str, Alert] = {}
        for n in range(0, len(wanted), 500):  # SQLite takes a limited number of values
            found |= _found(connection, alerts.c.key.in_(wanted[n : n + 500]))
        return found

    def alike(self, connection: Connection, finding: Finding) -> list[Alert]:
        """The alerts of the same rule and subject in periods of that unit, the newest first.

        None where the finding's own key is known.
        """
        stem = finding.key.removesuffix(finding.period.start.isoformat())
        found = _found(connection, (alerts.c.key >= stem) & (alerts.c.key < f"{stem}a"))
        return [] if finding.key in found else [found[key] for key in sorted(found, reverse=True)]

    def days(self, connection: Connection) -> frozenset[date]:
        """The days of all alerts about one day."""
        keys = connection.execute(sa.select(alerts.c.key).where(alerts.c.key.contains("/day:")))
        return frozenset(date.fromisoformat(row.key.rpartition("/day:")[2]) for row in keys)

    def save(self, connection: Connection, some: Iterable[Alert], now: datetime) -> None:
        """Keep the alerts as they are now."""
        rows = [_row(alert, now) for alert in some]
        if not rows:
            return
        insert = insert_of(connection)
        new = insert(alerts)
        values = {name: new.excluded[name] for name in rows[0] if name != "key"}
        connection.execute(new.on_conflict_do_update(index_elements=["key"], set_=values), rows)

    def one(self, key: str) -> Alert | None:
        """The alert with that key, if there is one."""
        with self._database.reading() as connection:
            return _found(connection, alerts.c.key == key).get(key)

    def open(self) -> list[Alert]:
        """Alerts that go on, newest first."""
        with self._database.reading() as connection:
            found = _found(connection, alerts.c.state == Standing.FIRING.value)
        return sorted(found.values(), key=lambda alert: (alert.first_at, alert.key), reverse=True)

    def oldest_held_back(self) -> date | None:
        """The first day of the oldest alert that was held back and never told."""
        untold = (alerts.c.state == Standing.FIRING.value) & alerts.c.told_at.is_(None)
        with self._database.reading() as connection:
            found = _found(connection, untold)
        return min((alert.period.start for alert in found.values()), default=None)


def _found(connection: Connection, which: sa.ColumnElement[bool]) -> dict[str, Alert]:
    return {row.key: _alert(row) for row in connection.execute(sa.select(alerts).where(which))}


def _row(alert: Alert, now: datetime) -> dict[str, Any]:
    values = {_column(field.name): _kept(field.name, alert) for field in fields(Alert)}
    end = alert.period.end.isoformat()
    return {**values, "updated_at": to_text(now), "period_end": end}


def _column(name: str) -> str:
    return _COLUMNS.get(name, name)


def _kept(name: str, alert: Alert) -> Any:
    value = getattr(alert, name)
    if value is None:
        return None
    if name in _INSTANTS:
        return to_text(value)
    if name == "finding":
        return _codec().dump_json(value).decode()
    return value.value if isinstance(value, Standing | Severity) else value


def _alert(row: Row[Any]) -> Alert:
    values = {field.name: getattr(row, _column(field.name)) for field in fields(Alert)}
    return Alert(**{name: _read(name, value) for name, value in values.items()})


def _read(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in _INSTANTS:
        return from_text(value)
    readers: dict[str, Callable[[Any], Any]] = {
        "standing": Standing,
        "severity": Severity,
        "finding": _codec().validate_json,
    }
    return readers[name](value) if name in readers else value


@cache
def _codec() -> TypeAdapter[Finding]:
    return TypeAdapter(Finding)
