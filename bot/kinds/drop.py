"""drop: spend or usage that stops, or falls far, on a weekday on which it never does.

What it does
    The usual is the median of the last six same weekdays, settled days only, at least three of
    them. A drop is a finished day at or under `below` percent of it. A day is judged only when it
    was fetched whole after its end and its grace time is over; a missing day is never a drop. A
    subject with an idle day among those weekdays is not regular enough: nothing is said of it.

    Days in a row are one alert, which begins with the first of them; idle days that are usual,
    such as weekends, and days that cannot be judged do not end it. The days of a drop are no
    history while it lasts; after about four weeks there is none left and it counts as usual.

Options
    below         percent of the usual weekday (default 20: it fell by 80 % or more; 0: it stopped).
    min_usd       smallest usual day worth watching, in dollars (default 5).

Example
    rules:
      - name: a project went quiet
        kind: drop
        per: project
        severity: info

What it says
    search cost $0.00 on Thu 19 Nov 2026, 0% of its usual Thursday ($34.00, the median of 6 weeks).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from bot.alerts.model import Finding, Outcome, Skipped
from bot.kinds.base import Dollars, Rule, amount
from bot.kinds.lookback import is_missing, judgeable, missing, smallest_nanos, unplanned
from bot.spend.baseline import SAME_WEEKDAYS, since_first_activity
from bot.spend.calendar import DayState, Unit, period_name, period_of
from bot.spend.ledger import DailyTable, Ledger
from bot.spend.metrics import FORMULAS, Metric

WEEKS_NEEDED = 3
"""Usable same weekdays without which nothing is usual."""


@dataclass(frozen=True, slots=True)
class Replay:
    """Every day of the history judged in turn; (days, subjects)."""

    usual: NDArray[np.float64]
    weeks: NDArray[np.int64]
    dropped: NDArray[np.bool_]
    began: NDArray[np.int64]
    """The first day of the drop that a day belongs to; -1 where there is none."""


class Drop(Rule):
    """A day far below its usual; see the module's manual page."""

    kind: Literal["drop"] = "drop"
    below: Annotated[float, Field(ge=0, le=90)] = 20
    min_usd: Dollars = Decimal(5)

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if FORMULAS[self.metric].is_ratio:
            raise ValueError(f"a drop needs a metric that adds up, not `{self.metric}`")
        return self

    def judge(self, ledger: Ledger, days: Sequence[date]) -> Iterator[Outcome]:
        table = self.amounts(ledger)
        replay = self.replayed(ledger, table)
        told: dict[tuple[int, int], int] = {}
        young = None
        for day in (day for day in days if day in ledger.span):
            at = (day - ledger.span.start).days
            if is_missing(self, ledger, day) and day < ledger.today:
                yield missing(self, day)
            elif ledger.judgeable(day, self.metric):
                young = self._too_young(ledger, at)
            for n in np.flatnonzero(replay.dropped[at]):
                told[int(n), int(replay.began[at, n])] = at
        if young:
            yield young
        for (column, began), last in told.items():
            yield self._finding(ledger, table, replay, column, began, last)

    def _too_young(self, ledger: Ledger, at: int) -> Skipped | None:
        """Why no subject at all can be judged on that day, if that is so."""
        weekdays = ledger.settled(self.metric)[:at][::-1][6 : 7 * SAME_WEEKDAYS : 7]
        if (weeks := int(weekdays.sum())) >= WEEKS_NEEDED:
            return None
        weekday = ledger.span.start + timedelta(days=at)
        why = f"{weeks} settled {weekday:%A}s of history; a drop needs {WEEKS_NEEDED}."
        return Skipped(self.name, self.everyone, why)

    def replayed(self, ledger: Ledger, table: DailyTable) -> Replay:
        """Every day of the history judged, each by the days before it."""
        usable = ledger.settled(self.metric) & unplanned(self, ledger)
        complete = judgeable(self, ledger) & unplanned(self, ledger)
        history = since_first_activity(table.values.astype(np.float64))
        history[~usable] = np.nan
        shape = history.shape
        replay = Replay(
            np.full(shape, np.nan), np.zeros(shape, int), np.zeros(shape, bool), np.full(shape, -1)
        )
        running = np.full(shape[1], -1)
        for at in np.flatnonzero(complete):
            usual, weeks, regular = _usual(history, int(at), running)
            fine_from = np.nan_to_num(usual) * (self.below / 100)
            observed = np.maximum(table.values[at], 0)
            low = observed <= fine_from
            dropped = low & regular & (usual > 0) & (usual >= smallest_nanos(self))
            running = np.where(low, running, -1)
            running = np.where(dropped & (running < 0), at, running)
            replay.usual[at], replay.weeks[at] = usual, weeks
            replay.dropped[at], replay.began[at] = dropped, running
        return replay

    def _finding(
        self, ledger: Ledger, table: DailyTable, replay: Replay, n: int, began: int, at: int
    ) -> Finding:
        first, day = (ledger.span.start + timedelta(days=index) for index in (began, at))
        subject = self.subject(ledger, table.ids[n])
        observed, usual = max(int(table.values[at, n]), 0), float(replay.usual[at, n])
        said = amount(observed, self.measure)
        share = f"{observed / usual:.0%}"
        typical = amount(usual, self.measure)
        verb = "cost" if self.metric is Metric.COST else "used"
        since = "" if began == at else f" It has been low since {_said(first)}."
        return Finding(
            rule=self.name,
            kind=self.kind,
            severity=self.severity,
            subject=subject,
            period=period_of(first, Unit.DAY),
            metric=self.metric,
            measure=self.measure,
            observed=observed,
            limit=round(usual * self.below / 100),
            expected=round(usual),
            provisional=ledger.state(day, self.metric) is not DayState.SETTLED,
            why=(
                f"{self.who(subject)} {verb} {said} on {_said(day)}, {share} of its usual "
                f"{day:%A} ({typical}, the median of {replay.weeks[at, n]} weeks).{since}"
                f"{_doubt(self, ledger, at)}"
            ),
            headline=(
                f"{self.who(subject)} {'stopped' if not observed else f'fell to {said}'} on "
                f"{day:%a} {day.day} {day:%b}: its usual {day:%A} is {typical}"
            ),
            facts=(
                ("That day", said),
                (f"Usual {day:%A}", typical),
                ("Of the usual", share),
                ("Low since", _said(first)),
            ),
            channel=self.channel,
            mention=self.mention,
        )


def _usual(
    history: NDArray[np.float64], at: int, running: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.bool_]]:
    """Median of the usable same weekdays, their number, and whether none of them was idle.

    `running` is the first day of the drop that goes on, whose days are no history; -1 for none.
    """
    rows = np.arange(max(at - 7 * SAME_WEEKDAYS, at % 7), at, 7)
    past = np.where((running >= 0) & (rows[:, None] >= running), np.nan, history[rows])
    ordered = np.sort(past, axis=0)  # NaN goes last
    weeks = (~np.isnan(past)).sum(axis=0)
    if not len(past):
        return np.full(history.shape[1], np.nan), weeks, weeks > 0
    columns = np.arange(history.shape[1])
    low = ordered[np.maximum(weeks - 1, 0) // 2, columns]
    high = ordered[np.minimum(weeks // 2, len(past) - 1), columns]
    regular = (weeks >= WEEKS_NEEDED) & ~(past <= 0).any(axis=0)
    return (low + high) / 2, weeks, regular


def _doubt(rule: Drop, ledger: Ledger, at: int) -> str:
    for quantity in FORMULAS[rule.metric].over:
        if ledger.sums(quantity, ("organization",)).values[at].any():
            return ""
    return (
        " The whole organisation shows nothing for that day: this may be a broken fetch or a "
        "delay in billing."
    )


def _said(day: date) -> str:
    return period_name(period_of(day, Unit.DAY))
