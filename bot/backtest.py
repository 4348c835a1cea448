"""What rules would have told: the history judged day by day, each day as it was known then.

Pure. A day is judged at the end of its grace time: days before it are as settled as they were at
that moment, and nothing later is known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

import numpy as np

from bot.alerts.model import Finding, Outcome, Remark, Skipped
from bot.kinds import Rule
from bot.kinds.judging import judge
from bot.kinds.told import Novelty, Told
from bot.spend.calendar import ONE_DAY, DayState, Span, midnight, utc_day
from bot.spend.globs import Match
from bot.spend.ledger import DailyTable, Ledger
from bot.spend.metrics import Additive
from bot.spend.spikeless import Grown

_TABLES_KEPT = 8
"""Tables whose days are not judged anew for the next day's forecast: bounds memory."""


@dataclass(frozen=True, slots=True)
class News:
    """A finding on the day that would have told it: when it began, passed a higher step, or was
    foreseen to."""

    day: date
    finding: Finding
    is_foreseen: bool = False
    """Whether a step that is foreseen is the news, and not one that was passed."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """An alert that would have been told: its first news, and its higher steps after that."""

    first: News
    steps: tuple[News, ...] = ()

    @property
    def key(self) -> str:
        return self.first.finding.key


@dataclass(frozen=True, slots=True)
class Backtest:
    """What some rules would have told on the days; alerts in the order of telling.

    `skipped` counts what could not be judged by rule and reason, most frequent first. `inhibited`
    are findings that another one told, each once; `remarks` what was worth a line of the digest.
    """

    days: Span
    rules: tuple[Rule, ...]
    alerts: tuple[Replayed, ...]
    skipped: tuple[tuple[str, str, int], ...]
    inhibited: tuple[News, ...] = ()
    remarks: tuple[Remark, ...] = ()

    def of(self, rule: Rule) -> list[Replayed]:
        """The alerts of one rule."""
        return [alert for alert in self.alerts if alert.first.finding.rule == rule.name]

    def per_week(self, alerts: int) -> float:
        """So many alerts in all days, as a number per week."""
        return round(alerts * 7 / len(self.days), 2) if len(self.days) else 0.0

    def rate(self, alerts: int) -> str:
        """The same in words: `0.3 per week`, and never zero for something."""
        rate = self.per_week(alerts)
        return f"{rate:.1f} per week" if rate >= 0.05 or not alerts else "under 0.1 per week"

    def without(self, other: Backtest) -> list[Replayed]:
        """The alerts that the other one does not tell, by their keys."""
        known = {alert.key for alert in other.alerts}
        return [alert for alert in self.alerts if alert.key not in known]


Reach = Callable[[date], Span]
"""The days that a run on such a day knows as history, that day included."""


def backtest(whole: Ledger, rules: Iterable[Rule], days: Span, reach: Reach) -> Backtest:
    """Judge each day of the span as it was known when it became judgeable.

    `whole` is everything known now: its span covers what each day could reach, and its `now` is
    not before the last day is judgeable (see `last_judgeable`).
    """
    replay, grown = _Replay(tuple(rules)), Grown(_TABLES_KEPT)
    for day in days:
        past = ledger_of(whole, day, reach, grown)
        for outcome in judge(replay.rules, past, [day], replay.told):
            replay.note(day, outcome)
    return replay.result(days)


@dataclass(slots=True)
class _Replay:
    """What was told so far, day after day."""

    rules: tuple[Rule, ...]
    told: Told = field(default_factory=Told)
    news: dict[str, list[News]] = field(default_factory=dict)
    inhibited: dict[str, News] = field(default_factory=dict)
    remarks: dict[Remark, None] = field(default_factory=dict)
    skipped: Counter[tuple[str, str]] = field(default_factory=Counter)

    def note(self, day: date, outcome: Outcome) -> None:
        match outcome:
            case Skipped():
                self.skipped[outcome.rule, outcome.why] += 1
            case Remark():
                self.remarks[outcome] = None
            case Finding(inhibited_by=None):
                if news := _news(day, outcome, self.told.note(outcome)):
                    self.news.setdefault(outcome.key, []).append(news)
            case _:
                self.inhibited.setdefault(outcome.key, News(day, outcome))

    def result(self, days: Span) -> Backtest:
        return Backtest(
            days,
            self.rules,
            tuple(Replayed(first, tuple(steps)) for first, *steps in self.news.values()),
            tuple((rule, why, count) for (rule, why), count in self.skipped.most_common()),
            tuple(news for key, news in self.inhibited.items() if key not in self.news),
            tuple(self.remarks),
        )


def last_judgeable(whole: Ledger) -> date:
    """The last day whose grace time is over."""
    return utc_day(whole.now - whole.settling.grace) - ONE_DAY


def ledger_of(whole: Ledger, day: date, reach: Reach, grown: Grown | None = None) -> PastLedger:
    """What was known when the day became judgeable; `grown` knows the days before it."""
    now = midnight(day + ONE_DAY) + whole.settling.grace
    span = reach(utc_day(now))
    return PastLedger(
        now=now,
        span=span,
        reader=whole.reader,
        cost_states=_states_then(whole, whole.cost_states, span, day, now),
        usage_states=_states_then(whole, whole.usage_states, span, day, now),
        currency=whole.currency,
        names=whole.names,
        settling=whole.settling,
        grown=grown or Grown(),
        whole=whole,
        last_known=day,
    )


@dataclass(slots=True)
class PastLedger(Ledger):
    """A ledger of the past: slices of the whole one's tables, so that each is read only once."""

    whole: Ledger = field(kw_only=True)
    last_known: date = field(kw_only=True)

    def sums(self, quantity: Additive, dimensions: tuple[str, ...]) -> DailyTable:
        key = (quantity, dimensions)
        if key not in self._tables:
            self._tables[key] = self._then(self.whole.sums(quantity, dimensions))
        return self._tables[key]

    def announce(self, quantity: Additive, per: tuple[str, ...], match: Match = ()) -> None:
        self.whole.announce(quantity, per, match)

    def _selected(self, quantity: Additive, per: tuple[str, ...], match: Match) -> DailyTable:
        now = self.whole.selected(quantity, per, match)
        if not now.whole or now.whole[0] is not self.whole.sums(quantity, per):
            return self._then(now)
        then, wanted = self.sums(quantity, per), set(now.ids)
        return then.only(np.flatnonzero([ids in wanted for ids in then.ids]))

    def _then(self, table: DailyTable) -> DailyTable:
        """The table as it was: no later days, and nobody who had not appeared yet."""
        start = (self.span.start - table.span.start).days
        values = table.values[start : start + len(self.span)].copy()
        values[(self.last_known - self.span.start).days + 1 :] = 0
        then = DailyTable(self.span, table.ids, values)
        return then.only(np.flatnonzero(values.any(axis=0)))


def _states_then(
    whole: Ledger, states: Mapping[date, DayState], span: Span, judged: date, now: datetime
) -> dict[date, DayState]:
    """The states at `now`, had every day that is held now been fetched at once."""

    def state(day: date) -> DayState:
        if day > judged:
            return DayState.OPEN
        if states.get(day, DayState.MISSING) is DayState.MISSING:
            return DayState.MISSING
        return whole.settling.state(day, now, False, now)

    return {day: state(day) for day in span}


def _news(day: date, finding: Finding, novelty: Novelty) -> News | None:
    """The finding as news, if there is anything new; a first one may only foresee."""
    match novelty:
        case Novelty.NONE:
            return None
        case Novelty.FORECAST:
            return News(day, finding, is_foreseen=True)
        case _:
            return News(day, finding, is_foreseen=finding.step is None and _foresees(finding))


def _foresees(finding: Finding) -> bool:
    return finding.forecast_step is not None


def by_subject(alerts: Iterable[Replayed]) -> Iterator[tuple[str, list[Replayed]]]:
    """Alerts by rule and subject as their keys name them, those with most alerts first."""
    groups: dict[str, list[Replayed]] = {}
    for alert in alerts:
        groups.setdefault(alert.key.rpartition("/")[0], []).append(alert)
    yield from sorted(groups.items(), key=lambda group: -len(group[1]))
