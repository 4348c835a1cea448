"""A series without its past spikes: what a forecast learns from.

A day above its limit (see `bot.spend.baseline`) counts as what lies half-way between its usual and
its limit, on the log scale. Few days are: which ones may be is told quickly for all of them, and
the limit is worked out of these alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from bot.spend.baseline import (
    CUSHION,
    LOOK_BACK,
    MIN_RATIO,
    YOUNG_RATIO,
    YOUNG_RULE_FROM,
    History,
    judged_at,
)
from bot.spend.weekdays import Floats, padded

_BLOCK = 256  # subjects at a time: bounds memory
_ROUNDING = 1e-6  # relative; a limit is not worked out twice in the same order


def without_spikes(spend: Floats, start: int = 0) -> Floats:
    """Return a copy in which days above their limit, from row `start` on, count as less.

    `spend` is (days, subjects) as `usable_spend` returns it.
    """
    capped = spend.copy()
    for first in range(0, spend.shape[1], _BLOCK):
        block = slice(first, first + _BLOCK)
        _cap(capped[:, block], History.of(spend[:, block], start - LOOK_BACK), start)
    return capped


@dataclass(frozen=True, slots=True)
class Grown:
    """Series that were capped before, the latest first: of those that only grew since, the new days
    alone are judged. Keeps so many; by default none.

    A replay asks about the same days again and again. What a day counts as depends on no later one.
    """

    keeps: int = 0
    _before: list[_Capped] = field(default_factory=list)

    def without_spikes(self, spend: Floats, start: int = 0) -> Floats:
        """The same as the function of this name."""
        begin = _begin(spend)  # from which day on history is asked for is not what tells it apart
        capped = self._grown(spend[begin:], max(start - begin, 0))
        return padded(capped, len(spend))

    def _grown(self, spend: Floats, start: int) -> Floats:
        before = next((each for each in self._before if each.leads_to(spend, start)), None)
        if before is None:
            capped = without_spikes(spend, start)
        else:
            self._before.remove(before)
            known = len(before.spend)
            begin = max(known, start)
            capped = without_spikes(spend, begin) if begin < len(spend) else spend.copy()
            capped[start:known] = before.capped[start:known]
        if self.keeps:
            self._before.insert(0, _Capped(spend, capped, start))
            del self._before[self.keeps :]
        return capped


def _begin(spend: Floats) -> int:
    """The first row with a usable day; 0 where there is none."""
    return int((~np.isnan(spend)).any(axis=1).argmax()) if spend.size else 0


@dataclass(frozen=True, slots=True, eq=False)
class _Capped:
    """Series, and what they were capped to from row `start` on."""

    spend: Floats
    capped: Floats
    start: int

    def leads_to(self, spend: Floats, start: int) -> bool:
        """Whether those are the same series with some days more, or none."""
        known = len(self.spend)
        if spend.shape[1] != self.spend.shape[1] or len(spend) < known or start < self.start:
            return False
        return bool(np.array_equal(self.spend, spend[:known], equal_nan=True))


def _cap(capped: Floats, history: History, start: int) -> None:
    rows, columns = np.nonzero(history.spend[start:] > _surely_normal(history, start))
    rows += start
    found = history.spend[rows, columns]
    usual, limit = judged_at(history, rows, columns)
    capped[rows, columns] = np.where(found > limit, np.sqrt(usual * limit), found)


def _surely_normal(history: History, start: int) -> Floats:
    """What is below the limit whichever way a day is judged, for the rows from `start` on."""
    usual = _least_usual(history, start)
    recent = _before(history.spend, LOOK_BACK, start)
    highest = np.nan_to_num(np.fmax.reduce(recent, axis=-1))
    normal = np.fmin(MIN_RATIO * usual, YOUNG_RATIO * highest) * (1 - _ROUNDING)
    return np.where(history.days_before[start:] < YOUNG_RULE_FROM, np.inf, normal)


def _least_usual(history: History, start: int) -> Floats:
    """No more than the usual of the weekday rule; NaN where the rule has nothing to stand on.

    The half of a middle on the log scale is the root of the ratio; the lower of two middles.
    """
    rows = np.arange(start, len(history.spend))[:, np.newaxis]
    cushion = _cushions(history, start)
    scale = np.where(cushion > 0, cushion, np.nan)[..., np.newaxis]
    spend, base = _before(history.spend, 7, start), _before(history.base, 7, start)
    ratios = (spend + scale) / (base + scale)
    first = history.evidence_from(rows)[..., np.newaxis]
    ratios[rows[..., np.newaxis] + np.arange(-7, 0) < first] = np.nan
    ordered = np.sort(ratios, axis=-1)  # NaN goes last
    known = (~np.isnan(ordered)).sum(axis=-1, keepdims=True)
    middle = np.take_along_axis(ordered, np.maximum(known - 1, 0) // 2, axis=-1)[..., 0]
    moved = np.sqrt(np.where(np.isnan(middle), 1.0, middle))
    usual = (history.base[start:] + cushion) * moved - cushion
    return np.where(cushion > 0, np.maximum(usual, 0.0), 0 * cushion)


def _cushions(history: History, start: int) -> Floats:
    recent = _before(history.spend, 28, start)
    usable = (~np.isnan(recent)).sum(axis=-1)
    mean = np.nansum(recent, axis=-1) / np.maximum(usable, 1)
    return np.where(usable > 0, CUSHION * mean, np.nan)


def _before(values: Floats, days: int, start: int) -> NDArray[np.float64]:
    """(rows from `start`, subjects, days): the days before each row, NaN before the first."""
    rows = padded(values, len(values) + days)[start:-1]
    return sliding_window_view(rows, days, axis=0)
