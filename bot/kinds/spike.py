"""spike: a day far above what is usual for that weekday, judged by how much it normally swings.

What it does
    The usual is the middle of the last eight same weekdays (the highest and the lowest left out),
    drawn a little to the weekdays that are like it, and moved half-way by how the last week ran.
    The swing is how far the subject normally strays from its usual. A day is a spike when it is
    above usual × swing^k, at least 1.5 times the usual, and at least `min_usd` and 4 % of the
    organisation's average day above it. A whole swing further out, where chance seldom gets,
    0.5 % will do. Only settled days count as history, never today.
    A part of a project (a pair of project and model, key or line item) is also judged beside the
    rest of its project: the rise that the rest lets expect, by how far both have moved together,
    is added to the usual, and the swing is what is then left. A quarter of a swing more is fine.
    It is a spike if it is above either limit; so one model may stand out in a restless project.
    With 7 to 13 days of history the limit is twice the highest day; with fewer the rule is
    skipped and says so: use a cap there. A subject that is idle on three in ten of its days is
    bursty: its days are no guide, the limit is twice its highest day of eight weeks, and the rule
    says so.

    A finished day is judged once its grace time is over. A day that is not over speaks only if
    the part of it is already above the limit of the whole day.

    Ratios such as cost_per_request are judged the same way, of finished days with 20 requests and
    more that cost `min_usd`; `direction: down` tells a fall, as of cached_share.

    One event is told once: a part's spike is named in that of its project or organisation, and
    traffic that only moved between models is a line of the digest. See docs/rules.md.

Options
    sensitivity   low | normal | high: k = 2.8, 2.5 or 2 swings (default normal).
    direction     up | down (default up). Down is for ratios; `drop` tells spend that stops.
    min_usd       smallest excess over the usual, in dollars (default 5); 0 takes the floors of
                  0.5 and 4 % away with it. For ratios: what the subject must cost that day.
    min_amount    the same in the bill's currency.

Example
    rules:
      - name: model spikes
        kind: spike
        per: model
        severity: warning
      - name: prompt cache fails
        kind: spike
        per: project
        metric: cached_share
        direction: down

What it says
    search cost $412.00 on Thu 19 Nov 2026, 12× its usual Thursday ($33.90). Over the last 8 weeks
    it normally swings about +16% around the usual; anything up to $67.54 would have been fine.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from bot.alerts.model import Dimension, Finding, Outcome, Skipped
from bot.kinds.base import Direction, Rule
from bot.kinds.lookback import average_days, daily_cost, daily_values, smallest_nanos, unplanned
from bot.kinds.money_options import Dollars
from bot.kinds.spike_words import Expected, SpikeWords, Spoken, missing_words
from bot.kinds.unjudged import unjudged
from bot.kinds.watched import Columns, Watched
from bot.spend.baseline import MIN_RATIO, WEEKDAY, Bar, Baseline, judge_last, usable_spend
from bot.spend.beside import Beside, beside
from bot.spend.calendar import ONE_DAY, DayState, Span, Unit, period_of
from bot.spend.ledger import Ids, Ledger
from bot.spend.metrics import FORMULAS, Metric
from bot.spend.names import clean
from bot.spend.weekdays import Floats

HISTORY_DAYS = 90
"""How far back a baseline looks."""
SHARE_OF_ORGANIZATION = 0.04
"""An excess below this share of the organisation's average day is not worth a message ..."""
SHARE_FAR_OUT = 0.005
"""... or below this one, where the day is further out than chance gets."""


class Sensitivity(StrEnum):
    """How many swings above the usual are still normal."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"

    @property
    def swings(self) -> float:
        return {"low": 2.8, "normal": 2.5, "high": 2.0}[self.value]


@dataclass(frozen=True, slots=True)
class Series:
    """The metric by day and subject, (days, subjects): `observed` as it is (NaN: a ratio of too
    little), `history` what a baseline may use of it (NaN elsewhere)."""

    ids: tuple[Ids, ...]
    observed: Floats
    history: Floats


@dataclass(frozen=True, slots=True)
class Floors:
    """The smallest excess over the usual worth telling, in the metric's unit."""

    normal: float
    far_out: float
    """Of a day that is `bot.spend.baseline.FAR` swings further out, or held to a highest day."""


class Spike(Rule):
    """A day far above its usual; see the module's manual page."""

    kind: Literal["spike"] = "spike"
    sensitivity: Sensitivity = Sensitivity.NORMAL
    direction: Direction = Direction.UP
    min_usd: Dollars = Decimal(5)

    @model_validator(mode="after")
    def _falls_are_of_ratios(self) -> Self:
        if self.direction is Direction.DOWN and not self.is_ratio:
            raise ValueError(f"`direction: down` needs a ratio, not `{self.metric}`: use `drop`")
        return self

    @property
    def is_ratio(self) -> bool:
        return FORMULAS[self.metric].is_ratio

    def judge(self, ledger: Ledger, days: Sequence[date]) -> Iterator[Outcome]:
        series = self.series(ledger)
        missing: list[date] = []
        for day in (day for day in days if day in ledger.span):
            if ledger.state(day, self.metric) is DayState.MISSING:
                missing += [day] if day < ledger.today else []
            elif not self.is_ratio or ledger.judgeable(day, self.metric):
                yield from self._judge_day(ledger, series, day)
        if missing:
            yield Skipped(self.name, self.everyone, missing_words(missing))
        last = max((d for d in days if ledger.judgeable(d, self.metric)), default=None)
        if last is not None and last in ledger.span:
            large = self._large(ledger, series, last)
            if len(large):
                watched = self._watched(ledger, series, last, large)
                ids, places = [series.ids[n] for n in large], watched.places(large)
                yield from unjudged(self, ledger, ids, watched.known[places], watched.idle[places])

    def announce(self, ledger: Ledger, days: Sequence[date]) -> None:
        super().announce(ledger, days)
        floors: set[float] = ledger.remembered(self._key("floors"), set)
        floors.add(self._least(ledger))

    def _key(self, *what: Hashable) -> Hashable:
        return ("spike", *what, *self.about, self.planned)

    def series(self, ledger: Ledger) -> Series:
        """All subjects; settled, unplanned days since the first activity are history."""
        return ledger.remembered(self._key("series"), lambda: self._series(ledger))

    def _series(self, ledger: Ledger) -> Series:
        ids, values = daily_values(self, ledger)
        usable = ledger.settled(self.metric) & unplanned(self, ledger)
        return Series(ids, values, np.where(usable[:, None], values, np.nan))

    def baseline(self, ledger: Ledger, columns: Columns, day: date, watched: Watched) -> Baseline:
        """What was to be expected of the day, for some of the columns that are watched.

        Limits hold the floor and what is planned.
        """
        k, places = self.sensitivity.swings, watched.places(columns)
        if self.direction is Direction.DOWN:
            return _judged_downwards(watched.seen[:, places], k)
        floors = self.floors(ledger, day)
        bar = Bar.of(len(places), k, floors.normal, floors.far_out)
        expected = watched.usual.only(places).held_to(bar)
        extra = self.planned_nanos(Span(day, day + ONE_DAY))
        return replace(expected, limit=expected.limit + extra) if extra else expected

    def watched(self, ledger: Ledger, series: Series, columns: Columns, day: date) -> Watched:
        """The columns (ascending) of a series, to be judged on the day."""
        at = (day - ledger.span.start).days
        return Watched(columns, series.history[max(0, at - HISTORY_DAYS) : at + 1, columns])

    def _watched(self, ledger: Ledger, series: Series, day: date, columns: Columns) -> Watched:
        """The columns among those that any of the rules about the series looks at on the day."""

        def made() -> Watched:
            floors: set[float] = ledger.remembered(self._key("floors"), set)
            least = min(floors, default=self._least(ledger))
            return self.watched(ledger, series, self._larger(ledger, series, day, least), day)

        shared = ledger.remembered(self._key("watched", day), made)
        return shared if shared.holds(columns) else self.watched(ledger, series, columns, day)

    def is_beyond(self, observed: Floats, limit: Floats) -> NDArray[np.bool_]:
        """Whether a day is a spike, given its limit. Nothing is beyond a NaN."""
        return observed < limit if self.direction is Direction.DOWN else observed > limit

    def expected(self, seen: Floats, floors: Floors) -> Baseline:
        """What was to be expected of the last row of a history, nothing being planned."""
        k = self.sensitivity.swings
        return judge_last(seen, k=k, floor=floors.normal, far_floor=floors.far_out)

    def floors(self, ledger: Ledger, day: date) -> Floors:
        """The smallest excess worth telling. A ratio has none, nor a rule with `min_usd: 0`."""
        return self._floors(ledger, day, smallest_nanos(self, ledger))

    def _floors(self, ledger: Ledger, day: date, least: float) -> Floors:
        if self.is_ratio or (self.metric is Metric.COST and not least):
            return Floors(0.0, 0.0)
        average = float(average_days(self, ledger)[(day - ledger.span.start).days])
        return Floors(
            max(least, SHARE_OF_ORGANIZATION * average), max(least, SHARE_FAR_OUT * average)
        )

    def _large(self, ledger: Ledger, series: Series, day: date) -> Columns:
        """The columns of those whose day is large enough to be worth a word."""
        return self._larger(ledger, series, day, self._least(ledger))

    def _larger(self, ledger: Ledger, series: Series, day: date, least: float) -> Columns:
        at = (day - ledger.span.start).days
        observed = series.observed[at]
        if self.is_ratio:
            spent = daily_cost(self, ledger, series.ids)[at]
            return np.flatnonzero(~np.isnan(observed) & (spent >= least))
        return np.flatnonzero(observed > self._floors(ledger, day, least).far_out)

    def _least(self, ledger: Ledger) -> float:
        """What `_larger` needs of a rule's own: its floor, of a ratio what the subject costs."""
        if self.is_ratio:
            return float(self.min_nanos(ledger.currency))
        return smallest_nanos(self, ledger)

    @property
    def _project_at(self) -> int:
        return self.per.index(Dimension.PROJECT)

    def beside_the_rest(
        self, ledger: Ledger, series: Series, columns: Sequence[int], day: date
    ) -> Beside | None:
        """What was fine of a finished day of these parts, given how the rest of their projects
        ran; None of what is no part of a project, or while the rest may still come."""
        is_part = Dimension.PROJECT in self.per and len(self.per) > 1 and not self.is_ratio
        if not is_part or not columns or not ledger.judgeable(day, self.metric):
            return None
        whole = self.model_copy(update={"per": (Dimension.PROJECT,)}).series(ledger)
        wholes = [whole.ids.index((series.ids[n][self._project_at],)) for n in columns]
        at = (day - ledger.span.start).days
        window = slice(max(0, at - HISTORY_DAYS), at + 1)
        parts = series.history[window, columns]
        rests = whole.history[window, wholes] - np.nan_to_num(parts)
        rests[-1] = whole.observed[at, wholes] - np.nan_to_num(series.observed[at, columns])
        floors = self.floors(ledger, day)
        fine = beside(parts, rests, self.sensitivity.swings, floors.normal, floors.far_out)
        extra = self.planned_nanos(Span(day, day + ONE_DAY))
        return replace(fine, limit=fine.limit + extra)

    def _judge_day(self, ledger: Ledger, series: Series, day: date) -> Iterator[Finding]:
        large = self._large(ledger, series, day)  # nobody else can be beyond the limit
        if not len(large):
            return
        at = (day - ledger.span.start).days
        for column, expected in self._beyond(ledger, series, large, day):
            ids = series.ids[column]
            if self.is_ratio or self.costs_enough(ledger, ids, Span(day, day + ONE_DAY)):
                observed = float(series.observed[at, column])
                yield self._finding(ledger, ids, day, observed, expected)

    def _beyond(
        self, ledger: Ledger, series: Series, columns: Columns, day: date
    ) -> Iterator[tuple[int, Expected]]:
        """Those of the columns that are above their limit, by themselves or beside the rest."""
        observed = series.observed[(day - ledger.span.start).days, columns]
        watched = self._watched(ledger, series, day, columns)
        alone = self.baseline(ledger, columns, day, watched)
        high = (alone.method == WEEKDAY) & (observed > MIN_RATIO * alone.usual)
        places = np.flatnonzero(high).tolist()
        rest = self.beside_the_rest(ledger, series, columns[places].tolist(), day)
        limit = alone.limit.copy()
        if rest is not None:
            limit[places] = np.fmin(limit[places], rest.limit)
        for n in map(int, np.flatnonzero(self.is_beyond(observed, limit))):
            expected = Expected.of(alone, n)
            if rest is not None and limit[n] < alone.limit[n]:
                whole = ledger.name(Dimension.PROJECT, series.ids[columns[n]][self._project_at])
                expected = expected.beside(rest, places.index(n), clean(whole))
            yield int(columns[n]), expected

    def _finding(
        self, ledger: Ledger, ids: Ids, day: date, observed: float, expected: Expected
    ) -> Finding:
        subject, measure = self.subject(ledger, ids), self.measure_in(ledger.currency)
        usual, limit = expected.usual, expected.limit
        spoken = Spoken(
            who=self.who(subject),
            metric=self.metric,
            measure=measure,
            direction=self.direction,
            day=day,
            is_running=day == ledger.today,
            observed=observed,
            expected=expected,
            planned=self.planned_words(Span(day, day + ONE_DAY), ledger.currency),
        )
        words = SpikeWords(spoken)
        return Finding(
            rule=self.name,
            kind=self.kind,
            severity=self.severity,
            subject=subject,
            period=period_of(day, Unit.DAY),
            metric=self.metric,
            measure=measure,
            observed=observed if self.is_ratio else self._exact(ledger, ids, day),
            limit=limit if self.is_ratio else round(limit),
            expected=usual if self.is_ratio else round(usual),
            is_usual=expected.method == WEEKDAY,
            provisional=ledger.state(day, self.metric) is not DayState.SETTLED,
            why=words.why,
            headline=words.headline,
            facts=words.facts,
            channel=self.channel,
            mention=self.mention,
        )

    def _exact(self, ledger: Ledger, ids: Ids, day: date) -> int:
        return int(self.amounts(ledger).column(ids)[(day - ledger.span.start).days])


def _judged_downwards(seen: Floats, k: float) -> Baseline:
    """A fall of a ratio is a rise of its inverse; what is expected comes back as the ratio."""
    spend = usable_spend(seen)
    known = (~np.isnan(spend[:-1])).sum(axis=0)
    least = 0.01 * np.nansum(spend[:-1], axis=0) / np.maximum(known, 1) + 1e-12  # 1 / 0 is endless
    expected = judge_last(1 / (spend + least), k=k)
    return replace(
        expected,
        usual=np.maximum(1 / expected.usual - least, 0.0),
        limit=np.maximum(1 / expected.limit - least, 0.0),
    )
