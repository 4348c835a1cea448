"""From a judged ledger to a digest: what it tells is gathered here, how it reads is `messages`'."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from bot.alerts.model import ORGANIZATION, Reason
from bot.config.load import Configuration
from bot.kinds import Cap, Rule
from bot.kinds.coverage import uncovered
from bot.kinds.movers import moved
from bot.kinds.why import Why
from bot.messages.digest import Digest, ProofOfLife, Turn, told_period
from bot.messages.digest_series import Budget
from bot.report import Report
from bot.spend.calendar import ONE_DAY, DayState, Period, Unit, period_of
from bot.spend.currency import Currency
from bot.spend.ledger import Ledger
from bot.spend.metrics import Metric
from bot.spend.movement import Newcomer, newcomers

_NAMED = ("project", "model", "api_key")


def briefing(
    configuration: Configuration,
    ledger: Ledger,
    report: Report,
    unit: Unit,
    life: ProofOfLife,
    told_days: frozenset[date] = frozenset(),
    turn: Turn | None = None,
) -> Digest:
    """The digest of the last finished period of that unit, for the default channel.

    With a turn of the schedule: the one that had finished by then.
    """
    rules = configuration.rulebook.enabled
    period = told_period(unit, ledger.today, turn)
    over = [judged for judged in report.judged if judged.reason is Reason.RESOLVED]
    return Digest(
        unit=unit,
        now=report.as_of,
        zone=configuration.settings.schedule.zone,
        channel=configuration.settings.slack.channel,
        ledger=ledger,
        budgets=budgets(rules, ledger.currency),
        findings=tuple(one.finding for one in report.judged if one not in over),
        skipped=report.skipped,
        trouble=tuple(message for message, _ in report.trouble),
        resolved=tuple(one.finding for one in over),
        movers=moved(Why(ledger), period),
        newcomers=_newcomers(ledger, period),
        uncovered=_uncovered(rules, ledger, period),
        told_days=told_days,
        life=life,
        remarks=report.remarks,
        turn=turn,
    )


def closing(
    configuration: Configuration, ledger: Ledger, now: datetime, life: ProofOfLife
) -> Digest | None:
    """The last month, once all of its days are settled; None before that."""
    month = period_of(period_of(ledger.today, Unit.MONTH).start - ONE_DAY, Unit.MONTH)
    if any(ledger.state(day) is not DayState.SETTLED for day in month.span):
        return None
    return Digest(
        unit=Unit.MONTH,
        now=now,
        zone=configuration.settings.schedule.zone,
        channel=configuration.settings.slack.channel,
        ledger=ledger,
        budgets=budgets(configuration.rulebook.enabled, ledger.currency),
        findings=(),
        skipped=(),
        trouble=(),
        life=life,
    )


def budgets(rules: Iterable[Rule], currency: Currency) -> tuple[Budget, ...]:
    """The limits on the whole organisation's money, shortest period first."""
    found = []
    for rule in (rule for rule in rules if rule.fits(currency)):
        if isinstance(rule, Cap) and rule.per == ORGANIZATION.dimensions and not rule.match:
            limit = rule.limit_of((None,), "")
            if rule.metric is Metric.COST and limit:
                found.append(Budget(rule.name, rule.period, limit))
    return tuple(sorted(found, key=lambda budget: (list(Unit).index(budget.unit), budget.limit)))


def _newcomers(ledger: Ledger, period: Period) -> tuple[Newcomer, ...]:
    return tuple(one for dimension in _NAMED for one in newcomers(ledger, dimension, period))


def _uncovered(
    rules: Sequence[Rule], ledger: Ledger, period: Period
) -> tuple[tuple[str, int], ...]:
    found = uncovered(rules, ledger, tuple(period.span))
    ranked = sorted(found.items(), key=lambda item: -item[1])
    return tuple((item or "money without a line item", nanos) for item, nanos in ranked)
