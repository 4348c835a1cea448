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

from collections.abc import Hashable, Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, ClassVar, Literal, Self

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
from bot.kinds.told import Novelty, Told
from bot.spend.calendar import ONE_DAY, DayState, Period, Span, Unit, period_name, period_of
from bot.spend.ledger import DailyTable, Ids, Ledger
from bot.spend.lows import SAME_WEEKDAYS, WEEKS_NEEDED, EverLow, Lows, Replay
from bot.spend.metrics import FORMULAS, Metric


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
        return self.judge_news(ledger, days, Told())

    def judge_news(self, ledger: Ledger, days: Sequence[date], told: Told) -> Iterator[Outcome]:
        known = [day for day in days if day in ledger.span]
        young = None
        for day in known:
            if is_missing(self, ledger, day) and day < ledger.today:
                yield missing(self, day)
            elif ledger.judgeable(day, self.metric):
                young = self._too_young(ledger, (day - ledger.span.start).days)
        if young:
            yield young
        table = self.amounts(ledger)
        ever = self._ever_low(ledger, table)
        rows = [(day - ledger.span.start).days for day in known]
        columns = ever.on(rows, smallest_nanos(self, ledger))
        if len(columns):
            replay = self.replayed(ledger, table, columns, ever.since(rows[0], columns))
            yield from self._news(ledger, table, replay, known, told)

    def _news(
        self, ledger: Ledger, table: DailyTable, replay: Replay, days: Sequence[date], told: Told
    ) -> Iterator[Finding]:
        for (n, began), at in self._found(ledger, replay, days).items():
            ids = table.ids[replay.columns[n]]
            novelty = told.novelty(self.name, ids, _episode(ledger, began))
            if novelty is Novelty.FIRST and not self._is_credited(ledger, ids, replay, n, at):
                yield self._finding(ledger, table, replay, n, began, at)

    def _found(
        self, ledger: Ledger, replay: Replay, days: Sequence[date]
    ) -> dict[tuple[int, int], int]:
        """The columns of the replay that drop on some of the days and when each drop began, with
        the last of these days."""
        found: dict[tuple[int, int], int] = {}
        for at in ((day - ledger.span.start).days for day in days):
            for n in np.flatnonzero(replay.dropped[at]).tolist():
                found[n, int(replay.began[at, n])] = at
        return found

    def _is_credited(self, ledger: Ledger, ids: Ids, replay: Replay, n: int, at: int) -> bool:
        """Whether only a credit made the day low: the subject spent as it does."""
        if self.metric is not Metric.COST:
            return False
        day = ledger.span.start + timedelta(days=at)
        about = self.per, tuple(self.match.items()), day
        spent = ledger.remembered(("gross", *about), lambda: gross(self, ledger, day))
        return bool(spent.get(ids, 0) > replay.usual[at, n] * self.below / 100)

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

    def replayed(
        self, ledger: Ledger, table: DailyTable, columns: NDArray[np.intp], since: int = 0
    ) -> Replay:
        """Every day of the history judged for some columns of the rule's table; see `Lows`."""
        return self._lows(ledger, table).replayed(columns, smallest_nanos(self, ledger), since)

    def _lows(self, ledger: Ledger, table: DailyTable) -> Lows:
        history = self._history(ledger)
        return Lows(table.values, history, self._complete(ledger), self.below / 100)

    def _ever_low(self, ledger: Ledger, table: DailyTable) -> EverLow:
        """Of whom a drop may begin some day, shared by rules that differ in what is worth it."""
        lows = self._lows(ledger, table)
        return ledger.remembered(self._key("low", self.below), lows.ever)

    def _complete(self, ledger: Ledger) -> NDArray[np.bool_]:
        return judgeable(self, ledger) & unplanned(self, ledger)

    def _key(self, *what: Hashable) -> Hashable:
        return ("drop", *what, *self.about, self.planned)

    def _history(self, ledger: Ledger) -> NDArray[np.float64]:
        """The days that are history, NaN for all others."""

        def made() -> NDArray[np.float64]:
            usable = ledger.settled(self.metric) & unplanned(self, ledger)
            return np.where(usable[:, None], daily_values(self, ledger)[1], np.nan)

        return ledger.remembered(self._key("history"), made)

    def _finding(
        self, ledger: Ledger, table: DailyTable, replay: Replay, n: int, began: int, at: int
    ) -> Finding:
        first, day = (ledger.span.start + timedelta(days=index) for index in (began, at))
        column = int(replay.columns[n])
        subject = self.subject(ledger, table.ids[column])
        observed, usual = max(int(table.values[at, column]), 0), float(replay.usual[at, n])
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
            period=_episode(ledger, began),
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


def _doubt(rule: Drop, ledger: Ledger, at: int) -> str:
    for quantity in FORMULAS[rule.metric].over:
        if ledger.sums(quantity, ("organization",)).values[at].any():
            return ""
    return (
        " The whole organisation shows nothing for that day: this may be a broken fetch or a "
        "delay in billing."
    )


def _episode(ledger: Ledger, began: int) -> Period:
    """The day that a drop begins with, as its alert's period."""
    return period_of(ledger.span.start + timedelta(days=began), Unit.DAY)


def _said(day: date) -> str:
    return period_name(period_of(day, Unit.DAY))
