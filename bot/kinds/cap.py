"""cap: spend (or use) in a day, week, month, quarter or year against a fixed limit.

What it does
    Adds up the period so far and tells when it passes a step of the limit. A period's total
    only grows, so a cap speaks about an open day at once. Spending exactly the limit is fine.

    With `forecast_steps` it also tells when a week, month, quarter or year is on the way to pass
    one. The forecast is what is spent, plus for each remaining day the mean of the last six same
    weekdays (past spikes capped) times how the last six weeks ran against those means, the latest
    days most. The likely range is what the same forecast missed by in earlier weeks: about 8 of 10
    periods end in it. A step is told when even the middle between the estimate and the low end of
    the range is past it. On simulated months 1 in 12 of what was
    told so was wrong for an organisation, 1 in 7 for a single project.

    Only settled days teach it. The open day, and days that may still be restated, bring at least
    what their weekday usually does; missing days are estimated and named. There is no forecast
    with under 14 settled days, or with more than a seventh of the period missing: it says so.

    A daily cap that passes a lower step while the day is open says when the limit would be passed
    if the day went on evenly, from 06:00 UTC on.

Options
    period        day | week | month | quarter | year (default day). Weeks begin on Monday.
    limit_usd     dollars per period, one number or by glob of the subject, with `default`:
                  limit_usd: {default: 50, "search*": 120}. The first glob that fits is used.
    limit         the same in the bill's currency, whatever that is; for other metrics in
                  requests or tokens.
    steps         percents of the limit to tell, e.g. [50, 80, 100] (default [100]).
    forecast_steps
                  percents of the limit to tell when the period is foreseen to end above them, e.g.
                  [100] (default none). Not for a day.
    planned       windows of days with extra money: a period that touches one has that much more.
                  They teach the forecast nothing; for the organisation it expects the money too.

Example
    rules:
      - name: organisation daily cap
        kind: cap
        period: day
        limit_usd: 200
        steps: [50, 80, 100]
      - name: monthly budget
        kind: cap
        period: month
        limit_usd: 4000
        forecast_steps: [100]
      - name: project caps
        kind: cap
        per: project
        limit_usd: {default: 50, "search*": 120}

What it says
    search spent $131.20 on Thu 19 Nov 2026, 109% of its daily cap of $120.

    The organisation has spent $3,312.00 in November 2026 so far, 82% of its monthly cap of
    $4,000. At this pace November ends at $5,310, likely $4,900 to $5,700: 133% of the cap; the
    limit falls on Tue 24 Nov.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import BeforeValidator, Field, model_validator

from bot.alerts.model import ORGANIZATION, SEPARATOR, Finding, Outcome, Skipped
from bot.kinds.base import Rule
from bot.kinds.cap_steps import CapTable, CapVerdict, Ends, highest_step
from bot.kinds.cap_words import CapWords, missing_words, percent_of, unforeseen_words
from bot.kinds.lookback import smallest_nanos
from bot.kinds.money_options import AS_NUMBER
from bot.kinds.told import Novelty, Told
from bot.spend.calendar import DayState, Period, Unit, period_of
from bot.spend.forecast import TooYoung
from bot.spend.globs import matches
from bot.spend.ledger import DailyTable, Ids, Ledger
from bot.spend.metrics import FORMULAS, Metric
from bot.spend.money import LARGEST_DOLLARS, from_dollars
from bot.spend.outlook import NoOutlook, Outlook, announce, outlooks

__all__ = ["Cap", "highest_step", "percent_of"]

DEFAULT = "default"
"""The entry of a limit for every subject that no glob fits."""


def _by_glob(value: Any) -> Any:
    return value if isinstance(value, dict) else {DEFAULT: value}


Amount = Annotated[Decimal, Field(ge=0, le=1_000_000_000_000, decimal_places=9), AS_NUMBER]
Limits = Annotated[
    dict[str, Amount],
    BeforeValidator(_by_glob, json_schema_input_type=Amount | dict[str, Amount]),
    Field(min_length=1),
]
Step = Annotated[float, Field(gt=0, le=1000)]


class Cap(Rule):
    """A limit per period; see the module's manual page."""

    kind: Literal["cap"] = "cap"
    period: Unit = Unit.DAY
    limit_usd: Limits | None = None
    limit: Limits | None = None
    steps: Annotated[tuple[Step, ...], Field(min_length=1)] = (100.0,)
    forecast_steps: tuple[Step, ...] = ()

    @model_validator(mode="after")
    def _one_limit(self) -> Self:
        if FORMULAS[self.metric].is_ratio:
            raise ValueError(f"a cap needs a metric that adds up, not `{self.metric}`")
        is_money = self.metric is Metric.COST
        if is_money and (self.limit_usd is None) == (self.limit is None):
            raise ValueError(
                "a cap on `cost` takes one limit: `limit_usd` in US dollars, or `limit` in the "
                "bill's currency"
            )
        if not is_money and (self.limit is None or self.limit_usd is not None):
            raise ValueError(f"a cap on `{self.metric}` takes `limit`, and only that")
        if is_money and max(self._limits.values()) > LARGEST_DOLLARS:
            raise ValueError("a limit cannot be more than a billion")
        if any(glob.startswith("!") for glob in self._limits):
            raise ValueError("a limit cannot exclude with `!`: use `default` for all the others")
        return self

    @model_validator(mode="after")
    def _foreseeable(self) -> Self:
        if self.forecast_steps and self.period is Unit.DAY:
            raise ValueError(
                "`forecast_steps` need a `period` of week, month, quarter or year: a day has no "
                "days to come, use lower `steps` for it"
            )
        return self

    def announce(self, ledger: Ledger, days: Sequence[date]) -> None:
        super().announce(ledger, days)
        period = period_of(ledger.today, self.period)
        if self.forecast_steps and any(day in period.span for day in days):
            planned = self._planned_days(ledger, period)
            announce(ledger, self.amounts(ledger), period, self.metric, planned)

    def judge(self, ledger: Ledger, days: Sequence[date]) -> Iterator[Outcome]:
        return self.judge_news(ledger, days, Told())

    def judge_news(self, ledger: Ledger, days: Sequence[date], told: Told) -> Iterator[Outcome]:
        table = self.amounts(ledger)
        limits = self._limits_in(ledger, table)
        blind: dict[str, list[date]] = {}
        unseen = False
        for period in dict.fromkeys(period_of(day, self.period) for day in days):
            each = self._judged(ledger, period, table, limits)
            yield from (self._finding(ledger, verdict) for verdict in self._news(each, told))
            yield from self._unforeseen(ledger, each)
            if not self._is_decided(each):
                of = "" if self.period is Unit.DAY else f" of {period}"
                blind.setdefault(of, []).extend(
                    ledger.days_in_state(period.span, DayState.MISSING, self.metric)
                )
                unseen |= each.lacks_days
        for of, missing in blind.items():
            if missing:
                words = missing_words(missing, of, unforeseen=unseen)
                yield Skipped(self.name, self.everyone, words)

    def _limits_in(self, ledger: Ledger, table: DailyTable) -> list[int | None]:
        if self._limits.keys() == {DEFAULT}:
            return [self._in_units(self._limits[DEFAULT])] * len(table.ids)
        return [self.limit_of(ids, self.full_names(ledger, ids)) for ids in table.ids]

    def limit_of(self, ids: Ids, names: Iterable[str]) -> int | None:
        """The limit of one subject in the metric's unit (nanos for money), None where it has none.

        A glob fits the id or the name of any part of a pair, or the pair: `search × gpt-5`.
        """
        names = tuple(names)
        spoken = (*names, SEPARATOR.join(names))
        for glob, value in self._limits.items():
            if glob != DEFAULT and _fits(glob, ids, spoken):
                return self._in_units(value)
        return self._in_units(self._limits[DEFAULT]) if DEFAULT in self._limits else None

    def outlook_of(self, ledger: Ledger, period: Period, ids: Ids) -> Outlook | NoOutlook | None:
        """How the running period is foreseen to end for one subject, or why not; None where
        nothing is to be foreseen."""
        table = self.amounts(ledger)
        return dict(zip(table.ids, self._outlooks(ledger, period, table), strict=True)).get(ids)

    @property
    def in_dollars(self) -> Mapping[str, str]:
        is_set = any((self.limit_usd or {}).values())
        return {**({"limit_usd": "limit"} if is_set else {}), **super().in_dollars}

    @property
    def limits_everyone(self) -> bool:
        """Whether every subject has a limit."""
        return DEFAULT in self._limits

    @property
    def _limits(self) -> Mapping[str, Decimal]:
        return self.limit_usd or self.limit or {}

    def _in_units(self, value: Decimal) -> int:
        return _nanos(value) if self.metric is Metric.COST else int(value)

    def _judged(
        self, ledger: Ledger, period: Period, table: DailyTable, limits: Sequence[int | None]
    ) -> CapTable:
        """The subjects with a limit and enough money."""
        planned = self.planned_nanos(period.span)
        observed = table.sums(period.span)
        enough = observed >= smallest_nanos(self, ledger)
        kept = [n for n in np.flatnonzero(enough).tolist() if limits[n] is not None]
        if self.asks_money:
            kept = [n for n in kept if self.costs_enough(ledger, table.ids[n], period.span)]
        return CapTable(
            ids=[table.ids[n] for n in kept],
            period=period,
            observed=observed[kept],
            limits=[limit + planned for n in kept if (limit := limits[n]) is not None],
            steps=self.steps,
            forecast_steps=self.forecast_steps,
            ends=self._ends(ledger, period, table, kept),
        )

    def _news(self, each: CapTable, told: Told) -> Iterator[CapVerdict]:
        """What passes a step, or is foreseen to, and is news."""
        passed = each.passed()
        foreseen = each.foreseen(passed)
        for n in np.flatnonzero((passed > 0) | (foreseen > 0)).tolist():
            steps = float(passed[n]), float(foreseen[n])
            if told.novelty(self.name, each.ids[n], each.period, *steps) is not Novelty.NONE:
                yield each.verdict(n, *steps)

    def _ends(
        self, ledger: Ledger, period: Period, table: DailyTable, kept: Sequence[int]
    ) -> Ends | None:
        """How the period is foreseen to end for some columns of the table."""
        if not self.forecast_steps or ledger.today not in period.span:
            return None
        planned = self._planned_days(ledger, period)
        key = ("ends", id(table), period, self.metric, tuple(planned.items()))
        ends = ledger.remembered(key, lambda: Ends.of(self._outlooks(ledger, period, table)))
        return ends if len(kept) == len(table.ids) else ends.only(kept)

    def _outlooks(
        self, ledger: Ledger, period: Period, table: DailyTable
    ) -> Sequence[Outlook | NoOutlook | None]:
        if not self.forecast_steps or ledger.today not in period.span:
            return [None] * len(table.ids)
        return outlooks(ledger, table, period, self.metric, self._planned_days(ledger, period))

    def _planned_days(self, ledger: Ledger, period: Period) -> dict[date, float]:
        """What each planned day brings on top; of many subjects nobody knows whose it will be."""
        if not self.planned:
            return {}
        extra = dict.fromkeys((day for day in ledger.span if self._plans(day)), 0.0)
        for window in self.planned:
            days = [day for day in period.span if day in window]
            money = window.extra if self._is_one and self.metric is Metric.COST else Decimal(0)
            for day in days:
                extra[day] = extra.get(day, 0.0) + from_dollars(money) / len(days)
        return extra

    def _plans(self, day: date) -> bool:
        return any(day in window for window in self.planned)

    def _unforeseen(self, ledger: Ledger, each: CapTable) -> Iterator[Skipped]:
        """Why there is no forecast: of nobody, or of those whose plain run rate is past a step."""
        young = np.flatnonzero(each.lack_forecast()).tolist()
        if young and each.ends and each.ends.is_known.any():
            young = [n for n in young if each.is_on_course(n, ledger.today)]
        if not young:
            return
        names = [self.subject(ledger, each.ids[n]).name for n in young]
        who = names[0] if len(names) == 1 else self.everyone
        outlooks = map(each.outlook, young)
        reasons = [outlook.reason for outlook in outlooks if isinstance(outlook, TooYoung)]
        yield Skipped(self.name, who, unforeseen_words(each.period, names, reasons))

    def _is_decided(self, each: CapTable) -> bool:
        """Whether missing days could change nothing: there is one subject, past its last step."""
        return self._is_one and max(self.steps) in each.passed()

    @property
    def _is_one(self) -> bool:
        return self.per == ORGANIZATION.dimensions

    def _is_settled(self, ledger: Ledger, period: Period) -> bool:
        return all(ledger.state(day, self.metric) is DayState.SETTLED for day in period.span)

    def _finding(self, ledger: Ledger, verdict: CapVerdict) -> Finding:
        subject, foreseen = self.subject(ledger, verdict.ids), verdict.foreseen
        words = CapWords(
            who=self.who(subject),
            measure=self.measure_in(ledger.currency),
            period=verdict.period,
            observed=verdict.observed,
            limit=verdict.limit,
            now=ledger.now,
            foreseen=foreseen,
            missing=verdict.outlook.missing if isinstance(verdict.outlook, Outlook) else (),
            unread=ledger.days_in_state(verdict.period.span, DayState.MISSING, self.metric),
            planned=self.planned_words(verdict.period.span, ledger.currency),
        )
        return Finding(
            rule=self.name,
            kind=self.kind,
            severity=self.severity,
            subject=subject,
            period=verdict.period,
            metric=self.metric,
            measure=self.measure_in(ledger.currency),
            observed=verdict.observed,
            limit=verdict.limit,
            step=verdict.step,
            provisional=not self._is_settled(ledger, verdict.period),
            why=words.why,
            headline=words.headline,
            facts=words.facts,
            channel=self.channel,
            mention=self.mention,
            forecast_step=verdict.forecast_step,
            foreseen=foreseen,
        )


@lru_cache(maxsize=1_000)
def _nanos(limit: Decimal) -> int:
    return from_dollars(limit)


@lru_cache(maxsize=100_000)
def _fits(glob: str, ids: Ids, names: tuple[str, ...]) -> bool:
    return any(matches((glob,), None, word) for word in (*names, *filter(None, ids)))
