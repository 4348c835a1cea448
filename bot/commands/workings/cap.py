"""A cap's workings: the sum, the limit, its steps."""

from __future__ import annotations

from bot.alerts.model import Subject
from bot.commands.workings.model import Words, Worked, period_days
from bot.kinds import Cap
from bot.kinds.cap import highest_step, percent_of
from bot.kinds.cap_steps import sure_end
from bot.spend.calendar import Period, Unit
from bot.spend.forecast import TooYoung
from bot.spend.ledger import Ledger
from bot.spend.metrics import Metric
from bot.spend.outlook import NoOutlook, Outlook, TooManyMissing


def work_of_cap(rule: Cap, ledger: Ledger, subject: Subject, period: Period) -> Worked:
    """The period's days, their sum, and the step it passes."""
    days = period_days(rule, ledger, subject, period)
    observed = round(sum(entry.value for entry in days))
    limit = rule.limit_of(subject.ids, rule.full_names(ledger, subject.ids))
    words = Words(rule, ledger.currency)
    spent = words.amount(observed)
    summed = "" if period.unit is Unit.DAY else f"the sum of {len(days)} days of "
    added = f"{spent} = {summed}{period}"
    if limit is None:
        return Worked(observed, None, None, (added,), days, "no limit fits this subject", ())
    planned = rule.planned_nanos(period.span)
    limit += planned
    outlook = rule.outlook_of(ledger, period, subject.ids)
    steps = _steps(rule, words, observed, limit, planned)
    formula = (added, *steps, *_foreseen(rule, words, outlook, limit))
    why_not = _why_not(rule, words, observed, limit)
    silence = _silence(rule, words, observed, period)
    return Worked(observed, limit, None, formula, days, why_not, silence)


def _steps(rule: Cap, words: Words, observed: int, limit: int, planned: int) -> tuple[str, str]:
    extra = f" ({words.amount(planned)} of it planned)" if planned else ""
    cap, spent = words.amount(limit), words.amount(observed)
    steps = ", ".join(f"{s:g}% ({words.amount(limit * s / 100)})" for s in rule.steps)
    step = highest_step(observed, limit, rule.steps)
    return (
        f"cap {cap}{extra}: {spent} is {percent_of(observed, limit)} of it",
        f"steps: {steps}; passed: {f'{step:g}%' if step is not None else 'none'}",
    )


def _foreseen(
    rule: Cap, words: Words, outlook: Outlook | NoOutlook | None, limit: int
) -> tuple[str, ...]:
    """How the end of the period is foreseen, and which steps that passes."""
    if isinstance(outlook, TooYoung):
        return (f"no forecast: {outlook.reason}",)
    if isinstance(outlook, TooManyMissing):
        return (f"no forecast: {len(outlook.missing)} days of the period are missing",)
    if outlook is None:
        return ()
    end = outlook.forecast
    low, total, high = (words.amount(round(each)) for each in (end.low, end.total, end.high))
    sure = sure_end(outlook)
    step = highest_step(sure, limit, rule.forecast_steps)
    steps = ", ".join(f"{each:g}%" for each in rule.forecast_steps)
    return (
        f"foreseen {total}, likely {low} to {high}: {words.amount(outlook.elapsed)} so "
        f"far, and for each of {len(outlook.remaining)} days not settled or to come the mean of "
        "the last 6 such weekdays, moved by how the last 6 weeks ran",
        f"a step is foreseen where the middle of {low} and {total}, {words.amount(sure)}, "
        f"is past it: {steps}; foreseen: {f'{step:g}%' if step is not None else 'none'}",
    )


def _why_not(rule: Cap, words: Words, observed: int, limit: int) -> str:
    if highest_step(observed, limit, rule.steps) is not None:
        currency = words.currency
        least = currency.text(rule.min_nanos(currency))
        return f"the money behind it is under the rule's {words.option('min_usd')} of {least}"
    lowest = min(rule.steps)
    bar, cap = words.amount(limit * lowest / 100), words.amount(limit)
    return f"{words.amount(observed)} is not over {bar} ({lowest:g}% of the cap of {cap})"


def _silence(rule: Cap, words: Words, observed: int, period: Period) -> tuple[str, ...]:
    is_money = rule.metric is Metric.COST
    in_dollars = is_money and rule.limit is None and words.currency.is_dollars
    option = "limit_usd" if in_dollars else "limit"
    lowest = min(rule.steps)
    needed = observed * 100 / lowest
    whole = words.currency.smallest if is_money else 1
    fine = words.amount(-(-needed // whole) * whole)
    at_step = "" if lowest == 100 else f", whose lowest step is {lowest:g}%"
    window = f"{{from: {period.start}, until: {period.last_day}, {words.planned_money}: …}}"
    planned = (f"`planned: [{window}]` with the extra that is meant",)
    return (
        f"`{option}` of {fine} or more{at_step}",
        *(planned if is_money else ()),
        "`match` with `!` before the name of what should not count",
    )
