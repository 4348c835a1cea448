"""Days far below what their weekday usually is, and how long that goes on. Pure arithmetic.

The days of a drop are no history for its later days: what stays low does not become usual. Arrays
are (days, subjects), oldest day first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bot.spend.weekdays import Floats, median, previous_same_weekdays

SAME_WEEKDAYS = 6
WEEKS_NEEDED = 3
"""Usable same weekdays without which nothing is usual."""


class _Usual(NamedTuple):
    """The median of the usable same weekdays, their number, and whether they are enough and none of
    them was idle."""

    usual: Floats
    weeks: NDArray[np.int64]
    regular: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Replay:
    """Every day judged in turn, for some subjects; (days, subjects)."""

    columns: NDArray[np.intp]
    """The subjects, by the numbers of their columns."""
    usual: Floats
    weeks: NDArray[np.int64]
    dropped: NDArray[np.bool_]
    began: NDArray[np.int64]
    """The row with which the drop began that a day belongs to; -1 where there is none."""

    @classmethod
    def untouched(cls, columns: NDArray[np.intp], of: _Usual) -> Replay:
        """One without a drop, to be written to."""
        nothing = np.zeros(of.usual.shape, bool), np.full(of.usual.shape, -1)
        return cls(columns, of.usual, of.weeks, *nothing)


@dataclass(frozen=True, slots=True)
class EverLow:
    """Who is low some day."""

    near: NDArray[np.bool_]
    """The days on which somebody is low beside the highest of its weekdays, (days, subjects)."""
    over: NDArray[np.bool_]
    """The days on which no drop goes on, whatever went before."""
    columns: NDArray[np.intp]
    """Of whom a drop may begin; nobody else is ever in one."""
    usual: Floats
    """The highest usual day with which it may, of each of these."""

    def on(self, rows: list[int], least: float) -> NDArray[np.intp]:
        """The columns that may be in a drop on one of the days, of a usual day of `least`."""
        now = np.asarray(self.near[rows].any(axis=0))[self.columns]
        return self.columns[now & (self.usual > 0) & (self.usual >= least)]

    def since(self, row: int, columns: NDArray[np.intp]) -> int:
        """The row after which a drop of these columns that goes on on that day has begun."""
        over = self.over[: row + 1, columns]
        last = len(over) - 1 - over[::-1].argmax(axis=0)
        return int(np.where(over.any(axis=0), last, 0).min())


@dataclass(frozen=True, slots=True)
class Lows:
    """What is judged: a day is low at or under `share` of its usual."""

    values: NDArray[np.int64]
    history: Floats
    """The values of the days that are history, NaN for all others."""
    complete: NDArray[np.bool_]
    """The days that may be judged; (days,)."""
    share: float

    def only(self, columns: NDArray[np.intp]) -> Lows:
        """The same of some subjects."""
        some = self.values[:, columns], self.history[:, columns]
        return replace(self, values=some[0], history=some[1])

    def is_low(self, usual: Floats, at: int | slice = slice(None)) -> NDArray[np.bool_]:
        """Whether each day (or those of one row) is low beside that. A credit is nothing spent."""
        spent = np.maximum(self.values[at], 0)
        return np.asarray(spent <= np.nan_to_num(usual) * self.share)

    def ever(self) -> EverLow:
        """Who is low some day, whatever is worth a word."""
        highest, lowest = _range_of_all(self.history)
        near = self.is_low(highest)  # no median is above the highest
        may = np.asarray(near & (lowest > 0) & self.complete[:, None])
        columns = np.flatnonzero(may.any(axis=0))
        some = self.only(columns)
        of = _usual_of_all(some.history)
        low = of.regular & some.is_low(of.usual) & may[:, columns]
        worth = np.where(low, of.usual, 0.0).max(axis=0, initial=0.0)
        return EverLow(near, self.complete[:, None] & ~near, columns, worth)

    def replayed(self, columns: NDArray[np.intp], least: float, since: int = 0) -> Replay:
        """Every day judged for some columns, each by the days before it; from the row `since` on,
        before which no drop goes on. A usual day under `least` is not worth a drop."""
        some = self.only(columns)
        of = _usual_of_all(some.history)
        replay = Replay.untouched(columns, of)
        least = max(least, np.nextafter(0, 1))  # nothing is no usual day
        worth = of.regular & (of.usual >= least)
        begins = worth & some.is_low(of.usual) & self.complete[:, None]
        begin = np.asarray(begins.any(axis=1))
        running, goes_on = np.full(len(columns), -1), False
        for at in (since + np.flatnonzero(self.complete[since:])).tolist():
            if not goes_on and not begin[at]:
                continue
            if goes_on:
                going = np.flatnonzero(running >= 0)
                now = _usual(some.history[:, going], at, running[going])
                of.usual[at, going], of.weeks[at, going], of.regular[at, going] = now
            low = some.is_low(of.usual[at], at)
            is_drop = low & of.regular[at] & (of.usual[at] >= least)
            running = np.where(low, running, -1)
            running = np.where(is_drop & (running < 0), at, running)
            replay.dropped[at], replay.began[at] = is_drop, running
            goes_on = bool((running >= 0).any())
        return replay


def _usual_of_all(history: Floats) -> _Usual:
    """`_usual` of every row at once, where no drop goes on."""
    past = previous_same_weekdays(history, SAME_WEEKDAYS)
    weeks = (~np.isnan(past)).sum(axis=-1)
    return _Usual(median(past), weeks, (weeks >= WEEKS_NEEDED) & ~(past <= 0).any(axis=-1))


def _range_of_all(history: Floats) -> tuple[Floats, Floats]:
    """The highest and the lowest of the usable same weekdays of every row; NaN without one."""
    highest, lowest = np.full(history.shape, np.nan), np.full(history.shape, np.nan)
    for back in range(7, 7 * SAME_WEEKDAYS + 1, 7):
        highest[back:] = np.fmax(highest[back:], history[:-back])
        lowest[back:] = np.fmin(lowest[back:], history[:-back])
    return highest, lowest


def _usual(history: Floats, at: int, running: NDArray[np.int64]) -> _Usual:
    """What is usual for one row while drops go on.

    `running` is the first day of the drop that goes on, whose days are no history; -1 for none.
    """
    rows = np.arange(max(at - 7 * SAME_WEEKDAYS, at % 7), at, 7)
    past = np.where((running >= 0) & (rows[:, None] >= running), np.nan, history[rows])
    ordered = np.sort(past, axis=0)  # NaN goes last
    weeks = (~np.isnan(past)).sum(axis=0)
    if not len(past):
        return _Usual(np.full(history.shape[1], np.nan), weeks, weeks > 0)
    columns = np.arange(history.shape[1])
    low = ordered[np.maximum(weeks - 1, 0) // 2, columns]
    high = ordered[np.minimum(weeks // 2, len(past) - 1), columns]
    regular = (weeks >= WEEKS_NEEDED) & ~(past <= 0).any(axis=0)
    return _Usual((low + high) / 2, weeks, regular)
