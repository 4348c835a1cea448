"""A cap's workings: the sum, the limit, its steps."""

from __future__ import annotations

from bot.alerts.model import Subject
from bot.commands.workings.model import Worked, period_days
from bot.kinds import Cap
from bot.kinds.base import amount
from bot.kinds.cap import highest_step, percent_of
from bot.kinds.cap_steps import DOUBT
from bot.spend.calendar import Period, Unit
from bot.spend.forecast import TooYoung
from bot.spend.ledger import Ledger
from bot.spend.money import NANOS_PER_DOLLAR, usd
from bot.spend.outlook import NoOutlook, Outlook, TooManyMissing

_CENT = NANOS_PER_DOLLAR // 100


def work_of_cap(rule: Cap, ledger: Ledger, subject: Subject, period: Period) -> Worked:
    """The period's days, their sum, and the step it passes."""
    days = period_days(rule, ledger, subject, period)
    observed = round(sum(entry.value for entry in days))
    limit = rule.limit_of(subject.ids, rule.full_names(ledger, subject.ids))
    spent = amount(observed, rule.measure)
    summed = "" if period.unit is Unit.DAY else f"the sum of {len(days)} days of "
    added = f"{spent} = {summed}{period}"
    if limit is None:
        return Worked(observed, None, None, (added,), days, "no limit fits this subject", ())
    planned = rule.planned_nanos(period.span)
    limit += planned
    outlook = rule.outlook_of(ledger, period, subject.ids)
    formula = (added, *_steps(rule, observed, limit, planned), *_foreseen(rule, outlook, limit))
    why_not = _why_not(rule, observed, limit)
    return Worked(observed, limit, None, formula, days, why_not, _silence(rule, observed, period))


def _steps(rule: Cap, observed: int, limit: int, planned: int) -> tuple[str, str]:
    extra = f" ({amount(planned, rule.measure)} of it planned)" if planned else ""
    cap, spent = amount(limit, rule.measure), amount(observed, rule.measure)
    steps = ", ".join(f"{s:g}% ({amount(limit * s / 100, rule.measure)})" for s in rule.steps)
    step = highest_step(observed, limit, rule.steps)
    return (
        f"cap {cap}{extra}: {spent} is {percent_of(observed, limit)} of it",
        f"steps: {steps}; passed: {f'{step:g}%' if step is not None else 'none'}",
    )


def _foreseen(rule: Cap, outlook: Outlook | NoOutlook | None, limit: int) -> tuple[str, ...]:
    """How the end of the period is foreseen, and which steps that passes."""
    if isinstance(outlook, TooYoung):
        return (f"no forecast: {outlook.reason}",)
    if isinstance(outlook, TooManyMissing):
        return (f"no forecast: {len(outlook.missing)} days of the period are missing",)
    if outlook is None:
        return ()
    end = outlook.forecast
    low, total, high = (
        amount(round(each), rule.measure) for each in (end.low, end.total, end.high)
    )
    sure = round(end.total - DOUBT * (end.total - end.low))
    step = highest_step(sure, limit, rule.forecast_steps)
    steps = ", ".join(f"{each:g}%" for each in rule.forecast_steps)
    return (
        f"foreseen {total}, likely {low} to {high}: {amount(outlook.elapsed, rule.measure)} so "
        f"far, and for each of {len(outlook.remaining)} days not settled or to come the mean of "
        "the last 6 such weekdays, moved by how the last 6 weeks ran",
        f"a step is foreseen where the middle of {low} and {total}, {amount(sure, rule.measure)}, "
        f"is past it: {steps}; foreseen: {f'{step:g}%' if step is not None else 'none'}",
    )


def _why_not(rule: Cap, observed: int, limit: int) -> str:
    if highest_step(observed, limit, rule.steps) is not None:
        return f"the money behind it is under the rule's min_usd of {usd(rule.min_nanos)}"
    lowest = min(rule.steps)
    bar, cap = amount(limit * lowest / 100, rule.measure), amount(limit, rule.measure)
    return f"{amount(observed, rule.measure)} is not over {bar} ({lowest:g}% of the cap of {cap})"


def _silence(rule: Cap, observed: int, period: Period) -> tuple[str, ...]:
    option = "limit_usd" if rule.measure.is_money else "limit"
    lowest = min(rule.steps)
    needed = observed * 100 / lowest
    whole = _CENT if rule.measure.is_money else 1
    fine = amount(-(-needed // whole) * whole, rule.measure)
    at_step = "" if lowest == 100 else f", whose lowest step is {lowest:g}%"
    planned = (
        f"`planned: [{{from: {period.start}, until: {period.last_day}, usd: …}}]` with the extra "
        "that is meant",
    )
    return (
        f"`{option}` of {fine} or more{at_step}",
        *(planned if rule.measure.is_money else ()),
        "`match` with `!` before the name of what should not count",
    )
