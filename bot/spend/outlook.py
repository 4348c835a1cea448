"""Where the running period ends for each subject, from a ledger: for caps and for the digest alike.

Only settled days teach the forecast. What is known of the days after them counts as spent, and
they are taken to bring at least what the settled pace says: a part of a day is never a whole one.
Missing days are estimated at the same pace, while they are few.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from math import floor, log10
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bot.spend.baseline import since_first_activity
from bot.spend.calendar import ONE_DAY, DayState, Period, midnight
from bot.spend.forecast import Forecast, Held, Past, TooYoung, limit_falls_on
from bot.spend.ledger import DailyTable, Ledger
from bot.spend.metrics import Metric
from bot.spend.weekdays import Floats

MOST_MISSING: Final = 7
"""No forecast where more than one in so many days of the whole period is missing."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """The end of the running period for one subject, in the unit of the table."""

    forecast: Forecast
    elapsed: int
    """What is known to be spent, open and missing days with what is known of them."""
    remaining: tuple[date, ...]
    """The days that still bring something: those not settled yet, then those to come."""
    today: date
    missing: tuple[date, ...] = ()
    """Days so far of which the forecast had to estimate everything."""

    def falls_on(self, limit: float) -> date | None:
        """The day, today or later, by whose end the limit is foreseen to be reached."""
        day = limit_falls_on(self.forecast, self.elapsed, limit, self.remaining)
        return max(day, self.today) if day else None


@dataclass(frozen=True, slots=True)
class TooManyMissing:
    """No forecast: too much of the period so far was never seen."""

    missing: tuple[date, ...]


NoOutlook = TooYoung | TooManyMissing


def outlooks(
    ledger: Ledger,
    table: DailyTable,
    period: Period,
    metric: Metric = Metric.COST,
    planned: Mapping[date, float] | None = None,
) -> list[Outlook | NoOutlook]:
    """Foresee the end of the period that holds today for each subject of the table.

    `planned` days are no history; each is foreseen to bring so much more than the pace (in the
    unit of the table). Raises ValueError for a period that is over or has not begun.
    """
    together, columns = _together(ledger, table, period, metric, planned or {})
    if not together.announced.issuperset(columns):
        return _outlooks(ledger, table, period, metric, planned or {})
    if not together.ends:
        some = sorted(together.announced)
        part = together.whole.only(np.array(some, dtype=np.intp))
        ends = _outlooks(ledger, part, period, metric, planned or {})
        together.ends.update(zip(some, ends, strict=True))
    return [together.ends[n] for n in columns]


def announce(
    ledger: Ledger,
    table: DailyTable,
    period: Period,
    metric: Metric = Metric.COST,
    planned: Mapping[date, float] | None = None,
) -> None:
    """Say that `outlooks` will be asked for: what many rules ask about one table, of a subject
    each or of all, is foreseen once and together."""
    together, columns = _together(ledger, table, period, metric, planned or {})
    if not together.ends:
        together.announced.update(columns)


@dataclass(slots=True)
class _Together:
    """The subjects of one table that are foreseen at once, by the numbers of their columns."""

    whole: DailyTable  # held, so that its id stays its own
    announced: set[int] = field(default_factory=set)
    ends: dict[int, Outlook | NoOutlook] = field(default_factory=dict)


def _together(
    ledger: Ledger, table: DailyTable, period: Period, metric: Metric, planned: Mapping[date, float]
) -> tuple[_Together, Sequence[int]]:
    """What is foreseen of the whole table, and the numbers of this table's columns there."""
    whole, columns = _whole_of(table)
    key = ("outlooks", id(whole), period, metric, tuple(sorted(planned.items())))
    return ledger.remembered(key, lambda: _Together(whole)), columns


def _whole_of(table: DailyTable) -> tuple[DailyTable, tuple[int, ...]]:
    """The table that this one is a part of, or itself; and the numbers of its columns there."""
    return table.whole or (table, tuple(range(len(table.ids))))


def _outlooks(
    ledger: Ledger,
    table: DailyTable,
    period: Period,
    metric: Metric,
    planned: Mapping[date, float],
) -> list[Outlook | NoOutlook]:
    if ledger.today not in period.span:
        raise ValueError(f"{period} does not hold {ledger.today}: there is nothing to foresee")
    missing = tuple(
        day
        for day in ledger.days_in_state(period.span, DayState.MISSING, metric)
        if day < ledger.today
    )
    if MOST_MISSING * len(missing) > len(period.span):
        return [TooManyMissing(missing)] * len(table.ids)
    days = _remaining(ledger, period, metric)
    elapsed = list(table.totals(period.span).values())
    held = Held(_amounts(ledger, table, days), _over(ledger, days), _extra(days, planned))
    ends = _past(ledger, table, metric, planned).period_ends(elapsed, days, held)
    return [
        end if isinstance(end, TooYoung) else Outlook(end, spent, days, ledger.today, missing)
        for end, spent in zip(ends, elapsed, strict=True)
    ]


def rounded(value: float, spread: float) -> float:
    """A foreseen number with the digits that its range, `spread` wide, leaves it."""
    digits = 1 - floor(log10(spread)) if spread >= 1 else 0
    if abs(value) >= 1:
        digits = max(digits, 2 - floor(log10(abs(value))))
    return round(value, min(digits, 0))


def _remaining(ledger: Ledger, period: Period, metric: Metric) -> tuple[date, ...]:
    settled = DayState.SETTLED
    return tuple(
        day
        for day in period.span
        if day >= ledger.today or ledger.state(day, metric) is not settled
    )


def _past(ledger: Ledger, table: DailyTable, metric: Metric, planned: Mapping[date, float]) -> Past:
    """What the settled days teach, once for all periods."""
    whole, columns = _whole_of(table)

    def made() -> tuple[DailyTable, Past]:
        values, last_day = _history(ledger, table, metric, planned)
        past = Past.of(values, last_day, ledger.today, ledger.grown)
        return whole, past  # the table is held, so that its id stays its own

    skipped = tuple(sorted(day for day in planned if day in ledger.span))
    key = ("past", id(whole), columns, metric, skipped)
    return ledger.remembered(key, made)[1]


def _history(
    ledger: Ledger, table: DailyTable, metric: Metric, planned: Mapping[date, float]
) -> tuple[Floats, date]:
    """The settled days, NaN for all others, up to the last of them."""
    settled = ledger.settled(metric)
    unplanned = np.array([day not in planned for day in ledger.span])
    length = int(np.flatnonzero(settled)[-1]) + 1 if settled.any() else 1
    values = since_first_activity(table.values[:length].astype(np.float64))
    values[~(settled & unplanned)[:length]] = np.nan
    return values, ledger.span.start + (length - 1) * ONE_DAY


def _amounts(ledger: Ledger, table: DailyTable, days: Sequence[date]) -> Floats:
    """What is known of each remaining day already; nothing of a day outside the history."""
    amounts = np.zeros((len(days), len(table.ids)))
    for row, day in enumerate(days):
        if day in table.span and day <= ledger.today:
            amounts[row] = table.values[(day - table.span.start).days]
    return amounts


def _over(ledger: Ledger, days: Sequence[date]) -> NDArray[np.float64]:
    """The share of each day that is over."""
    return np.array([min(max((ledger.now - midnight(d)) / ONE_DAY, 0.0), 1.0) for d in days])


def _extra(days: Sequence[date], planned: Mapping[date, float]) -> NDArray[np.float64]:
    return np.array([planned.get(day, 0.0) for day in days])
