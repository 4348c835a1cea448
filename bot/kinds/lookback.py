"""What kinds that compare a day with its past share: usable days, floors, days to skip."""

from __future__ import annotations

from datetime import date

import numpy as np
from numpy.typing import NDArray

from bot.alerts.model import Skipped
from bot.kinds.base import Rule
from bot.spend.calendar import DayState, day_name
from bot.spend.ledger import Ledger
from bot.spend.metrics import FORMULAS, Metric

SHARE_OF_ORGANIZATION = 0.02
"""A change below this share of the organisation's average day is not worth a message."""


def unplanned(rule: Rule, ledger: Ledger) -> NDArray[np.bool_]:
    """For each day of the history, whether no `planned` window of the rule holds it."""
    return np.array([not any(day in window for window in rule.planned) for day in ledger.span])


def judgeable(rule: Rule, ledger: Ledger) -> NDArray[np.bool_]:
    """For each day of the history, whether it is finished, known and past its grace time."""
    return np.array([ledger.judgeable(day, rule.metric) for day in ledger.span])


def average_days(rule: Rule, ledger: Ledger) -> NDArray[np.float64]:
    """For each day, the organisation's mean settled day in the four weeks before it."""
    settled = ledger.settled(rule.metric)
    total = np.zeros(len(ledger.span))
    for quantity in FORMULAS[rule.metric].over:
        total += ledger.sums(quantity, ("organization",)).values.sum(axis=1)
    sums = np.concatenate([[0.0], np.where(settled, total, 0.0).cumsum()])
    counts = np.concatenate([[0], settled.cumsum()])
    ends = np.arange(len(total))
    starts = np.maximum(ends - 28, 0)
    return np.asarray((sums[ends] - sums[starts]) / np.maximum(counts[ends] - counts[starts], 1))


def smallest_nanos(rule: Rule) -> float:
    """`min_usd` in nano-dollars for money; volume has no such floor."""
    return float(rule.min_nanos) if rule.metric is Metric.COST else 0.0


def is_missing(rule: Rule, ledger: Ledger, day: date) -> bool:
    return ledger.state(day, rule.metric) is DayState.MISSING


def missing(rule: Rule, day: date) -> Skipped:
    """What to say of a finished day that was not fetched whole."""
    return Skipped(rule.name, rule.everyone, f"{day_name(day)} is missing: not fetched whole")
