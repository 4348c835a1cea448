"""When subjects came: their first active day, or the first one after a long sleep. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Of each column; indexes are rows."""

    first: NDArray[np.intp]
    """The first active day since the last sleep."""
    last_active: NDArray[np.intp]
    """The last active day before that sleep; -1 where there was none."""
    idle: NDArray[np.intp]
    """The known idle days of that sleep; 0 where there was none."""


def arrivals(values: NDArray[np.int64], known: NDArray[np.bool_], asleep_days: int) -> Arrivals:
    """When the subjects of the columns came; each was active on some day.

    `known` tells of each day, oldest first, whether it is not missing.
    """
    rows, columns = np.arange(len(values))[:, None], np.arange(values.shape[1])
    active = values > 0
    last = np.maximum.accumulate(np.where(active, rows, -1), axis=0)
    before = np.concatenate([np.full((1, len(columns)), -1), last[:-1]])
    known_until = np.concatenate([[0], known.cumsum()])
    idle = known_until[rows] - known_until[before + 1]
    woke = active & (before >= 0) & (idle >= asleep_days)
    slept = woke.any(axis=0)
    woke_on = len(values) - 1 - woke[::-1].argmax(axis=0)
    return Arrivals(
        first=np.where(slept, woke_on, active.argmax(axis=0)),
        last_active=np.where(slept, before[woke_on, columns], -1),
        idle=np.where(slept, idle[woke_on, columns], 0),
    )


def arrival(
    values: NDArray[np.int64], known: NDArray[np.bool_], asleep_days: int
) -> tuple[int, int | None, int]:
    """The first active day since the last sleep, the last one before it, the sleep's idle days."""
    came = arrivals(values[:, None], known, asleep_days)
    last = int(came.last_active[0])
    return int(came.first[0]), None if last < 0 else last, int(came.idle[0])
