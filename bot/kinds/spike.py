"""spike: a day far above what is usual for that weekday, judged by how much it normally swings.

What it does
    The usual is the median of the last six same weekdays, moved half-way by how the last week
    ran. The swing is how far above its usual the subject normally strays. A day is a spike when
    it is above usual × swing^k, at least 1.5 times the usual, and at least `min_usd` (or 2 % of
    the organisation's average day) above it. Only settled days count as history, never today.
    With 7 to 13 days of history the limit is twice the highest day; with fewer the rule is
    skipped and says so: use a cap there.

    A finished day is judged once its grace time is over. A day that is not over speaks only if
    the part of it is already above the limit of the whole day.

Options
    sensitivity   low | normal | high: k = 3, 2.5 or 2 swings (default normal).
    min_usd       smallest excess over the usual, in dollars (default 5).

Example
    rules:
      - name: model spikes
        kind: spike
        per: model
        severity: warning

What it says
    search cost $412.00 on Thu 19 Nov 2026, 12× its usual Thursday ($33.90). Over the last 6 weeks
    it normally swings about +16% around the usual; anything up to $67.54 would have been fine.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from math import expm1
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from bot.alerts.model import Finding, Outcome, Skipped, Subject
from bot.kinds.base import Dollars, Rule, amount, times
from bot.spend.baseline import (
    FULL_RULE_FROM,
    WEEKDAY,
    YOUNG_RULE_FROM,
    Baseline,
    judge_last,
    since_first_activity,
)
from bot.spend.calendar import ONE_DAY, DayState, Span, Unit, day_name, period_of
from bot.spend.ledger import DailyTable, Ledger
from bot.spend.metrics import FORMULAS, Additive, Metric

HISTORY_DAYS = 90
"""How far back a baseline looks."""
MOST_YOUNG = 5
"""More subjects than this that are too young are told as one."""
SHARE_OF_ORGANIZATION = 0.02
"""An excess below this share of the organisation's average day is never a spike."""


class Sensitivity(StrEnum):
    """How many swings above the usual are still normal."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"

    @property
    def swings(self) -> float:
        return {"low": 3.0, "normal": 2.5, "high": 2.0}[self.value]


class Spike(Rule):
    """A day far above its usual; see the module's manual page."""

    kind: Literal["spike"] = "spike"
    sensitivity: Sensitivity = Sensitivity.NORMAL
    min_usd: Dollars = Decimal(5)

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if FORMULAS[self.metric].is_ratio:
            raise ValueError(f"a spike needs a metric that adds up, not `{self.metric}`")
        return self

    def judge(self, ledger: Ledger, days: Sequence[date]) -> Iterator[Outcome]:
        table = self.amounts(ledger)
        history = self.history(ledger, table)
        missing: list[date] = []
        for day in (day for day in days if day in ledger.span):
            if ledger.state(day, self.metric) is not DayState.MISSING:
                yield from self._judge_day(ledger, table, history, day)
            elif day < ledger.today:
                missing.append(day)
        if missing:
            yield Skipped(self.name, self.everyone, _missing_words(missing))
        yield from self._too_young(ledger, table, history, days)

    def history(self, ledger: Ledger, table: DailyTable) -> NDArray[np.float64]:
        """Settled, unplanned days since each subject's first activity; NaN elsewhere."""
        values = since_first_activity(table.values.astype(np.float64))
        planned = [any(day in window for window in self.planned) for day in ledger.span]
        values[~ledger.settled(self.metric) | np.array(planned, dtype=bool)] = np.nan
        return values

    def _judge_day(
        self, ledger: Ledger, table: DailyTable, history: NDArray[np.float64], day: date
    ) -> Iterator[Outcome]:
        whole_day = Span(day, day + ONE_DAY)
        at = (day - ledger.span.start).days
        floor = self.floor(ledger, day)
        large = np.flatnonzero(table.values[at] > floor)  # nobody else can be above the limit
        table = table.only(large)
        observed = table.values[at]
        seen = history[max(0, at - HISTORY_DAYS) : at + 1, large]
        baseline = judge_last(seen, k=self.sensitivity.swings, floor=floor)
        limits = baseline.limit + self.planned_nanos(whole_day)
        for n in range(len(large)):
            if observed[n] > limits[n] and self.costs_enough(ledger, table.ids[n], whole_day):
                yield self._finding(ledger, table, n, day, baseline, float(limits[n]))

    def floor(self, ledger: Ledger, day: date) -> float:
        """The smallest excess worth telling, in the metric's unit."""
        smallest = float(self.min_nanos) if self.metric is Metric.COST else 0.0
        average = 0.0
        for quantity in FORMULAS[self.metric].over:
            average += _average_day(ledger, quantity, day, ledger.settled(self.metric))
        return max(smallest, SHARE_OF_ORGANIZATION * average)

    def _too_young(
        self,
        ledger: Ledger,
        table: DailyTable,
        history: NDArray[np.float64],
        days: Sequence[date],
    ) -> Iterator[Skipped]:
        """Subjects too young to be judged on the last day that could be; many told as one."""
        day = max((d for d in days if ledger.judgeable(d, self.metric)), default=None)
        if day is None:
            return
        at = (day - ledger.span.start).days
        known = (~np.isnan(history[max(0, at - HISTORY_DAYS) : at])).sum(axis=0)
        large = table.values[at] > self.floor(ledger, day)
        young = np.flatnonzero(large & (known < YOUNG_RULE_FROM))
        if len(young) > MOST_YOUNG:
            why = f"{len(young)} of them have under {YOUNG_RULE_FROM} settled days of history"
            yield Skipped(self.name, self.everyone, f"{why}. Until then caps can watch them.")
            return
        for n in young:
            days_known = f"{known[n]} settled {'day' if known[n] == 1 else 'days'} of history"
            why = f"{days_known}; a spike needs {YOUNG_RULE_FROM}. Until then a cap can watch it."
            yield Skipped(self.name, self.subject(ledger, table.ids[n]).name, why)

    def _finding(
        self,
        ledger: Ledger,
        table: DailyTable,
        n: int,
        day: date,
        baseline: Baseline,
        limit: float,
    ) -> Finding:
        subject = self.subject(ledger, table.ids[n])
        observed = int(table.values[(day - ledger.span.start).days, n])
        words = _Words(self, subject, day, observed, baseline, n, limit)
        words.running = day == ledger.today
        return Finding(
            rule=self.name,
            kind=self.kind,
            severity=self.severity,
            subject=subject,
            period=period_of(day, Unit.DAY),
            metric=self.metric,
            measure=self.measure,
            observed=observed,
            limit=round(limit),
            expected=round(float(baseline.usual[n])),
            provisional=ledger.state(day, self.metric) is not DayState.SETTLED,
            why=words.why,
            headline=words.headline,
            facts=words.facts,
            channel=self.channel,
            mention=self.mention,
        )


class _Words:
    """A spike's finding in words."""

    def __init__(
        self,
        rule: Spike,
        subject: Subject,
        day: date,
        observed: int,
        baseline: Baseline,
        n: int,
        limit: float,
    ) -> None:
        usual = float(baseline.usual[n])
        self._who = rule.who(subject)
        self._cost = "cost" if rule.metric is Metric.COST else "used"
        self._observed = amount(observed, rule.measure)
        self._usual = amount(usual, rule.measure)
        self._limit = amount(limit, rule.measure)
        self._excess = amount(observed - usual, rule.measure)
        self._ratio = times(observed / usual) if usual > 0 else None
        self._full = baseline.method[n] == WEEKDAY
        self._swing = f"+{expm1(float(baseline.swing[n])):,.0%}" if self._full else ""
        self._weeks = int(baseline.weeks_used[n])
        self._days = int(baseline.history_days[n])
        self._day = day
        self._weekday = f"{day:%A}"
        self.running = False

    @property
    def headline(self) -> str:
        so_far = " so far" if self.running else ""
        day = day_name(self._day)
        return f"{self._who} {self._cost} {self._observed}{so_far} on {day}, {self._compared}"

    @property
    def why(self) -> str:
        return f"{self._what_happened} {self._what_is_normal}"

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        label = f"Usual {self._weekday}" if self._full else "Highest day so far"
        swing = (("Normal swing", self._swing),) if self._full else ()
        return (
            ("So far" if self.running else "That day", self._observed),
            (label, self._usual),
            ("Above it by", self._excess),
            ("Fine up to", self._limit),
            *swing,
        )

    @property
    def _compared(self) -> str:
        usual = f"its usual {self._weekday}" if self._full else "its highest day so far"
        return f"where {usual} is nothing" if self._ratio is None else f"{self._ratio} {usual}"

    @property
    def _what_happened(self) -> str:
        day = period_of(self._day, Unit.DAY)
        part = " so far, in a day that is not over" if self.running else ""
        spent = f"{self._who} {self._cost} {self._observed} on {day}{part}"
        compared = f" ({self._usual})" if self._ratio else ""
        return f"{spent}, {self._compared}{compared}."

    @property
    def _what_is_normal(self) -> str:
        fine = f"anything up to {self._limit} would have been fine."
        if not self._full:
            return f"{self._why_young}, so its highest day sets the limit: {fine}"
        weeks = f"{self._weeks} weeks" if self._weeks != 1 else "week"
        return (
            f"Over the last {weeks} it normally swings about {self._swing} around the usual; {fine}"
        )

    @property
    def _why_young(self) -> str:
        if self._days < FULL_RULE_FROM:
            return f"It has only {self._days} settled days of history"
        return f"No usual {self._weekday} is known yet"


def _average_day(
    ledger: Ledger, quantity: Additive, day: date, settled: NDArray[np.bool_]
) -> float:
    """The organisation's mean settled day in the four weeks before the day."""
    table = ledger.sums(quantity, ("organization",))
    at = (day - ledger.span.start).days
    window = slice(max(0, at - 28), at)
    values = table.values[window].sum(axis=1)[settled[window]]
    return float(values.mean()) if len(values) else 0.0


def _missing_words(missing: Sequence[date]) -> str:
    if len(missing) == 1:
        return f"{day_name(missing[0])} is missing: not fetched whole"
    first, last = day_name(missing[0]), day_name(missing[-1])
    return f"{len(missing)} days are missing ({first} to {last}): not fetched whole"
