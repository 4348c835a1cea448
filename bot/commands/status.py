"""`bot status`."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.alerts.life import Alert, State
from bot.commands.common import configuration, print_json
from bot.commands.workerstatus import worker_lines, worker_status
from bot.config.settings import DigestTime, ScheduleSettings, Settings
from bot.kinds.durations import duration_words
from bot.spend.calendar import DayState, day_name, utc_day
from bot.spend.ledger import trailing
from bot.store.alerts import AlertBook, recently_shown
from bot.store.database import Database, open_glanced
from bot.store.entries import OutboxEntry
from bot.store.history import History
from bot.store.outbox import Outbox
from bot.store.pulses import CHECKED, FAILED, Pulses
from bot.store.records import COSTS


def run_status(*, config: Path | None, output: str, as_of: datetime | None) -> int:
    """What fires, what waits, how fresh the data is. Exit 5 while a message cannot be delivered."""
    loaded = configuration(config)
    now = as_of or datetime.now(UTC)
    with closing(open_glanced(loaded.store_url)) as database:
        waiting = Outbox(database).waiting()
        document = _document(database, loaded.settings, waiting, now)
    document["worker"] = worker_status(loaded, now)
    if output == "json":
        print_json(document)
    else:
        lines = [*_lines(document, now), *worker_lines(document["worker"])]
        sys.stdout.write("\n".join(lines) + "\n")
    return 5 if any(entry.error for entry in waiting) else 0


def _document(
    database: Database, settings: Settings, waiting: list[OutboxEntry], now: datetime
) -> dict[str, Any]:
    pulses = Pulses(database)
    checked, failed = pulses.last(CHECKED), pulses.last(FAILED)
    alerts = [
        alert
        for alert in AlertBook(database).open()
        if alert.told_at and recently_shown(alert, utc_day(now))
    ]
    return {
        "as_of": _iso(now),
        "last_check": _iso(checked.at) if checked else None,
        **_freshness(database, settings, now),
        "trouble": failed.detail if failed else None,
        "firing": [_alert(alert, now) for alert in alerts],
        "outbox": [_entry(entry) for entry in waiting],
        "counts": {
            "alerts": dict(Counter(alert.state(now).value for alert in alerts)),
            "outbox": dict(Outbox(database).counts()),
        },
        "next": _next(settings.schedule, checked.at if checked else None, now),
    }


def _freshness(database: Database, settings: Settings, now: datetime) -> dict[str, Any]:
    span = trailing(utc_day(now), settings.source.history_days)
    states = History(database).states(COSTS, span, settings.source.settling, now)
    finished = [d for d, s in states.items() if s in (DayState.SETTLING, DayState.SETTLED)]
    settled = [d for d, s in states.items() if s is DayState.SETTLED]
    return {
        "last_finished_day": max(finished).isoformat() if finished else None,
        "last_settled_day": max(settled).isoformat() if settled else None,
        "missing_days": [d.isoformat() for d, s in states.items() if s is DayState.MISSING],
        "days": len(span),
    }


def _alert(alert: Alert, now: datetime) -> dict[str, Any]:
    return {
        "key": alert.key,
        "rule": alert.rule,
        "severity": alert.severity.value,
        "state": alert.state(now).value,
        "step": alert.step,
        "headline": alert.headline,
        "since": _iso(alert.first_at),
        "told_at": _iso(alert.told_at),
        "snoozed_until": _iso(alert.snoozed_until) if alert.is_snoozed(now) else None,
        "acknowledged_at": _iso(alert.acked_at),
        "acknowledged_by": alert.acked_by,
    }


def _entry(entry: OutboxEntry) -> dict[str, Any]:
    return {
        "key": entry.key,
        "channel": entry.channel,
        "action": entry.action.value,
        "since": _iso(entry.created_at),
        "attempts": entry.attempts,
        "error": entry.error,
    }


def _next(schedule: ScheduleSettings, checked: datetime | None, now: datetime) -> dict[str, Any]:
    """When the worker checks and posts digests next, by the schedule."""
    check = max(now, checked + schedule.check_every) if checked else now
    digests = {
        name: _iso(_next_digest(at, schedule, now))
        for name in ("daily", "weekly", "monthly")
        if (at := getattr(schedule.digest, name)) is not None
    }
    return {"check": _iso(check), "digest": digests}


def _next_digest(at: DigestTime, schedule: ScheduleSettings, now: datetime) -> datetime | None:
    today = now.astimezone(schedule.zone).date()
    days = (today + timedelta(days=n) for n in range(40))
    moments = (datetime.combine(day, at.at, schedule.zone) for day in days if at.falls_on(day))
    return next((moment for moment in moments if moment > now), None)


def _iso(instant: datetime | None) -> str | None:
    return instant.astimezone(UTC).isoformat(timespec="seconds") if instant else None


def _lines(document: dict[str, Any], now: datetime) -> Iterator[str]:
    yield f"last check: {document['last_check'] or 'never'}"
    finished, settled = document["last_finished_day"], document["last_settled_day"]
    settled_words = f", last settled {_day(settled)}" if settled else ""
    yield f"last finished day held: {_day(finished) if finished else 'none'}{settled_words}"
    if missing := document["missing_days"]:
        yield f"missing: {len(missing)} of {document['days']} days"
    if document["trouble"]:
        yield f"trouble: {document['trouble'].partition(chr(10))[0]}"
    yield f"firing: {len(document['firing']) or 'nothing'}"
    for alert in document["firing"]:
        yield from _alert_lines(alert, now)
    yield f"outbox: {len(document['outbox']) or 'empty'}"
    for entry in document["outbox"]:
        yield from _entry_lines(entry, now)
    digests = [f"{name} digest {when}" for name, when in document["next"]["digest"].items()]
    yield f"next by the schedule: check {document['next']['check']}"
    yield from (f"  {line}" for line in digests)


def _alert_lines(alert: dict[str, Any], now: datetime) -> Iterator[str]:
    yield f"  {alert['severity']:8} {alert['headline']}"
    step = f", step {alert['step']:g}%" if alert["step"] is not None else ""
    yield f"           {_state_words(alert)} for {_age(alert['since'], now)}{step}"
    yield f"           {alert['key']}"


def _state_words(alert: dict[str, Any]) -> str:
    by = f" by {alert['acknowledged_by']}" if alert["acknowledged_by"] else ""
    if alert["state"] == State.SNOOZED:
        return f"snoozed until {alert['snoozed_until']}, firing"
    return f"acknowledged{by}, firing" if alert["state"] == State.ACKNOWLEDGED else "firing"


def _entry_lines(entry: dict[str, Any], now: datetime) -> Iterator[str]:
    tries = "attempt" if entry["attempts"] == 1 else "attempts"
    yield f"  {entry['key']} for {entry['channel']}"
    waits = f"waits for {_age(entry['since'], now)}, {entry['attempts']} {tries}"
    error = (entry["error"] or "").partition("\n")[0]
    yield f"    {waits}" + (f": {error}" if error else "")


def _age(since: str, now: datetime) -> str:
    """`45m`, `3h`, `2d`: the time since an instant, in its largest whole unit."""
    passed = max(now - datetime.fromisoformat(since), timedelta(0))
    for unit in (timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)):
        if passed >= unit:
            return duration_words(passed // unit * unit)
    return "less than a minute"


def _day(text: str) -> str:
    return day_name(datetime.fromisoformat(text).date())
