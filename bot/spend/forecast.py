"""Where a week, month, quarter or year will end if it goes on as it does, with an honest range.

Spent so far, plus for each remaining day the mean of the last four same weekdays (past spikes
capped at the limit they broke) times how the last week ran against that profile, to the power 0.8.
The range is what the same forecast, replayed at earlier weeks of the same series, has missed by.

Values are one series: oldest first, consecutive UTC days, zero for idle days, NaN for days that
must not count (missing, unsettled, planned, before the first day). Any unit of spend or volume.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from bot.spend import baseline
from bot.spend.baseline import Floats

USABLE_DAYS_NEEDED: Final = 14
SAME_WEEKDAYS: Final = 4
LEVEL_POWER: Final = 0.8  # a week's level mostly lasts, but not all of it
CUTOFFS: Final = 8
REPLAYED_DAYS: Final = 28  # longer horizons would leave a 90-day history nothing to replay
USUAL_MISS: Final = 0.12  # what a forecast without a past is taken to miss, log scale ...
USUAL_WEIGHT: Final = 4  # ... with the weight of this many replays
WORST_MISS: Final = 3.0  # a factor of 20; keeps a forecast of nothing finite
EIGHTY_PERCENT: Final = 1.28  # normal quantile of a central 80 % range


@dataclass(frozen=True, slots=True)
class Forecast:
    """The end of a period as foreseen, in the unit of the values."""

    total: float
    """Spent so far plus the remaining days."""
    low: float
    high: float
    """The period ends between `low` and `high` in about 8 of 10 cases."""
    per_day: tuple[float, ...]
    """One entry per remaining day, in their order."""


@dataclass(frozen=True, slots=True)
class TooYoung:
    """No forecast: there are not enough usable days yet."""

    usable_days: int
    needed: int = USABLE_DAYS_NEEDED

    @property
    def reason(self) -> str:
        """Say why, as the end of a sentence."""
        return f"only {self.usable_days} usable days of history, a forecast needs {self.needed}"


def period_end(
    values: Floats, elapsed_total: float, remaining: Sequence[date], last_day: date
) -> Forecast | TooYoung:
    """Foresee the total of a period.

    `values` has shape (days,) and ends with `last_day`. `elapsed_total` is what the period has
    cost up to its first remaining day. `remaining` are the days still to come, ascending, all
    after `last_day`; between them and `last_day` there may be days that are not settled yet.
    Raises ValueError for days that are not in that order, or no row.
    """
    return period_ends(values[:, np.newaxis], [elapsed_total], remaining, last_day)[0]


def period_ends(
    values: Floats, elapsed_totals: Sequence[float], remaining: Sequence[date], last_day: date
) -> list[Forecast | TooYoung]:
    """Return `period_end` of each column of `values`, which has shape (days, subjects).

    Many at once are much cheaper than one by one.
    """
    ahead = _days_ahead(remaining, last_day)
    spend = baseline.usable_spend(values)  # a credit is not going to come every week
    limits = baseline.replay(spend).limit
    capped = np.where(spend > limits, limits, spend)
    columns = zip(spend.T, capped.T, elapsed_totals, strict=True)
    return [_period_end(raw, calm, float(spent), ahead) for raw, calm, spent in columns]


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
    if any(later <= earlier for earlier, later in zip([0, *ahead], ahead, strict=False)):
        raise ValueError(f"the remaining days must ascend from after {last_day}")
    return ahead


def _period_end(
    raw: Floats, capped: Floats, elapsed_total: float, ahead: list[int]
) -> Forecast | TooYoung:
    if not ahead:
        return Forecast(elapsed_total, elapsed_total, elapsed_total, ())
    usable = int(np.isfinite(raw).sum())
    if usable < USABLE_DAYS_NEEDED:
        return TooYoung(usable)
    per_day = _days_to_come(capped, ahead)
    rest = float(per_day.sum())
    spread = EIGHTY_PERCENT * _replayed_miss(raw, capped, ahead)
    return Forecast(
        total=elapsed_total + rest,
        low=elapsed_total + rest * float(np.exp(-spread)),
        high=elapsed_total + rest * float(np.exp(spread)),
        per_day=tuple(per_day.tolist()),
    )


def _days_to_come(capped: Floats, ahead: list[int]) -> Floats:
    """Foresee the days that lie `ahead` of the last one (1 is the next day)."""
    profile = _weekday_profile(capped)
    level = _last_week_against(profile, capped[-7:]) ** LEVEL_POWER
    return np.asarray([profile[(days - 1) % 7] * level for days in ahead])


def _last_week_against(profile: Floats, week: Floats) -> float:
    """Return the median ratio of the last seven days to their weekdays' means.

    A bursty week, mostly idle on days that are not usually, has a median of zero: its sum tells
    more. 1.0 where there is nothing to compare.
    """
    known = ~np.isnan(week) & (profile > 0)
    if not known.any():
        return 1.0
    ratio = float(np.median(week[known] / profile[known]))
    return ratio if ratio > 0 else float(week[known].sum() / profile[known].sum())


def _weekday_profile(capped: Floats) -> Floats:
    """Mean of the last four usable days of each weekday; the first entry is tomorrow's weekday.

    A weekday without a usable day takes the mean of the others.
    """
    weeks = np.full(-(-len(capped) // 7) * 7, np.nan)
    weeks[-len(capped) :] = capped
    newest_first = weeks.reshape(-1, 7)[::-1]
    usable = ~np.isnan(newest_first)
    usable &= usable.cumsum(axis=0) <= SAME_WEEKDAYS
    days = usable.sum(axis=0)
    means = np.where(usable, newest_first, 0.0).sum(axis=0) / np.maximum(days, 1)
    return np.where(days > 0, means, float(means[days > 0].mean()))


def _replayed_miss(raw: Floats, capped: Floats, ahead: list[int]) -> float:
    """Root mean square log miss of the same forecast made 1, 2, ... weeks earlier, pulled to 12 %.

    Only cutoffs whose days to come have all come by now count, the latest eight of them; of a
    longer horizon the first 28 days are replayed. What came is taken as it was, spikes included.
    """
    horizon = [days for days in ahead if days <= max(REPLAYED_DAYS, ahead[0])]
    first = -(-horizon[-1] // 7)
    misses = [_miss(raw, capped, horizon, len(raw) - 7 * w) for w in range(first, first + CUTOFFS)]
    known = [miss for miss in misses if miss is not None]
    squares = sum(miss**2 for miss in known) + USUAL_WEIGHT * USUAL_MISS**2
    return float(np.sqrt(squares / (len(known) + USUAL_WEIGHT)))


def _miss(raw: Floats, capped: Floats, ahead: list[int], cutoff: int) -> float | None:
    """Log miss of the forecast made from the first `cutoff` days; None where it cannot be told."""
    if cutoff < 1 or np.isfinite(raw[:cutoff]).sum() < USABLE_DAYS_NEEDED:
        return None
    came = raw[[cutoff - 1 + days for days in ahead]]
    usable = np.isfinite(came)
    if 2 * usable.sum() < len(ahead):
        return None
    actual = float(came[usable].sum())
    foreseen = float(_days_to_come(capped[:cutoff], ahead)[usable].sum())
    if actual == foreseen:
        return 0.0
    with np.errstate(divide="ignore"):
        return float(np.clip(np.log(actual) - np.log(foreseen), -WORST_MISS, WORST_MISS))
