"""Who moved: members of a dimension whose cost left its usual, and who is there for the first time.

Pure, on sums of a ledger. A day that is missing is not zero: nothing is said to have moved where
one side of the comparison was not seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np

from bot.spend.baseline import WEEKDAY, judge_last, since_first_activity
from bot.spend.calendar import ONE_DAY, DayState, Period, Span, Unit, period_of
from bot.spend.ledger import DailyTable, Ids, Ledger
from bot.spend.metrics import Additive
from bot.spend.weekdays import Floats

OFF_ITS_USUAL = 0.2
"""A change below this share of what is usual for the member is none."""
OF_ALL = 0.03
"""Nor is one below this share of what the whole organisation usually spends."""
LEAST = 5
"""Nor one of less dollars, or about as much in another currency."""
HISTORY_DAYS = 90
_CANDIDATES = 200
_KNOWN_DAYS = 14


@dataclass(frozen=True, slots=True)
class Mover:
    """A member and what it cost in a period, beside what it would usually have; nanos.

    `why` is the reason in a few words (names are cleaned, not escaped), empty where none is known.
    """

    dimension: str
    id: str | None
    name: str
    now: int
    usual: int
    why: str = ""

    @property
    def change(self) -> int:
        return self.now - self.usual


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A member that spent for the first time in the known history; nanos."""

    dimension: str
    name: str
    spent: int


def usual_day(ledger: Ledger, table: DailyTable, day: date) -> Floats:
    """What each subject of the table usually costs on such a weekday, as a spike's usual does.

    NaN where too little is settled to say so.
    """
    at = (day - ledger.span.start).days
    values = since_first_activity(table.values[: at + 1].astype(np.float64))
    values[~ledger.settled()[: at + 1]] = np.nan
    baseline = judge_last(values[-HISTORY_DAYS - 1 :])
    return np.where(baseline.method == WEEKDAY, baseline.usual, np.nan)


def usual_of_all(ledger: Ledger, day: date) -> int | None:
    """What the whole organisation usually spends on such a weekday; None where nobody knows."""
    table = ledger.sums(Additive.COST, ("organization",))
    if not table.ids or day not in ledger.span:
        return None
    usual = float(usual_day(ledger, table, day).sum())
    return None if np.isnan(usual) else round(usual)


def before(period: Period) -> Period:
    """The period before it."""
    return period_of(period.start - ONE_DAY, period.unit)


def as_long(amount: float, period: Period) -> float:
    """An amount of the period before, as if that had been as long: months differ in days."""
    return amount * len(period.span) / len(before(period).span)


def movers(ledger: Ledger, dimension: str, period: Period) -> list[Mover]:
    """Members whose cost left its usual, the largest change first.

    The usual is that of the weekday for a day, and the period before, made as long, for others.
    Empty where a day of either side is missing.
    """
    table = ledger.sums(Additive.COST, (dimension,))
    if not table.ids or _unseen(ledger, period.span):
        return []
    table = table.only(_largest(table, period))
    usual = _usual(ledger, table, period)
    now = np.array(list(table.totals(period.span).values()), dtype=np.float64)
    changes = np.nan_to_num(now - usual)
    smallest = ledger.currency.about(LEAST)
    least = np.maximum(OFF_ITS_USUAL * usual, max(OF_ALL * _whole(ledger, period), smallest))
    found = [n for n in np.argsort(-np.abs(changes), kind="stable") if abs(changes[n]) >= least[n]]
    return [_mover(ledger, dimension, table.ids[n], now[n], usual[n]) for n in found]


def _usual(ledger: Ledger, table: DailyTable, period: Period) -> Floats:
    if period.unit is Unit.DAY:
        return usual_day(ledger, table, period.start)
    past = before(period)
    if _unseen(ledger, past.span):
        return np.full(len(table.ids), np.nan)
    return np.array([as_long(amount, period) for amount in table.totals(past.span).values()])


def _mover(ledger: Ledger, dimension: str, ids: Ids, now: float, usual: float) -> Mover:
    name = ledger.name(dimension, ids[0])
    return Mover(dimension, ids[0], name, round(now), round(usual))


def _largest(table: DailyTable, period: Period) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Columns that may hold a large change: the bigger of now and a mean of the days before."""
    now = np.array(list(table.totals(period.span).values()), dtype=np.float64)
    past = Span(period.start - max(len(period.span), 28) * ONE_DAY, period.start)
    mean = np.array(list(table.totals(past).values())) / len(past) * len(period.span)
    return np.sort(np.argsort(-np.maximum(now, mean), kind="stable")[:_CANDIDATES])


def _whole(ledger: Ledger, period: Period) -> float:
    """What the organisation spent in the period."""
    table = ledger.sums(Additive.COST, ("organization",))
    return float(sum(table.totals(period.span).values()))


def _unseen(ledger: Ledger, span: Span) -> bool:
    return bool(ledger.days_in_state(span, DayState.MISSING))


def newcomers(ledger: Ledger, dimension: str, period: Period) -> Iterator[Newcomer]:
    """Members that spent in the period and on no known day before it, the largest first.

    None where fewer than two weeks before it are known: everybody would be new. Who spent less
    than the smallest coin is not told of.
    """
    table = ledger.sums(Additive.COST, (dimension,))
    past = Span(min(ledger.span.start, period.start), period.start)
    unseen = len(ledger.days_in_state(past, DayState.MISSING))
    if len(past) - unseen < _KNOWN_DAYS or not table.ids:
        return
    at = max((period.start - table.span.start).days, 0)
    fresh = ~(table.values[:at] != 0).any(axis=0)
    spent = table.values[at : at + len(period.span)].sum(axis=0)
    found = np.flatnonzero(fresh & (spent >= ledger.currency.smallest))
    for n in sorted(found, key=lambda n: -int(spent[n])):
        if (member := table.ids[n][0]) is not None:
            yield Newcomer(dimension, ledger.name(dimension, member), int(spent[n]))
