"""What `bot status` asks of a database, as text: so that it needs no SQLAlchemy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple, Protocol

from bot.alerts.standing import Standing, State, shown_state, silent
from bot.errors import StoreError
from bot.spend.calendar import DayState, SettlingTimes, Span, utc_day
from bot.store.dayrecord import COSTS, DayRecord
from bot.store.instants import from_text
from bot.store.light import Row, Statement
from bot.store.version import VERSION

SHOWN_FOR = timedelta(days=7)
"""An alert is shown for so long after its period has ended."""


class Asked(Protocol):
    """A database that answers several questions out of one state."""

    def together(self, *statements: Statement) -> list[list[Row]]:
        """What each query finds. Raises StoreError."""


class FiringAlert(NamedTuple):
    """An alert that goes on and was told."""

    key: str
    rule: str
    severity: str
    step: float | None
    headline: str
    first_at: datetime
    told_at: datetime
    snoozed_until: datetime | None
    acked_at: datetime | None
    acked_by: str | None

    def state(self, now: datetime) -> State:
        """What people see of it at `now`."""
        return shown_state(Standing.FIRING, self.snoozed_until, self.acked_at, now)

    def is_snoozed(self, now: datetime) -> bool:
        return silent(self.snoozed_until, now)


class WaitingMessage(NamedTuple):
    """A message that is not known to be in Slack."""

    created_at: datetime
    key: str
    channel: str
    action: str
    attempts: int
    error: str | None


@dataclass(frozen=True, slots=True)
class Glance:
    """A database at a glance. `pulses` are name -> (instant, detail); `alerts` newest first,
    `waiting` oldest first; `outbox` counts messages by state, `counters` are the worker's."""

    pulses: Mapping[str, tuple[datetime, str]]
    counters: Mapping[str, int]
    alerts: tuple[FiringAlert, ...]
    waiting: tuple[WaitingMessage, ...]
    outbox: Mapping[str, int]
    days: Mapping[date, DayRecord]

    def states(self, span: Span, times: SettlingTimes, now: datetime) -> dict[date, DayState]:
        """The state of every day of the span it was asked for."""
        unknown = DayState.MISSING
        return {
            day: self.days[day].state(times, now) if day in self.days else unknown for day in span
        }


def glance(database: Asked, span: Span, now: datetime) -> Glance:
    """What is there, of the days of the span. Raises StoreError, also for another schema's."""
    since = (utc_day(now) - SHOWN_FOR).isoformat()
    version, pulses, counters, alerts, waiting, states, days = database.together(
        ("SELECT value FROM meta WHERE name = 'schema'", ()),
        ("SELECT name, at, detail FROM pulses", ()),
        ("SELECT name, value FROM counters", ()),
        (_ALERTS, (since,)),
        (_WAITING, ()),
        ("SELECT state, count(*) FROM outbox GROUP BY state", ()),
        (_DAYS, (COSTS, span.start.toordinal(), span.end.toordinal())),
    )
    if version != [(str(VERSION),)]:
        raise StoreError("the database is of another version")
    counted = {state: int(number) for state, number in states}
    return Glance(
        pulses={name: (from_text(at), detail) for name, at, detail in pulses},
        counters={name: int(value) for name, value in counters},
        alerts=tuple(sorted(map(_alert, alerts), key=lambda a: (a.first_at, a.key), reverse=True)),
        waiting=tuple(sorted(map(_waiting, waiting))),
        outbox={state: counted.get(state, 0) for state in OUTBOX_STATES},
        days={record.day: record for record in map(_day, days)},
    )


def empty_glance() -> Glance:
    """Of a database that nobody has made yet."""
    return Glance({}, {}, (), (), dict.fromkeys(OUTBOX_STATES, 0), {})


OUTBOX_STATES = ("pending", "sending", "sent")
_ALERTS = (
    "SELECT key, rule, severity, step, headline, first_at, told_at, snoozed_until, acked_at, "
    "acked_by FROM alerts WHERE state = 'firing' AND told_at IS NOT NULL AND period_end >= ?"
)
_WAITING = (
    "SELECT created_at, key, channel, action, attempts, error FROM outbox WHERE state <> 'sent'"
)
_DAYS = (
    "SELECT day, fetched_at, whole, failed_at, error FROM days "
    "WHERE dataset = ? AND day >= ? AND day < ?"
)


def _alert(row: Row) -> FiringAlert:
    key, rule, severity, step, headline, first_at, told_at, snoozed_until, acked_at, by = row
    instants = from_text(first_at), from_text(told_at), _instant(snoozed_until), _instant(acked_at)
    return FiringAlert(key, rule, severity, step, headline, *instants, by)


def _waiting(row: Row) -> WaitingMessage:
    return WaitingMessage(from_text(row[0]), *row[1:])


def _day(row: Row) -> DayRecord:
    day, fetched_at, whole, failed_at, error = row
    at = _instant(fetched_at)
    return DayRecord(date.fromordinal(day), at, bool(whole), failed_at is not None, error)


def _instant(text: str | None) -> datetime | None:
    return from_text(text) if text else None
