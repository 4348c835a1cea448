"""Where a week, month, quarter or year will end if it goes on as it does, with an honest range.

Spent so far, plus for each remaining day the mean of the last six same weekdays (past spikes
capped between their usual and the limit they broke), times how the last six weeks ran against
those means, where a day weighs half as much as the one eight days later. What grew over the last
twelve weeks is taken to grow half as fast for another month. The range is what the same forecast,
replayed at earlier weeks of the same series, has missed by.

Values are one series: oldest first, consecutive UTC days, zero for idle days, NaN for days that
must not count (missing, unsettled, planned, before the first day). Any unit of spend or volume.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bot.spend.baseline import usable_spend
from bot.spend.spikeless import Grown
from bot.spend.weekdays import Floats

USABLE_DAYS_NEEDED: Final = 14
SAME_WEEKDAYS: Final = 6
LEVEL_DAYS: Final = 42
STOPPED_DAYS: Final = 28  # idle for so long, nothing more is to come
HALF_LIFE: Final = 8.0  # days after which a day says half as much about the level
LEVEL_AGE: Final = 10  # days back to the middle of what tells the level
GROWTH_DAYS: Final = 84  # whose slope tells the growth: half of it is believed ...
MOST_GROWTH: Final = 0.0007  # ... up to this share a day, 2 % a month ...
GROWING_DAYS: Final = 31  # ... for so many days ahead ...
GROWTH_NEEDS: Final = 56  # ... and none where there are fewer usable days
CUTOFFS: Final = 8
REPLAYED_DAYS: Final = 28  # longer horizons would leave a 90-day history nothing to replay
LEAST_MISS: Final = 0.03  # what a forecast without a past is taken to miss, log scale: this ...
MISS_BY_SCATTER: Final = 0.4  # ... and this much of how far a day is from its weekday's mean ...
PRIOR_WEIGHT: Final = 4  # ... with the weight of this many replays
WORST_MISS: Final = 3.0  # a factor of 20; keeps a forecast of nothing finite
EIGHTY_PERCENT: Final = 1.38  # above the normal 1.28: eight replays that overlap know little


@dataclass(frozen=True, slots=True)
class Forecast:
    """The end of a period as foreseen, in the unit of the values."""

    total: float
    """Spent so far plus what is still to come. Never below what is spent."""
    low: float
    high: float
    """The period ends between `low` and `high` in about 8 of 10 cases."""
    per_day: tuple[float, ...]
    """What each remaining day still brings, in their order."""


@dataclass(frozen=True, slots=True)
class TooYoung:
    """No forecast: there are not enough usable days yet."""

    usable_days: int
    needed: int = USABLE_DAYS_NEEDED

    @property
    def reason(self) -> str:
        """Say why, as the end of a sentence."""
        days = "day" if self.usable_days == 1 else "days"
        return f"only {self.usable_days} usable {days} of history, a forecast needs {self.needed}"


@dataclass(frozen=True, slots=True)
class Held:
    """What is known of the remaining days before they count: a part of them, or more than usual.

    `amounts` has shape (remaining days, subjects) and is part of the elapsed totals. `over` (days,)
    is the share of each day that is over, 0 to 1; `extra` (days,) is expected on top of the pace.
    """

    amounts: Floats
    over: Floats
    extra: Floats

    def still_to_come(self, foreseen: Floats) -> Floats:
        """What each day still brings: the rest of the day, or what it lacks of a usual day."""
        whole = foreseen + self.extra[:, np.newaxis]
        lacking = whole - np.maximum(self.amounts, 0.0)
        return np.maximum(lacking, whole * (1 - self.over[:, np.newaxis]))


def period_end(
    values: Floats, elapsed_total: float, remaining: Sequence[date], last_day: date
) -> Forecast | TooYoung:
    """Foresee the total of a period.

    `values` has shape (days,) and ends with `last_day`. `elapsed_total` is what the period has
    cost up to its first remaining day. `remaining` are the days still to come, ascending, all
    after `last_day`; between them and `last_day` there may be days that are not settled yet.
    Raises ValueError for days that are not in that order, or no row.
    """
    ahead = _days_ahead(remaining, last_day)
    if ahead and ahead[0] < 1:
        raise ValueError(f"the remaining days must ascend from after {last_day}")
    return period_ends(values[:, np.newaxis], [elapsed_total], remaining, last_day)[0]


def period_ends(
    values: Floats,
    elapsed_totals: Sequence[float],
    remaining: Sequence[date],
    last_day: date,
    held: Held | None = None,
) -> list[Forecast | TooYoung]:
    """Return `period_end` of each column of `values`, which has shape (days, subjects).

    Many at once are much cheaper than one by one. Here `remaining` may hold days up to `last_day`
    whose value is not known, and `held` tells what is known of the remaining days already.
    """
    until = next((day for day in remaining if day > last_day), last_day)
    return Past.of(values, last_day, until).period_ends(elapsed_totals, remaining, held)


@dataclass(frozen=True, slots=True)
class Past:
    """What series taught, up to `last_day`: several periods can be foreseen from it."""

    capped: Floats
    """(days, subjects) without spikes, from the first day on that any of its forecasts looks at."""
    last_day: date
    earlier: NDArray[np.int64]
    """(subjects,): usable days before those."""

    @classmethod
    def of(cls, values: Floats, last_day: date, until: date, grown: Grown | None = None) -> Past:
        """Take the daily values, (days, subjects), for periods with a day to come by `until`.

        `grown` knows the series of days before, where somebody replays them."""
        spend = usable_spend(values)  # a credit is not going to come every week
        horizon = max(REPLAYED_DAYS, (until - last_day).days)
        first = _first_row_replayed(spend, horizon)
        earlier = np.isfinite(spend[:first]).sum(axis=0)
        capped = (grown or Grown()).without_spikes(spend, first)
        return cls(capped[first:], last_day, earlier)

    def period_ends(
        self, elapsed_totals: Sequence[float], remaining: Sequence[date], held: Held | None = None
    ) -> list[Forecast | TooYoung]:
        """The end of one period for each subject; see the function of this name."""
        ahead = _days_ahead(remaining, self.last_day)
        if not ahead:
            return [Forecast(spent, spent, spent, ()) for spent in map(float, elapsed_totals)]
        rest = _days_to_come(self.capped, ahead)
        rest = held.still_to_come(rest) if held else rest
        spread = np.exp(EIGHTY_PERCENT * _replayed_miss(self.capped, self.earlier, ahead))
        usable = self.earlier + np.isfinite(self.capped).sum(axis=0)
        return [
            _forecast(float(spent), rest[:, n], float(spread[n]))
            if usable[n] >= USABLE_DAYS_NEEDED
            else TooYoung(int(usable[n]))
            for n, spent in enumerate(elapsed_totals)
        ]


def limit_falls_on(
    forecast: Forecast, elapsed_total: float, limit: float, remaining: Sequence[date]
) -> date | None:
    """Return the first remaining day by whose end the period is foreseen to reach `limit`.

    None when it is not foreseen to, and when it has already: that is no forecast any more.
    """
    if elapsed_total >= limit:
        return None
    spent = elapsed_total
    for day, cost in zip(remaining, forecast.per_day, strict=True):
        spent += cost
        if spent >= limit:
            return day
    return None


def _days_ahead(remaining: Sequence[date], last_day: date) -> list[int]:
    """Return how many days after `last_day` each one is."""
    ahead = [(day - last_day).days for day in remaining]
    if any(later <= earlier for earlier, later in pairwise(ahead)):
        raise ValueError(f"the remaining days must ascend from after {last_day}")
    return ahead


def _forecast(spent: float, rest: Floats, spread: float) -> Forecast:
    to_come = float(rest.sum())
    return Forecast(
        total=spent + to_come,
        low=spent + to_come / spread,
        high=spent + to_come * spread,
        per_day=tuple(rest.tolist()),
    )


def _days_to_come(capped: Floats, ahead: Sequence[int]) -> Floats:
    """Foresee the days that lie `ahead` of the last one (1 is the next day); (ahead, subjects)."""
    profile = _weekday_profile(capped)
    growing = LEVEL_AGE + np.clip(ahead, 0, GROWING_DAYS)[:, np.newaxis]
    level = _level(capped, profile) * (1 + _growth(capped, profile) * growing)
    return np.asarray(profile[[(days - 1) % 7 for days in ahead]] * level)


def _level(capped: Floats, profile: Floats) -> Floats:
    """How the last six weeks ran against their weekdays' means, the latest days most.

    1.0 where there is nothing to compare, 0.0 of what has stopped.
    """
    recent, usual = _recent(capped, profile, LEVEL_DAYS)
    age = np.arange(len(recent))[::-1, np.newaxis]
    weight = np.where(np.isnan(recent), 0.0, 0.5 ** (age / HALF_LIFE))
    ran = (weight * np.nan_to_num(recent)).sum(axis=0)
    expected = (weight * usual).sum(axis=0)
    level = np.where(expected > 0, ran / np.where(expected > 0, expected, 1.0), 1.0)
    lately = recent[-STOPPED_DAYS:]
    stopped = ~np.isnan(lately).all(axis=0) & ~(lately > 0).any(axis=0)
    return np.where(stopped, 0.0, level)


def _growth(capped: Floats, profile: Floats) -> Floats:
    """The share by which each day to come is above the one before: half the slope of the last
    twelve weeks. What falls is not taken to fall further; 0 where little is known."""
    recent, usual = _recent(capped, profile, GROWTH_DAYS)
    known = ~np.isnan(recent)
    age = np.arange(len(recent))[:, np.newaxis]
    since = np.where(known, age - _mean(np.broadcast_to(age, known.shape), known), 0.0)
    above = np.where(known, recent - usual, 0.0)
    squares = (since**2).sum(axis=0) * _mean(usual, known)
    enough = (known.sum(axis=0) >= GROWTH_NEEDS) & (squares > 0)
    slope = (since * above).sum(axis=0) / np.where(enough, squares, 1.0)
    return np.where(enough, np.clip(slope / 2, 0.0, MOST_GROWTH), 0.0)


def _recent(capped: Floats, profile: Floats, days: int) -> tuple[Floats, Floats]:
    """The last days, and the mean of each one's weekday."""
    recent = capped[-days:]
    return recent, profile[[n % 7 for n in range(-len(recent), 0)]]


def _weekday_profile(capped: Floats) -> Floats:
    """Mean of the last six usable days of each weekday; the first entry is tomorrow's weekday.

    A weekday without a usable day takes the mean of the others.
    """
    newest_first, counted = _weeks(capped)
    means = _mean(newest_first, counted)
    known = np.asarray(counted.any(axis=0))
    return np.where(known, means, _mean(means, known))


def _weeks(capped: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """The weeks before tomorrow, newest first, and which of their days count: the last six usable
    of each weekday; (weeks, 7, subjects)."""
    weeks = -(-len(capped) // 7)
    rows = np.full((weeks * 7, capped.shape[1]), np.nan)
    rows[-len(capped) :] = capped
    newest_first = rows.reshape(weeks, 7, capped.shape[1])[::-1]
    usable = ~np.isnan(newest_first)
    usable &= usable.cumsum(axis=0) <= SAME_WEEKDAYS
    return newest_first, usable


def _mean(values: Floats, counted: NDArray[np.bool_]) -> Floats:
    """The mean of what counts along the first axis; 0 where nothing does."""
    total = np.where(counted, values, 0.0).sum(axis=0)
    return np.asarray(total / np.maximum(counted.sum(axis=0), 1))


def _replayed_miss(capped: Floats, earlier: NDArray[np.int64], ahead: Sequence[int]) -> Floats:
    """Root mean square log miss of the same forecast made 1, 2, ... weeks earlier; (subjects,).

    Only cutoffs whose days to come have all come by now count, the latest eight of them; of a
    longer horizon the first 28 days are replayed, and the miss grows as a wandering level's does.
    Pulled to what the scatter of the days lets expect.
    """
    to_come = [days for days in ahead if days > 0] or [1]
    horizon = [days for days in to_come if days <= max(REPLAYED_DAYS, to_come[0])]
    first = -(-horizon[-1] // 7)
    cutoffs = [len(capped) - 7 * weeks for weeks in range(first, first + CUTOFFS)]
    misses = [_miss(capped, earlier, horizon, cutoff) for cutoff in cutoffs]
    squares = np.square(misses)
    known = ~np.isnan(squares)
    evidence = np.where(known, squares, 0.0).sum(axis=0) + PRIOR_WEIGHT * _prior_miss(capped) ** 2
    miss = np.sqrt(evidence / (known.sum(axis=0) + PRIOR_WEIGHT))
    return np.asarray(miss * max(1.0, to_come[-1] / max(horizon[-1], REPLAYED_DAYS)) ** 0.5)


def _first_row_replayed(spend: Floats, horizon: int) -> int:
    """The first row that the earliest replay learns from; 0 where there is none so early."""
    cutoff = len(spend) - 7 * (-(-horizon // 7) + CUTOFFS - 1)
    if cutoff < GROWTH_DAYS:
        return 0
    _, counted = _weeks(spend[:cutoff])
    oldest = int(np.flatnonzero(counted.any(axis=(1, 2)))[-1]) + 1 if counted.any() else 0
    return max(cutoff - max(7 * oldest, GROWTH_DAYS), 0)


def _prior_miss(capped: Floats) -> Floats:
    """What a forecast is taken to miss before there are replays: more where days scatter more."""
    recent, usual = _recent(capped, _weekday_profile(capped), REPLAYED_DAYS)
    known = ~np.isnan(recent)
    scatter = np.sqrt(_mean(np.square(recent - usual), known))
    mean = _mean(recent, known)
    relative = np.where(mean > 0, scatter / np.where(mean > 0, mean, 1.0), 1.0)
    return np.asarray(LEAST_MISS + MISS_BY_SCATTER * np.minimum(relative, 1.0))


def _miss(capped: Floats, earlier: NDArray[np.int64], ahead: Sequence[int], cutoff: int) -> Floats:
    """Log miss of the forecast made from the first `cutoff` days, and `earlier` usable ones before
    them; NaN where it cannot be told."""
    unknown = np.full(capped.shape[1], np.nan)
    if cutoff < 1:
        return unknown
    came = capped[[cutoff - 1 + days for days in ahead]]
    usable = np.isfinite(came)
    actual = np.where(usable, came, 0.0).sum(axis=0)
    foreseen = np.where(usable, _days_to_come(capped[:cutoff], ahead), 0.0).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):  # nothing, or nothing foreseen
        miss = np.clip(np.log(actual) - np.log(foreseen), -WORST_MISS, WORST_MISS)
    miss = np.where(actual == foreseen, 0.0, miss)
    enough = earlier + np.isfinite(capped[:cutoff]).sum(axis=0) >= USABLE_DAYS_NEEDED
    return np.where(enough & (2 * usable.sum(axis=0) >= len(ahead)), miss, unknown)
