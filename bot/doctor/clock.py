"""This machine's clock against a server's, by the Date header of an answer (RFC 9110, 6.6.1).

A clock that is wrong puts costs on wrong days, and digests at wrong times.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from bot.doctor.checkup import Check, failed, ok, skipped, warning

WARNS = timedelta(seconds=60)
FAILS = timedelta(minutes=5)

_WAY_OUT = "let NTP set the clock of this machine: `timedatectl set-ntp true`"


def clock_check(who: str, header: str, now: datetime) -> Check:
    """How far this clock is from the server's. `header` is its Date header, empty for none."""
    name = f"clock by {who}"
    at = _instant(header)
    if at is None:
        return skipped(name, f"{who} did not say what time it is")
    ahead = now - at
    if abs(ahead) <= WARNS:
        return ok(name, f"{abs(ahead).total_seconds():.0f} s apart")
    says = f"this clock is {_words(abs(ahead))} {'ahead of' if ahead > timedelta(0) else 'behind'}"
    make = failed if abs(ahead) > FAILS else warning
    return make(name, f"{says} {who}'s", _WAY_OUT)


def _instant(header: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(header)
    except (ValueError, TypeError, OverflowError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _words(apart: timedelta) -> str:
    seconds = int(apart.total_seconds())
    if seconds < 600:
        return f"{seconds} seconds"
    if seconds < 7200:
        return f"{seconds // 60} minutes"
    return f"{seconds // 3600} hours" if seconds < 172_800 else f"{seconds // 86_400} days"
