"""The numbers behind a verdict, and the days they come from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from bot.alerts.model import Subject
from bot.kinds import Rule
from bot.kinds.base import amount
from bot.spend.calendar import DayState, Period, Unit, period_of
from bot.spend.currency import Currency
from bot.spend.ledger import Ledger
from bot.spend.metrics import FORMULAS

Floats = NDArray[np.float64]

BEFORE_ITS_FIRST = "before its first spend"


@dataclass(frozen=True, slots=True)
class UsedDay:
    """A day behind a verdict. `why_not`: why it does not count, None if it does; `use`: what for.

    `value` is in the metric's unit; NaN where a ratio has nothing to divide by.
    """

    day: date
    value: float
    state: DayState
    why_not: str | None = None
    use: str = "used"


@dataclass(frozen=True, slots=True)
class Worked:
    """The numbers, in the metric's unit (nanos for money), and how they come about.

    `why_not` is the sentence for a period without a finding; `silence` what would make one go.
    """

    observed: float
    limit: float | None
    expected: float | None
    formula: tuple[str, ...]
    days: tuple[UsedDay, ...]
    why_not: str
    silence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """How a rule's numbers and options are written for a bill in a currency."""

    rule: Rule
    currency: Currency

    def amount(self, value: float) -> str:
        """A number in the rule's metric."""
        return amount(value, self.rule.measure_in(self.currency))

    def option(self, dollars: str) -> str:
        """An option on money, named as the rule may have it."""
        return self.rule.option(dollars, self.currency)

    @property
    def planned_money(self) -> str:
        """How a `planned` window calls its money."""
        return "usd" if self.currency.is_dollars else "amount"


def plain_work(rule: Rule, ledger: Ledger, subject: Subject, period: Period) -> Worked:
    """The period's days and their sum, without a formula."""
    if FORMULAS[rule.metric].is_ratio:
        return Worked(0, None, None, (), (), "nothing was found", ())
    days = period_days(rule, ledger, subject, period)
    observed = sum(entry.value for entry in days)
    added = f"{Words(rule, ledger.currency).amount(observed)} in {period}"
    return Worked(observed, None, None, (added,), days, "nothing was found", ())


def period_days(
    rule: Rule, ledger: Ledger, subject: Subject, period: Period
) -> tuple[UsedDay, ...]:
    """The days of the period up to today, with what the subject spent or used on each."""
    table = rule.amounts(ledger)
    values = table.column(subject.ids)
    return tuple(
        used_day(rule, ledger, day, int(values[(day - table.span.start).days]))
        for day in period.span
        if day in table.span and day <= ledger.today
    )


def used_day(rule: Rule, ledger: Ledger, day: date, value: float, use: str = "used") -> UsedDay:
    """A day that counts unless it is missing."""
    state = ledger.state(day, rule.metric)
    return UsedDay(day, value, state, "missing" if state is DayState.MISSING else None, use)


def past_day(rule: Rule, ledger: Ledger, day: date, value: float, usable: bool) -> UsedDay:
    """A day of a baseline: used, or why it is none."""
    state = ledger.state(day, rule.metric)
    return UsedDay(day, value, state, None if usable else why_unusable(rule, state, day))


def why_unusable(rule: Rule, state: DayState, day: date) -> str:
    """Why a day is no history."""
    if state is DayState.MISSING:
        return "missing"
    if state is not DayState.SETTLED:
        return "unsettled"
    if any(day in window for window in rule.planned):
        return "planned"
    return BEFORE_ITS_FIRST


def unjudged(rule: Rule, ledger: Ledger, day: date) -> str | None:
    """Why a verdict that needs the whole day cannot be given on it; None if it can."""
    if any(day in window for window in rule.planned):
        return f"{said(day)} is planned: it is not judged"
    if ledger.judgeable(day, rule.metric):
        return None
    match ledger.state(day, rule.metric):
        case DayState.MISSING:
            return f"{said(day)} is missing: it was not fetched whole"
        case DayState.OPEN:
            return f"{said(day)} is not over: this kind judges finished days only"
        case _:
            hours = int(ledger.settling.grace.total_seconds() // 3600)
            return f"{said(day)} is finished, but judged only {hours} hours after its end"


def planned_hint(day: date, words: Words, extra: float) -> str:
    """The `planned` window that would have made room for so much."""
    window = f"{{from: {day}, until: {day}, {words.planned_money}: …}}"
    return f"`planned: [{window}]` with at least {words.amount(extra)}"


def left_out(day: date) -> str:
    """The `planned` window that takes a day out of the verdict."""
    return f"`planned: [{{from: {day}, until: {day}}}]`, which leaves the day out"


def metric_values(rule: Rule, ledger: Ledger, subject: Subject) -> Floats:
    """The metric on every day of the history; NaN where a ratio has nothing to divide by."""
    formula = FORMULAS[rule.metric]
    if not formula.is_ratio:
        return rule.amounts(ledger).column(subject.ids).astype(np.float64)
    top = sum(rule.table(ledger, part).column(subject.ids) for part in formula.over)
    bottom = sum(rule.table(ledger, part).column(subject.ids) for part in formula.under)
    over, under = np.asarray(top, dtype=np.float64), np.asarray(bottom, dtype=np.float64)
    nothing = np.full_like(over, np.nan)
    return np.divide(over * formula.scale, under, out=nothing, where=under > 0)


def said(day: date) -> str:
    """`Thu 19 Nov 2026`."""
    return str(period_of(day, Unit.DAY))
