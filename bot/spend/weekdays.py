"""Windows over daily values: the same weekdays before each day, and middles that ignore NaN.

Arrays are (days, subjects), oldest day first, consecutive UTC days; NaN is a day that must not
count.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SAME_WEEKDAYS: Final = 8
OWN_WEIGHT: Final = 9  # of a weekday's own middle, where each weekday like it has 1 ...
ALIKE: Final = 0.4  # ... and is like it within this much, log scale


def previous_same_weekdays(spend: Floats, weeks: int = SAME_WEEKDAYS) -> Floats:
    """(days, subjects, weeks): the same weekday so many weeks to one week earlier, NaN where there
    is none."""
    days, reach = len(spend), 7 * weeks
    rows = padded(spend, days + reach)
    return np.stack([rows[back : back + days] for back in range(0, reach, 7)], axis=-1)


def middle(window: Floats) -> Floats:
    """Mean over the last axis of what is not NaN, from three on without the highest and the
    lowest; NaN where nothing is."""
    n = (~np.isnan(window)).sum(axis=-1)
    ordered = np.nan_to_num(np.sort(window, axis=-1))  # NaN goes last
    total = ordered.sum(axis=-1)
    highest = np.take_along_axis(ordered, np.maximum(n - 1, 0)[..., None], axis=-1)[..., 0]
    total = np.where(n >= 3, total - ordered[..., 0] - highest, total)
    kept = np.where(n >= 3, n - 2, n)
    return np.where(kept > 0, np.maximum(total, 0.0) / np.maximum(kept, 1), np.nan)


def drawn_to_weekdays_alike(base: Floats) -> Floats:
    """Each day's base, its weekday weighing nine, each of the other six that is like it one.

    A quiet Sunday has no weekday like it and stays as it is.
    """
    total, weight = OWN_WEIGHT * base, np.full(base.shape, float(OWN_WEIGHT))
    lowest, highest = base * np.exp(-ALIKE), base * np.exp(ALIKE)
    for back in range(1, 7):
        other = padded(base[:-back], len(base)) if back < len(base) else np.full_like(base, np.nan)
        alike = (other >= lowest) & (other <= highest)
        total += np.where(alike, other, 0.0)
        weight += alike
    return np.asarray(total / weight)


def padded(rows: Floats, length: int) -> Floats:
    """Put rows of NaN before the first."""
    missing = np.full((length - len(rows), *rows.shape[1:]), np.nan)
    return np.concatenate([missing, rows])


def median(window: Floats) -> Floats:
    """Median over the last axis of what is not NaN; NaN where nothing is."""
    ordered = np.sort(window, axis=-1)  # NaN goes last
    n = (~np.isnan(ordered)).sum(axis=-1, keepdims=True)
    low = np.take_along_axis(ordered, np.maximum(n - 1, 0) // 2, axis=-1)
    high = np.take_along_axis(ordered, n // 2, axis=-1)
    return ((low + high) / 2)[..., 0]
