"""How a rule comes to its verdict on one subject and period, with the numbers filled in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from math import exp

import numpy as np

from bot.alerts.model import Subject
from bot.kinds import Cap, Rule, Spike
from bot.kinds.base import amount
from bot.kinds.cap import highest_step, percent_of
from bot.kinds.spike import HISTORY_DAYS, Sensitivity
from bot.spend.baseline import (
    BURSTY,
    CUSHION,
    NONE,
    SAME_WEEKDAYS,
    WEEKDAY,
    Baseline,
    Floats,
    idle_share,
    judge_last,
)
from bot.spend.calendar import ONE_DAY, DayState, Period, Span, Unit, period_of
from bot.spend.ledger import DailyTable, Ledger
from bot.spend.metrics import FORMULAS
from bot.spend.money import usd


@dataclass(frozen=True, slots=True)
class UsedDay:
    """A day behind a verdict. `why_not`: why it does not count, None if it does."""

    day: date
    value: int
    state: DayState
    why_not: str | None = None


@dataclass(frozen=True, slots=True)
class Worked:
    """The numbers, in the metric's unit (nano-dollars), and how they come about.

    `why_not` is the sentence for a period without a finding; `silence` what would make one go.
    """

    observed: int
    limit: int | None
    expected: int | None
    formula: tuple[str, ...]
    days: tuple[UsedDay, ...]
    why_not: str
    silence: tuple[str, ...]


def worked(rule: Rule, ledger: Ledger, subject: Subject, period: Period) -> Worked:
    """The workings of a rule; of a kind that has none of its own, the period's days."""
    match rule:
        case Cap():
            return _cap(rule, ledger, subject, period)
        case Spike():
            return _spike(rule, ledger, subject, period.start)
        case _:
            return _other(rule, ledger, subject, period)


def _cap(rule: Cap, ledger: Ledger, subject: Subject, period: Period) -> Worked:
    days = _period_days(rule, ledger, subject, period)
    observed = sum(entry.value for entry in days)
    limit = rule.limit_of(subject.ids, rule.full_names(ledger, subject.ids))
    spent = amount(observed, rule.measure)
    summed = "" if period.unit is Unit.DAY else f"the sum of {len(days)} days of "
    added = f"{spent} = {summed}{period}"
    if limit is None:
        why_not = "no limit fits this subject"
        return Worked(observed, None, None, (added,), days, why_not, ())
    planned = rule.planned_nanos(period.span)
    limit += planned
    extra = f" ({amount(planned, rule.measure)} of it planned)" if planned else ""
    cap = amount(limit, rule.measure)
    steps = ", ".join(f"{s:g}% ({amount(limit * s / 100, rule.measure)})" for s in rule.steps)
    step = highest_step(observed, limit, rule.steps)
    next_step = min(rule.steps)
    formula = (
        added,
        f"cap {cap}{extra}: {spent} is {percent_of(observed, limit)} of it",
        f"steps: {steps}; passed: {f'{step:g}%' if step is not None else 'none'}",
    )
    bar = amount(limit * next_step / 100, rule.measure)
    why_not = f"{spent} is not over {bar} ({next_step:g}% of the cap of {cap})"
    if step is not None:
        why_not = f"the money behind it is under the rule's min_usd of {usd(rule.min_nanos)}"
    option = "limit_usd" if rule.measure.is_money else "limit"
    silence = (
        f"a higher `{option}`: {spent} would have to be within the lowest step, {next_step:g}%",
        "`enabled: false`, or `match` with `!` before the name of what should not count",
    )
    return Worked(observed, limit, None, formula, days, why_not, silence)


def _spike(rule: Spike, ledger: Ledger, subject: Subject, day: date) -> Worked:
    if rule.is_ratio:
        return _other(rule, ledger, subject, period_of(day, Unit.DAY))
    table = rule.amounts(ledger)
    columns = np.array([n for n, ids in enumerate(table.ids) if ids == subject.ids], dtype=np.intp)
    if day not in ledger.span or not len(columns):
        return _other(rule, ledger, subject, period_of(day, Unit.DAY))
    table = table.only(columns)
    at = (day - ledger.span.start).days
    seen = rule.series(ledger).history[max(0, at - HISTORY_DAYS) : at + 1, columns]
    floor = rule.floor(ledger, day)
    baseline = judge_last(seen, k=rule.sensitivity.swings, floor=floor)
    extra = rule.planned_nanos(Span(day, day + ONE_DAY))
    observed = int(table.values[at, 0])
    spent = amount(observed, rule.measure)
    days = _weekdays(rule, ledger, table, seen, day)
    if baseline.method[0] == NONE:
        known = f"{int(baseline.history_days[0])} settled days of history; a spike needs 7"
        return Worked(observed, None, None, (known,), days, known, ())
    limit = float(baseline.limit[0]) + extra
    fine = amount(limit, rule.measure)
    smallest = amount(floor, rule.measure)
    why_not = f"{spent} is under the limit of {fine}"
    if observed > limit:
        why_not = f"{spent} is under the smallest excess worth telling, {smallest}"
    low = float(judge_last(seen, k=Sensitivity.LOW.swings, floor=floor).limit[0]) + extra
    calmer = (f"`sensitivity: low`, which puts the limit at {amount(low, rule.measure)}",)
    silence = (
        f"a day up to {fine}",
        *(calmer if limit < observed <= low else ()),
        f"`min_usd` above {amount(observed - float(baseline.usual[0]), rule.measure)}, the excess "
        "over the usual",
        f"`planned: [{{from: {day}, until: {day}, usd: …}}]` with at least "
        f"{amount(max(0.0, observed - limit), rule.measure)}",
    )
    formula = _spike_formula(rule, baseline, seen, floor, extra, day)
    expected = round(float(baseline.usual[0]))
    return Worked(observed, round(limit), expected, formula, days, why_not, silence)


def _spike_formula(
    rule: Spike, baseline: Baseline, seen: Floats, floor: float, extra: float, day: date
) -> tuple[str, ...]:
    def shown(value: float) -> str:
        return amount(value, rule.measure)

    usual, limit = float(baseline.usual[0]), float(baseline.limit[0]) + extra
    planned = f", plus {shown(extra)} planned" if extra else ""
    if baseline.method[0] != WEEKDAY:
        bursty = baseline.method[0] == BURSTY
        known = f"{int(baseline.history_days[0])} settled days"
        return (
            f"bursty, idle on {float(idle_share(seen)[0]):.0%} of its days; the highest of 8 weeks "
            f"is {shown(usual)}"
            if bursty
            else f"young: {known}; the highest is {shown(usual)}",
            f"limit {shown(limit)} = the larger of 2 × {shown(usual)} and {shown(usual)} + "
            f"{shown(floor)}{planned}",
        )
    swing, k, level = float(baseline.swing[0]), rule.sensitivity.swings, float(baseline.level[0])
    cushion = CUSHION * float(np.nanmean(_clipped(seen[-29:-1, 0])))
    swung = (usual + cushion) * exp(k * swing) - cushion
    base = (usual + cushion) / level - cushion
    weeks = int(baseline.weeks_used[0])
    return (
        f"middle of {weeks} {day:%A}{'' if weeks == 1 else 's'}, drawn to weekdays like it: "
        f"{shown(base)}",
        f"cushion: {shown(cushion)}, 30% of the average day of 4 weeks",
        f"usual {shown(usual)} = ({shown(base)} + {shown(cushion)}) × {level:.2f} - "
        f"{shown(cushion)}, where × {level:.2f} is half of how the last week moved",
        f"limit {shown(limit)} = the largest of",
        f"  ({shown(usual)} + {shown(cushion)}) × {exp(swing):.2f}^{k:g} - {shown(cushion)} = "
        f"{shown(swung)}",
        f"  1.5 × {shown(usual)} = {shown(1.5 * usual)}",
        f"  {shown(usual)} + {shown(floor)} (smallest excess) = {shown(usual + floor)}{planned}",
    )


def _clipped(values: Floats) -> Floats:
    """Credits count as idle days."""
    return np.maximum(values, 0.0)


def _weekdays(
    rule: Spike, ledger: Ledger, table: DailyTable, seen: Floats, day: date
) -> tuple[UsedDay, ...]:
    """The same weekdays the usual comes from, and what of the last week does not count."""
    same = {day - timedelta(weeks=n) for n in range(1, SAME_WEEKDAYS + 1)}
    found = []
    for back in range(min(len(seen) - 1, 7 * SAME_WEEKDAYS), 0, -1):
        then = day - timedelta(days=back)
        usable = not np.isnan(seen[len(seen) - 1 - back, 0])
        if then in same or not usable:
            value = int(table.values[(then - ledger.span.start).days, 0])
            state = ledger.state(then, rule.metric)
            found.append(UsedDay(then, value, state, None if usable else _why(rule, state, then)))
    return tuple(found)


def _why(rule: Rule, state: DayState, day: date) -> str:
    if state is DayState.MISSING:
        return "missing"
    if state is not DayState.SETTLED:
        return "unsettled"
    if any(day in window for window in rule.planned):
        return "planned"
    return "before its first spend"


def _other(rule: Rule, ledger: Ledger, subject: Subject, period: Period) -> Worked:
    if FORMULAS[rule.metric].is_ratio:
        return Worked(0, None, None, (), (), "nothing was found", ())
    days = _period_days(rule, ledger, subject, period)
    observed = sum(entry.value for entry in days)
    added = f"{amount(observed, rule.measure)} in {period}"
    return Worked(observed, None, None, (added,), days, "nothing was found", ())


def _period_days(
    rule: Rule, ledger: Ledger, subject: Subject, period: Period
) -> tuple[UsedDay, ...]:
    table = rule.amounts(ledger)
    values = table.column(subject.ids)
    return tuple(
        UsedDay(
            day,
            int(values[(day - table.span.start).days]),
            state := ledger.state(day, rule.metric),
            "missing" if state is DayState.MISSING else None,
        )
        for day in period.span
        if day in table.span and day <= ledger.today
    )
