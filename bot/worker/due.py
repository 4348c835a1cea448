"""What is due. Pure: the instant and what is recorded come in as arguments.

A digest belongs to its scheduled local date, whatever the date is when it runs. Its instant is the
local time in the zone with `fold=0` (PEP 495): a time that comes twice counts the first time, and
one that the clock jumps over counts by the offset before the jump, so just after it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

CHECK = "check"
LONGEST_ABSENCE = 400
"""Days looked back for digests that were missed; nobody reads a longer list of dates."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DigestTime:
    """When a digest is due: `at`, local time, every day, or on a weekday (0 is Monday), or on a
    day of the month. `name` is `daily`, `weekly` or `monthly`."""

    name: str
    at: time
    weekday: int | None = None
    of_month: int | None = None

    @property
    def schedule(self) -> str:
        """Its name among all schedules."""
        return f"digest/{self.name}"

    def falls_on(self, day: date) -> bool:
        """Whether the local date is one of its days."""
        if self.weekday is not None:
            return day.weekday() == self.weekday
        return self.of_month is None or day.day == self.of_month


@dataclass(frozen=True, slots=True)
class Timetable:
    """All that is scheduled. `jitter` moves the checks away from the full hour."""

    zone: ZoneInfo
    check_every: timedelta
    jitter: timedelta
    digests: tuple[DigestTime, ...]
    catch_up: timedelta


@dataclass(frozen=True, slots=True)
class Slot:
    """One turn of a schedule. `name` sorts by time: the local date, or the instant of a check."""

    schedule: str
    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Due:
    """A turn to take now, and those before it that nobody took."""

    slot: Slot
    missed: tuple[Slot, ...] = ()


@dataclass(frozen=True, slots=True)
class TooLate:
    """Turns that nobody took within the time to catch up."""

    missed: tuple[Slot, ...]


def instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The one instant of a local time on a local date, in UTC."""
    return datetime.combine(day, at, zone).replace(fold=0).astimezone(UTC)


def jitter(seed: str, check_every: timedelta) -> timedelta:
    """A delay that is always the same for one seed: a tenth of the interval, 5 minutes at most.

    Bots that all ask at :00 are the ones that get 429 (python-slack-sdk issue 1013).
    """
    most = min(check_every.total_seconds() / 10, 300.0)
    part = int.from_bytes(sha256(seed.encode()).digest()[:4], "big") / 2**32
    return timedelta(seconds=int(most * part))


def latest(digest: DigestTime, zone: ZoneInfo, now: datetime) -> Slot | None:
    """The digest's last turn that has come; None if there was none in a good month."""
    return next(_back_from(digest, zone, now, 40), None)


def due_digest(
    digest: DigestTime, table: Timetable, now: datetime, last: str | None
) -> Due | TooLate | None:
    """What to do about a digest. `last` is the newest date recorded, up to now; None for none.

    Several dates missed make one digest, for the latest. Before the first record nothing counts
    as missed, and only today's turn as due: a new bot does not begin with yesterday's digest.
    """
    turns = _back_from(digest, table.zone, now, LONGEST_ABSENCE)
    newest = next(turns, None)
    if newest is None or (last is not None and newest.name <= last):
        return None
    is_late = now - newest.at > table.catch_up
    if last is None:
        is_today = newest.name == now.astimezone(table.zone).date().isoformat()
        return Due(newest) if is_today and not is_late else None
    missed = tuple(slot for slot in turns if slot.name > last)[::-1]
    return TooLate((*missed, newest)) if is_late else Due(newest, missed)


def due_check(table: Timetable, now: datetime) -> Slot:
    """The check whose turn it is now."""
    every = table.check_every
    turn = (now - _EPOCH - table.jitter) // every
    at = _EPOCH + table.jitter + turn * every
    return Slot(CHECK, at.strftime("%Y-%m-%dT%H:%M:%SZ"), at)


def checks_missed(slot: Slot, last: str | None, every: timedelta) -> int:
    """How many checks nobody made between the one recorded last and this one."""
    if last is None:
        return 0
    before = datetime.strptime(last, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    return max(0, (slot.at - before) // every - 1)


def next_turns(table: Timetable, now: datetime) -> list[Slot]:
    """The next turn of every schedule after `now`, soonest first."""
    check_at = due_check(table, now).at + table.check_every
    turns = [Slot(CHECK, check_at.strftime("%Y-%m-%dT%H:%M:%SZ"), check_at)]
    for digest in table.digests:
        turns.append(_next(digest, table.zone, now))
    return sorted(turns, key=lambda slot: slot.at)


def _next(digest: DigestTime, zone: ZoneInfo, now: datetime) -> Slot:
    day = now.astimezone(zone).date() - _ONE_DAY
    while not digest.falls_on(day) or instant(day, digest.at, zone) <= now:
        day += _ONE_DAY
    return Slot(digest.schedule, day.isoformat(), instant(day, digest.at, zone))


def _back_from(digest: DigestTime, zone: ZoneInfo, now: datetime, days: int) -> Iterator[Slot]:
    """Its turns that have come, newest first."""
    tomorrow = now.astimezone(zone).date() + _ONE_DAY
    for back in range(days):
        day = tomorrow - timedelta(days=back)
        if digest.falls_on(day) and (at := instant(day, digest.at, zone)) <= now:
            yield Slot(digest.schedule, day.isoformat(), at)
