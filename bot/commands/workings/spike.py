"""A spike's workings: the usual weekday, the swing, the limit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import exp

import numpy as np

from bot.alerts.model import Subject
from bot.commands.workings.model import (
    UsedDay,
    Words,
    Worked,
    past_day,
    plain_work,
    planned_hint,
    used_day,
)
from bot.commands.workings.ratio import work_of_ratio
from bot.kinds import Spike
from bot.kinds.spike import HISTORY_DAYS, Floors, Sensitivity
from bot.spend.baseline import BURSTY, CUSHION, FAR, NONE, WEEKDAY, Baseline, idle_share
from bot.spend.beside import FURTHER
from bot.spend.calendar import ONE_DAY, Span, Unit, period_of
from bot.spend.ledger import DailyTable, Ledger
from bot.spend.weekdays import SAME_WEEKDAYS, Floats


def work_of_spike(rule: Spike, ledger: Ledger, subject: Subject, day: date) -> Worked:
    """The weekdays behind the usual, and the limit with its parts."""
    if rule.is_ratio:
        return work_of_ratio(rule, ledger, subject, day)
    table = rule.amounts(ledger)
    columns = np.array([n for n, ids in enumerate(table.ids) if ids == subject.ids], dtype=np.intp)
    if day not in ledger.span or not len(columns):
        return plain_work(rule, ledger, subject, period_of(day, Unit.DAY))
    table = table.only(columns)
    at = (day - ledger.span.start).days
    seen = rule.series(ledger).history[max(0, at - HISTORY_DAYS) : at + 1, columns]
    floors = rule.floors(ledger, day)
    baseline = rule.expected(seen, floors)
    extra = rule.planned_nanos(Span(day, day + ONE_DAY))
    observed = int(table.values[at, 0])
    words = Words(rule, ledger.currency)
    spent = words.amount(observed)
    days = _weekdays(rule, ledger, table, seen, day)
    if baseline.method[0] == NONE:
        known = f"{int(baseline.history_days[0])} settled days of history; a spike needs 7"
        return Worked(observed, None, None, (known,), days, known, ())
    alone = float(baseline.limit[0]) + extra
    rest = _rest(rule, ledger, int(columns[0]), day, baseline)
    limit = min(alone, rest.limit) if rest else alone
    fine = words.amount(limit)
    smallest = words.amount(floors.far_out)
    why_not = f"{spent} is under the limit of {fine}"
    if observed > limit:
        why_not = f"{spent} is under the smallest excess worth telling, {smallest}"
    calm = rule.model_copy(update={"sensitivity": Sensitivity.LOW})
    low = float(calm.expected(seen, floors).limit[0]) + extra
    if (calmer_rest := _rest(calm, ledger, int(columns[0]), day, baseline)) is not None:
        low = min(low, calmer_rest.limit)
    calmer = (f"`sensitivity: low`, which puts the limit at {words.amount(low)}",)
    silence = (
        f"a day up to {fine}",
        *(calmer if limit < observed <= low else ()),
        f"`{words.option('min_usd')}` above "
        f"{words.amount(observed - float(baseline.usual[0]))}, the excess over the usual",
        planned_hint(day, words, max(0.0, observed - limit)),
    )
    formula = _spike_formula(rule, words, baseline, seen, floors, extra, day)
    if rest is not None and rest.limit < alone:
        formula = (*formula, *_rest_lines(rule, words, rest, baseline, seen, floors, extra))
    expected = round(float(baseline.usual[0]))
    return Worked(observed, round(limit), expected, formula, days, why_not, silence)


def _spike_formula(
    rule: Spike,
    words: Words,
    baseline: Baseline,
    seen: Floats,
    floors: Floors,
    extra: float,
    day: date,
) -> tuple[str, ...]:
    shown = words.amount
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
            f"{shown(floors.far_out)}{planned}",
        )
    level = float(baseline.level[0])
    cushion = _cushion(seen)
    base = (usual + cushion) / level - cushion
    weeks = int(baseline.weeks_used[0])
    return (
        f"middle of {weeks} {day:%A}{'' if weeks == 1 else 's'}, drawn to weekdays like it: "
        f"{shown(base)}",
        f"cushion: {shown(cushion)}, 15% of the average day of 4 weeks",
        f"usual {shown(usual)} = ({shown(base)} + {shown(cushion)}) × {level:.2f} - "
        f"{shown(cushion)}, where × {level:.2f} is half of how the last week moved",
        *_limit_lines(rule, words, baseline, cushion, floors, extra),
    )


@dataclass(frozen=True, slots=True)
class _Rest:
    """What is fine of the one subject beside the rest of its project; see `Beside`."""

    spent: float
    usual: float
    lift: float
    swing: float
    limit: float


def _rest(rule: Spike, ledger: Ledger, column: int, day: date, baseline: Baseline) -> _Rest | None:
    """None where the subject is judged by itself only."""
    fine = rule.beside_the_rest(ledger, rule.series(ledger), [column], day)
    if fine is None or baseline.method[0] != WEEKDAY or np.isnan(fine.limit[0]):
        return None
    numbers = (fine.rest, fine.rest_usual, fine.lift, fine.swing, fine.limit)
    return _Rest(*(float(each[0]) for each in numbers))


def _rest_lines(
    rule: Spike,
    words: Words,
    rest: _Rest,
    alone: Baseline,
    seen: Floats,
    floors: Floors,
    extra: float,
) -> tuple[str, ...]:
    """The lower limit that the rest of the project sets."""
    shown = words.amount
    cushion, usual = _cushion(seen), float(alone.usual[0])
    expected = (usual + cushion) * rest.lift - cushion
    beside = replace(
        alone,
        usual=np.array([expected]),
        swing=np.array([rest.swing]),
        limit=np.array([rest.limit - extra]),
    )
    return (
        f"the rest of its project: {shown(rest.spent)}, usually {shown(rest.usual)}, so expected "
        f"beside it {shown(expected)} = ({shown(usual)} + {shown(cushion)}) × {rest.lift:.2f} - "
        f"{shown(cushion)}",
        *_limit_lines(rule, words, beside, cushion, floors, extra, FURTHER),
    )


def _limit_lines(
    rule: Spike,
    words: Words,
    baseline: Baseline,
    cushion: float,
    floors: Floors,
    extra: float,
    more: float = 0.0,
) -> tuple[str, ...]:
    """The limit and what it is the largest of, `more` swings than usual being fine: the way that
    sets it, if there are two."""

    shown = words.amount
    usual, swing = float(baseline.usual[0]), float(baseline.swing[0])
    k = rule.sensitivity.swings + more
    further = k + FAR
    swung, far = ((usual + cushion) * exp(each * swing) - cushion for each in (k, further))
    floor, said = floors.normal, ""
    if max(far, usual + floors.far_out) < max(swung, usual + floors.normal):
        k, swung, floor, said = further, far, floors.far_out, " so far out"
    planned = f", plus {shown(extra)} planned" if extra else ""
    return (
        f"limit {shown(float(baseline.limit[0]) + extra)} = the largest of",
        f"  ({shown(usual)} + {shown(cushion)}) × {exp(swing):.2f}^{k:g} - {shown(cushion)} = "
        f"{shown(swung)}",
        f"  1.5 × {shown(usual)} = {shown(1.5 * usual)}",
        f"  {shown(usual)} + {shown(floor)} (smallest excess{said}) = "
        f"{shown(usual + floor)}{planned}",
    )


def _cushion(seen: Floats) -> float:
    return CUSHION * float(np.nanmean(_clipped(seen[-29:-1, 0])))


def _clipped(values: Floats) -> Floats:
    """Credits count as idle days."""
    return np.maximum(values, 0.0)


def _weekdays(
    rule: Spike, ledger: Ledger, table: DailyTable, seen: Floats, day: date
) -> tuple[UsedDay, ...]:
    """The same weekdays the usual comes from, what of eight weeks does not count, and the day."""
    same = {day - timedelta(weeks=n) for n in range(1, SAME_WEEKDAYS + 1)}
    found = []
    for back in range(min(len(seen) - 1, 7 * SAME_WEEKDAYS), 0, -1):
        then = day - timedelta(days=back)
        usable = not np.isnan(seen[len(seen) - 1 - back, 0])
        if then in same or not usable:
            value = int(table.values[(then - ledger.span.start).days, 0])
            found.append(past_day(rule, ledger, then, value, bool(usable)))
    at = (day - ledger.span.start).days
    return (*found, used_day(rule, ledger, day, int(table.values[at, 0]), "judged"))
