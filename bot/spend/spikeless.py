"""A series without its past spikes: what a forecast learns from.

A day above its limit (see `bot.spend.baseline`) counts as what lies half-way between its usual and
its limit, on the log scale. Few days are: which ones may be is told quickly for all of them, and
the limit is worked out of these alone.
"""

from __future__ import annotations

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
