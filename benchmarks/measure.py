"""False alerts and recall of limits on series whose truth is known.

A day under 5 % of a mean active day is not judged. A spike is one day's cost times m, on days that
carry cost: at least half the median of the last four same weekdays. Since no limit depends on the
day it judges, every such day is tried.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.peers import START, Detector
from benchmarks.simulator import Bill, Flags, Floats
from bot.spend.baseline import replay

SIZES = (1.5, 2.0, 3.0, 5.0)
SWINGS = (1.5, 1.75, 2, 2.2, 2.4, 2.6, 2.75, 3, 3.4, 4)

Limits = Callable[[float], Floats]
"""The limits of every day and series at a threshold."""


@dataclass(frozen=True, slots=True)
class Score:
    """False alerts per series-year, and the recall of a day times each of `SIZES`."""

    false_alerts: float
    recall: tuple[float, ...]

    def at(self, size: float) -> float:
        return self.recall[SIZES.index(size)]


def shipped(values: Floats) -> Limits:
    """The limits of the bot's own rule."""
    return lambda swings: _endless(replay(values, start=START, k=swings).limit)


def oracle(bill: Bill) -> Limits:
    """Limits of someone who knows the true mean and noise of each day: what is left is luck."""
    return lambda swings: bill.mean * np.exp(swings * bill.noise)


def of_peer(detector: Detector, values: Floats) -> Limits:
    return lambda strength: detector(values, strength)


def score(bill: Bill, limits: Floats, some: Flags) -> Score:
    """Of some of the series."""
    values, limits = bill.values[:, some], limits[:, some]
    judged, carries = _judged_days(values)
    years = judged.sum() / 365.25
    hits = [float(((values * size > limits) & carries).sum() / carries.sum()) for size in SIZES]
    return Score(float(((values > limits) & judged).sum() / years), tuple(hits))


def at_budget(
    bill: Bill, limits: Limits, thresholds: Sequence[float], some: Flags, budget: float
) -> Score:
    """The recall where the false alerts are `budget`, between the thresholds tried."""
    scores = sorted(
        (score(bill, limits(each), some) for each in thresholds), key=lambda s: s.false_alerts
    )
    rates = [each.false_alerts for each in scores]
    recall = [np.interp(budget, rates, [s.recall[n] for s in scores]) for n in range(len(SIZES))]
    return Score(budget, tuple(map(float, recall)))


def _judged_days(values: Floats) -> tuple[Flags, Flags]:
    active = np.where(values > 0, values, np.nan)
    judged = values >= 0.05 * np.nanmean(active, axis=0)
    judged[:START] = False
    before = [np.roll(values, 7 * weeks, axis=0) for weeks in (1, 2, 3, 4)]
    return judged, judged & (values >= 0.5 * np.median(before, axis=0))


def _endless(limits: Floats) -> Floats:
    return np.where(np.isnan(limits), np.inf, limits)
