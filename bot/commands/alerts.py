"""`bot snooze` and `bot ack`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.alerts.life import Alert
from bot.answering import Change, answer
from bot.commands.common import configuration
from bot.errors import UsageError
from bot.spend.durations import parse_duration
from bot.spend.names import clean
from bot.store.database import open_lasting

LONGEST = timedelta(days=366)


def run_snooze(
    *,
    key: str,
    length: str | None,
    until: datetime | None,
    off: bool,
    config: Path | None,
    as_of: datetime | None,
) -> int:
    """Silence an alert for a while, or end its silence."""
    now = as_of or datetime.now(UTC)
    end = snooze_end(length, until, off, now)
    alert = _answered(config, key, lambda one: one.snoozed(end), now)
    words = f"snoozed until {end:%Y-%m-%d %H:%M} UTC" if end else "not snoozed any more"
    _say(alert, words)
    return 0


def run_ack(*, key: str, by: str | None, config: Path | None, as_of: datetime | None) -> int:
    """Note that somebody has the alert in hand."""
    now = as_of or datetime.now(UTC)
    who = clean(by, 80) if by else None
    alert = _answered(config, key, lambda one: one.acknowledged(now, who), now)
    _say(alert, f"acknowledged by {who}" if who else "acknowledged")
    return 0


def snooze_end(
    length: str | None, until: datetime | None, off: bool, now: datetime
) -> datetime | None:
    """When a snooze ends; None to end it now. Raises UsageError for what is no length of time."""
    if [length is not None, until is not None, off].count(True) != 1:
        raise UsageError("say how long: 4h, 7d, --until INSTANT, or --off to end a snooze")
    if off or (length or "").strip() == "0":
        return None
    end = until or now + _length(length or "")
    if not now < end <= now + LONGEST:
        raise UsageError(
            "a snooze ends after now and within a year", hint="write 4h, 7d or --until INSTANT"
        )
    return end


def _length(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise UsageError(f"'{clean(text, 40)}': {error}") from None


def _answered(config: Path | None, key: str, change: Change, now: datetime) -> Alert:
    loaded = configuration(config)
    database = open_lasting(loaded.store_url)
    try:
        interactive = loaded.settings.slack.interactive
        return answer(database, key, change, now, interactive=interactive)
    finally:
        database.close()


def _say(alert: Alert, words: str) -> None:
    sys.stdout.write(f"{alert.headline}\n  {words}\n  {alert.key}\n")
    if alert.place:
        sys.stdout.write("  Slack shows it after the next check.\n")
