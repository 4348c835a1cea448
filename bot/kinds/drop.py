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
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, ClassVar, Literal, NamedTuple, Self

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
from bot.spend.metrics import FORMULAS, Metric
from bot.spend.weekdays import median, previous_same_weekdays

SAME_WEEKDAYS = 6
WEEKS_NEEDED = 3
"""Usable same weekdays without which nothing is usual."""


@dataclass(frozen=True, slots=True)
class Replay:
    """Every day of the history judged in turn, for some subjects; (days, subjects)."""

    columns: NDArray[np.intp]
    """The subjects, by the numbers of their columns in the rule's table."""
    usual: NDArray[np.float64]
    weeks: NDArray[np.int64]
    dropped: NDArray[np.bool_]
    began: NDArray[np.int64]
    """The first day of the drop that a day belongs to; -1 where there is none."""

    @classmethod
    def untouched(
        cls, columns: NDArray[np.intp], usual: NDArray[np.float64], weeks: NDArray[np.int64]
    ) -> Replay:
        """One without a drop, to be written to."""
        nothing = np.zeros(usual.shape, bool), np.full(usual.shape, -1)
        return cls(columns, usual, weeks, *nothing)


class _EverLow(NamedTuple):
    """The days on which someone is low beside the highest of its weekdays, (days, subjects); of
    whom a drop may begin, and the highest usual day with which it may."""

    start: date
    near: NDArray[np.bool_]
    over: NDArray[np.bool_]
    """The days on which no drop goes on, whatever went before."""
    columns: NDArray[np.intp]
    usual: NDArray[np.float64]

    def since(self, day: date, columns: NDArray[np.intp]) -> int:
        """The row after which a drop of these columns that goes on on that day has begun."""
        over = self.over[: (day - self.start).days + 1, columns]
        last = len(over) - 1 - over[::-1].argmax(axis=0)
        return int(np.where(over.any(axis=0), last, 0).min())


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
        columns = self._low_on(ledger, table, known)
        if len(columns):
            since = self._ever_low(ledger, table).since(known[0], columns)
            replay = self.replayed(ledger, table, columns, since)
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
        """Every day of the history judged for some columns, each by the days before it; from the
        row `since` on, before which no drop goes on."""
        history = self._history(ledger)[:, columns]
        values = np.maximum(table.values[:, columns], 0)
        usual, weeks, regular = _usual_of_all(history)
        replay = Replay.untouched(columns, usual, weeks)
        least = max(smallest_nanos(self, ledger), np.nextafter(0, 1))  # nothing is no usual day
        worth = regular & (usual >= least)
        complete = self._complete(ledger)
        begin = (worth & self._is_low(values, usual) & complete[:, None]).any(axis=1)
        running, goes_on = np.full(len(columns), -1), False
        for at in (since + np.flatnonzero(complete[since:])).tolist():
            if not goes_on and not begin[at]:
                continue
            if goes_on:
                going = np.flatnonzero(running >= 0)
                usual[at, going], weeks[at, going], regular[at, going] = _usual(
                    history[:, going], at, running[going]
                )
            low = self._is_low(values[at], usual[at])
            is_drop = low & regular[at] & (usual[at] >= least)
            running = np.where(low, running, -1)
            running = np.where(is_drop & (running < 0), at, running)
            replay.dropped[at], replay.began[at] = is_drop, running
            goes_on = bool((running >= 0).any())
        return replay

    def _low_on(self, ledger: Ledger, table: DailyTable, days: Sequence[date]) -> NDArray[np.intp]:
        """The columns that may be in a drop on one of the days; nobody else is."""
        ever = self._ever_low(ledger, table)
        at_all = [(day - ledger.span.start).days for day in days]
        now = np.asarray(ever.near[at_all].any(axis=0))[ever.columns]
        worth = (ever.usual > 0) & (ever.usual >= smallest_nanos(self, ledger))
        return ever.columns[now & worth]

    def _ever_low(self, ledger: Ledger, table: DailyTable) -> _EverLow:
        """Of whom a drop may begin some day, shared by rules that differ in what is worth it."""

        def made() -> _EverLow:
            history, values = self._history(ledger), np.maximum(table.values, 0)
            highest, lowest = _range_of_all(history)
            near = self._is_low(values, highest)  # no median is above the highest
            may = np.asarray(near & (lowest > 0) & self._complete(ledger)[:, None])
            columns = np.flatnonzero(may.any(axis=0))
            usual, _, regular = _usual_of_all(history[:, columns])
            low = regular & self._is_low(values[:, columns], usual) & may[:, columns]
            worth = np.where(low, usual, 0.0).max(axis=0, initial=0.0)
            over = self._complete(ledger)[:, None] & ~near
            return _EverLow(ledger.span.start, near, over, columns, worth)

        return ledger.remembered(self._key("low", self.below), made)

    def _is_low(self, values: NDArray[np.int64], usual: NDArray[np.float64]) -> NDArray[np.bool_]:
        return np.asarray(values <= np.nan_to_num(usual) * self._share)

    def _complete(self, ledger: Ledger) -> NDArray[np.bool_]:
        return judgeable(self, ledger) & unplanned(self, ledger)

    def _key(self, *what: Hashable) -> Hashable:
        return ("drop", *what, self.metric, self.per, tuple(self.match.items()), self.planned)

    @property
    def _share(self) -> float:
        return self.below / 100

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


def _usual_of_all(
    history: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.bool_]]:
    """`_usual` of every row at once, where no drop goes on."""
    past = previous_same_weekdays(history, SAME_WEEKDAYS)
    weeks = (~np.isnan(past)).sum(axis=-1)
    return median(past), weeks, (weeks >= WEEKS_NEEDED) & ~(past <= 0).any(axis=-1)


def _range_of_all(
    history: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The highest and the lowest of the usable same weekdays of every row; NaN without one."""
    highest, lowest = np.full(history.shape, np.nan), np.full(history.shape, np.nan)
    for back in range(7, 7 * SAME_WEEKDAYS + 1, 7):
        highest[back:] = np.fmax(highest[back:], history[:-back])
        lowest[back:] = np.fmin(lowest[back:], history[:-back])
    return highest, lowest


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


def _episode(ledger: Ledger, began: int) -> Period:
    """The day that a drop begins with, as its alert's period."""
    return period_of(ledger.span.start + timedelta(days=began), Unit.DAY)


def _said(day: date) -> str:
    return period_name(period_of(day, Unit.DAY))
