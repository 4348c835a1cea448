"""What is known of one day of one dataset. Light: read by `bot status` without SQLAlchemy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from bot.spend.calendar import DayState, SettlingTimes

COSTS = "costs"
"""The dataset of money; a usage dataset is called `usage/<kind>`."""


@dataclass(frozen=True, slots=True)
class DayRecord:
    """What is known of one day of one dataset."""

    day: date
    fetched_at: datetime | None
    whole: bool
    failed: bool
    error: str | None

    def state(self, times: SettlingTimes, now: datetime) -> DayState:
        """The state of the day at `now`."""
        state = times.state(self.day, self.fetched_at, self.failed, now)
        if state is not DayState.OPEN and not self.whole:
            return DayState.MISSING
        return state
