"""A drop's workings: the usual weekday, the share of it that is still fine."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from bot.alerts.model import Subject
from bot.commands.workings.model import (
    UsedDay,
    Worked,
    left_out,
    plain_work,
    said,
    unjudged,
    used_day,
    why_unusable,
)
from bot.kinds import Drop
from bot.kinds.base import amount
from bot.kinds.drop import SAME_WEEKDAYS, WEEKS_NEEDED, Replay
from bot.kinds.lookback import smallest_nanos
from bot.spend.calendar import DayState, Unit, period_of
from bot.spend.ledger import DailyTable, Ledger
from bot.spend.metrics import Metric


def work_of_drop(rule: Drop, ledger: Ledger, subject: Subject, day: date) -> Worked:
    """The same weekdays behind the usual, and how much of it the day was."""
    table = rule.amounts(ledger)
    columns = np.array([n for n, ids in enumerate(table.ids) if ids == subject.ids], dtype=np.intp)
    if not len(columns):
        return plain_work(rule, ledger, subject, period_of(day, Unit.DAY))
    table = table.only(columns)
    at = (day - ledger.span.start).days
    replay = rule.replayed(ledger, table)
    observed, usual = max(int(table.values[at, 0]), 0), float(replay.usual[at, 0])
    days = _weekdays(rule, ledger, table, at, int(replay.began[at, 0]))
    if blocked := unjudged(rule, ledger, day):
        return Worked(observed, None, None, (blocked,), days, blocked, ())
    weeks = int(replay.weeks[at, 0])
    if weeks < WEEKS_NEEDED:
        known = f"usable {day:%A}s of history: {weeks}; a drop needs {WEEKS_NEEDED}"
        return Worked(observed, None, None, (known,), days, known, ())
    limit = usual * rule.below / 100
    formula = (
        f"usual {_shown(rule, usual)} = the median of {weeks} {day:%A}s",
        f"a drop at or under {_shown(rule, limit)} = {rule.below:g}% of it",
        f"{said(day)}: {_shown(rule, observed)}{_share(observed, usual)}",
    )
    return Worked(
        observed,
        round(limit),
        round(usual),
        formula,
        days,
        _why_not(rule, observed, usual, limit, table.values[:, 0], replay, at),
        _silence(rule, observed, usual, limit, day),
    )


def _shown(rule: Drop, value: float) -> str:
    return amount(value, rule.measure)


def _share(observed: float, usual: float) -> str:
    return f", {observed / usual:.0%} of the usual" if usual > 0 else ""


def _why_not(
    rule: Drop,
    observed: float,
    usual: float,
    limit: float,
    values: NDArray[np.int64],
    replay: Replay,
    at: int,
) -> str:
    if usual < max(smallest_nanos(rule), 1):
        smallest = _shown(rule, max(smallest_nanos(rule), 0))
        return f"its usual day, {_shown(rule, usual)}, is not worth watching: under {smallest}"
    if observed > limit:
        return f"{_shown(rule, observed)} is more than {_shown(rule, limit)}"
    if not replay.dropped[at, 0] and (values[at % 7 : at : 7][-SAME_WEEKDAYS:] <= 0).any():
        return "it was idle on one of these weekdays, so an idle day says nothing"
    return "nothing was found"


def _silence(rule: Drop, observed: float, usual: float, limit: float, day: date) -> tuple[str, ...]:
    share = 100 * observed / usual if usual > 0 else 0
    lower = (f"`below` under {share:.0f}",) if share >= 1 else ()
    floor = (f"`min_usd` above {_shown(rule, usual)}, the usual day",)
    return (
        f"a day above {_shown(rule, limit)}",
        *lower,
        *(floor if rule.metric is Metric.COST else ()),
        left_out(day),
    )


def _weekdays(
    rule: Drop, ledger: Ledger, table: DailyTable, at: int, began: int
) -> tuple[UsedDay, ...]:
    """The last six same weekdays, and the day itself."""
    values = table.values[:, 0]
    active = np.flatnonzero(values > 0)
    first = int(active[0]) if len(active) else len(values)
    found = []
    for n in range(at - 7 * SAME_WEEKDAYS, at, 7):
        if n < 0:
            continue
        day = ledger.span.start + timedelta(days=n)
        state = ledger.state(day, rule.metric)
        why_not = None
        if 0 <= began <= n:
            why_not = "a day of this drop"
        elif n < first or state is not DayState.SETTLED or any(day in p for p in rule.planned):
            why_not = why_unusable(rule, state, day)
        found.append(UsedDay(day, int(values[n]), state, why_not))
    day = ledger.span.start + timedelta(days=at)
    return (*found, used_day(rule, ledger, day, int(values[at]), "judged"))
