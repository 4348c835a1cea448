"""`bot status` for people: its document as lines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from bot.alerts.standing import State
from bot.spend.calendar import day_name
from bot.spend.durations import duration_words


def status_lines(document: dict[str, Any], now: datetime) -> Iterator[str]:
    """Alerts, outbox, freshness and what is due, a line or a few each."""
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
    if document["worker"] is not None:
        yield from _worker_lines(document["worker"])


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


def _worker_lines(worker: dict[str, Any]) -> Iterator[str]:
    yield f"worker: last tick {worker['last_tick']}"
    yield from (f"  next {turn['schedule']:15} {turn['at']}" for turn in worker["next"])
    for name, number in worker["skipped"].items():
        yield f"  {name} skipped: {number} times"
