"""A bill seen in parts: what is true of each day, and what each run is shown of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from bot.delivery.postman import Undelivered
from bot.sources.base import COSTS, Cause, Fetched, FetchFailure
from bot.spend.calendar import ONE_DAY, Span, midnight
from bot.spend.money import from_dollars
from bot.spend.rows import CostDay, CostRow
from bot.store.database import Database
from bot.store.outbox import Outbox

FIRST = date(2026, 11, 10)
"""The first day of which a run may be shown a part: a Tuesday. All days before are settled."""
LAST = 5
"""Days from FIRST on of which a run may be shown a part."""
REGULAR: Mapping[str, float] = {"search": 40.0, "support": 20.0, "batch": 10.0}


class Shown(StrEnum):
    """What a run is shown of a day."""

    TRUE = "true"
    FAILED = "failed"
    """No answer."""
    BROKEN_OFF = "broken off"
    """A part, which says that it is one."""
    EMPTY = "empty"
    """A sound answer without a row."""
    ZERO = "zero"
    """All rows, and none of them costs anything."""
    VANISHED = "vanished"
    """A sound answer without one of the projects."""
    LATE = "late"
    """A sound answer with half of the amounts; once the grace time is over, the truth."""


@dataclass(frozen=True)
class Truth:
    """What happens from FIRST on: dollars by days since FIRST, for one project."""

    project: str
    dollars: Mapping[int, float]

    def of(self, day: date) -> dict[str, float]:
        usual = dict(REGULAR)
        at = (day - FIRST).days
        if at in self.dollars:
            usual[self.project] = self.dollars[at]
        return usual


class Run(NamedTuple):
    """A run so many hours after the midnight that begins FIRST, and what it is shown."""

    hour: int
    shown: Mapping[int, Shown]


@dataclass
class Bill:
    """A source that tells the truth, but for some days."""

    truth: Truth
    now: datetime
    shown: Mapping[int, Shown]

    def fetch(self, days: Span) -> Iterator[Fetched]:
        for day in days:
            yield self._day(day, self.shown.get((day - FIRST).days, Shown.TRUE))

    def as_of(self) -> None:
        return None

    def _day(self, day: date, shown: Shown) -> Fetched:
        hours = (self.now - midnight(day)) / timedelta(hours=1)
        part = min(max(hours, 0) / 24, 1.0)
        match shown:
            case Shown.FAILED:
                return FetchFailure(COSTS, Span(day, day + ONE_DAY), "no answer", cause=Cause.AWAY)
            case Shown.EMPTY:
                return CostDay(day, ())
            case Shown.ZERO:
                part = 0.0
            case Shown.LATE if hours < 24 + 6:
                part /= 2
        dollars = self.truth.of(day)
        if shown is Shown.VANISHED:
            dollars.pop(self.truth.project, None)
        rows = tuple(_row(day, project, usd * part) for project, usd in dollars.items() if usd)
        if shown is Shown.BROKEN_OFF:
            return CostDay(day, rows[:1], whole=False)
        return CostDay(day, rows)


def _row(day: date, project: str, usd: float) -> CostRow:
    nanos = from_dollars(round(usd, 4))
    return CostRow(day, project, f"gpt-5, {project}", f"key_{project}", nanos)


@dataclass
class Told:
    """A postman whose messages arrive at once."""

    database: Database
    now: datetime
    keys: list[str] = field(default_factory=list)

    def deliver(self) -> tuple[int, Undelivered]:
        waiting = list(Outbox(self.database).waiting())
        self.keys += [entry.key for entry in waiting]
        with self.database.writing() as connection:
            connection.exec_driver_sql(
                "UPDATE outbox SET state = 'sent', ts='1.0', channel_id='C0'"
            )
        return len(waiting), ()
