"""A drift's workings: seven days, each against the same weekdays three to five weeks before.

Worked out from the daily numbers alone, not by the rule's own code: what is explained can be
checked against what is judged.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from bot.alerts.model import Subject
from bot.commands.workings.model import (
    Floats,
    UsedDay,
    Words,
    Worked,
    left_out,
    metric_values,
    unjudged,
    why_unusable,
)
from bot.kinds import Drift
from bot.kinds.base import Direction, times
from bot.kinds.drift import DAYS_NEEDED, WEEKS_AGO, WEEKS_NEEDED, WINDOW
from bot.kinds.lookback import SHARE_OF_ORGANIZATION, average_days, smallest_nanos
from bot.spend.calendar import DayState
from bot.spend.ledger import Ledger
from bot.spend.metrics import FORMULAS, Additive, Metric


@dataclass(frozen=True, slots=True)
class _Compared:
    """A day of the window, what it is compared with, and why it does not count if it does not."""

    day: date
    value: float
    base: float
    state: DayState
    why_not: str | None

    @property
    def ratio(self) -> float:
        return self.value / self.base


@dataclass(frozen=True, slots=True)
class _Change:
    """What the days that count come to."""

    rule: Drift
    words: Words
    ratio: float
    now: float
    before: float
    smallest: float
    """The smallest change worth telling; of a ratio, what the subject must cost a day."""
    weighed: float
    """What is held against it: the change, or what the subject cost a day."""

    def shown(self, value: float) -> str:
        return self.words.amount(value)

    def money(self, value: float) -> str:
        return self.words.currency.text(value)

    @property
    def floor(self) -> str:
        return self.words.option("min_usd")

    @property
    def is_up(self) -> bool:
        return self.rule.direction is Direction.UP

    @property
    def bar(self) -> float:
        return self.rule.ratio if self.is_up else 1 / self.rule.ratio

    @property
    def is_far(self) -> bool:
        return self.ratio >= self.bar if self.is_up else self.ratio <= self.bar

    @property
    def half(self) -> float:
        """How many times its past the average day must be, at least or at most."""
        half = (1 + self.rule.ratio) / 2
        return half if self.is_up else 1 / half

    @property
    def is_half_way(self) -> bool:
        now, bar = self.now, self.half * self.before
        return now >= bar if self.is_up else now <= bar


def work_of_drift(rule: Drift, ledger: Ledger, subject: Subject, day: date) -> Worked:
    """Each of the seven days with its own comparison, and the median of the ratios."""
    window = list(_window(rule, ledger, subject, day))
    counted = [each for each in window if each.why_not is None]
    words = Words(rule, ledger.currency)
    days = tuple(_used(words, each) for each in window)
    observed = next((each.value for each in window if each.day == day), 0.0)
    if blocked := unjudged(rule, ledger, day):
        return Worked(observed, None, None, (blocked,), days, blocked, ())
    if len(counted) < DAYS_NEEDED:
        few = f"only {len(counted)} of the {WINDOW} days can be compared; {DAYS_NEEDED} are needed"
        return Worked(observed, None, None, (few,), days, few, ())
    change = _change(rule, ledger, subject, day, counted)
    exact = not FORMULAS[rule.metric].is_ratio
    return Worked(
        round(change.now) if exact else change.now,
        None,
        round(change.before) if exact else change.before,
        tuple(_formula(change, counted)),
        days,
        _why_not(change),
        tuple(_silence(change, day)),
    )


def _window(rule: Drift, ledger: Ledger, subject: Subject, day: date) -> Iterator[_Compared]:
    values = metric_values(rule, ledger, subject)
    past = _usable_past(rule, ledger, values)
    at = (day - ledger.span.start).days
    for n in range(max(at - WINDOW + 1, 0), at + 1):
        weeks_ago = [past[n - 7 * w] for w in WEEKS_AGO if n - 7 * w >= 0]
        known = [value for value in weeks_ago if not np.isnan(value)]
        base = float(np.median(known)) if len(known) >= WEEKS_NEEDED else np.nan
        then = ledger.span.start + timedelta(days=n)
        state = ledger.state(then, rule.metric)
        why_not = _why_unusable(rule, ledger, then, float(values[n]), base)
        yield _Compared(then, float(values[n]), base, state, why_not)


def _usable_past(rule: Drift, ledger: Ledger, values: Floats) -> Floats:
    """Settled, unplanned days since the first activity."""
    usable = ledger.settled(rule.metric).copy()
    usable &= [not any(day in window for window in rule.planned) for day in ledger.span]
    if not FORMULAS[rule.metric].is_ratio:
        usable &= np.logical_or.accumulate(values > 0)
    return np.where(usable, values, np.nan)


def _why_unusable(rule: Drift, ledger: Ledger, day: date, value: float, base: float) -> str | None:
    if not ledger.judgeable(day, rule.metric) or any(day in window for window in rule.planned):
        state = ledger.state(day, rule.metric)
        is_over = state in (DayState.SETTLING, DayState.SETTLED)
        return "in its grace time" if is_over else why_unusable(rule, state, day)
    if np.isnan(value):
        return "no use"
    if np.isnan(base):
        return "nothing to compare with"
    return None if base > 0 else "the weeks before were idle"


def _used(words: Words, each: _Compared) -> UsedDay:
    value = each.value
    if each.why_not is not None:
        return UsedDay(each.day, value, each.state, each.why_not)
    use = f"÷ {words.amount(each.base)} = {each.ratio:.2f}"
    return UsedDay(each.day, value, each.state, None, use)


def _change(
    rule: Drift, ledger: Ledger, subject: Subject, day: date, counted: list[_Compared]
) -> _Change:
    at, words = (day - ledger.span.start).days, Words(rule, ledger.currency)
    now = float(np.mean([each.value for each in counted]))
    before = float(np.mean([each.base for each in counted]))
    ratio = float(np.median([each.ratio for each in counted]))
    if FORMULAS[rule.metric].is_ratio:
        spent = rule.table(ledger, Additive.COST).column(subject.ids)
        weighed = float(spent[max(at - WINDOW + 1, 0) : at + 1].mean())
        least = float(rule.min_nanos(ledger.currency))
        return _Change(rule, words, ratio, now, before, least, weighed)
    share = SHARE_OF_ORGANIZATION * float(average_days(rule, ledger)[at])
    weighed = now - before if rule.direction is Direction.UP else before - now
    least = max(share, smallest_nanos(rule, ledger))
    return _Change(rule, words, ratio, now, before, least, weighed)


def _formula(change: _Change, counted: list[_Compared]) -> Iterator[str]:
    ratios = ", ".join(f"{each.ratio:.2f}" for each in sorted(counted, key=lambda e: e.ratio))
    yield f"median of {ratios} = {change.ratio:.2f}"
    word = "at least" if change.is_up else "at most"
    yield f"a drift is {word} {change.bar:.2f} (ratio: {change.rule.ratio:g})"
    yield (
        f"mean day: {change.shown(change.now)} now, {change.shown(change.before)} before; "
        f"{word} {change.half:.2f} times that"
    )
    if FORMULAS[change.rule.metric].is_ratio:
        spent, least = change.money(change.weighed), change.money(change.smallest)
        yield f"it cost {spent} a day; watched from {least} on"
    else:
        yield (
            f"change of {change.shown(change.weighed)} a day; told from "
            f"{change.shown(change.smallest)} on ({change.floor}, or 2% of the organisation's mean "
            "day)"
        )


def _why_not(change: _Change) -> str:
    if not change.is_far:
        word = "under" if change.is_up else "over"
        return f"{change.ratio:.2f} is {word} {change.bar:.2f}"
    if not change.is_half_way:
        mean, before = change.shown(change.now), change.shown(change.before)
        return f"the mean day, {mean} against {before}, has moved less than half as far"
    if FORMULAS[change.rule.metric].is_ratio:
        spent, least = change.money(change.weighed), change.money(change.smallest)
        return f"it cost {spent} a day, under {change.floor} of {least}"
    return (
        f"the change of {change.shown(change.weighed)} a day is under the smallest worth telling, "
        f"{change.shown(change.smallest)}"
    )


def _silence(change: _Change, day: date) -> Iterator[str]:
    ratio = change.ratio if change.is_up else 1 / change.ratio if change.ratio else 100
    yield f"`ratio` above {times(ratio).removesuffix('×')}"
    if change.rule.metric is Metric.COST or FORMULAS[change.rule.metric].is_ratio:
        yield f"`{change.floor}` above {change.money(change.weighed)}"
    yield left_out(day)
