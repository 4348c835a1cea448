"""A ratio's spike or fall, as of the cost per request: the usual weekday, the swing, the limit."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from math import exp

import numpy as np
from numpy.typing import NDArray

from bot.alerts.model import Subject
from bot.commands.workings.model import (
    BEFORE_ITS_FIRST,
    UsedDay,
    Words,
    Worked,
    metric_values,
    past_day,
    plain_work,
    unjudged,
    used_day,
)
from bot.kinds import Spike
from bot.kinds.base import Direction
from bot.kinds.lookback import FEWEST_REQUESTS
from bot.spend.baseline import NONE, WEEKDAY, Baseline
from bot.spend.calendar import Unit, period_of
from bot.spend.ledger import Ledger
from bot.spend.weekdays import SAME_WEEKDAYS

_FEW = f"fewer than {FEWEST_REQUESTS} requests"


def work_of_ratio(rule: Spike, ledger: Ledger, subject: Subject, day: date) -> Worked:
    """The weekdays behind the usual, and the limit."""
    series = rule.series(ledger)
    if day not in ledger.span or subject.ids not in series.ids:
        return plain_work(rule, ledger, subject, period_of(day, Unit.DAY))
    at, n = (day - ledger.span.start).days, series.ids.index(subject.ids)
    observed = float(series.observed[at, n])
    column = np.array([n])
    expected = rule.baseline(ledger, column, day, rule.watched(ledger, series, column, day))
    days = _weekdays(rule, ledger, subject, day, ~np.isnan(series.history[:, n]))
    if np.isnan(observed) or expected.method[0] == NONE:
        why_not = unjudged(rule, ledger, day) or _unknown(observed, expected)
        return Worked(observed, None, None, (), days, why_not, ())
    usual, limit = float(expected.usual[0]), float(expected.limit[0])
    words = Words(rule, ledger.currency)
    fine = f"{'down' if rule.direction is Direction.DOWN else 'up'} to {words.amount(limit)}"
    why_not = unjudged(rule, ledger, day) or f"anything {fine} is fine, or it cost too little"
    silence = (f"a day {fine}", f"`{words.option('min_usd')}` above what the subject cost that day")
    formula = _formula(rule, words, expected, day)
    return Worked(observed, limit, usual, formula, days, why_not, silence)


def _unknown(observed: float, expected: Baseline) -> str:
    if np.isnan(observed):
        return f"a day with fewer than {FEWEST_REQUESTS} requests has no ratio"
    return f"{int(expected.history_days[0])} usable days of history; a spike needs 7"


def _formula(rule: Spike, words: Words, expected: Baseline, day: date) -> tuple[str, ...]:
    usual, limit = (words.amount(float(one[0])) for one in (expected.usual, expected.limit))
    down = rule.direction is Direction.DOWN
    if expected.method[0] != WEEKDAY:
        extreme = "lowest" if down else "highest"
        times = "half" if down else "twice"
        return (f"the {extreme} day is {usual}", f"limit {limit} = {times} of it")
    weeks, swing = int(expected.weeks_used[0]), exp(float(expected.swing[0]))
    by = "÷" if down else "×"
    return (
        f"usual {usual}: middle of {weeks} {day:%A}{'' if weeks == 1 else 's'}, drawn to weekdays "
        "like it, moved half-way by the last week",
        f"limit {limit}: about {usual} {by} {swing:.2f}^{rule.sensitivity.swings:g}, and "
        f"{'at most' if down else 'at least'} {usual} {by} 1.5",
    )


def _weekdays(
    rule: Spike, ledger: Ledger, subject: Subject, day: date, usable: NDArray[np.bool_]
) -> tuple[UsedDay, ...]:
    """The same weekdays before the day, and the day itself."""
    values = metric_values(rule, ledger, subject)
    same = [day - timedelta(weeks=back) for back in range(SAME_WEEKDAYS, 0, -1)]
    past = []
    for then in (each for each in same if each in ledger.span):
        row = (then - ledger.span.start).days
        entry = past_day(rule, ledger, then, float(values[row]), bool(usable[row]))
        few = entry.why_not == BEFORE_ITS_FIRST and usable[:row].any()
        past.append(replace(entry, why_not=_FEW) if few else entry)
    at = (day - ledger.span.start).days
    return (*past, used_day(rule, ledger, day, float(values[at]), "judged"))
