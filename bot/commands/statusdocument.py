"""`bot status` as a document: from settings and a glance at the database. Pure."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.commands.bearings import Bearings
from bot.spend.calendar import DayState
from bot.store.glance import FiringAlert, Glance, WaitingMessage
from bot.store.tallies import CHECKED, FAILED, TICKED
from bot.worker.due import DigestTime, Timetable, next_turns


def status_document(bearings: Bearings, seen: Glance, now: datetime) -> dict[str, Any]:
    """What fires, what waits, how fresh the data is, what is due, and how the worker does."""
    checked = seen.pulses[CHECKED][0] if CHECKED in seen.pulses else None
    return {
        "as_of": _iso(now),
        "last_check": _iso(checked),
        **_freshness(bearings, seen, now),
        "trouble": seen.pulses[FAILED][1] if FAILED in seen.pulses else None,
        "firing": [_alert(alert, now) for alert in seen.alerts],
        "outbox": [_entry(entry) for entry in seen.waiting],
        "counts": {
            "alerts": dict(Counter(alert.state(now).value for alert in seen.alerts)),
            "outbox": dict(seen.outbox),
        },
        "next": _next(bearings.timetable, checked, now),
        "worker": _worker(bearings.timetable, seen, now),
    }


def _freshness(bearings: Bearings, seen: Glance, now: datetime) -> dict[str, Any]:
    span = bearings.span(now)
    states = seen.states(span, bearings.settling, now)
    finished = [d for d, s in states.items() if s in (DayState.SETTLING, DayState.SETTLED)]
    settled = [d for d, s in states.items() if s is DayState.SETTLED]
    return {
        "last_finished_day": max(finished).isoformat() if finished else None,
        "last_settled_day": max(settled).isoformat() if settled else None,
        "missing_days": [d.isoformat() for d, s in states.items() if s is DayState.MISSING],
        "days": len(span),
    }


def _alert(alert: FiringAlert, now: datetime) -> dict[str, Any]:
    return {
        "key": alert.key,
        "rule": alert.rule,
        "severity": alert.severity,
        "state": alert.state(now).value,
        "step": alert.step,
        "headline": alert.headline,
        "since": _iso(alert.first_at),
        "told_at": _iso(alert.told_at),
        "snoozed_until": _iso(alert.snoozed_until) if alert.is_snoozed(now) else None,
        "acknowledged_at": _iso(alert.acked_at),
        "acknowledged_by": alert.acked_by,
    }


def _entry(entry: WaitingMessage) -> dict[str, Any]:
    return {
        "key": entry.key,
        "channel": entry.channel,
        "action": entry.action,
        "since": _iso(entry.created_at),
        "attempts": entry.attempts,
        "error": entry.error,
    }


def _next(table: Timetable, checked: datetime | None, now: datetime) -> dict[str, Any]:
    """When the worker checks and posts digests next, by the schedule."""
    check = max(now, checked + table.check_every) if checked else now
    digests = {digest.name: _iso(_next_digest(digest, table, now)) for digest in table.digests}
    return {"check": _iso(check), "digest": digests}


def _next_digest(digest: DigestTime, table: Timetable, now: datetime) -> datetime | None:
    today = now.astimezone(table.zone).date()
    days = (today + timedelta(days=n) for n in range(40))
    moments = (datetime.combine(day, digest.at, table.zone) for day in days if digest.falls_on(day))
    return next((moment for moment in moments if moment > now), None)


def _worker(table: Timetable, seen: Glance, now: datetime) -> dict[str, Any] | None:
    """None where no worker has left a sign of life, or left in peace."""
    ticks = [at for name, (at, _) in seen.pulses.items() if name.startswith(TICKED)]
    if not ticks:
        return None
    return {
        "last_tick": _iso(max(ticks)),
        "next": [
            {"schedule": slot.schedule, "at": _iso(slot.at)} for slot in next_turns(table, now)
        ],
        "skipped": {
            name.removeprefix("skipped/"): number
            for name, number in sorted(seen.counters.items())
            if name.startswith("skipped/")
        },
    }


def _iso(instant: datetime | None) -> str | None:
    return instant.astimezone(UTC).isoformat(timespec="seconds") if instant else None
