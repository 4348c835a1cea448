"""What becomes of an alert whose finding no longer holds. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from bot.alerts.life import Alert
from bot.alerts.model import Skipped
from bot.alerts.standing import Standing
from bot.spend.calendar import ONE_DAY, DayState, Span, utc_day
from bot.spend.ledger import Ledger
from bot.spend.metrics import Metric

LATELY = 7 * ONE_DAY


class Ending(StrEnum):
    """Why an alert ends, or why it cannot end yet."""

    RESOLVED = "resolved"
    """What was told holds no longer, by finished data. The only one that is told."""
    AVERTED = "averted"
    """It was only foreseen, and is not foreseen any more."""
    OVER = "over"
    """Its period is settled and judged no more: it stays true, and nothing more can come."""
    REMOVED = "removed"
    """Its rule is gone, turned off or renamed."""
    UNSEEN = "unseen"
    """A day is missing or the rule could not judge: it goes on."""
    UNFINISHED = "unfinished"
    """A day that could change it is not over yet: it goes on."""

    @property
    def goes_on(self) -> bool:
        return self in (Ending.UNSEEN, Ending.UNFINISHED)


@dataclass(frozen=True, slots=True)
class View:
    """What a run could see. `rules`: name of an enabled rule -> all its subjects in a word."""

    ledger: Ledger
    judged: Collection[date]
    rules: Mapping[str, str]
    skipped: Collection[Skipped] = ()

    @property
    def last_day(self) -> date:
        """The last day for which a verdict may be given that needs a whole day."""
        return utc_day(self.ledger.now - self.ledger.settling.grace) - ONE_DAY

    def is_unseen(self, alert: Alert) -> bool:
        """Whether a day it depends on is missing, or its rule could not judge it.

        A day long past that was never read can change nothing of what began later.
        """
        metric = _metric(alert)
        since = min(alert.period.start, self.ledger.today - LATELY)
        days = {day for day in self.judged if day >= since} | {*alert.period.span}
        past = (day for day in days if day < self.ledger.today and day in self.ledger.span)
        if any(self.ledger.state(day, metric) is DayState.MISSING for day in past):
            return True
        names = {self.rules.get(alert.rule), alert.finding and alert.finding.subject.name}
        return any(s.rule == alert.rule and s.subject in names for s in self.skipped)

    def is_finished(self, alert: Alert) -> bool:
        """Whether all its days are over, with their grace time, up to the last on which it held.

        A later day of a running period can only add to what those days say. What a later run has
        seen since is unknown: this one stood still, and its data are older.
        """
        if alert.updated_at > self.ledger.now:
            return False
        held = utc_day(alert.held_at or alert.updated_at)
        end = held + ONE_DAY if lasts(alert) else min(alert.period.end, held + ONE_DAY)
        days = Span(alert.period.start, max(end, alert.period.start))
        return all(self.ledger.judgeable(d, _metric(alert)) for d in days if d in self.ledger.span)

    def is_sure(self, alert: Alert) -> bool:
        """Whether what these data say of it, now or no more, is said by finished days."""
        return self.is_finished(alert) and not self.is_unseen(alert)

    def is_judged(self, alert: Alert) -> bool:
        """Whether this run judged a day that told it."""
        seen = alert.finding.observed_in if alert.finding else None
        return any(day in (seen or alert.period.span) for day in self.judged)

    def is_settled(self, alert: Alert) -> bool:
        """Whether every day of its period is as good as the bill.

        A period that is still to come was told by a clock that was right: the one of this run is
        not.
        """
        if alert.period.end > self.ledger.span.end:
            return False
        states = (
            self.ledger.state(day, _metric(alert))
            for day in alert.period.span
            if day in self.ledger.span
        )
        return all(state is DayState.SETTLED for state in states)


def end(alert: Alert, view: View) -> Ending:
    """What becomes of an open alert for which there is no finding."""
    if alert.rule not in view.rules:
        return Ending.REMOVED
    if not view.is_judged(alert) and not lasts(alert):
        return Ending.OVER if view.is_settled(alert) else Ending.UNFINISHED
    if view.is_unseen(alert):
        return Ending.UNSEEN
    if alert.is_only_foreseen:
        return Ending.AVERTED
    return Ending.RESOLVED if view.is_finished(alert) else Ending.UNFINISHED


def lasts(alert: Alert) -> bool:
    """Whether it went on after the period in its key, as a drop does."""
    finding = alert.finding
    return finding is not None and finding.holds_until >= alert.period.end


def ended(alert: Alert, ending: Ending, now: datetime, is_told: bool) -> Alert:
    """The alert after its end; `is_told`: its resolving is told, and counted."""
    if ending.goes_on:
        return alert
    standing = Standing.RESOLVED if ending is Ending.RESOLVED else Standing.CLOSED
    resolves = alert.resolves + (1 if is_told else 0)
    return replace(alert, standing=standing, resolved_at=now, resolves=resolves, snoozed_until=None)


def _metric(alert: Alert) -> Metric:
    return Metric(alert.finding.metric) if alert.finding else Metric.COST
