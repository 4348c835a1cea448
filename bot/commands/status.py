"""`bot status`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.commands.common import configuration, print_json
from bot.commands.workerstatus import worker_lines, worker_status
from bot.spend.calendar import DayState, day_name, utc_day
from bot.spend.ledger import trailing
from bot.store.alerts import AlertBook
from bot.store.database import open_forgetful
from bot.store.history import COSTS, History
from bot.store.outbox import Outbox
from bot.store.pulses import CHECKED, FAILED, Pulses


def run_status(*, config: Path | None, output: str, as_of: datetime | None) -> int:
    """What fires, what waits, how fresh the data is. Exit 5 while a message cannot be delivered."""
    loaded = configuration(config)
    now = as_of or datetime.now(UTC)
    database = open_forgetful(loaded.store_url)
    source = loaded.settings.source
    span = trailing(utc_day(now), source.history_days)
    states = History(database).states(COSTS, span, source.settling, now)
    finished = [d for d, s in states.items() if s in (DayState.SETTLING, DayState.SETTLED)]
    checked = Pulses(database).last(CHECKED)
    failed = Pulses(database).last(FAILED)
    waiting = Outbox(database).waiting()
    document: dict[str, Any] = {
        "as_of": now.isoformat(timespec="seconds"),
        "last_check": checked.at.isoformat(timespec="seconds") if checked else None,
        "last_finished_day": max(finished).isoformat() if finished else None,
        "missing_days": [d.isoformat() for d, s in states.items() if s is DayState.MISSING],
        "trouble": failed.detail if failed else None,
        "firing": [
            {
                "key": alert.key,
                "severity": alert.severity.value,
                "headline": alert.headline,
                "since": alert.first_at.isoformat(timespec="seconds"),
            }
            for alert in AlertBook(database).firing(utc_day(now))
        ],
        "outbox": [
            {"key": e.key, "channel": e.channel, "attempts": e.attempts, "error": e.error}
            for e in waiting
        ],
    }
    document["worker"] = worker_status(loaded, now)
    if output == "json":
        print_json(document)
    else:
        _print(document, len(states))
        sys.stdout.write("".join(f"{line}\n" for line in worker_lines(document["worker"])))
    return 5 if any(entry.error for entry in waiting) else 0


def _print(document: dict[str, Any], days: int) -> None:
    lines = [f"last check: {document['last_check'] or 'never'}"]
    last = document["last_finished_day"]
    lines.append(f"last finished day held: {_day(last) if last else 'none'}")
    if missing := document["missing_days"]:
        lines.append(f"missing: {len(missing)} of {days} days")
    if document["trouble"]:
        lines.append(f"trouble: {document['trouble']}")
    lines.append(f"firing: {len(document['firing']) or 'nothing'}")
    for alert in document["firing"]:
        lines.append(f"  {alert['severity']:8} {alert['headline']}\n           {alert['key']}")
    lines.append(f"outbox: {len(document['outbox']) or 'empty'}")
    for entry in document["outbox"]:
        why = f": {entry['error']}" if entry["error"] else ""
        lines.append(f"  {entry['key']} for {entry['channel']}{why}")
    sys.stdout.write("\n".join(lines) + "\n")


def _day(text: str) -> str:
    return day_name(datetime.fromisoformat(text).date())
