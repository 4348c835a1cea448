"""What a subject usually spends on such a weekday, how much it normally swings, and the limit.

The spike rule in one sentence: the middle of the last eight same weekdays, drawn a little to the
weekdays like it and moved half-way by how the last week ran, times what the series has normally
swung in the last seven weeks.

Arrays are (days, subjects): oldest day first, consecutive UTC days, any unit of spend or volume.
Zero is an idle day; NaN is a day that must not count (missing, unsettled, planned, or before the
subject existed). A series begins at its first day that is not NaN, so leading zeros are idle days
of a subject that exists: use `since_first_activity` when they are not. Credits (below zero) count
as idle days. Weeks are calendar weeks: a NaN leaves a hole, it does not reach further back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bot.spend.swing import Counts, shift_and_swing
from bot.spend.weekdays import (
    SAME_WEEKDAYS,
    Floats,
    drawn_to_weekdays_alike,
    middle,
    padded,
    previous_same_weekdays,
)

WEEKDAY: Final = "weekday"
YOUNG: Final = "young"
BURSTY: Final = "bursty"
NONE: Final = "none"

NORMAL_SWINGS: Final = 2.5
"""How many swings above the usual are still normal, unless said otherwise."""
MIN_RATIO: Final = 1.5
"""How many times the usual is always normal, unless said otherwise."""
LOOK_BACK: Final = 56  # days whose misses tell the swing
FULL_RULE_FROM: Final = 14  # usable days before the day judged
FAR: Final = 1.0  # swings more than normal from which a small excess is worth telling too
YOUNG_RULE_FROM: Final = 7
YOUNG_RATIO: Final = 2.0
BURSTY_FROM: Final = 0.3  # idle share from which the days of a series are no guide
CUSHION: Final = 0.15  # of an average day; keeps ratios of idle days finite
_BASE_REACH = 7 * SAME_WEEKDAYS + 6  # rows before a day that tell its base
_BLOCK = 256  # subjects at a time: bounds memory, and their windows fit a processor cache


@dataclass(frozen=True, slots=True)
class Baseline:
    """What was to be expected of a day; one entry per subject, or per day and subject.

    A day is a spike when it is above `limit`. Where `method` is

    - "weekday": the full rule holds;
    - "young": 7-13 usable days, or the full rule has nothing to stand on (no usable same weekday,
      or no usable day in four weeks). `usual` is the highest day so far and `limit` twice that;
      `swing` and `level` are NaN;
    - "bursty": idle on so many days (`BURSTY_FROM`) that days tell nothing. `usual` is the highest
      day of the last 8 weeks and `limit` twice that; `swing` and `level` are NaN;
    - "none": under 7 usable days. All four are NaN, so no comparison with them holds.
    """

    usual: Floats
    """Expected spend of the day, in the unit of the values."""
    swing: Floats
    """Normal upward swing around the usual, log scale: 0.16 reads "about +17 %"."""
    limit: Floats
    """The highest spend that would still have been fine."""
    level: Floats
    """How the last 7 days moved the usual: 1.2 is a fifth above what such weekdays cost."""
    weeks_used: Counts
    """Usable same weekdays among the last eight."""
    history_days: Counts
    """Usable days before the day judged."""
    method: NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class Usual:
    """A baseline before it is known how far above it a day must be: for several rules at once.

    Fields as in `Baseline`.
    """

    usual: Floats
    swing: Floats
    level: Floats
    cushion: Floats
    weeks_used: Counts
    history_days: Counts
    method: NDArray[np.str_]

    def only(self, subjects: NDArray[np.intp]) -> Usual:
        """That of some subjects, by their numbers."""
        return Usual(*(getattr(self, each.name)[subjects] for each in fields(self)))

    def held_to(self, bar: Bar) -> Baseline:
        """The baseline with its limit."""
        by_highest = np.maximum(YOUNG_RATIO * self.usual, self.usual + bar.far_floor)  # or NaN
        by_swing = bar.limit(self.usual, self.swing, self.cushion)
        return Baseline(
            usual=self.usual,
            swing=self.swing,
            limit=np.where(self.method == WEEKDAY, by_swing, by_highest),
            level=self.level,
            weeks_used=self.weeks_used,
            history_days=self.history_days,
            method=self.method,
        )


def usual_of_last(values: Floats) -> Usual:
    """What is usual for the last row, from the rows before it only. Fields have shape (subjects,).

    Raises ValueError without a row.
    """
    spend = usable_spend(values)
    parts = [_usual(History.of(spend[:, block]), len(spend) - 1) for block in _blocks(spend)]
    return Usual(
        **{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Usual)}
    )


def judge_last(
    values: Floats,
    *,
    k: float = NORMAL_SWINGS,
    floor: ArrayLike = 0.0,
    far_floor: ArrayLike | None = None,
    min_ratio: float = MIN_RATIO,
) -> Baseline:
    """Return what was to be expected of the last row, from the rows before it only.

    `k` is the number of swings above the usual that are still normal. A limit is at least
    `min_ratio` times the usual, and at least `floor` (one number, or one per subject, in the unit
    of the values) above it; or `far_floor`, if that is less, for a day that is `FAR` swings
    further out, or held to the highest day. Fields have shape (subjects,). Raises ValueError
    without a row.
    """
    usual = usual_of_last(values)
    return usual.held_to(Bar.of(len(usual.usual), k, floor, far_floor, min_ratio))


def replay(
    values: Floats,
    *,
    start: int = 0,
    k: float = NORMAL_SWINGS,
    floor: ArrayLike = 0.0,
    far_floor: ArrayLike | None = None,
    min_ratio: float = MIN_RATIO,
) -> Baseline:
    """Return `judge_last` of every row from `start` on, as if each had been the last one.

    Fields have the shape of `values`; rows before `start` have method "none".
    """
    spend = usable_spend(values)
    bar = Bar.of(spend.shape[1], k, floor, far_floor, min_ratio)
    parts = [
        _replayed(History.of(spend[:, block]), start, bar.part(block)) for block in _blocks(spend)
    ]
    return _joined(parts, lambda arrays: np.concatenate(arrays, axis=-1))


def judged_at(
    history: History, rows: NDArray[np.intp], columns: NDArray[np.intp]
) -> tuple[Floats, Floats]:
    """Return the usuals and limits that `replay` has at a few places, much cheaper than all."""
    found = [(np.empty(0), np.empty(0))]
    for first in range(0, len(rows), _BLOCK):
        block = slice(first, first + _BLOCK)
        before = history.before(rows[block], columns[block])
        bar = Bar.of(len(rows[block]), NORMAL_SWINGS, 0.0, None)
        judged = _usual(before, LOOK_BACK).held_to(bar)
        found.append((judged.usual, judged.limit))
    usuals, limits = zip(*found, strict=True)
    return np.concatenate(usuals), np.concatenate(limits)


def usable_spend(values: Floats) -> Floats:
    """Return a copy in which credits (below zero) are zero and what is not finite is NaN.

    Raises ValueError when `values` is not (days, subjects) or has no row.
    """
    if values.ndim != 2 or not len(values):
        raise ValueError(f"values must be (days, subjects) with a day at least: {values.shape}")
    return np.where(np.isfinite(values), np.maximum(values, 0.0), np.nan)


def since_first_activity(values: Floats) -> Floats:
    """Return a copy in which the days before the first spend (above zero) are NaN.

    A subject that did not exist yet must not look idle. One that never spent becomes all NaN.
    """
    began = np.logical_or.accumulate(values > 0, axis=0)
    return np.where(began, values, np.nan)


def idle_share(values: Floats) -> Floats:
    """Return the share of idle days (0-1) in the 8 weeks before the last row, per subject.

    Days of a weekday on which the subject was idle in all those weeks do not count: a team that
    never works at weekends is as regular as any (0.0). 1.0 when every day was idle, NaN without a
    usable day. Bursty series of single developers (0.3 and more) cannot be judged by their days:
    no rule finds doubled or tripled days in them at a bearable rate of alerts.
    """
    return _idle_share(usable_spend(values), len(values) - 1)


def _idle_share(spend: Floats, t: int) -> Floats:
    """`idle_share` of the 8 weeks before row `t`."""
    weeks = padded(spend[max(t - LOOK_BACK, 0) : t], LOOK_BACK)
    weeks = weeks.reshape(LOOK_BACK // 7, 7, -1)
    usable = ~np.isnan(weeks)
    works = (weeks > 0).any(axis=0)
    counted = (usable & works).sum(axis=(0, 1))
    idle = ((weeks == 0) & works).sum(axis=(0, 1))
    never = np.where(usable.any(axis=(0, 1)), 1.0, np.nan)
    return np.where(counted > 0, idle / np.maximum(counted, 1), never)


@dataclass(frozen=True, slots=True)
class Bar:
    """How far above its usual a day must be; see `judge_last`."""

    k: float
    floor: Floats
    far_floor: Floats
    min_ratio: float

    @classmethod
    def of(
        cls,
        subjects: int,
        k: float,
        floor: ArrayLike,
        far_floor: ArrayLike | None,
        min_ratio: float = MIN_RATIO,
    ) -> Bar:
        floors = [floor, floor if far_floor is None else far_floor]
        each = [np.broadcast_to(np.asarray(one, np.float64), (subjects,)) for one in floors]
        return cls(k, each[0], each[1], min_ratio)

    def part(self, block: slice) -> Bar:
        return Bar(self.k, self.floor[block], self.far_floor[block], self.min_ratio)

    def limit(self, usual: Floats, swing: Floats, cushion: Floats) -> Floats:
        """The highest spend that is still fine."""
        with np.errstate(over="ignore"):  # a series that swings without bound has no limit
            swung = (usual + cushion) * np.exp(self.k * swing) - cushion
            far = (usual + cushion) * np.exp((self.k + FAR) * swing) - cushion
        normal = np.maximum(swung, usual + self.floor)
        small = np.maximum(far, usual + self.far_floor)
        return np.maximum(np.minimum(normal, small), self.min_ratio * usual)


@dataclass(frozen=True, slots=True)
class History:
    """Facts of each row that do not depend on which later row is judged; (days, subjects)."""

    spend: Floats
    base: Floats
    """The middle of the eight previous same weekdays, drawn to the weekdays like it."""
    weeks: Counts
    days_before: Counts
    highest_before: Floats
    first_day: Counts
    """(subjects,): the row at which the series begins."""

    @classmethod
    def of(cls, spend: Floats, start: int = 0) -> History:
        """Facts of every row; `base` and `weeks` hold from row `start` on only."""
        begin = max(start - _BASE_REACH, 0)
        weekdays = previous_same_weekdays(spend[begin:])
        weeks = np.zeros(spend.shape, dtype=np.int64)
        weeks[begin:] = (~np.isnan(weekdays)).sum(axis=-1)
        usable = ~np.isnan(spend)
        return cls(
            spend=spend,
            base=padded(drawn_to_weekdays_alike(middle(weekdays)), len(spend)),
            weeks=weeks,
            days_before=usable.cumsum(axis=0) - usable,
            highest_before=np.fmax.accumulate(padded(spend[:-1], len(spend)), axis=0),
            first_day=np.where(usable.any(axis=0), usable.argmax(axis=0), len(spend)),
        )

    def before(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> History:
        """A column for each of these days: itself, in the last row, and the 8 weeks before it."""
        back = rows + np.arange(-LOOK_BACK, 1)[:, np.newaxis]
        known = back >= 0

        def taken(values: Floats) -> Floats:
            return np.where(known, values[np.maximum(back, 0), columns], np.nan)

        def repeated(values: NDArray[Any]) -> NDArray[Any]:
            return np.broadcast_to(values[rows, columns], back.shape)

        return History(
            spend=taken(self.spend),
            base=taken(self.base),
            weeks=repeated(self.weeks),
            days_before=repeated(self.days_before),
            highest_before=repeated(self.highest_before),
            first_day=self.first_day[columns] - rows + LOOK_BACK,
        )

    def evidence_from(self, rows: NDArray[np.intp] | int) -> Counts:
        """The first row whose miss tells something of the day in `rows`, which broadcasts with
        the subjects: not the first two weeks of a series; under three weeks of age, not the first.
        """
        return self.first_day + np.where(rows - self.first_day + 1 < 21, 7, 14)


def _blocks(spend: Floats) -> list[slice]:
    """Some subjects after the other; one block at least."""
    return [slice(at, at + _BLOCK) for at in range(0, max(spend.shape[1], 1), _BLOCK)]


def _replayed(history: History, start: int, bar: Bar) -> Baseline:
    silent = _unjudged(history.spend.shape[1])
    days = range(len(history.spend))
    return _joined(
        [_usual(history, t).held_to(bar) if t >= start else silent for t in days], np.stack
    )


def _joined(
    parts: Sequence[Baseline], join: Callable[[Sequence[NDArray[Any]]], NDArray[Any]]
) -> Baseline:
    return Baseline(**{f.name: join([getattr(p, f.name) for p in parts]) for f in fields(Baseline)})


def _unjudged(subjects: int) -> Baseline:
    unknown, zero = np.full(subjects, np.nan), np.zeros(subjects, dtype=np.int64)
    return Baseline(unknown, unknown, unknown, unknown, zero, zero, np.full(subjects, NONE))


def _usual(history: History, t: int) -> Usual:
    cushion = cushion_of(history, t)
    shift, swing, misses = shift_and_swing(misses_of(history, t, cushion))
    base = np.where(cushion == 0, 0 * history.base[t], history.base[t])  # four idle weeks
    days = history.days_before[t]
    stands = ~np.isnan(base) & ((misses > 0) | (cushion == 0))
    old = days >= FULL_RULE_FROM
    bursty = old & (cushion > 0) & (_idle_share(history.spend, t) >= BURSTY_FROM)
    full = old & stands & ~bursty
    young = (days >= YOUNG_RULE_FROM) & ~full & ~bursty
    highest = np.where(bursty, _highest(history, t), history.highest_before[t])
    usual = np.maximum((base + cushion) * np.exp(shift) - cushion, 0.0)
    return Usual(
        usual=np.select([full, young | bursty], [usual, highest], np.nan),
        swing=np.where(full, swing, np.nan),
        level=np.where(full, np.exp(shift), np.nan),
        cushion=cushion,
        weeks_used=history.weeks[t],
        history_days=days,
        method=np.select([full, young, bursty], [WEEKDAY, YOUNG, BURSTY], NONE),
    )


def _highest(history: History, t: int) -> Floats:
    """The highest usable day of the 8 weeks before `t`, 0 where there is none."""
    recent = np.nan_to_num(history.spend[max(t - LOOK_BACK, 0) : t])
    return np.asarray(recent.max(axis=0, initial=0.0))


def cushion_of(history: History, t: int) -> Floats:
    """15 % of the mean of the four weeks before; NaN without a usable day in them."""
    recent = history.spend[max(t - 28, 0) : t]
    usable = (~np.isnan(recent)).sum(axis=0)
    mean = np.nansum(recent, axis=0) / np.maximum(usable, 1)
    return np.where(usable > 0, CUSHION * mean, np.nan)


def misses_of(history: History, t: int, cushion: Floats) -> Floats:
    """How far each of the 56 days before `t` was from its base, log scale, after 7 rows of NaN.

    A series that was idle for four weeks has no scale to measure a miss on: all NaN.
    """
    window = slice(max(t - LOOK_BACK, 0), t)
    scale = np.where(cushion > 0, cushion, np.nan)
    miss = np.log(history.spend[window] + scale) - np.log(history.base[window] + scale)
    miss[np.arange(window.start, t)[:, None] < history.evidence_from(t)] = np.nan
    return padded(miss, LOOK_BACK + 7)
