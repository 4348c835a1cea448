"""drift: a slow creep, up or down, that is never a spike on any day.

What it does
    Compares each of the last seven days with the median of the same weekdays three, four and five
    weeks before, and takes the median of the seven ratios. It holds when that is at least `ratio`
    (for `direction: down`, at most 1/ratio), and the average day has moved at least half as far, by
    `min_usd` and by 2 % of the organisation's average day. Only finished days past their grace time
    are compared, and only settled ones are history; at least four of the seven must be comparable.

    An episode is told once: its alert begins with the first day on which the rule held. A few days
    on which it does not hold, or cannot be judged, do not end it; a week on which it does not does.
    The rule looks back 60 days: an episode that is older than it can see is told once a month.

Options
    ratio         how many times its past is a drift (default 1.5).
    direction     up | down (default up).
    min_usd       smallest change of the average day, in dollars (default 5). For ratios such as
                  cost_per_request: what the subject must cost a day to be watched. Days with
                  fewer than 20 requests have no ratio.
    min_amount    the same in the bill's currency.

Example
    rules:
      - name: creeping projects
        kind: drift
        per: project
        ratio: 1.5

What it says
    For the 7 days to Thu 19 Nov 2026 search has cost about 1.6× what the same weekdays cost 3 to 5
    weeks before (on average $142.00 a day before, $231.00 a day now).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from pydantic import Field

from bot.alerts.model import Finding, Measure, Outcome, Skipped
from bot.kinds.base import Direction, Rule, amount, times
from bot.kinds.lookback import (
    SHARE_OF_ORGANIZATION,
    average_days,
    daily_cost,
    daily_values,
    is_missing,
    is_one_episode,
    judgeable,
    missing,
    smallest_nanos,
    unplanned,
)
from bot.kinds.money_options import Dollars
from bot.kinds.told import Novelty, Told
from bot.spend.calendar import ONE_DAY, DayState, Span, Unit, period_name, period_of
from bot.spend.ledger import Ids, Ledger
from bot.spend.metrics import FORMULAS, Metric

Floats = NDArray[np.float64]

WEEKS_AGO = (3, 4, 5)
WEEKS_NEEDED = 2
"""Usable ones among them without which a day has nothing to be compared with."""
WINDOW = 7
_REACH = WINDOW + 7 * WEEKS_AGO[-1]
"""Rows up to a day that its comparison looks at."""
DAYS_NEEDED = 4
"""Comparable days of the window: a team that works on weekdays has five."""
EPISODE_DAYS = 60
CALM_DAYS = 6
"""Days in a row on which it does not hold that do not end an episode: what hovers about the ratio
is one."""


@dataclass(frozen=True, slots=True)
class Trend:
    """The comparison of some days and subjects of the history; (days, subjects)."""

    rows: slice
    columns: slice
    ratio: Floats
    now: Floats
    before: Floats
    comparable: NDArray[np.int64]


class Drift(Rule):
    """A slow change of level; see the module's manual page."""

    has_episodes: ClassVar[bool] = True
    kind: Literal["drift"] = "drift"
    ratio: Annotated[float, Field(gt=1, le=100)] = 1.5
    direction: Direction = Direction.UP
    min_usd: Dollars = Decimal(5)

    def judge(self, ledger: Ledger, days: Sequence[date]) -> Iterator[Outcome]:
        return self.judge_news(ledger, days, Told())

    def judge_news(self, ledger: Ledger, days: Sequence[date], told: Told) -> Iterator[Outcome]:
        complete = judgeable(self, ledger) & unplanned(self, ledger)
        known = [day for day in days if day in ledger.span]
        yield from (
            missing(self, day)
            for day in known
            if is_missing(self, ledger, day) and day < ledger.today
        )
        at_all = [at for day in known if complete[at := (day - ledger.span.start).days]]
        if not at_all:
            return
        if young := self._too_young(ledger, at_all[-1]):
            yield young
        trend, ids = self._lately(ledger, at_all), daily_values(self, ledger)[0]
        for (n, first), last in self._episodes(ledger, trend, at_all, complete).items():
            about = ids[n], period_of(first, Unit.DAY)
            if told.novelty(self.name, *about) is Novelty.FIRST:
                yield self._finding(ledger, trend, ids[n], n, first, last)

    def _episodes(
        self, ledger: Ledger, trend: Trend, at_all: Sequence[int], complete: NDArray[np.bool_]
    ) -> dict[tuple[int, date], int]:
        """The columns that hold on some of the days and the first day of each episode, with the
        last of these days on which it goes on."""
        found: dict[tuple[int, date], int] = {}
        held = self._held(ledger, trend)
        for at in at_all:
            for n in np.flatnonzero(held[at - trend.rows.start]).tolist():
                whole = self._held(ledger, self._whole(ledger, n))[:, 0]
                found[n, _episode_start(whole, complete, at, ledger.span.start)] = at
        return found

    def is_same(self, finding: Finding, known: Finding, ledger: Ledger) -> bool:
        return is_one_episode(finding, known, ledger, self.metric, calm=CALM_DAYS)

    def _too_young(self, ledger: Ledger, at: int) -> Skipped | None:
        """Why no subject at all can be judged on that day, if that is so."""
        settled = ledger.settled(self.metric)
        if settled[: max(at - 7 * WEEKS_AGO[0] + 1, 0)].sum() >= 7 * WEEKS_NEEDED:
            return None
        days = int(settled[:at].sum())
        why = f"{days} settled {'day' if days == 1 else 'days'} of history; a drift needs 5 weeks."
        return Skipped(self.name, self.everyone, why)

    def _lately(self, ledger: Ledger, at_all: Sequence[int]) -> Trend:
        """The comparison of some days (ascending) for everybody: it needs few days before."""
        first = max(at_all[0] + 1 - _REACH, 0)
        return self._trend(ledger, slice(first, at_all[-1] + 1), slice(None))

    def _whole(self, ledger: Ledger, n: int) -> Trend:
        """The comparison of every day, of the subject in one column."""
        return self._trend(ledger, slice(0, len(ledger.span)), slice(n, n + 1))

    def _trend(self, ledger: Ledger, rows: slice, columns: slice) -> Trend:
        """Shared by rules that differ in what is far or large."""
        key = ("drift", *self.about, self.planned, *_bounds(rows), *_bounds(columns))
        return ledger.remembered(key, lambda: self._compared(ledger, rows, columns))

    def _held(self, ledger: Ledger, trend: Trend) -> NDArray[np.bool_]:
        """Whether the rule holds on the days and of the subjects of the comparison."""
        complete = (judgeable(self, ledger) & unplanned(self, ledger))[trend.rows, None]
        held = (trend.comparable >= DAYS_NEEDED) & self._is_far(trend) & complete
        if held.any():
            held &= self._is_large(ledger, trend)
        return np.asarray(held)

    def _compared(self, ledger: Ledger, rows: slice, columns: slice) -> Trend:
        values, calm = daily_values(self, ledger)[1][rows, columns], unplanned(self, ledger)
        past = np.where((ledger.settled(self.metric) & calm)[rows, None], values, np.nan)
        base = _weeks_ago(past)
        complete = (judgeable(self, ledger) & calm)[rows, None]
        usable = np.asarray(complete & (base > 0) & ~np.isnan(values))
        ratios = np.divide(values, base, out=np.full_like(values, np.nan), where=usable)
        ratio, comparable = _over_window(ratios, _median)
        now, _ = _over_window(np.where(usable, values, np.nan), _mean)
        before, _ = _over_window(np.where(usable, base, np.nan), _mean)
        return Trend(rows, columns, ratio, now, before, comparable)

    def _is_far(self, trend: Trend) -> NDArray[np.bool_]:
        """Whether the typical day has moved so far, and the average one at least half-way."""
        half = (1 + self.ratio) / 2
        if self.direction is Direction.UP:
            return (trend.ratio >= self.ratio) & (trend.now >= half * trend.before)
        return (trend.ratio <= 1 / self.ratio) & (half * trend.now <= trend.before)

    def _is_large(self, ledger: Ledger, trend: Trend) -> NDArray[np.bool_]:
        if FORMULAS[self.metric].is_ratio:
            cost = daily_cost(self, ledger, daily_values(self, ledger)[0])
            spent, _ = _over_window(cost[trend.rows, trend.columns], _mean)
            return np.asarray(spent >= self.min_nanos(ledger.currency))
        change = trend.now - trend.before
        change = change if self.direction is Direction.UP else -change
        floor = SHARE_OF_ORGANIZATION * average_days(self, ledger)[trend.rows]
        return (change > 0) & (change >= np.maximum(floor, smallest_nanos(self, ledger))[:, None])

    def _finding(
        self, ledger: Ledger, trend: Trend, ids: Ids, n: int, first: date, at: int
    ) -> Finding:
        day = ledger.span.start + timedelta(days=at)
        subject = self.subject(ledger, ids)
        row = at - trend.rows.start
        ratio, now, before = (float(a[row, n]) for a in (trend.ratio, trend.now, trend.before))
        window = [day - timedelta(days=back) for back in range(WINDOW)]
        measure = self.measure_in(ledger.currency)
        words = _Words(self, measure, self.who(subject), day, (ratio, now, before))
        exact = not FORMULAS[self.metric].is_ratio
        return Finding(
            rule=self.name,
            kind=self.kind,
            severity=self.severity,
            subject=subject,
            period=period_of(first, Unit.DAY),
            observed_in=Span(window[-1], day + ONE_DAY),
            metric=self.metric,
            measure=measure,
            observed=round(now) if exact else now,
            expected=round(before) if exact else before,
            provisional=any(
                ledger.state(each, self.metric) is DayState.SETTLING for each in window
            ),
            why=words.why,
            headline=words.headline,
            facts=(
                ("Last 7 days", words.now),
                ("3 to 5 weeks before", words.before),
                ("Ratio", words.ratio),
                ("Since", _said(first)),
            ),
            channel=self.channel,
            mention=self.mention,
            last_day=day,
        )


class _Words:
    """A drift's finding in words."""

    def __init__(
        self,
        rule: Drift,
        measure: Measure,
        who: str,
        day: date,
        numbers: tuple[float, float, float],
    ) -> None:
        """`numbers` are the ratio, and the average day now and before, in the measure."""
        ratio, now, before = numbers
        a_day = "" if FORMULAS[rule.metric].is_ratio else " a day"
        self._who = f"{who[0].lower()}{who[1:]}" if who.startswith("The organisation") else who
        self._title = who
        self._day = day
        self._is_ratio = FORMULAS[rule.metric].is_ratio
        self._metric = rule.metric.replace("_", " ")
        self._verb = "cost" if rule.metric is Metric.COST else "used"
        self._goes = "up" if rule.direction is Direction.UP else "down"
        self.ratio = times(ratio) if ratio >= 1 else f"{ratio:.0%}"
        self.now = f"{amount(now, measure)}{a_day}"
        self.before = f"{amount(before, measure)}{a_day}"

    @property
    def headline(self) -> str:
        what = self._metric if self._is_ratio else ""
        drifts = f"{self._title}'s {what} drifts" if what else f"{self._title} drifts"
        of = "" if self.ratio.endswith("×") else " of"
        return f"{drifts} {self._goes}: about {self.ratio}{of} 3 to 5 weeks ago, now {self.now}"

    @property
    def why(self) -> str:
        span = f"For the 7 days to {_said(self._day)}"
        of = "" if self.ratio.endswith("×") else " of"
        change = f"(on average {self.before} before, {self.now} now)."
        if self._is_ratio:
            return (
                f"{span} the {self._metric} of {self._who} has been about {self.ratio}{of} that of "
                f"the same weekdays 3 to 5 weeks before {change}"
            )
        return (
            f"{span} {self._who} has {self._verb} about {self.ratio}{of} what the same weekdays "
            f"{self._verb} 3 to 5 weeks before {change}"
        )


def _bounds(part: slice) -> tuple[int | None, int | None]:
    return part.start, part.stop


def _episode_start(
    held: NDArray[np.bool_], complete: NDArray[np.bool_], at: int, start: date
) -> date:
    """The first day of the episode that holds the day `at`, on which the rule holds."""
    earliest, quiet = at, 0
    oldest = max(at - EPISODE_DAYS + 1, 7 * WEEKS_AGO[-1])
    for index in range(at, oldest - 1, -1):
        if held[index]:
            earliest, quiet = index, 0
        elif complete[index]:
            quiet += 1
        if quiet > CALM_DAYS:
            return start + timedelta(days=earliest)
    day = start + timedelta(days=at)
    return max(start + timedelta(days=earliest), day.replace(day=1))


def _weeks_ago(values: Floats) -> Floats:
    """Median of the usable same weekdays three to five weeks before; NaN with fewer than two."""
    past = np.full((len(WEEKS_AGO), *values.shape), np.nan)
    for n, weeks in enumerate(WEEKS_AGO):
        past[n, 7 * weeks :] = values[: max(len(values) - 7 * weeks, 0)]
    enough = (~np.isnan(past)).sum(axis=0) >= WEEKS_NEEDED
    return np.where(enough, _median(np.moveaxis(past, 0, -1)), np.nan)


def _over_window(
    values: Floats, average: Callable[[Floats], Floats]
) -> tuple[Floats, NDArray[np.int64]]:
    """The average of the seven days that end with each day, and how many of them count."""
    before = np.full((WINDOW - 1, values.shape[1]), np.nan)
    windows = sliding_window_view(np.concatenate([before, values]), WINDOW, axis=0)
    return average(windows), (~np.isnan(windows)).sum(axis=-1)


def _median(window: Floats) -> Floats:
    """Median over the last axis of what is not NaN; NaN where nothing is."""
    ordered = np.sort(window, axis=-1)  # NaN goes last
    n = (~np.isnan(ordered)).sum(axis=-1, keepdims=True)
    low = np.take_along_axis(ordered, np.maximum(n - 1, 0) // 2, axis=-1)
    high = np.take_along_axis(ordered, np.minimum(n // 2, window.shape[-1] - 1), axis=-1)
    return np.asarray((low + high)[..., 0] / 2)


def _mean(window: Floats) -> Floats:
    """Mean over the last axis of what is not NaN; NaN where nothing is."""
    n = (~np.isnan(window)).sum(axis=-1)
    return np.asarray(np.nansum(window, axis=-1) / np.where(n, n, np.nan))


def _said(day: date) -> str:
    return period_name(period_of(day, Unit.DAY))
