"""How a rule comes to its verdict on one subject and period, with the numbers filled in."""

from __future__ import annotations

from bot.alerts.model import Subject
from bot.commands.workings.cap import work_of_cap
from bot.commands.workings.drift import work_of_drift
from bot.commands.workings.drop import work_of_drop
from bot.commands.workings.model import UsedDay, Worked, period_days, plain_work
from bot.commands.workings.new import work_of_new
from bot.commands.workings.spike import work_of_spike
from bot.kinds import Cap, Drift, Drop, New, Rule, Spike
from bot.spend.calendar import Period
from bot.spend.ledger import Ledger

__all__ = ["UsedDay", "Worked", "period_days", "worked"]


def worked(rule: Rule, ledger: Ledger, subject: Subject, period: Period) -> Worked:
    """The workings of a rule; of a kind that has none of its own, the period's days.

    So too where its amounts are in US dollars and the bill is not.
    """
    if not rule.fits(ledger.currency):
        return plain_work(rule, ledger, subject, period)
    if isinstance(rule, Cap):
        return work_of_cap(rule, ledger, subject, period)
    if period.start not in ledger.span:
        return plain_work(rule, ledger, subject, period)
    return _of_day(rule, ledger, subject, period)


def _of_day(rule: Rule, ledger: Ledger, subject: Subject, period: Period) -> Worked:
    match rule:
        case Spike():
            return work_of_spike(rule, ledger, subject, period.start)
        case New():
            return work_of_new(rule, ledger, subject, period.start)
        case Drop():
            return work_of_drop(rule, ledger, subject, period.start)
        case Drift():
            return work_of_drift(rule, ledger, subject, period.start)
        case _:
            return plain_work(rule, ledger, subject, period)
