"""How the last week moved a series, and how far it normally swings around its usual.

Misses are (days, subjects), oldest first, log scale: how far each past day was from its base. NaN
is a day that must not count.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from bot.spend.weekdays import Floats, median

Counts = NDArray[np.int64]

USUAL_SWING: Final = 0.20  # what a series without a past is taken to swing, on the log scale ...
USUAL_WEIGHT: Final = 14  # ... with the weight of this many days
SETTLED_DAYS: Final = 42  # with fewer misses than this the swing is widened
OLD_SPIKE: Final = 3.5  # a past miss counts for at most this many ...
NORMAL_MIDDLE: Final = 1.4826  # ... middle misses; this many of them are a normal deviation
DOWNWARD: Final = 0.2  # weight of a miss below the usual, where one above it has 1


def shift_and_swing(misses: Floats) -> tuple[Floats, Floats, Counts]:
    """Return the judged day's shift and swing, and the number of misses behind the swing."""
    shift, past = shift_and_past(misses)
    return shift, swing_of(past), (~np.isnan(past)).sum(axis=0)


def shift_and_past(misses: Floats) -> tuple[Floats, Floats]:
    """Return the judged day's shift, and how far each past day was from its shifted base: what
    tells the swing. NaN where a day does not."""
    ran = median(sliding_window_view(misses, 7, axis=0))
    shift = np.where(np.isnan(ran), 0.0, ran / 2)
    past = misses[7:] - shift[:-1]
    usable = ~np.isnan(past)
    # The first 7 were shifted by less than a week: with five more weeks they are not needed.
    enough = usable.sum(axis=0) > 35
    usable &= ~enough | (usable.cumsum(axis=0) > 7)
    return shift[-1], np.where(usable, past, np.nan)


def swing_of(past: Floats) -> Floats:
    """Root mean square of mostly the upward misses, pulled to 20 %, old spikes capped, wider
    while there are few. NaN misses do not count."""
    n = (~np.isnan(past)).sum(axis=0)
    capped = without_old_spikes(past)
    squares = (np.where(capped > 0, 1.0, DOWNWARD) * capped**2).sum(axis=0)
    weight = n * (1 + DOWNWARD) + USUAL_WEIGHT
    swing = np.sqrt((2 * squares + USUAL_WEIGHT * USUAL_SWING**2) / weight)
    doubt = (1 + USUAL_WEIGHT / np.maximum(n, 1)) / (1 + USUAL_WEIGHT / SETTLED_DAYS)
    return np.asarray(np.where(n > 0, swing * np.sqrt(np.maximum(doubt, 1.0)), swing))


def without_old_spikes(past: Floats) -> Floats:
    """The misses, none larger than a multiple of the middle one; 0 for NaN.

    Spikes do not move the middle miss: of a root mean square they would raise the cap themselves,
    and three in two months would hide the fourth.
    """
    n = (~np.isnan(past)).sum(axis=0)
    deviation = NORMAL_MIDDLE * np.nan_to_num(median(np.abs(past).T))
    usual = np.sqrt((n * deviation**2 + USUAL_WEIGHT * USUAL_SWING**2) / (n + USUAL_WEIGHT))
    return np.nan_to_num(np.clip(past, -OLD_SPIKE * usual, OLD_SPIKE * usual))
