"""Alerts of a backtest by ISO week."""

from __future__ import annotations

from collections.abc import Iterator

from bot.backtest import Backtest, Replayed
from bot.spend.calendar import ONE_DAY, Period, Unit, period_of


def by_week(result: Backtest) -> Iterator[tuple[Period, list[Replayed]]]:
    """Each week that has a day of the backtest, oldest first, with its alerts; quiet ones too."""
    if not len(result.days):
        return
    week = period_of(result.days.start, Unit.WEEK)
    while week.start < result.days.end:
        yield week, [alert for alert in result.alerts if alert.first.day in week.span]
        week = period_of(week.last_day + ONE_DAY, Unit.WEEK)
