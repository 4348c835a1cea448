"""A drop's workings: the usual weekday, the share of it that is still fine."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from bot.alerts.model import Subject
from bot.commands.workings.model import (
    UsedDay,
    Words,
    Worked,
    left_out,
    plain_work,
    said,
    unjudged,
    used_day,
    why_unusable,
)
from bot.kinds import Drop
from bot.kinds.lookback import smallest_nanos
from bot.spend.calendar import DayState, Unit, period_of
from bot.spend.ledger import DailyTable, Ledger
from bot.spend.lows import SAME_WEEKDAYS, WEEKS_NEEDED, Replay
from bot.spend.metrics import Metric


def work_of_drop(rule: Drop, ledger: Ledger, subject: Subject, day: date) -> Worked:
    """The same weekdays behind the usual, and how much of it the day was."""
    table = rule.amounts(ledger)
    columns = np.array([n for n, ids in enumerate(table.ids) if ids == subject.ids], dtype=np.intp)
    if not len(columns):
        return plain_work(rule, ledger, subject, period_of(day, Unit.DAY))
    at = (day - ledger.span.start).days
    replay = rule.replayed(ledger, table, columns)
    table = table.only(columns)
    observed, usual = max(int(table.values[at, 0]), 0), float(replay.usual[at, 0])
    days = _weekdays(rule, ledger, table, at, int(replay.began[at, 0]))
    if blocked := unjudged(rule, ledger, day):
        return Worked(observed, None, None, (blocked,), days, blocked, ())
    weeks = int(replay.weeks[at, 0])
    if weeks < WEEKS_NEEDED:
        known = f"usable {day:%A}s of history: {weeks}; a drop needs {WEEKS_NEEDED}"
        return Worked(observed, None, None, (known,), days, known, ())
    limit, words = usual * rule.below / 100, Words(rule, ledger.currency)
    formula = (
        f"usual {words.amount(usual)} = the median of {weeks} {day:%A}s",
        f"a drop at or under {words.amount(limit)} = {rule.below:g}% of it",
        f"{said(day)}: {words.amount(observed)}{_share(observed, usual)}",
    )
    return Worked(
        observed,
        round(limit),
        round(usual),
        formula,
        days,
        _why_not(
            words,
            smallest_nanos(rule, ledger),
            (observed, usual, limit),
            table.values[:, 0],
            replay,
            at,
        ),
        _silence(rule, words, (observed, usual, limit), day),
    )


def _share(observed: float, usual: float) -> str:
    return f", {observed / usual:.0%} of the usual" if usual > 0 else ""


def _why_not(
    words: Words,
    least: float,
    numbers: tuple[float, float, float],
    values: NDArray[np.int64],
    replay: Replay,
    at: int,
) -> str:
    """`numbers` are what was observed, the usual and the limit; `least` the smallest usual."""
    observed, usual, limit = numbers
    if usual < max(least, 1):
        smallest = words.amount(max(least, 0))
        return f"its usual day, {words.amount(usual)}, is not worth watching: under {smallest}"
    if observed > limit:
        return f"{words.amount(observed)} is more than {words.amount(limit)}"
    if not replay.dropped[at, 0] and (values[at % 7 : at : 7][-SAME_WEEKDAYS:] <= 0).any():
        return "it was idle on one of these weekdays, so an idle day says nothing"
    return "nothing was found"


def _silence(
    rule: Drop, words: Words, numbers: tuple[float, float, float], day: date
) -> tuple[str, ...]:
    observed, usual, limit = numbers
    share = 100 * observed / usual if usual > 0 else 0
    lower = (f"`below` under {share:.0f}",) if share >= 1 else ()
    floor = (f"`{words.option('min_usd')}` above {words.amount(usual)}, the usual day",)
    return (
        f"a day above {words.amount(limit)}",
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
