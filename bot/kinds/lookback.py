"""What kinds that compare a day with its past share: values, usable days, floors, days to skip."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from bot.alerts.model import Finding, Skipped
from bot.kinds.base import Rule
from bot.spend.baseline import since_first_activity
from bot.spend.calendar import ONE_DAY, DayState, Span, day_name
from bot.spend.ledger import DailyTable, Ids, Ledger
from bot.spend.metrics import FORMULAS, Additive, Metric
from bot.spend.weekdays import Floats

SHARE_OF_ORGANIZATION = 0.02
"""A change below this share of the organisation's average day is not worth a message."""


FEWEST_REQUESTS = 20
"""A ratio of a day with fewer requests is chance, and not used."""


def daily_values(rule: Rule, ledger: Ledger) -> tuple[tuple[Ids, ...], Floats]:
    """The metric of every day and subject, (days, subjects): NaN before a subject's first
    activity and, for a ratio, on days without enough requests."""
    key = ("daily values", *rule.about)
    return ledger.remembered(key, lambda: _daily_values(rule, ledger))


def _daily_values(rule: Rule, ledger: Ledger) -> tuple[tuple[Ids, ...], Floats]:
    formula = FORMULAS[rule.metric]
    if not formula.is_ratio:
        table = rule.amounts(ledger)
        return table.ids, since_first_activity(table.values.astype(np.float64))
    over = [rule.table(ledger, part) for part in formula.over]
    under = [rule.table(ledger, part) for part in formula.under]
    ids = tuple(dict.fromkeys(member for table in over for member in table.ids))
    top, bottom = summed(over, ids), summed(under, ids)
    nothing = np.full_like(top, np.nan)
    ratios = np.divide(top * formula.scale, bottom, out=nothing, where=bottom > 0)
    requests = summed([rule.table(ledger, Additive.REQUESTS)], ids)
    counted = requests.any(axis=0)  # embeddings of old have tokens and no requests
    return ids, np.where(counted & (requests < FEWEST_REQUESTS), np.nan, ratios)


def daily_cost(rule: Rule, ledger: Ledger, ids: tuple[Ids, ...]) -> Floats:
    """Nanos of every day and of the subjects that `daily_values` has, (days, subjects)."""
    key = ("daily cost", *rule.about)
    return ledger.remembered(key, lambda: summed([rule.table(ledger, Additive.COST)], ids))


def summed(tables: Sequence[DailyTable], ids: tuple[Ids, ...]) -> Floats:
    """The tables added up, one column per entry of `ids`."""
    total = np.zeros((len(tables[0].span), len(ids)))
    for table in tables:
        if table.ids == ids:
            total += table.values
            continue
        where = {member: n for n, member in enumerate(table.ids)}
        for n, member in enumerate(ids):
            if member in where:
                total[:, n] += table.values[:, where[member]]
    return total


def unplanned(rule: Rule, ledger: Ledger) -> NDArray[np.bool_]:
    """For each day of the history, whether no `planned` window of the rule holds it."""
    if not rule.planned:
        return np.ones(len(ledger.span), dtype=bool)
    return np.array([not any(day in window for window in rule.planned) for day in ledger.span])


def judgeable(rule: Rule, ledger: Ledger) -> NDArray[np.bool_]:
    """For each day of the history, whether it is finished, known and past its grace time."""
    return ledger.remembered(
        ("judgeable", rule.metric),
        lambda: np.array([ledger.judgeable(day, rule.metric) for day in ledger.span]),
    )


def average_days(rule: Rule, ledger: Ledger) -> NDArray[np.float64]:
    """For each day, the organisation's mean settled day in the four weeks before it."""
    return ledger.remembered(("average days", rule.metric), lambda: _average_days(rule, ledger))


def _average_days(rule: Rule, ledger: Ledger) -> Floats:
    settled = ledger.settled(rule.metric)
    total = np.zeros(len(ledger.span))
    for quantity in FORMULAS[rule.metric].over:
        total += ledger.sums(quantity, ("organization",)).values.sum(axis=1)
    sums = np.concatenate([[0.0], np.where(settled, total, 0.0).cumsum()])
    counts = np.concatenate([[0], settled.cumsum()])
    ends = np.arange(len(total))
    starts = np.maximum(ends - 28, 0)
    return np.asarray((sums[ends] - sums[starts]) / np.maximum(counts[ends] - counts[starts], 1))


def smallest_nanos(rule: Rule, ledger: Ledger) -> float:
    """The floor in nanos for money; volume has no such floor."""
    return float(rule.min_nanos(ledger.currency)) if rule.metric is Metric.COST else 0.0


def is_missing(rule: Rule, ledger: Ledger, day: date) -> bool:
    return ledger.state(day, rule.metric) is DayState.MISSING


def missing(rule: Rule, day: date) -> Skipped:
    """What to say of a finished day that was not fetched whole."""
    return Skipped(rule.name, rule.everyone, f"{day_name(day)} is missing: not fetched whole")


def is_one_episode(
    finding: Finding, known: Finding, ledger: Ledger, metric: Metric, calm: int
) -> bool:
    """Whether two episodes of a subject are one: no more than so many calm days lie between.

    Days that could not be judged are no calm ones.
    """
    first, last = sorted((finding, known), key=lambda one: one.period.start)
    if last.period.start <= first.holds_until:
        return True
    between = Span(first.holds_until + ONE_DAY, last.period.start)
    return sum(ledger.judgeable(day, metric) for day in between) <= calm
