"""drop: spend or usage that stops, or falls far, on a weekday on which it never does.

What it does
    The usual is the median of the last six same weekdays, settled days only, at least three of
    them. A drop is a finished day at or under `below` percent of it. A day is judged only when it
    was fetched whole after its end and its grace time is over; a missing day is never a drop, nor
    is one that a credit made low. A subject with an idle day among those weekdays is not regular
    enough: nothing is said of it.

    Days in a row are one alert, which begins with the first of them; idle days that are usual,
    such as weekends, and days that cannot be judged do not end it. The days of a drop are no
    history while it lasts; after about four weeks there is none left and it counts as usual.

Options
    below         percent of the usual weekday (default 20: it fell by 80 % or more; 0: it stopped).
    min_usd       smallest usual day worth watching, in dollars (default 5).
    min_amount    the same in the bill's currency.

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
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from bot.alerts.model import Finding, Outcome, Skipped
from bot.kinds.base import Rule, amount
from bot.kinds.lookback import (
    daily_values,
    is_missing,
    is_one_episode,
    judgeable,
    missing,
    smallest_nanos,
    unplanned,
)
from bot.kinds.members import gross
from bot.kinds.money_options import Dollars
from bot.spend.calendar import ONE_DAY, DayState, Span, Unit, period_name, period_of
from bot.spend.ledger import DailyTable, Ledger
from bot.spend.metrics import FORMULAS, Metric
from bot.spend.weekdays import median, previous_same_weekdays

SAME_WEEKDAYS = 6
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

    def only(self, columns: NDArray[np.intp]) -> Replay:
        """The same of some of the subjects."""
        one = (self.usual, self.weeks, self.dropped, self.began)
        return Replay(*(each[:, columns] for each in one))


_Usual = tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.bool_]]
"""What is usual, by how many weeks, and whether none of them was idle."""
_Known = tuple[NDArray[np.float64], _Usual]
"""The days that are history, and what is usual by them."""


class Drop(Rule):
    """A day far below its usual; see the module's manual page."""

    has_episodes: ClassVar[bool] = True
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
        credited = self._credited(ledger, table, replay, told)
        for (column, began), last in told.items():
            if (column, last) not in credited:
                yield self._finding(ledger, table, replay, column, began, last)

    def _credited(
        self, ledger: Ledger, table: DailyTable, replay: Replay, told: dict[tuple[int, int], int]
    ) -> set[tuple[int, int]]:
        """The subjects and days that only a credit made low: they spent as they do."""
        if self.metric is not Metric.COST:
            return set()
        spent = {
            at: gross(self, ledger, ledger.span.start + timedelta(days=at)) for at in told.values()
        }
        return {
            (column, at)
            for (column, _), at in told.items()
            if spent[at].get(table.ids[column], 0) > replay.usual[at, column] * self.below / 100
        }

    def is_same(self, finding: Finding, known: Finding, ledger: Ledger) -> bool:
        return is_one_episode(finding, known, ledger, self.metric, calm=0)

    def _too_young(self, ledger: Ledger, at: int) -> Skipped | None:
        """Why no subject at all can be judged on that day, if that is so."""
        weekdays = ledger.settled(self.metric)[:at][::-1][6 : 7 * SAME_WEEKDAYS : 7]
        if (weeks := int(weekdays.sum())) >= WEEKS_NEEDED:
            return None
        weekday = ledger.span.start + timedelta(days=at)
        why = f"{weeks} settled {weekday:%A}s of history; a drop needs {WEEKS_NEEDED}."
        return Skipped(self.name, self.everyone, why)

    def replayed(self, ledger: Ledger, table: DailyTable) -> Replay:
        """Every day of the history judged, each by the days before it. `table`: all subjects."""
        complete = judgeable(self, ledger) & unplanned(self, ledger)
        history, known = self._known(ledger)
        usuals, weeks_of, regulars = known[0].copy(), known[1].copy(), known[2].copy()
        dropped, began = np.zeros(history.shape, bool), np.full(history.shape, -1)
        least = smallest_nanos(self, ledger)

        def lies(at: NDArray[np.intp], some: NDArray[np.intp]) -> tuple[Any, Any]:
            """Whether the days are low, and whether they are a drop."""
            place = np.ix_(at, some)
            low = np.maximum(table.values[place], 0) <= np.nan_to_num(usuals[place]) * self._share
            worth = regulars[place] & (usuals[place] > 0) & (usuals[place] >= least)
            return low, low & worth

        days = np.flatnonzero(complete)
        begins = lies(days, np.arange(history.shape[1]))[1]
        ever = np.flatnonzero(begins.any(axis=0))  # nobody else is ever in a drop
        running = np.full(len(ever), -1)
        for at, one_begins in zip(map(int, days), begins.any(axis=1), strict=True):
            going = np.flatnonzero(running >= 0)
            if not len(going) and not one_begins:
                continue
            if len(going):
                usuals[at, ever[going]], weeks_of[at, ever[going]], regulars[at, ever[going]] = (
                    _usual(history[:, ever[going]], at, running[going])
                )
            low, is_drop = (each[0] for each in lies(np.array([at]), ever))
            running = np.where(low, running, -1)
            running = np.where(is_drop & (running < 0), at, running)
            dropped[at, ever], began[at, ever] = is_drop, running
        return Replay(usuals, weeks_of, dropped, began)

    @property
    def _share(self) -> float:
        return self.below / 100

    def _known(self, ledger: Ledger) -> _Known:
        """The days that are history and what is usual by them, shared by rules that are alike."""

        def made() -> _Known:
            values = daily_values(self, ledger)[1]
            usable = ledger.settled(self.metric) & unplanned(self, ledger)
            history = np.where(usable[:, None], values, np.nan)
            return history, _usual_of_all(history)

        key = ("drop", self.metric, self.per, tuple(self.match.items()), self.planned)
        return ledger.remembered(key, made)

    def _finding(
        self, ledger: Ledger, table: DailyTable, replay: Replay, n: int, began: int, at: int
    ) -> Finding:
        first, day = (ledger.span.start + timedelta(days=index) for index in (began, at))
        subject = self.subject(ledger, table.ids[n])
        observed, usual = max(int(table.values[at, n]), 0), float(replay.usual[at, n])
        measure = self.measure_in(ledger.currency)
        said = amount(observed, measure)
        share = f"{observed / usual:.0%}"
        typical = amount(usual, measure)
        verb = "cost" if self.metric is Metric.COST else "used"
        since = "" if began == at else f" It has been low since {_said(first)}."
        return Finding(
            rule=self.name,
            kind=self.kind,
            severity=self.severity,
            subject=subject,
            period=period_of(first, Unit.DAY),
            observed_in=Span(day, day + ONE_DAY),
            metric=self.metric,
            measure=measure,
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
            last_day=day,
        )


def _usual_of_all(
    history: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.bool_]]:
    """`_usual` of every row at once, where no drop goes on."""
    past = previous_same_weekdays(history, SAME_WEEKDAYS)
    weeks = (~np.isnan(past)).sum(axis=-1)
    return median(past), weeks, (weeks >= WEEKS_NEEDED) & ~(past <= 0).any(axis=-1)


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
