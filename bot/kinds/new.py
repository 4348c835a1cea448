"""new: a project, model, key or line item never seen before, or one that wakes from a long sleep.

What it does
    Tells once when a subject spends `min_usd` in a day within two weeks of its first day ever, or
    of its first day after `asleep_days` known idle days. A day's spend only grows, so an open day
    may speak at once. The alert belongs to the first day above the floor, so that the second day
    is no news. Days that were not fetched do not count as sleep. With fewer than 14 settled days
    of history nothing can be called new: the rule is skipped and says so.

    A newcomer with a tiny probe (at most $1 a day) that then spends `burst_usd` in a day, and 20
    times the probe, is critical whatever the rule's severity: a stolen key looks like this. That
    is an alert of its own, of the day of the burst, also where the probe itself was told.

Options
    per           project | model | line_item | api_key, or a pair: needed.
    min_usd       smallest spend of a day worth telling, in dollars (default 1). For requests and
                  tokens any use at all is told, and there are no bursts.
    min_amount    the same in the bill's currency.
    asleep_days   known idle days after which a subject wakes (default 30).
    burst_usd     smallest burst after a probe, in dollars (default 50).
    burst_amount  the same in the bill's currency.

Example
    rules:
      - name: new keys
        kind: new
        per: api_key
        severity: info

What it says
    ci-key spent $41.20 on Thu 19 Nov 2026, never seen in the 87 settled days of history before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from bot.alerts.model import ORGANIZATION, Finding, Outcome, Severity, Skipped, Subject
from bot.kinds.base import Rule, amount, times
from bot.kinds.lookback import is_missing, missing, smallest_nanos
from bot.kinds.money_options import Dollars
from bot.spend.arrivals import arrival, arrivals
from bot.spend.calendar import ONE_DAY, DayState, Span, Unit, period_name, period_of
from bot.spend.currency import Currency
from bot.spend.ledger import DailyTable, Ledger
from bot.spend.metrics import FORMULAS, Metric
from bot.spend.money import from_dollars

HISTORY_NEEDED = 14
"""Settled days before a day without which nothing is called new."""
NEWCOMER_DAYS = 14
"""A subject is a newcomer, and its tiny spend a probe, for so many days."""
PROBE = 1
"""In dollars, or about as much."""
BURST_RATIO = 20
_PROBE = "Probe"
_BLOCK = 1_024  # subjects at a time: bounds memory


@dataclass(frozen=True, slots=True)
class Sighting:
    """A newcomer's day above the floor. Indexes are days of the ledger's span."""

    first: int
    """The first active day, ever or since it woke."""
    last_active: int | None
    """The last active day before its sleep; None if it was never seen."""
    idle: int
    """Known idle days of that sleep; settled days of history before `first` if never seen."""
    probe: int
    """Its highest day since `first`, before the day itself."""
    is_burst: bool


class New(Rule):
    """A first-seen or woken subject; see the module's manual page."""

    has_episodes: ClassVar[bool] = True
    kind: Literal["new"] = "new"
    min_usd: Dollars = Decimal(1)
    asleep_days: Annotated[int, Field(ge=1, le=366)] = 30
    burst_usd: Dollars = Decimal(50)
    burst_amount: Dollars | None = None

    @model_validator(mode="after")
    def _about_members(self) -> Self:
        if self.per == ORGANIZATION.dimensions:
            raise ValueError("`new` needs `per`: project, model, line_item, api_key or a pair")
        if FORMULAS[self.metric].is_ratio:
            raise ValueError(f"`new` needs a metric that adds up, not `{self.metric}`")
        return self

    def judge(self, ledger: Ledger, days: Sequence[date]) -> Iterator[Outcome]:
        table = self.amounts(ledger)
        settled = ledger.settled(self.metric)
        young = None
        for day in (day for day in days if day in ledger.span):
            before = int(settled[: (day - ledger.span.start).days].sum())
            if is_missing(self, ledger, day):
                if day < ledger.today:
                    yield missing(self, day)
            elif before < HISTORY_NEEDED:
                young = self._too_young(before)
            else:
                yield from self._judge_day(ledger, table, settled, day)
        if young:
            yield young

    def _too_young(self, before: int) -> Skipped:
        days = f"{before} settled {'day' if before == 1 else 'days'}"
        why = f"{days} of history; to call something new takes {HISTORY_NEEDED}."
        return Skipped(self.name, self.everyone, why)

    def _judge_day(
        self, ledger: Ledger, table: DailyTable, settled: NDArray[np.bool_], day: date
    ) -> Iterator[Finding]:
        at = (day - ledger.span.start).days
        known = self._known(ledger)
        floor = self.floor(ledger, day)
        fresh = self._newcomers(ledger, table, settled, at)
        for n in fresh[table.values[at, fresh] >= floor]:
            of_subject = table.values[: at + 1, n]
            seen = self.sighting(of_subject, known, settled, floor, ledger.currency)
            if seen:
                subject = self.subject(ledger, table.ids[int(n)])
                yield self._finding(ledger, subject, day, int(table.values[at, n]), seen)

    def _newcomers(
        self, ledger: Ledger, table: DailyTable, settled: NDArray[np.bool_], at: int
    ) -> NDArray[np.intp]:
        """The columns that a day may call new, shared by rules that differ in their floors."""

        def made() -> NDArray[np.intp]:
            columns = np.flatnonzero(table.values[at] > 0)
            before = np.concatenate([[0], settled.cumsum()])
            known = self._known(ledger)
            found = [np.zeros(0, dtype=np.intp)]
            for first in range(0, len(columns), _BLOCK):
                some = columns[first : first + _BLOCK]
                came = arrivals(table.values[: at + 1, some], known, self.asleep_days)
                old = (came.last_active < 0) & (before[came.first] < HISTORY_NEEDED)
                found.append(some[(at - came.first < NEWCOMER_DAYS) & ~old])
            return np.concatenate(found)

        return ledger.remembered(("newcomers", *self.about, self.asleep_days, at), made)

    def _known(self, ledger: Ledger) -> NDArray[np.bool_]:
        """For each day of the history, whether it is not missing."""
        return ledger.remembered(
            ("known", self.metric),
            lambda: np.array([not is_missing(self, ledger, each) for each in ledger.span]),
        )

    def is_same(self, finding: Finding, known: Finding, ledger: Ledger) -> bool:
        """A newcomer is new once, whichever of its days was read first or taken back since: only
        a sleep lets it be told again. Each burst is its own."""
        if _is_burst(finding) or _is_burst(known):
            return False
        first, last = sorted((finding.period.start, known.period.start))
        if first not in ledger.span:
            return False  # what lies between cannot be seen
        between = Span(min(first + ONE_DAY, last), last)
        known_days = sum(not is_missing(self, ledger, day) for day in between)
        return known_days < self.asleep_days

    def floor(self, ledger: Ledger, day: date) -> float:
        """The smallest use of that day worth telling, in the metric's unit."""
        return max(smallest_nanos(self, ledger) + self._planned_extra(day), 1)

    def _planned_extra(self, day: date) -> int:
        if self.metric is not Metric.COST:
            return 0
        return sum(from_dollars(window.extra) for window in self.planned if day in window)

    def sighting(
        self,
        values: NDArray[np.int64],
        known: NDArray[np.bool_],
        settled: NDArray[np.bool_],
        floor: float,
        currency: Currency,
    ) -> Sighting | None:
        """What is new about the last of the values; None if nothing is."""
        at = len(values) - 1
        first, last_active, idle = arrival(values, known, self.asleep_days)
        if last_active is None:
            idle = int(settled[:first].sum())
        if at - first >= NEWCOMER_DAYS or (last_active is None and idle < HISTORY_NEEDED):
            return None
        probe = max(int(values[first:at].max(initial=0)), 0)
        is_burst = self._is_burst(int(values[at]), probe, currency)
        if probe >= floor and not is_burst:
            return None
        return Sighting(first, last_active, idle, probe, is_burst)

    def _is_burst(self, observed: int, probe: int, currency: Currency) -> bool:
        if self.metric is not Metric.COST or not 0 < probe <= currency.about(PROBE):
            return False
        return observed >= max(self.threshold("burst_usd", currency), BURST_RATIO * probe)

    def _finding(
        self, ledger: Ledger, subject: Subject, day: date, observed: int, seen: Sighting
    ) -> Finding:
        words = _Words(self, subject, day, observed, seen, ledger)
        began = day if seen.is_burst else ledger.span.start + timedelta(days=seen.first)
        return Finding(
            rule=self.name,
            kind=self.kind,
            severity=Severity.CRITICAL if seen.is_burst else self.severity,
            subject=subject,
            period=period_of(began, Unit.DAY),
            observed_in=Span(day, day + ONE_DAY),
            metric=self.metric,
            measure=self.measure_in(ledger.currency),
            observed=observed,
            provisional=ledger.state(day, self.metric) is not DayState.SETTLED,
            why=words.why,
            headline=words.headline,
            facts=words.facts,
            channel=self.channel,
            mention=self.mention,
        )


def _is_burst(finding: Finding) -> bool:
    return any(label == _PROBE for label, _ in finding.facts)


class _Words:
    """A newcomer's finding in words."""

    def __init__(
        self, rule: New, subject: Subject, day: date, observed: int, seen: Sighting, ledger: Ledger
    ) -> None:
        start, measure = ledger.span.start, rule.measure_in(ledger.currency)
        self._who = rule.who(subject)
        self._spent = "spent" if rule.metric is Metric.COST else "used"
        self._observed = amount(observed, measure)
        self._day = day
        self._running = day == ledger.today
        self._seen = seen
        self._first = start + timedelta(days=seen.first)
        self._last = None if seen.last_active is None else start + timedelta(days=seen.last_active)
        self._probe = amount(seen.probe, measure)
        self._ratio = times(observed / seen.probe) if seen.probe else ""

    @property
    def headline(self) -> str:
        so_far = " so far" if self._running else ""
        spent = f"{self._observed}{so_far} on {self._short}"
        if self._seen.is_burst:
            return f"{self._who} burst to {spent}, after a probe of {self._probe}"
        what = "is new" if self._last is None else f"woke after {self._idle}"
        return f"{self._who} {what}: {spent}"

    @property
    def why(self) -> str:
        part = " so far, in a day that is not over" if self._running else ""
        spent = f"{self._who} {self._spent} {self._observed} on {_said(self._day)}{part}, "
        if not self._seen.is_burst:
            return f"{spent}{self._history}."
        return (
            f"{spent}{self._ratio} its probe of {self._probe}, {self._history}. A stolen key looks "
            "like this: revoke it if nobody knows what this is."
        )

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        probe = ((_PROBE, self._probe),) if self._seen.is_burst else ()
        before = (
            ("History before", f"{self._seen.idle} settled days")
            if self._last is None
            else ("Last active", _said(self._last))
        )
        return (
            ("So far" if self._running else "That day", self._observed),
            *probe,
            ("First seen" if self._last is None else "Woke on", _said(self._first)),
            before,
        )

    @property
    def _history(self) -> str:
        since = "" if self._first == self._day else f"first seen on {_said(self._first)}, "
        if self._last is None:
            return f"{since}never seen in the {self._seen.idle} settled days of history before"
        since = since.replace("first seen", "awake since")
        return f"{since}after {self._idle}; it was last active on {_said(self._last)}"

    @property
    def _idle(self) -> str:
        return f"{self._seen.idle} idle {'day' if self._seen.idle == 1 else 'days'}"

    @property
    def _short(self) -> str:
        return f"{self._day:%a} {self._day.day} {self._day:%b}"


def _said(day: date) -> str:
    return period_name(period_of(day, Unit.DAY))
