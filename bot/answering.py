"""What people do about an alert: acknowledge it, silence it. Its place in Slack follows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from difflib import get_close_matches

from bot.alerts.life import Alert
from bot.changes import Changes
from bot.errors import UsageError
from bot.store.alerts import AlertBook
from bot.store.database import Database

Change = Callable[[Alert], Alert]


def answer(
    database: Database, key: str, change: Change, now: datetime, *, interactive: bool = False
) -> Alert:
    """The open alert with that key, changed and remembered, its place's update in the outbox.

    `key` may be the beginning of one, if only one begins so. Raises UsageError otherwise. A
    change that leaves it as it is leaves no trace. `interactive`: its place keeps its buttons.
    """
    book = AlertBook(database)
    with database.writing() as connection:
        alerts = [alert for alert in book.held(connection).values() if alert.told_at]
        known = chosen(key, alerts)
        alert = change(known)
        if alert == known:
            return known
        changes = Changes(now, interactive)
        if alert.finding:
            alert = changes.shown(alert, alert.finding)
        changes.alerts.append(alert)
        changes.keep(connection, database)
    return alert


def chosen(key: str, alerts: Sequence[Alert]) -> Alert:
    """The alert that a key, a message key or the beginning of a key means."""
    wanted = key.partition("#")[0].strip()
    by_key = {alert.key: alert for alert in alerts}
    if wanted in by_key:
        return by_key[wanted]
    begin = sorted(known for known in by_key if wanted and known.startswith(wanted))
    if len(begin) == 1:
        return by_key[begin[0]]
    if begin:
        listed = "".join(f"\n    {known}" for known in begin[:5])
        raise UsageError(f"{len(begin)} alerts begin with '{wanted}'", hint=f"which one?{listed}")
    near = get_close_matches(wanted, by_key, n=1)
    meant = f"did you mean '{near[0]}'? " if near else ""
    shown = "`bot status` shows the keys of those that are"
    raise UsageError(f"no alert '{wanted}' is firing", hint=f"{meant}{shown}")
