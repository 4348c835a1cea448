"""What a part of a whole may cost, given how the rest of the whole ran on the same day.

The models of a project swing together, because its traffic does. Where they do, a rise of one
beside a rest that stayed as it was is out of the ordinary sooner than it would be by itself.

Arrays are (days, parts), as in `bot.spend.baseline`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from bot.spend.baseline import Bar, History, cushion_of, misses_of, usable_spend
from bot.spend.swing import (
    USUAL_SWING,
    USUAL_WEIGHT,
    shift_and_past,
    swing_of,
    without_old_spikes,
)
from bot.spend.weekdays import Floats

FURTHER: Final = 0.25
"""Swings more than normal that are fine beside the rest: a second way to be a spike."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What was fine for each part beside its rest; NaN where that cannot be told."""

    rest: Floats
    """What the rest of the whole spent on the day."""
    rest_usual: Floats
    """What it usually does."""
    lift: Floats
    """How much more than usual the rest lets expect of the part: never below 1."""
    swing: Floats
    """Normal upward swing of the part around what its rest lets expect, log scale."""
    limit: Floats
    """The highest spend that would still have been fine."""


def beside(parts: Floats, rests: Floats, k: float, floor: float, far_floor: float) -> Beside:
    """Return what was fine in the last row, whose value of `rests` counts and of `parts` does not.

    `rests[:, n]` is what the whole of the part in column n spent without it. The arguments mean
    what they do in `judge_last`. A rest below its usual lowers nothing: who costs what they always
    do is no spike, whatever the others do.
    """
    part, rest = _Ran.of(parts), _Ran.of(rests)
    follows = _follows(part.past, rest.past)
    moved = np.log(rest.last + rest.cushion) - np.log(rest.usual + rest.cushion)
    lift = np.exp(follows * np.maximum(moved, 0.0))
    swing = swing_of(part.past - follows * rest.past)
    usual = (part.usual + part.cushion) * lift - part.cushion
    bar = Bar.of(parts.shape[1], k + FURTHER, floor, far_floor)
    limit = bar.limit(usual, swing, part.cushion)
    return Beside(rest.last, rest.usual, lift, np.where(np.isnan(limit), np.nan, swing), limit)


def _follows(past: Floats, rest: Floats) -> Floats:
    """How much of the rest's moves a part shares, 0 to 1: by least squares over the same days,
    drawn to nothing with the weight of two ordinary weeks."""
    both = ~np.isnan(past) & ~np.isnan(rest)
    own = np.where(both, without_old_spikes(past), 0.0)
    other = np.where(both, without_old_spikes(rest), 0.0)
    apart = USUAL_WEIGHT * USUAL_SWING**2
    share = (own * other).sum(axis=0) / ((other**2).sum(axis=0) + apart)
    return np.asarray(np.clip(share, 0.0, 1.0))


@dataclass(frozen=True, slots=True)
class _Ran:
    """How series ran lately; (parts,), but for `past`."""

    last: Floats
    usual: Floats
    cushion: Floats
    past: Floats
    """(days, parts): how far each day was from what was usual then, log scale."""

    @classmethod
    def of(cls, values: Floats) -> _Ran:
        spend = usable_spend(values)
        history, last = History.of(spend), len(spend) - 1
        cushion = cushion_of(history, last)
        cushion = np.where(cushion > 0, cushion, np.nan)  # idle for four weeks: no scale
        shift, past = shift_and_past(misses_of(history, last, cushion))
        usual = (history.base[last] + cushion) * np.exp(shift) - cushion
        return cls(spend[last], np.maximum(usual, 0.0), cushion, past)
