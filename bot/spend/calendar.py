"""UTC days, half-open spans of them, and what is known about a day.

Bills are kept in UTC days, so sums are; a time zone belongs to schedules and to how an instant
is shown (OpenAI help 10478918).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

ONE_DAY = timedelta(days=1)


class Unit(StrEnum):
    """The length of a period."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class DayState(StrEnum):
    """What is known about a day. Zero is not missing."""

    OPEN = "open"
    """The day is not over: its total can only grow."""
    SETTLING = "settling"
    """Over and fetched since, but it may still be restated."""
    SETTLED = "settled"
    """Fetched after its settling time: as good as the bill."""
    MISSING = "missing"
    """Never fetched, not fetched since it ended, or the last fetch of it failed."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open span of whole UTC days, `start <= day < end`."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError(f"a span cannot end ({self.end}) before it starts ({self.start})")

    def __contains__(self, day: date) -> bool:
        return self.start <= day < self.end

    def __iter__(self) -> Iterator[date]:
        return (self.start + timedelta(days=n) for n in range(len(self)))

    def __len__(self) -> int:
        return (self.end - self.start).days


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A day, ISO week, month, quarter or year as a half-open span of UTC days."""

    unit: Unit
    start: date
    end: date

    @property
    def span(self) -> Span:
        return Span(self.start, self.end)

    @property
    def last_day(self) -> date:
        return self.end - ONE_DAY

    def __str__(self) -> str:
        return period_name(self)


def period_of(day: date, unit: Unit) -> Period:
    """The period of that unit which holds the day. Weeks begin on Monday (ISO 8601)."""
    match unit:
        case Unit.DAY:
            return Period(unit, day, day + ONE_DAY)
        case Unit.WEEK:
            start = day - timedelta(days=day.weekday())
            return Period(unit, start, start + timedelta(days=7))
        case Unit.MONTH:
            return _months(day, unit, 1)
        case Unit.QUARTER:
            return _months(day, unit, 3)
        case Unit.YEAR:
            return _months(day, unit, 12)


def _months(day: date, unit: Unit, count: int) -> Period:
    first = (day.month - 1) // count * count
    start = date(day.year, first + 1, 1)
    over, month = divmod(first + count, 12)
    return Period(unit, start, date(day.year + over, month + 1, 1))


def period_name(period: Period) -> str:
    """A period as people say it: `Thu 19 Nov 2026`, `week 47 of 2026`, `November 2026`."""
    start = period.start
    match period.unit:
        case Unit.DAY:
            return f"{start:%a} {start.day} {start:%b %Y}"
        case Unit.WEEK:
            year, week, _ = start.isocalendar()
            return f"week {week} of {year}"
        case Unit.MONTH:
            return f"{start:%B %Y}"
        case Unit.QUARTER:
            return f"Q{(start.month + 2) // 3} {start.year}"
        case Unit.YEAR:
            return f"{start.year}"


def day_name(day: date) -> str:
    """`Thu 19 Nov`: a day in a sentence whose year is plain."""
    return f"{day:%a} {day.day} {day:%b}"


def midnight(day: date) -> datetime:
    """The instant at which the UTC day begins."""
    return datetime.combine(day, time.min, UTC)


def utc_day(instant: datetime) -> date:
    """The UTC day an aware instant falls on."""
    return instant.astimezone(UTC).date()


@dataclass(frozen=True, slots=True)
class SettlingTimes:
    """When a finished day may be judged, and when it counts as settled.

    `grace`: wait this long after the day's end before a verdict that needs a complete day.
    `settle`: restatements are expected until this long after the day's end.
    """

    grace: timedelta = timedelta(hours=6)
    settle: timedelta = timedelta(days=2)

    def state(
        self, day: date, fetched_at: datetime | None, failed: bool, now: datetime
    ) -> DayState:
        """The state of a day at `now`, given when its data were last fetched (None: never).

        A failed fetch makes a day missing unless it was already settled when last read.
        A day that ended since it was last fetched is missing too: what is held is a part of it.
        """
        end = midnight(day) + ONE_DAY
        if fetched_at is None:
            return DayState.MISSING
        seen = min(fetched_at, now)  # a replay of the past may find what was fetched later
        if seen >= end + self.settle:
            return DayState.SETTLED
        if failed:
            return DayState.MISSING
        if now < end:
            return DayState.OPEN
        return DayState.SETTLING if seen >= end else DayState.MISSING

    def judgeable(self, day: date, state: DayState, now: datetime) -> bool:
        """Whether a verdict that needs the complete day may be given at `now`."""
        finished = state in (DayState.SETTLING, DayState.SETTLED)
        return finished and now >= midnight(day) + ONE_DAY + self.grace
