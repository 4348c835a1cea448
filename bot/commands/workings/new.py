"""A newcomer's workings: when it was first seen, what it slept, its probe, its floor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from bot.alerts.model import Subject
from bot.commands.workings.model import UsedDay, Words, Worked, planned_hint, said, used_day
from bot.kinds import New
from bot.kinds.lookback import is_missing
from bot.kinds.new import BURST_RATIO, HISTORY_NEEDED, NEWCOMER_DAYS, PROBE
from bot.spend.arrivals import arrival
from bot.spend.calendar import DayState
from bot.spend.ledger import Ledger
from bot.spend.metrics import Metric


@dataclass(frozen=True, slots=True)
class _Past:
    """What is known of a subject on a day. Days are indexes of the ledger's span."""

    rule: New
    ledger: Ledger
    at: int
    values: NDArray[np.int64]
    settled: NDArray[np.bool_]
    first: int
    last_active: int | None
    idle: int

    def day(self, index: int) -> date:
        return self.ledger.span.start + timedelta(days=index)

    def shown(self, value: float) -> str:
        return self.words.amount(value)

    @property
    def words(self) -> Words:
        return Words(self.rule, self.ledger.currency)

    @property
    def observed(self) -> int:
        return int(self.values[-1])

    @property
    def probe(self) -> int:
        return max(int(self.values[self.first : -1].max(initial=0)), 0)

    @property
    def floor(self) -> float:
        return self.rule.floor(self.ledger, self.day(self.at))

    @property
    def history(self) -> int:
        """Settled days before its first one."""
        return int(self.settled[: self.first].sum())

    @property
    def told_before(self) -> date | None:
        """The day since it came that was above the floor already."""
        since = self.values[self.first : -1]
        above = np.flatnonzero(since >= self.floor)
        return self.day(self.first + int(above[0])) if len(above) else None


def work_of_new(rule: New, ledger: Ledger, subject: Subject, day: date) -> Worked:
    """The subject's active days since it came, and what each condition gives."""
    at = (day - ledger.span.start).days
    values = rule.amounts(ledger).column(subject.ids)[: at + 1]
    settled = ledger.settled(rule.metric)[: at + 1]
    if not (values > 0).any():
        none = f"nothing before or on {said(day)}"
        return Worked(0, None, None, (none,), (), none, ())
    known = np.array([not is_missing(rule, ledger, each) for each in ledger.span])[: at + 1]
    past = _Past(rule, ledger, at, values, settled, *arrival(values, known, rule.asleep_days))
    return Worked(
        past.observed,
        None,
        None,
        tuple(_formula(past)),
        tuple(_days(past)),
        _why_not(past),
        tuple(_silence(past)),
    )


def _formula(past: _Past) -> Iterator[str]:
    rule = past.rule
    yield f"{past.shown(past.observed)} on {said(past.day(past.at))}"
    yield f"smallest use worth telling: {past.shown(past.floor)}"
    since = past.at - past.first
    ago = "that day" if not since else f"{since} {_days_word(since)} before"
    came = "first seen" if past.last_active is None else "woke"
    yield f"{came} on {said(past.day(past.first))}, {ago}; a newcomer for {NEWCOMER_DAYS} days"
    if past.last_active is None:
        yield f"{past.history} settled days of history before that; {HISTORY_NEEDED} are needed"
    else:
        last = said(past.day(past.last_active))
        yield f"{past.idle} known idle days since {last}; it sleeps after {rule.asleep_days}"
    if past.probe and rule.metric is Metric.COST:
        yield (
            f"highest day since then: {past.shown(past.probe)}; a probe is at most "
            f"{past.shown(past.words.currency.about(PROBE))}"
        )
        least = rule.threshold("burst_usd", past.words.currency)
        burst = max(least, BURST_RATIO * past.probe)
        yield (
            f"a burst is at least {past.shown(burst)}: the larger of "
            f"{past.words.option('burst_usd')} and {BURST_RATIO} × the highest day since then"
        )


def _days(past: _Past) -> Iterator[UsedDay]:
    indexes = [n for n in range(past.first, past.at + 1) if past.values[n] > 0 or n == past.at]
    if past.last_active is not None:
        yield _day(past, past.last_active, "last active")
    for n in indexes[-NEWCOMER_DAYS:]:
        yield _day(past, n, "judged" if n == past.at else "since it came")


def _day(past: _Past, index: int, use: str) -> UsedDay:
    return used_day(past.rule, past.ledger, past.day(index), int(past.values[index]), use)


def _why_not(past: _Past) -> str:
    day = past.day(past.at)
    if past.ledger.state(day, past.rule.metric) is DayState.MISSING:
        return f"{said(day)} is missing: it was not fetched whole"
    if past.observed < past.floor:
        return (
            f"{past.shown(past.observed)} is under the smallest use worth telling, "
            + past.shown(past.floor)
        )
    came = said(past.day(past.first))
    if past.at - past.first >= NEWCOMER_DAYS:
        return f"it has been here since {came}, {past.at - past.first} days"
    if past.last_active is None and past.history < HISTORY_NEEDED:
        return f"only {past.history} settled days of history before it came on {came}"
    if past.told_before:
        return f"it was new on {said(past.told_before)}, which is told once"
    return "nothing was found"


def _silence(past: _Past) -> Iterator[str]:
    rule, day = past.rule, past.day(past.at)
    if rule.metric is Metric.COST:
        yield f"`{past.words.option('min_usd')}` above {past.shown(past.observed)}"
        yield planned_hint(day, past.words, past.observed - past.floor)
    if past.last_active is not None:
        yield f"`asleep_days` above {past.idle}"
    yield "`match` with `!` before the name of what should not count"


def _days_word(count: int) -> str:
    return "day" if count == 1 else "days"
